"""Keep the Indonesian catalogue in step with the texts in the code.

    python docs/translations.py                 # collect the texts, merge them into tertib.po, compile tertib.mo
    python docs/translations.py --merge FILE    # the same, and take translations from FILE, another .po
    python docs/translations.py --check         # say what is missing or wrong; exit 1 where something is

Texts are found by the names that mark them: `N_`, `gettext`, `ngettext`, `said` and `said_many`; in templates `_`,
`ngettext` and `{% trans %}`; and a starter rule's `description` is one. A text that left the code keeps its translation at the end of the file (`#~`), and gets it back with it,
until `--drop` removes it. Only one such command writes at a time. A FILE holds plain pairs of msgid and msgstr, without
a header if you like; what in it stands nowhere in the code is named and left out. With `--write-missing FILE` the texts
that want a translation are written to a FILE that can be filled in and merged.
"""  # noqa: INP001 - a script, no package

from __future__ import annotations

import argparse
import fcntl
import io
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE: Final = Path(__file__).resolve().parent.parent / "engine" / "tertib"
FOLDER: Final = PACKAGE / "locale" / "id" / "LC_MESSAGES"
RULES: Final = PACKAGE.parent.parent / "rules"
PO: Final = FOLDER / "tertib.po"
MO: Final = FOLDER / "tertib.mo"

NAMES: Final[Mapping[str, Mapping[str, tuple[int, int] | None]]] = {
    "python": {
        **dict.fromkeys(("N_", "gettext", "said")),
        **dict.fromkeys(("ngettext", "said_many"), (1, 2)),
    },
    "jinja2": {**dict.fromkeys(("_", "gettext")), "ngettext": (1, 2)},
}
"""The names that mark texts, by the kind of file."""

NOT_OURS: Final = [("sandbox/**", "ignore"), ("shipped/**", "ignore")]
FILES: Final = {"python": "**.py", "jinja2": "**.html"}
OPTIONS: Final = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
UNSAID: Final = (
    "Project-Id",
    "Report-Msgid",
    "POT-Creation",
    "PO-Revision",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)
"""Lines of a head that would say nothing, or another thing every day."""
MOMENT: Final = datetime(2026, 11, 22, tzinfo=UTC)
"""What the head of the file says of its time: the same always, so that only texts make a difference."""

ONE_PLURAL: Final = "nplurals=1; plural=0;"
"""Indonesian has one form for any count."""

_DESCRIPTION: Final = re.compile(r"(?m)^description: (.*\S)\s*$")
_VALUE: Final = re.compile(r"%\(\w+\)s|%%?")


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name; return its exit code."""
    parser = argparse.ArgumentParser(description="keep the Indonesian catalogue in step with the code")
    parser.add_argument("--check", action="store_true", help="say what is missing or wrong, write nothing")
    parser.add_argument("--merge", type=Path, metavar="FILE", help="take translations from another .po")
    parser.add_argument("--drop", action="store_true", help="remove translations of texts that left the code")
    parser.add_argument("--write-missing", type=Path, metavar="FILE", help="write what wants a translation")
    asked = parser.parse_args(arguments)
    if asked.check:
        wrong = problems()
        sys.stdout.writelines(f"{one}\n" for one in wrong)
        return 1 if wrong else 0
    with alone():
        catalogue = merged(kept(), collected())
        if asked.merge is not None:
            sys.stdout.writelines(f"{one}\n" for one in take(catalogue, asked.merge))
        if asked.drop:
            catalogue.obsolete.clear()
        write(catalogue)
    if asked.write_missing is not None:
        asked.write_missing.write_bytes(as_po(missing(catalogue)))
    sys.stdout.write(f"{len(catalogue)} texts, {len(missing(catalogue))} of them without a translation\n")
    return 0


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nobody else writes the catalogue, and keep others waiting meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "tertib.po").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- texts ----------------------------------------------------------------------------------------------


def collected() -> Catalog:
    """Return the texts that the code marks, each with the files that it stands in."""
    catalogue = Catalog()
    for method, names in NAMES.items():
        found = extract_from_dir(PACKAGE, [*NOT_OURS, (FILES[method], method)], OPTIONS, keywords=names)
        for file, line, message, _, _ in sorted(found, key=lambda one: (one[0], one[1])):
            catalogue.add(message, None, [(f"engine/tertib/{file}", line)])
    for rule in sorted(RULES.rglob("*.yaml")):
        for said in _DESCRIPTION.findall(rule.read_text("utf-8")):
            catalogue.add(said, None, [(f"rules/{rule.relative_to(RULES)}", 1)])
    return catalogue


def kept() -> Catalog:
    """Return the catalogue as it stands in the repository."""
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="id", domain="tertib")
    catalogue.creation_date = catalogue.revision_date = MOMENT
    return catalogue


def merged(catalogue: Catalog, texts: Catalog) -> Catalog:
    """Return the catalogue with exactly these texts; the others keep their translations apart."""
    for gone in list(catalogue.obsolete.values()):
        catalogue[gone.id] = gone
    catalogue.obsolete.clear()
    texts.creation_date = MOMENT
    catalogue.update(texts, no_fuzzy_matching=True)
    for key, one in list(catalogue.obsolete.items()):
        if not translated(one):
            del catalogue.obsolete[key]
    return catalogue


def take(catalogue: Catalog, file: Path) -> Iterator[str]:
    """Put another file's translations into the catalogue; yield a line for each that has no place there."""
    with file.open("rb") as opened:
        handed = read_po(opened, locale="id", domain="tertib")
    for one in handed:
        said = _strings(one)[:1]
        if one.id and all(said):
            known = catalogue.get(one.id)
            if known is None:
                yield f"not in the code: {one.id!r}"
            else:
                known.string = said[0] if isinstance(one.id, str) else said


