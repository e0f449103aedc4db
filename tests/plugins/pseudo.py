"""A language that nobody speaks: every text of the catalogue in letters that nothing else is written in.

Fixture `catalogue_of_nobody` puts it in the place of Indonesian. What then still stands in plain letters was never looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tertib.telling import tongue as tongues

_PLAIN: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STRANGE: Final = "åƀçđéƒğĥîĵķłɱñöþɋřšţûṽŵẋýžÅƁÇĐÉƑĞĤÎĴĶŁṀÑÖÞɊŘŠŢÛṼŴẊÝŽ"
_LETTERS: Final = str.maketrans(_PLAIN, _STRANGE)
_VALUE: Final = re.compile(r"(%\(\w+\)s|%%)")


def pseudo(message: str) -> str:
    """Return a text in strange letters, the names of its values as they are."""
    parts = _VALUE.split(message)
    return "".join(part if place % 2 else part.translate(_LETTERS) for place, part in enumerate(parts))


def is_pseudo(text: str) -> bool:
    """Tell whether a strange letter stands in a text."""
    return not set(_STRANGE).isdisjoint(text)


@pytest.fixture
def catalogue_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put that language in the place of Indonesian while the test runs."""
    with (tongues.LOCALES / "id" / "LC_MESSAGES" / "tertib.po").open("rb") as file:
        texts = read_po(file, locale="id", domain="tertib")
    made = Catalog(locale="id", domain="tertib")
    made.mime_headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Plural-Forms", "nplurals=1; plural=0;"),
    ]
    for one in texts:
        if one.id:
            # the one form that Indonesian has is that for many: it has the count wherever one of the two has it
            made.add(one.id, pseudo(one.id) if isinstance(one.id, str) else (pseudo(one.id[1]),))
    folder = tmp_path / "locale" / "id" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "tertib.mo").open("wb") as file:
        write_mo(file, made)
    monkeypatch.setattr(tongues, "LOCALES", tmp_path / "locale")
    tongues.tongue.cache_clear()
    yield
    tongues.tongue.cache_clear()
