"""Templates: escaped, cleaned of what could turn a line around, and in the visitor's language."""

from __future__ import annotations

from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import i18n
from markupsafe import Markup

from tertib.ledger.people import ROLES
from tertib.telling import changes
from tertib.telling.seen import seen
from tertib.telling.text import clean
from tertib.telling.tongue import LANGUAGES, Tongue, tongue
from tertib.web import charts, words

STATIC: Final = Path(__file__).resolve().parent / "static"


class Spoken(Protocol):
    """Whoever a page is made for, as far as rendering knows them."""

    @property
    def tongue(self) -> Tongue:
        """Return how they are spoken to."""
        ...


def render(visit: Spoken, template: str, **values: Any) -> str:
    """Return a page as text."""
    return environment(visit.tongue.language).get_template(template).render(visit=visit, **values)


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """Return the templates in one language."""
    made = Environment(
        loader=PackageLoader("tertib.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=[i18n],
    )
    speech = tongue(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # an extension's own
        speech.catalogue.gettext, speech.catalogue.ngettext, newstyle=True
    )
    made.filters.update(
        rupiah=speech.rupiah,
        number=speech.number,
        age=speech.age,
        day=speech.day,
        value=changes.value,
        said=partial(said, tongue=speech),
        seen=partial(seen, tongue=speech),
        wait=speech.wait,
        why=partial(changes.why, tongue=speech),
        moves=changes.moves,
        others=changes.others,
    )
    made.globals.update(
        tongue=speech,
        charts=charts,
        words=words.Words(speech),
        languages=LANGUAGES,
        roles=ROLES,
        static=static,
    )
    return made


def said(sentence: str, tongue: Tongue) -> str:
    """Return a sentence in the page's language; one that is not ours stays as it is, marked as English."""
    told = tongue.known(sentence)
    return Markup('<span lang="en">{}</span>').format(clean(sentence)) if told is None else told


def warm() -> None:
    """Make every template, and what knows stored sentences again, ready, so that nobody waits at their first page."""
    for language in LANGUAGES:
        tongue(language).say("ready")
        made = environment(language)
        for name in made.list_templates():
            made.get_template(name)


def harmless(value: Any) -> Any:
    """Return what a template is about to write without characters that hide, or turn the line around."""
    if isinstance(value, Markup):
        return value if value.isprintable() else Markup("\n").join(map(_clean_markup, value.split("\n")))
    return clean(value) if isinstance(value, str) else value


def _clean_markup(line: str) -> Markup:
    return Markup(clean(line))  # noqa: S704 - a line of what was markup before


@lru_cache(maxsize=32)
def static(name: str) -> str:
    """Return the address of a file that never changes under it."""
    seal = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{seal}"
