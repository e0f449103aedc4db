"""The sentences of the lower layers are all marked, so that a page can say them in another language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tertib

SOURCE = Path(tertib.__file__).parent

MODULES = (
    *sorted((SOURCE / "plan").glob("*.py")),
    *sorted((SOURCE / "apply").glob("*.py")),
    *(SOURCE / name for name in ("undo.py", "evaluate.py", "settling.py", "explain.py", "record.py")),
    *(SOURCE / "ledger" / name for name in ("approvals.py", "lease.py", "slots.py", "people.py", "trail.py")),
    *(SOURCE / "scalev" / name for name in ("verdicts.py", "answers.py", "budget.py", "paging.py")),
)
"""Where sentences are made that a page shows: why an order is left alone, what became of a change, why a plan is refused."""

MARKS = frozenset({"said", "said_many", "N_"})

NO_SENTENCES = {
    "evaluate.py": {"query {}: {}", " or "},  # a filter, in the words of the rule language
    "record.py": {  # the summary in JSON, which has one language; `telling.changes` says it to people
        "{}, {}; buyers may be messaged; {}",
        "; buyers may be messaged; ",
        "nothing to change",
        "can be undone",
        "cannot be undone",
        "{} cannot be undone",
        " cannot be undone",
    },
    # an answer as HTTP tells of it: status, type, size
    "answers.py": {"status {}, {}, {} bytes{}", "no content type", ", then {}", ", then "},
}
"""What the modules hold of text that is no sentence for a page, by the file's name."""


def unmarked(file: Path) -> Iterator[str]:
    """Yield the sentences of a module that stand in no mark: two spaces at least, and no docstring."""
    tree = ast.parse(file.read_text("utf-8"))
    passed = {id(part) for node in ast.walk(tree) if is_passed(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        text = None if id(node) in passed else text_of(node)
        if text is not None and is_sentence(text) and text not in NO_SENTENCES.get(file.name, ()):
            yield f"{file.relative_to(SOURCE)}:{node.lineno}: {text}"  # type: ignore[attr-defined]  # only expressions have text


def is_passed(node: ast.AST) -> bool:
    """Tell whether what a node holds is marked, a docstring, or what a fault in this code would raise."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", "")
        return name in MARKS or name in {"ValueError", "TypeError", "RuntimeError", "AssertionError"}
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def text_of(node: ast.AST) -> str | None:
    """Return the words of a string, `{}` for each value in it; None for what is none."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_sentence(text: str) -> bool:
    """Tell whether a person is meant to read a text."""
    return text.count(" ") > 1 and any(character.isalpha() for character in text)


@pytest.mark.parametrize("file", MODULES, ids=lambda one: str(one.relative_to(SOURCE)))
def test_sentences_are_marked(file: Path) -> None:
    """`said`, `said_many` or `N_` stands around each, or the page that shows it stays half English."""
    assert list(unmarked(file)) == []
