"""The language that a person is told things in: translations, and how numbers, money and times are written in it.

Texts stand in the code in English and are looked up in the catalogue `tertib` below `locale/`; what the catalogue lacks
stays English. Money and dates are written as Indonesians write them, whichever the language.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.sayings import Said
from tertib.telling import text
from tertib.telling.seen import seen

DOMAIN: Final = "tertib"
LOCALES: Final = Path(__file__).resolve().parent.parent / "locale"

LANGUAGES: Final = {"en": "English", "id": "Bahasa Indonesia"}
"""The languages that there are, each by its own name."""

ENGLISH: Final = "en"

_MONTHS: Final = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
}
_WEEKDAYS: Final = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "id": ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"),
}
_TIMES: Final = frozenset({"age", "at", "since", "until"})
"""The names of a sentence's values that are ages or moments."""

_WRITTEN: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d)(?P<zone>(?: \S+)?)"
)
_SPAN: Final = re.compile(r"\d{1,6}[dhms](?: \d{1,2}[hms])?")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


@dataclass(frozen=True)
class Tongue:
    """One language. Its `gettext` and `ngettext` take the text's values by name: `%(count)s orders`."""

    language: str
    catalogue: gettext.NullTranslations

    def gettext(self, message: str, /, **values: Any) -> str:
        """Return a text in this language, its values filled in."""
        return self.catalogue.gettext(message) % values if values else self.catalogue.gettext(message)

    def ngettext(self, one: str, many: str, count: int, /, **values: Any) -> str:
        """Return the text for so many, with `%(count)s` and the values filled in."""
        return self.catalogue.ngettext(one, many, count) % {"count": text.number(count), **values}

    def say(self, sentence: str) -> str:
        """Return an English sentence of `sayings` in this language, also one that a record gave back as plain text.

        What none of our texts made stays as it is.
        """
        told = self.known(sentence)
        return sentence if told is None else told

    def purpose(self, description: str | None) -> str:
        """Return what a rule is for: a starter rule's words in this language, a shop's own as they stand."""
        return self.catalogue.gettext(description) if description else ""

    def known(self, sentence: str) -> str | None:
        """Return a sentence as `say` does, None where none of our texts made it: another wrote it, or an older version."""
        if self.language == ENGLISH or not sentence:
            return str(sentence)
        if isinstance(sentence, Said):
            return self._said(sentence)
        told = self.catalogue.gettext(sentence)
        if told != sentence:
            return told
        from tertib.telling import recognise  # noqa: PLC0415 - brings RE2, which English does without

        made = recognise.sentence(LOCALES, DOMAIN, self.language, sentence)
        return self._said(made) if isinstance(made, Said) else self._joined(sentence)

    def _said(self, known: Said) -> str:
        values = {name: self._again(name, value) for name, value in known.values.items()}
        if known.many is None:
            return self.catalogue.gettext(known.template) % values
        count = known.values["count"]
        wanted = self.catalogue.ngettext(known.template, known.many, count if isinstance(count, int) else 2)
        return wanted % values

    def _joined(self, sentence: str) -> str | None:
        """Return several sentences between which `; ` stands, None where one is not ours."""
        parts = [self.known(part) for part in sentence.split("; ")] if "; " in sentence else [None]
        return None if None in parts else "; ".join(part or "" for part in parts)

    def _again(self, name: str, value: object) -> object:
        """Say a value again where it is a sentence; other words of the user's own stay as they are."""
        if isinstance(value, Said) or (name == "why" and isinstance(value, str)):
            return self.say(value)
        if name == "saw":
            return seen(str(value), self)
        if name in _TIMES and isinstance(value, str):
            return self.again(value)
        return text.number(value) if name == "count" and isinstance(value, int) else value

    def again(self, written: str) -> str:
        """Write an age or a moment anew that `telling.text` wrote: `4d 3h`, `2026-11-21 14:05 WIB`; others stay."""
        if self.language == ENGLISH:
            return written
        try:
            return self._moment(written) or self._span(written) or written
        except (ValueError, OverflowError):  # a day that no calendar has
            return written

    def _moment(self, written: str) -> str | None:
        found = _WRITTEN.fullmatch(written)
        if found is None:
            return None
        day = self.day(date(int(found["year"]), int(found["month"]), int(found["day"])))
        return f"{day}, {found['hour']}.{found['minute']}{found['zone']}"

    def _span(self, written: str) -> str | None:
        if _SPAN.fullmatch(written) is None:
            return None
        return self.age(timedelta(**{_UNITS[part[-1]]: int(part[:-1]) for part in written.split()}))

    def day(self, when: date) -> str:
        """Return a day: `21 Nov 2026`."""
        return f"{when.day} {_MONTHS[self.language][when.month - 1]} {when.year}"

    def weekday(self, when: date) -> str:
        """Return a day of these weeks, always as long: `Sat 01 Nov`."""
        return f"{_WEEKDAYS[self.language][when.weekday()]} {when.day:02} {_MONTHS[self.language][when.month - 1]}"

    def moment(self, instant: datetime, zone: str) -> str:
        """Return an instant on the shop's clock: `21 Nov 2026, 14.05 WIB`."""
        local = instant.astimezone(ZoneInfo(zone))
        return f"{self.day(local)}, {local:%H.%M} {local.tzname() or ''}".rstrip()

    def clock(self, instant: datetime, zone: str) -> str:
        """Return the time of day: `14.05`."""
        return f"{instant.astimezone(ZoneInfo(zone)):%H.%M}"

    def age(self, span: timedelta) -> str:
        """Return a span by its two largest units: `3 days 4 h`."""
        seconds = max(0, int(span.total_seconds()))
        if seconds >= _DAY:
            days = self.ngettext("%(count)s day", "%(count)s days", seconds // _DAY)
            return self._and(days, seconds % _DAY // _HOUR, self.gettext("h"))
        hour, minute, second = self.gettext("h"), self.gettext("min"), self.gettext("s")
        if seconds >= _HOUR:
            return self._and(f"{seconds // _HOUR} {hour}", seconds % _HOUR // _MINUTE, minute)
        return f"{seconds // _MINUTE} {minute}" if seconds >= _MINUTE else f"{seconds} {second}"

    def wait(self, span: timedelta) -> str:
        """Return a time still to wait by its two largest units, rounded up: `5 h 12 min`."""
        coarse = _HOUR if span >= timedelta(days=1) else _MINUTE if span >= timedelta(hours=1) else 1
        return self.age(-(-span // timedelta(seconds=coarse)) * timedelta(seconds=coarse))

    @staticmethod
    def _and(large: str, small: int, unit: str) -> str:
        return f"{large} {small} {unit}" if small else large

    @staticmethod
    def rupiah(amount: Decimal | None) -> str:
        """Return money: `Rp 1.250.000`; `?` where an order does not say."""
        return text.rupiah(amount)

    @staticmethod
    def number(count: int) -> str:
        """Return a count with its thousands marked."""
        return text.number(count)


@lru_cache(maxsize=len(LANGUAGES))
def tongue(language: str) -> Tongue:
    """Return a language by its code; English for one that there is not."""
    known = language if language in LANGUAGES else ENGLISH
    return Tongue(known, gettext.translation(DOMAIN, LOCALES, [known], fallback=True))


def preferred(header: str) -> str:
    """Return the language that an `Accept-Language` header likes best of those there are; English where it likes none."""
    ranked = sorted(_weighed(header), key=lambda one: -one[1])
    return next((language for language, weight in ranked if weight > 0), ENGLISH)


def _weighed(header: str) -> Iterable[tuple[str, float]]:
    for part in header.split(",")[:20]:
        word, _, weight = part.strip().partition(";")
        language = word.strip().lower().partition("-")[0]
        language = "id" if language == "in" else language  # what old systems call Indonesian
        if language in LANGUAGES:
            yield language, _weight(weight)


def _weight(said: str) -> float:
    name, _, number = said.strip().partition("=")
    try:
        return float(number) if name == "q" else 1.0
    except ValueError:
        return 0.0
