"""What messages say, in Indonesian or English: the texts of `catalogue/`, or a project's own in their place.

A text is a Jinja2 template that sees the figures of a message and nothing else; it runs sandboxed. A project's text
that fails is told of and the one that ships is used, so that a slip in a text never costs a message.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tertib import record
from tertib.errors import SettingsError
from tertib.notify.news import Message, money_of

MOST_LISTED: Final = 10
"""How many things of one kind a message lists; the rest is counted."""

LONGEST: Final = 3500
"""The most characters of a message's text: the tightest of the common services takes 4096."""

_SECTIONS: Final = ("titles", "lines", "reasons", "words")
Texts = Mapping[str, Mapping[str, str]]


def write(
    message: Message, language: str, frame: Mapping[str, Any], own: Texts | None = None
) -> tuple[str, str]:
    """Return title and text of a message.

    `frame` holds `account` (a name, None where there is only one), `zone` and `link`. Raises `SettingsError` where
    the project's own texts do not work.
    """
    texts = merged(shipped(language), own or {})
    look = _Look(texts, language, frame)
    name = f"{message.kind}_{message.how}"
    listed = [look.line(name, {**one.item, "money": one.money}) for one in message.items[:MOST_LISTED]]
    more = len(message.items) - len(listed)
    if more:
        listed.append(look.word("more", {"count": more}))
    if frame.get("link"):
        listed.append(look.word("link", {"link": frame["link"]}))
    counted = sum(int(one.item.get("count", 0)) for one in message.items)
    title = look.title(
        name,
        {
            "things": len(message.items),
            "count": counted,
            "money": money_of(message),
            "account": frame.get("account"),
        },
    )
    return clean(title), _cut("\n".join(clean(line) for line in listed))


def write_test(language: str, frame: Mapping[str, Any], own: Texts | None = None) -> tuple[str, str]:
    """Return title and text of the message that tries a channel; raises as `write`."""
    look = _Look(merged(shipped(language), own or {}), language, frame)
    values = {"account": frame.get("account")}
    return clean(look.title("test", values)), clean(look.line("test", values))


class _Look:
    """Fills in the texts of one language."""

    def __init__(self, texts: Texts, language: str, frame: Mapping[str, Any]) -> None:
        self._texts = texts
        self._filled = _environment(language, str(frame.get("zone", "UTC")), self._reason)

    def title(self, name: str, values: Mapping[str, Any]) -> str:
        return self._fill("titles", name, values)

    def line(self, name: str, values: Mapping[str, Any]) -> str:
        return self._fill("lines", name, values)

    def word(self, name: str, values: Mapping[str, Any]) -> str:
        return self._fill("words", name, values)

    def _reason(self, code: object) -> str:
        reasons = self._texts["reasons"]
        return reasons.get(str(code), reasons["other"])

    def _fill(self, section: str, name: str, values: Mapping[str, Any]) -> str:
        try:
            return self._filled.from_string(self._texts[section][name]).render(values).strip()
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            # the error may quote the template, which is the operator's own text
            raise SettingsError(f"the text `{section}.{name}` does not work: {error}") from None


def _environment(language: str, zone: str, reason: Callable[[object], str]) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    made.filters["rupiah"] = lambda value: "?" if value is None else record.rupiah(Decimal(value))
    made.filters["number"] = partial(_number, language)
    made.filters["reason"] = reason
    made.filters["moment"] = partial(_moment, zone)
    made.filters["rules"] = lambda names: ", ".join(map(str, names[:MOST_LISTED]))
    return made


def _number(language: str, count: int) -> str:
    grouped = f"{count:,}"
    return grouped if language == "en" else grouped.replace(",", ".")


def _moment(zone: str, instant: datetime | None) -> str:
    if instant is None:
        return "?"
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@lru_cache(maxsize=4)
def shipped(language: str) -> Texts:
    """Return the texts of a language as they ship."""
    written = resources.files("tertib.notify").joinpath("catalogue", f"{language}.yaml").read_text("utf-8")
    found: Texts = yaml.safe_load(written)
    return found


def own(directory: str | None, language: str) -> Texts:
    """Return a project's own texts of a language, none where it has none; raises `SettingsError` for other shapes."""
    if directory is None:
        return {}
    file = Path(directory) / f"{language}.yaml"
    try:
        written = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{file}` cannot be read: {type(error).__name__}") from None
    try:
        found = yaml.safe_load(written) or {}
    except yaml.YAMLError:
        raise SettingsError(f"`{file}` is no YAML") from None
    return _checked(found, file, shipped(language))


def _checked(found: Any, file: Path, known: Texts) -> Texts:
    """Return texts all of which have a known name; raises `SettingsError` for any other."""
    if not isinstance(found, dict) or not all(isinstance(part, dict) for part in found.values()):
        raise SettingsError(f"`{file}` must have sections ({', '.join(_SECTIONS)}) of texts")
    for section, texts in found.items():
        for name, text in texts.items():
            if section not in known or name not in known[section]:
                raise SettingsError(f"`{file}`: there is no text `{section}.{name}`")
            if not isinstance(text, str):
                raise SettingsError(f"`{file}`: `{section}.{name}` must be a text")
    return found


def merged(below: Texts, above: Texts) -> Texts:
    """Return texts with others in their place where there are any."""
    return {section: {**texts, **above.get(section, {})} for section, texts in below.items()}


def clean(text: str) -> str:
    """Return text without characters that a reader does not see or a screen obeys."""
    return "".join(one if unicodedata.category(one)[0] != "C" else "\ufffd" for one in text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