def translated(message: Message) -> bool:
    """Tell whether a text has all its translations."""
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def missing(catalogue: Catalog) -> Catalog:
    """Return the texts that have no translation yet."""
    found = _empty()
    for one in catalogue:
        if one.id and not translated(one):
            found.add(one.id, one.string, one.locations)
    return found


# --- files ----------------------------------------------------------------------------------------------


def as_po(catalogue: Catalog) -> bytes:
    """Return a catalogue as the text of a .po."""
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False)
    lines = written.getvalue().splitlines(keepends=True)
    return b"".join(
        line for line in lines if not line.startswith(tuple(f'"{name}'.encode() for name in UNSAID))
    )


def write(catalogue: Catalog) -> None:
    """Write the catalogue, and compile it."""
    head, texts = _head(PO.read_bytes()), as_po(catalogue)
    PO.write_bytes(head + texts[len(_head(texts)) :])
    done = _empty()
    for one in catalogue:
        if one.id and translated(one):
            done.add(one.id, one.string)
    with MO.open("wb") as file:
        write_mo(file, done)


def _empty() -> Catalog:
    made = Catalog(locale="id", domain="tertib", creation_date=MOMENT, revision_date=MOMENT)
    made.mime_headers = [("Plural-Forms", ONE_PLURAL)]
    return made


def _head(written: bytes) -> bytes:
    """Return the comments before the first text, which a person laid out."""
    return written[: max(0, written.find(b'msgid ""\n'))]


# --- the check ------------------------------------------------------------------------------------------


def problems() -> list[str]:
    """Return what is missing or wrong in the catalogue, a line each; nothing where all is well."""
    found = kept()
    return [*_of_texts(found), *_of_step(found, collected()), *_of_compiled(found)]


def _of_texts(catalogue: Catalog) -> Iterator[str]:
    for one in catalogue:
        if not one.id:
            continue
        if not translated(one):
            yield f"without a translation: {one.id!r}"
        elif one.fuzzy:
            yield f"fuzzy: {one.id!r}"
        elif any(values(said) != values(_longest(one.id)) for said in _strings(one)):
            yield f"other values than its original: {one.id!r}"


def _of_step(catalogue: Catalog, texts: Catalog) -> Iterator[str]:
    here, there = set(_by_text(catalogue)), set(_by_text(texts))
    yield from (f"not in the catalogue yet: {one!r}" for one in sorted(there - here))
    gone = (here - there) | {_text(one) for one in catalogue.obsolete.values()}
    yield from (f"not in the code any more: {one!r}" for one in sorted(gone))


def _of_compiled(catalogue: Catalog) -> Iterator[str]:
    with MO.open("rb") as file:
        compiled = read_mo(file)
    done = {text: said for text, said in _by_text(catalogue).items() if all(said)}
    if done != _by_text(compiled):
        yield "tertib.mo is not compiled from tertib.po: run docs/translations.py"


def values(text: str) -> list[str]:
    """Return what of a text is filled in, in alphabetical order."""
    return sorted(_VALUE.findall(text))


def _by_text(catalogue: Catalog) -> dict[str, tuple[str, ...]]:
    return {_text(one): _strings(one) for one in catalogue if one.id}


def _text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else " | ".join(message.id)


def _longest(original: str | list[str] | tuple[str, ...]) -> str:
    """Return the original, or its plural: the singular may leave the count out."""
    return original if isinstance(original, str) else original[-1]


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)


if __name__ == "__main__":
    sys.exit(main())
