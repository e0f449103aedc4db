"""Patterns and texts made to take for ever: those of rules run in linear time, and so does every one of our own."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tertib import load
from tertib.cli import redact
from tertib.language import patterns
from tertib.model import Settings
from tertib.scalev import answers, vocabulary

SOON: Final = 0.05
"""Seconds that one attempt may take."""

ENGINE: Final = Path(redact.__file__).resolve().parents[1]
SECRETS_APART: Final[dict[str, str]] = {}


def quickest(attempt: Callable[[], object]) -> float:
    """Return the shortest of up to four runs in seconds: the machine may be busy with something else."""
    best = float("inf")
    for _ in range(4):
        began = time.perf_counter()
        attempt()
        best = min(best, time.perf_counter() - began)
        if best < SOON / 2:
            break
    return best


# --- patterns of rules ----------------------------------------------------------------------------------

EVIL: Final[tuple[tuple[str, str], ...]] = (
    ("(a+)+$", "a" * 50_000 + "!"),
    ("(a|a)*$", "a" * 50_000 + "!"),
    ("(a|aa)+$", "a" * 50_000 + "!"),
    ("(a*)*b", "a" * 50_000),
    ("(.*)*x", "a" * 50_000),
    ("(.*a){20}$", "a" * 10_000 + "!"),
    ("(x+x+)+y", "x" * 50_000),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 50_000),
    (r"^(\w+\s?)*$", "word " * 10_000 + "!"),
    (r"([a-zA-Z0-9]+)*@", "a" * 50_000),
    (r"^\d*\d*\d*\d*\d*$", "1" * 50_000 + "!"),
    (r"(\d+\.)+$", "1." * 25_000 + "!"),
    (r"^(0|1|01|10)*$", "01" * 25_000 + "2"),
    (r"(?i)(s|ſ)*t", "S" * 50_000),  # noqa: RUF001 - folds to the same letter
    (r"\s*\s*\s*x", " " * 50_000),
    ("(?:a?){60}a{60}", "a" * 60),
    (".*.*.*.*.*=", "a" * 50_000),
    ("(é+)+$", "é" * 20_000 + "!"),
    ("", "a" * 50_000),
    ("$^", "\n" * 50_000),
    ("a{99999999999999999999}", "a" * 50_000),  # a number too large to count is plain text to RE2
)
"""Patterns that make a backtracking engine work for years, and texts to do it on."""

REFUSED: Final[tuple[tuple[str, str], ...]] = (
    ("a{1001}", "invalid repetition size"),
    ("(a{100}){100}", "invalid repetition size"),
    ("((a{30}){30}){30}", "invalid repetition size"),
    ("(a{1000}){1000}", "invalid repetition size"),
    ("a" * 1_001, "longer than 1000 characters"),
    ("(" * 900 + ")" * 100, "missing )"),
    ("(" * 1_500 + ")" * 1_500, "longer than 1000 characters"),
    (r"(\pL{500}){2}\pL{900}", "pattern too large"),
    ("a**", "bad repetition operator"),
    (r"(a)\1", "invalid escape sequence"),
    ("(?=a)", "invalid perl operator"),
    ("(?<=a)b", "invalid perl operator"),
    ("(?>a+)", "invalid perl operator"),
    ("(?P<n>a", "missing )"),
    ("[a", "missing ]"),
    ("[z-a]", "invalid character class range"),
    ("\\", "trailing \\"),
    (r"\C{2}\8", "invalid escape sequence"),
)
"""Patterns that are too large or no RE2, and part of what the problem says."""


@pytest.mark.parametrize(("pattern", "text"), EVIL)
def test_an_evil_pattern_of_a_rule_runs_in_linear_time(pattern: str, text: str) -> None:
    """Compiling and searching together are soon done."""

    def attempt() -> None:
        patterns.compiled.cache_clear()
        patterns.search(pattern, text)

    assert quickest(attempt) < SOON


def condition(written: str) -> str:
    """Return a rule's file with one condition in flow style."""
    return f"name: a\nquery: {{}}\nconditions:\n  - {written}\naction: {{status: canceled}}\n"


def literal(text: str) -> str:
    """Write a text as YAML takes it in single quotes."""
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_a_pattern_that_is_too_large_is_refused_at_check(pattern: str, message: str) -> None:
    """The rule has a problem under T207 or T123 that says why, soon."""
    text = condition(f"notes: {{matches: {literal(pattern)}}}")
    problems = load.loads(text, Settings()).problems
    assert [one.code for one in problems] == ["T207"]
    assert message in problems[0].message
    assert quickest(lambda: load.loads(text, Settings())) < SOON


# --- our own expressions --------------------------------------------------------------------------------

SIZES: Final[dict[str, int]] = {
    # a server's message is cut before anything looks at it
    "tertib.scalev.answers": 2_000,
    "tertib.scalev.vocabulary": 200,
    # of templates and patterns nothing is looked at beyond their own limits
    "tertib.check.sampling": 1_000,
    "tertib.check.goals": 2_000,
    "tertib.check.finding": 2_000,
    "tertib.check.circles": 2_000,
    "tertib.check.witness": 2_000,
    "tertib.language.template_checks": 2_000,
}
"""How long a text can get, by module, where something before it sees to that."""

_LONGEST: Final = 5_000
_METHODS: Final = "fullmatch|match|search|sub|subn|split|findall|finditer"
_LIKE: Final = dict.fromkeys(("sub", "subn", "split", "findall", "finditer"), "findall")
"""What goes through a whole text does so in the same time."""

