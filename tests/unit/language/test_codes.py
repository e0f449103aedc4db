from __future__ import annotations

import re
from pathlib import Path

import tertib
from tertib.language.codes import CODES

SOURCES = [file for file in Path(tertib.__file__).parent.rglob("*.py") if file.name != "codes.py"]


def test_every_code_in_use_is_explained_and_every_explained_one_is_in_use() -> None:
    """Prove that the table of codes is complete, and promises no message that nothing gives."""
    used = {code for file in SOURCES for code in re.findall(r'"(T\d{3})"', file.read_text(encoding="utf-8"))}
    assert used == CODES.keys()


def test_codes_are_sentences_in_order() -> None:
    """Prove that the table is sorted, and each meaning is one sentence that no other code has."""
    assert list(CODES) == sorted(CODES)
    assert len(set(CODES.values())) == len(CODES)
    assert all(re.fullmatch(r"[A-Z`][^\n]*\.", meaning) for meaning in CODES.values())
