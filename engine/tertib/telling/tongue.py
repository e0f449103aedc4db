"""The language that a person is told things in: translations, and how numbers, money and times are written in it.

Texts stand in the code in English and are looked up in the catalogue `tertib` below `locale/`; what the catalogue lacks
stays English. Money and dates are written as Indonesians write them, whichever the language.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.telling import text

DOMAIN: Final = "tertib"
LOCALES: Final = Path(__file__).resolve().parent.parent / "locale"

LANGUAGES: Final = {"en": "English", "id": "Bahasa Indonesia"}
"""The languages that there are, each by its own name."""

ENGLISH: Final = "en"

_MONTHS: Final = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
}
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find texts in tables
    """Mark a text that is looked up later."""
    return message


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

    def day(self, when: date) -> str:
        """Return a day: `21 Nov 2026`."""
        return f"{when.day} {_MONTHS[self.language][when.month - 1]} {when.year}"

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
        if seconds >= _HOUR:
            return self._and(
                f"{seconds // _HOUR} {self.gettext('h')}",
                seconds % _HOUR // _MINUTE,
                self.gettext("min"),
            )
        return f"{seconds // _MINUTE} {self.gettext('min')}" if seconds >= _MINUTE else f"{seconds} s"

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
