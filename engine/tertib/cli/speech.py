"""The language that the command line speaks, and texts in it: tables and sentences, never JSON, help or errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import click

from tertib.cli import LANGUAGES, Choices
from tertib.errors import SettingsError
from tertib.telling import states, text
from tertib.telling.tongue import ENGLISH, Tongue
from tertib.telling.tongue import tongue as tongue_of

VARIABLE: Final = "TERTIB_LANG"

_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where the locale of messages stands: the first one that is set decides, as POSIX has it."""

_CODES: Final = {**{name: name for name in LANGUAGES}, "in": "id"}
"""Languages by what a locale calls them; `in` is what old systems call Indonesian."""

_ANSWERS: Final = {
    **dict.fromkeys(("y", "yes", "ya"), True),
    **dict.fromkeys(("n", "no", "t", "tidak", ""), False),
}


def tongue() -> Tongue:
    """Return the language of the command that runs now; English where none runs.

    Click keeps a context for each thread: what speaks in another thread asks here first and takes the answer along.
    """
    ctx = click.get_current_context(silent=True)
    if ctx is None:
        return tongue_of(ENGLISH)
    return tongue_of(language(ctx.find_root().ensure_object(Choices), os.environ))


def language(choices: Choices, environ: Mapping[str, str]) -> str:
    """Return a language's code: of `--lang`, TERTIB_LANG, the project's `language`, or the locale; else English.

    Raises `SettingsError` where TERTIB_LANG is no language that there is.
    """
    return choices.language or asked(environ) or choices.project_language or _of_locale(environ) or ENGLISH


def asked(environ: Mapping[str, str]) -> str | None:
    """Return what TERTIB_LANG says, None where it says nothing; raises `SettingsError` for no language."""
    said = environ.get(VARIABLE, "").strip().lower()
    if not said:
        return None
    if said not in LANGUAGES:
        raise SettingsError(
            f"{VARIABLE} is `{said}`, which is no language of tertib",
            hint=f"it is one of {', '.join(f'`{name}`' for name in LANGUAGES)}",
        )
    return said


def _of_locale(environ: Mapping[str, str]) -> str | None:
    """Return the language of `id_ID.UTF-8` and the like, None where it is none of ours."""
    said = next((environ[name] for name in _LOCALE if environ.get(name)), "")
    return _CODES.get(said.lower().partition(".")[0].partition("@")[0].partition("_")[0])


# --- texts ----------------------------------------------------------------------------------------------


def gettext(message: str, /, **values: Any) -> str:
    """Return a text in the command's language, its values filled in: `%(plan)s`."""
    return tongue().gettext(message, **values)


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the text for so many in the command's language, with `%(count)s` and the values filled in."""
    return tongue().ngettext(one, many, count, **values)


def say(sentence: str) -> str:
    """Return an English sentence of a lower layer in the command's language, also one that the record gave back."""
    return tongue().say(sentence)


def state(table: Mapping[str, tuple[str, str]], name: str) -> str:
    """Return the word of `telling.states` for a state; one that the table lacks stays as it is."""
    return gettext(table[name][0]) if name in table else name


def kind(name: str) -> str:
    """Return why there was a run, by the kind that the record keeps."""
    return gettext(states.KINDS.get(name, name))


def confirmed(question: str) -> bool:
    """Ask on stderr, and return whether the answer is yes, in either language; nothing typed is no."""
    agreed: bool = click.prompt(
        question, default="", show_default=False, value_proc=_agreed, err=True, prompt_suffix=" [y/N]: "
    )
    return agreed


def _agreed(answer: str) -> bool:
    word = answer.strip().lower()
    if word not in _ANSWERS:
        raise click.UsageError(gettext("say y or n"))
    return _ANSWERS[word]


def moment(instant: datetime, zone: str) -> str:
    """Return an instant on the shop's clock: `2026-11-21 14:05 WIB`, in Indonesian `21 Nov 2026, 14.05 WIB`."""
    speaks = tongue()
    return text.moment(instant, zone) if speaks.language == ENGLISH else speaks.moment(instant, zone)


def age(span: timedelta) -> str:
    """Return a span by its two largest units: `3d 4h`, in Indonesian `3 hari 4 jam`."""
    speaks = tongue()
    return text.age(span) if speaks.language == ENGLISH else speaks.age(span)
