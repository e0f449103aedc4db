"""The Indonesian catalogue is whole, and what stands in the repository is what the tool makes of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    """Return the tool, loaded from the documentation's folder."""
    spec = importlib.util.spec_from_file_location("translations", ROOT / "docs" / "translations.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["translations"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def test_no_text_lacks_its_translation(translations: ModuleType) -> None:
    """Every marked text is translated, none is left over, values agree, and the .mo is made of the .po."""
    assert translations.problems() == []


def test_what_is_wrong_is_named(translations: ModuleType) -> None:
    """A missing translation, a fuzzy one, another value, a text that is new or gone: a line each."""
    kept, code = Catalog(locale="id"), Catalog()
    kept.add("one")
    kept.add("two", "dua", flags=["fuzzy"])
    kept.add("%(three)s", "%(tiga)s")
    kept.add(("%(count)s day", "%(count)s days"), ("hari",))
    kept.add("gone", "hilang")
    for text in ("one", "two", "%(three)s", ("%(count)s day", "%(count)s days"), "new"):
        code.add(text)

    told = [*translations._of_texts(kept), *translations._of_step(kept, code)]

    assert told == [
        "without a translation: 'one'",
        "fuzzy: 'two'",
        "other values than its original: '%(three)s'",
        "other values than its original: ('%(count)s day', '%(count)s days')",
        "not in the catalogue yet: 'new'",
        "not in the code any more: 'gone'",
    ]


def test_a_text_that_comes_back_has_its_translation_again(translations: ModuleType) -> None:
    """Translations are kept apart while their text is away, so that two people's work does not undo each other's."""
    kept, with_it, without = Catalog(locale="id"), Catalog(), Catalog()
    kept.add("here", "di sini")
    with_it.add("here")

    away = translations.merged(kept, without)
    assert [one.id for one in away if one.id] == []
    back = translations.merged(away, with_it)

    assert {one.id: one.string for one in back if one.id} == {"here": "di sini"}


def test_translations_are_taken_from_a_file(translations: ModuleType, tmp_path: Path) -> None:
    """Pairs without a header are enough; what stands nowhere in the code is named."""
    kept = Catalog(locale="id")
    kept.add("here")
    file = tmp_path / "more.po"
    file.write_text('msgid "here"\nmsgstr "di sini"\n\nmsgid "nowhere"\nmsgstr "tidak ada"\n', "utf-8")

    told = list(translations.take(kept, file))

    assert {one.id: one.string for one in kept if one.id} == {"here": "di sini"}
    assert told == ["not in the code: 'nowhere'"]
