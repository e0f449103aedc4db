"""YAML made to blow up, to run code, or to hide what it says: refused under a code, in words, and soon."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import pytest

from tertib import load
from tertib import settings as reading
from tertib.language import document
from tertib.model import Settings

RULE: Final = "name: a\nquery: {}\naction: {status: canceled}\n"
FULL: Final = document.LARGEST - 1_000
"""Nearly the most bytes that a file may have."""

SOON: Final = 5.0
"""Seconds that the largest of these files may take on a busy machine; most take milliseconds."""


def filled(part: str, *, before: str = "", after: str = "") -> str:
    """Return a text that repeats a part until the file is nearly as large as it may be."""
    return before + part * ((FULL - len(before)) // len(part)) + after


LAUGHS: Final = "a: &a [x, x]\n" + "".join(
    f"{chr(letter)}: &{chr(letter)} [{', '.join([f'*{chr(letter - 1)}'] * 9)}]\n" for letter in range(98, 107)
)

BOMBS: Final[tuple[tuple[str, str | bytes, str, str], ...]] = (
    # --- things that grow when they are followed
    ("a billion laughs", LAUGHS, "T111", "the anchor `&a` is not allowed"),
    ("an alias of itself", "a: &a [*a]\n", "T111", "the anchor `&a` is not allowed"),
    ("many aliases", filled("*a,", before="a: [", after="]"), "T111", "the alias `*a` is not allowed"),
    ("many anchors", filled("- &a x\n"), "T111", "the anchor `&a` is not allowed"),
    ("a merge key", f"<<: {{a: 1}}\n{RULE}", "T112", "the merge key `<<` is not allowed"),
    ("many merge keys", filled("<<: {}\n"), "T112", "the merge key `<<` is not allowed"),
    # --- things that run
    ("an object", "!!python/object/apply:os.system ['id']\n", "T113", "`!!python/object/apply:os.system`"),
    ("a name", "name: !!python/name:os.system x\n", "T113", "`!!python/name:os.system`"),
    ("a module", "name: !!python/module:os x\n", "T113", "`!!python/module:os`"),
    ("a new object", "a: !!python/object/new:type [x]\n", "T113", "`!!python/object/new:type`"),
    ("binary", "a: !!binary aWQ=\n", "T113", "`!!binary`"),
    ("a set", "a: !!set {a, b}\n", "T113", "`!!set`"),
    (
        "a tag of its own",
        "%TAG ! tag:yaml.org,2002:python/\n---\na: !object:os.system x\n",
        "T113",
        "is not allowed",
    ),
    ("a tag in brackets", "a: !<tag:yaml.org,2002:python/name:os.system> x\n", "T113", "is not allowed"),
    ("many tags", filled("!x y,", before="a: [", after="]"), "T113", "`!x`"),
    # --- things that are deep
    ("deep lists", "[" * 200_000, "T109", "nested deeper than 32 levels"),
    ("deep mappings", "{a: " * 60_000, "T109", "nested deeper than 32 levels"),
    ("deep blocks", "".join(" " * n + "a:\n" for n in range(700)), "T109", "nested deeper than 32 levels"),
    ("deep dashes", "- " * 100_000, "T109", "nested deeper than 32 levels"),
    ("deep keys", "? " * 60_000, "T115", "a key must be a word"),
    # --- things that are large
    ("too many bytes", "#" * (document.LARGEST + 1), "T104", "more than 256 KiB are not read"),
    ("many keys", "".join(f"k{n}: 1\n" for n in range(25_000)), "T104", "more than 20000 keys and values"),
    ("many values", filled("x,", before="a: [", after="]"), "T104", "more than 20000 keys and values"),
    ("many rules", filled(f"---\n{RULE}"), "T121", "the name `a` is taken"),
    ("many documents", filled("---\na\n"), "T117", "a rule must be a block of keys"),
    ("many empty documents", filled("---\n"), "T104", "more than 100 mistakes"),
    ("the same key for ever", filled("a: 1\n"), "T104", "more than 100 mistakes"),
    ("very many unknown keys", "".join(f"k{n}: 1\n" for n in range(1_500)), "T116", "unknown key `k0`"),
    (
        "unknown vetoes",
        RULE + filled("pai,", before="allow: [", after="]")[:6_000] + "]",
        "T507",
        "unknown veto",
    ),
    ("unknown filters to trust", RULE + "trust: [" + "searc," * 1_500 + "]", "T509", "unknown filter"),
    ("unknown values", RULE + "conditions: [{status: [" + "pendin," * 1_500 + "]}]", "T213", "`pendin`"),
    (
        "unknown fields",
        RULE + "conditions:\n" + "".join(f"  - stats{n}: x\n" for n in range(300)),
        "T201",
        "unknown field `stats0`",
    ),
    ("a huge plain scalar", filled("a", before="name: "), "T120", "name"),
    ("a huge quoted scalar", filled("a", before='name: "', after='"'), "T120", "name"),
    ("a huge number", "priority: " + "9" * 200_000 + "\n", "T117", "priority"),
    ("a huge fraction", "priority: 0." + "9" * 200_000 + "\n", "T117", "priority"),
    ("a huge key", "a" * 200_000 + ": 1\n", "T107", ""),
    ("a huge comment", filled("#"), "T114", "the file is empty"),
    ("only line breaks", "\n" * FULL, "T114", "the file is empty"),
    ("only tabs", "\t" * FULL, "T108", "a tab stands where YAML wants spaces"),
    ("only colons", filled("a:"), "T107", "is not allowed here"),
    ("only quotes", filled("'"), "T117", "a rule must be a block of keys"),
    # --- things that are no text, or hide in it
    ("a NUL", f"{RULE}\0", "T106", "U+0000"),
    ("an escape", f"{RULE}# \x1b[2J\n", "T106", "U+001B"),
    ("a bidi override", f"{RULE}# \u202e\n", "T106", "U+202E"),
    ("a zero-width space", f"{RULE}# \u200b\n", "T106", "U+200B"),
    ("a second byte order mark", b"\xef\xbb\xbf\xef\xbb\xbf" + RULE.encode(), "T106", "U+FEFF"),
    ("UTF-16", RULE.encode("utf-16"), "T105", "UTF-16"),
    ("UTF-16 without a mark", RULE.encode("utf-16-le"), "T106", "U+0000"),
    ("UTF-32", RULE.encode("utf-32"), "T105", "UTF-16"),
    ("half a letter", b"name: \xc3", "T105", "0xc3 is not UTF-8"),
    ("an overlong letter", b"name: \xc0\xaf\n", "T105", "0xc0 is not UTF-8"),
    ("a surrogate", b"name: \xed\xa0\x80\n", "T105", "0xed is not UTF-8"),
    ("no text at all", bytes(range(256)) * 100, "T105", "not UTF-8"),
    ("a directive", f"%YAML 9.9\n---\n{RULE}", "T107", "not valid YAML"),
    (
        "an escaped NUL in a name",
        'name: "a\\0b"\nquery: {}\naction: {status: canceled}\n',
        "T120",
        "cannot be a rule's name",
    ),
    (
        "an escaped escape in a name",
        'name: "\\e[31m"\nquery: {}\naction: {status: canceled}\n',
        "T120",
        "cannot be a rule's name",
    ),
)
"""What each file is, its content, the code of a problem with it, and part of what that problem says."""


@pytest.mark.parametrize(("what", "content", "code", "message"), BOMBS, ids=[one[0] for one in BOMBS])
def test_a_hostile_rule_file_is_refused_in_words(
    what: str, content: str | bytes, code: str, message: str
) -> None:
    """The problem expected is among the file's, every problem is fit for a screen, and none of it takes long."""
    assert what
    began = time.perf_counter()
    loaded = load.loads(content, Settings())
    assert time.perf_counter() - began < SOON
    assert any(one.code == code and message in one.message for one in loaded.problems), loaded.problems[:3]
    assert not [one for one in loaded.problems if len(one.message) + len(one.rule or "") > 2_000]
    assert len(loaded.rules) <= 1