_ATOMS: Final = (
    *(
        "a",
        "0",
        "1",
        " ",
        "-",
        ".",
        "_",
        "@",
        "'",
        '"',
        "(",
        "{",
        "\t",
        "\n",
        "…",
        "é",
        "a ",
        "1.",
        "1,000",
        "0.",
    ),
    *(
        "rp 1",
        ":",
        "://",
        "://a:",
        "bearer ",
        "a_",
        "a1",
        "1a",
        "1w1d",
        "2026-01-01",
        "name: ",
        "{{ order.a ",
    ),
    *("lookup('a', order.a", "{1,", " ago", "a@", "+1 ", "#", "\u200b"),
)


@dataclass(frozen=True)
class Own:
    """One expression of the engine: its module, its name or line, how it is written, and the methods it is used by."""

    module: str
    name: str
    written: str
    methods: tuple[str, ...]

    def compiled(self) -> re.Pattern[str]:
        """Return it as its module has it."""
        return re.compile(eval(f"({self.written})", dict(vars(importlib.import_module(self.module)))))  # noqa: S307 - our own source


def own() -> Iterator[Own]:
    """Yield every expression that stands whole in the engine's source."""
    sources = {file: file.read_text(encoding="utf-8") for file in sorted(ENGINE.rglob("*.py"))}
    everything = "\n".join(sources.values())
    for file, text in sources.items():
        if "import re\n" not in text:
            continue
        module = ".".join(("tertib", *file.relative_to(ENGINE).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        tree = ast.parse(text)
        named = dict(_named(tree))
        for call in _calls(tree):
            name = named.get(call)
            uses = re.findall(rf"\b{name}\.({_METHODS})\(", everything) if name else [call.func.attr]  # type: ignore[attr-defined]
            methods = tuple(sorted({_LIKE.get(use, use) for use in uses}))
            yield Own(
                module, name or str(call.lineno), ast.get_source_segment(text, call.args[0]) or "", methods
            )


def _named(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield the values of a module that have a name, with the name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and ast.unparse(node.value or node).startswith(
            "re.compile("
        ):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and node.value is not None:
                yield node.value, target.id


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of functions of `re` whose expression is spelled out, not put together while the program runs."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        spelled = all(
            not isinstance(part, ast.JoinedStr | ast.Call) and getattr(part, "id", "A").isupper()
            for part in ast.walk(node.args[0])
        )
        if ast.unparse(node.func.value) == "re" and spelled:
            yield node


OWN: Final = sorted(own(), key=lambda one: (one.module, one.name))


def test_the_audit_finds_our_expressions() -> None:
    """Nothing is audited where nothing is found."""
    assert len(OWN) > 40


@pytest.mark.parametrize("one", OWN, ids=lambda one: f"{one.module}:{one.name}")
def test_our_own_expressions_run_in_linear_time(one: Own) -> None:
    """Each, as its module uses it, on repetitions of whatever could lead it astray, at the size that it can get."""
    size = SIZES.get(one.module, _LONGEST)
    assert one.methods
    for method in one.methods:
        for atom in _ATOMS:
            text = atom * (size // len(atom)) + "!"
            assert quickest(partial(getattr(one.compiled(), method), text)) < SOON, (method, atom)


# --- and through the doors by which such texts come in --------------------------------------------------

SCALARS: Final = (
    "9" * _LONGEST,
    "9" * 5_000 + "d",
    "0" * _LONGEST + "!",
    "-" * _LONGEST,
    "1w" * (_LONGEST // 2),
    "1." * (_LONGEST // 2),
    "1.000" * (_LONGEST // 5),
    "a " * (_LONGEST // 2),
    " " * _LONGEST + "x",
    "2026-01-01T" * (_LONGEST // 11),
    "x ago" * (_LONGEST // 5),
    "{{" * (_LONGEST // 2),
    "rp 1" * (_LONGEST // 4),
    "(" * _LONGEST,
)
PLACES: Final = (
    "name: @@\nquery: {}\naction: {status: canceled}\n",
    "name: a\nquery: {created_at_since: @@, tags: @@}\naction: {status: canceled}\n",
    condition("pending_time: {older_than: @@}"),
    condition("pending_time: {before: @@}"),
    condition("gross_revenue: {gt: @@}"),
    condition("quantity: @@"),
    condition("id: @@"),
    condition("@@: 1"),
    condition("status: {@@: 1}"),
    condition("expr: @@"),
    condition("notes: {matches: @@}"),
    "name: a\nquery: {}\nschedule: {cron: @@, jitter: @@, timezone: @@}\naction: {status: canceled}\n",
    "name: a\nquery: {}\nlimits: {orders: @@, value: @@, share: @@}\naction: {status: @@}\n",
    "name: a\nquery: {}\naction: {status: canceled, transfer_time: @@, transferproof_url: @@, by: @@}\n",
    "name: a\nquery: {}\ndata: {a: @@}\nallow: @@\ntrust: [@@]\naction: {status: canceled}\n",
    "name: a\nsource: {customer_orders: {store: @@}}\naction: {status: canceled}\n",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_text_in_a_rule_takes_long_to_refuse(place: str) -> None:
    """Every key that a pattern of ours looks at, with every long text: a message, no traceback, and soon."""
    for scalar in SCALARS:
        text = place.replace("@@", literal(scalar))
        assert load.loads(text, Settings()).problems or "id: @@" in place  # an id may be any text
        assert quickest(partial(load.loads, text, Settings())) < 2 * SOON, scalar[:20]


@pytest.mark.parametrize("atom", _ATOMS)
def test_no_message_of_a_server_takes_long_to_clean(atom: str) -> None:
    """What a server says, however long, is soon made fit to be shown."""
    text = atom * (200_000 // len(atom))
    assert quickest(lambda: vocabulary.known_words(answers.clean(text))) < SOON
    assert quickest(lambda: redact.without_secrets(text[:_LONGEST], SECRETS_APART)) < SOON