@pytest.mark.parametrize(("what", "content", "code", "message"), BOMBS, ids=[one[0] for one in BOMBS])
def test_hostile_settings_are_refused_in_words(
    what: str, content: str | bytes, code: str, message: str
) -> None:
    """The same files as `tertib.yaml` give problems too, never a traceback, and never settings to go on with."""
    assert what
    assert code
    assert message is not None
    raw = content.encode() if isinstance(content, str) else content
    began = time.perf_counter()
    found, problems = reading.inspect(raw, "tertib.yaml")
    assert time.perf_counter() - began < SOON
    assert problems or found == Settings()


def test_a_byte_order_mark_alone_is_no_mistake() -> None:
    """Editors write one, and it hides nothing."""
    assert load.loads(b"\xef\xbb\xbf" + RULE.encode(), Settings()).problems == ()


def test_a_long_list_below_the_limit_is_read() -> None:
    """Ten thousand order numbers in a condition are more than anybody needs, and they are read."""
    numbers = ", ".join(f"26030{n:05d}A" for n in range(10_000))
    loaded = load.loads(f"{RULE}conditions:\n  - order_id: [{numbers}]\n", Settings())
    assert not loaded.errors


def test_what_is_kept_of_a_hostile_file_is_small(tmp_path: Path) -> None:
    """A file is read up to its limit and no further, however large it is on the disk."""
    file = tmp_path / "sparse.yaml"
    with file.open("wb") as opened:
        opened.truncate(1 << 40)  # a terabyte that takes no room
    found: Any = load.load([file], Settings()).problems
    assert [(one.code, "256 KiB" in one.message) for one in found] == [("T104", True)]
