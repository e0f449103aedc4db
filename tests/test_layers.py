"""Prove the table of layers: who may import whom, and which modules stay pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "engine" / "tertib"

STAGES = (
    "settings",
    "lookup",
    "load",
    "projection",
    "compile",
    "fetch",
    "evaluate",
    "reading",
    "plan",
    "record",
    "apply",
    "settling",
    "explain",
    "undo",
)
"""Layer 2, in order: a stage knows the stages before it, never one after it."""

LAYERS: Mapping[str, int] = {
    **dict.fromkeys(("errors", "model", "ports", "sayings", "shipped", "clock", "tracing"), 0),
    **dict.fromkeys(("language", "scalev", "ledger"), 1),
    **dict.fromkeys(STAGES, 2),
    **dict.fromkeys(("means", "pipeline", "naming", "check", "rehearse", "telling"), 3),
    **dict.fromkeys(("schedule", "dispatch", "notify", "observe"), 4),
    **dict.fromkeys(("cli", "web", "sandbox"), 5),
    "session": 4,
    "shop": 5,
    **dict.fromkeys(("__init__", "__main__"), 7),
}
"""The first name below `tertib`, and its layer; the package's own face and its `-m` entry stand above all."""

WITHIN_A_LAYER: Mapping[str, frozenset[str]] = {
    **{stage: frozenset(STAGES[:place]) for place, stage in enumerate(STAGES)},
    "model": frozenset({"sayings"}),
    "ports": frozenset({"model"}),
    "errors": frozenset({"model"}),
    "clock": frozenset({"errors", "model", "ports"}),
    "shipped": frozenset({"errors"}),
    "pipeline": frozenset({"means"}),
    "dispatch": frozenset({"schedule"}),
    # The command line is where everything is put together.
    "cli": frozenset({"web", "sandbox"}),
}
"""Neighbours in the same layer that a module may know; every other neighbour is forbidden."""

PURE = ("projection", "compile", "evaluate", "plan", "language")
PURE_MAY_KNOW = frozenset({"model", "errors", "sayings", "scalev", *PURE})
IMPURE_MODULES = frozenset(
    {
        "time",
        "socket",
        "ssl",
        "http",
        "httpx",
        "urllib.request",
        "sqlalchemy",
        "sqlite3",
        "alembic",
        "subprocess",
        "threading",
    }
    | {"asyncio", "select", "random", "secrets", "uuid", "tempfile", "requests"}
)
CLOCK_READINGS = frozenset({"now", "utcnow", "today"})


def module_files() -> list[Path]:
    """Return every module of the package."""
    return sorted(
        path for path in SOURCE.rglob("*.py") if "shipped" not in path.relative_to(SOURCE).parts[:-1]
    )


def area(path: Path) -> str:
    """Return the name that the table knows a file by: its package, or itself."""
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every absolute dotted name that a file imports, wherever in the file, with its line."""
    package = ("tertib", *path.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            parent = ".".join((*base, *([node.module] if node.module else [])))
            yield from ((f"{parent}.{name.name}", node.lineno) for name in node.names)


def neighbours(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the areas of Tertib that a file imports, each with where it does so."""
    for name, line in imported(path):
        top, _, rest = name.partition(".")
        if top == "tertib":
            first = rest.partition(".")[0]
            known = first if first in LAYERS else "__init__"
            yield known, f"{path.relative_to(SOURCE)}:{line} imports {name}"


def test_every_module_has_a_layer() -> None:
    """A new module must say where it belongs before it can be built on."""
    areas = {area(path) for path in module_files()}

    assert areas <= set(LAYERS), f"no layer is given for {sorted(areas - set(LAYERS))}"


def test_imports_point_only_downwards() -> None:
    """Nobody knows a layer above, or a neighbour that the table does not name."""
    wrong = [
        where
        for path in module_files()
        for known, where in neighbours(path)
        if known != area(path)
        and LAYERS[known] >= LAYERS[area(path)]
        and known not in WITHIN_A_LAYER.get(area(path), frozenset())
        and not is_version(where)
    ]

    assert wrong == []


def is_version(where: str) -> bool:
    """Tell whether an import takes nothing from the package's face but its version."""
    return where.endswith("imports tertib.__version__")


@pytest.mark.parametrize("name", ["language", "scalev", "ledger"])
def test_layer_one_does_not_know_itself(name: str) -> None:
    """The language, the API and the record can each be read, tested and replaced alone."""
    others = {"language", "scalev", "ledger"} - {name}
    wrong = [
        where
        for path in module_files()
        if area(path) == name
        for known, where in neighbours(path)
        if known in others
    ]

    assert wrong == []


def test_sandbox_knows_nothing_of_tertib_but_itself() -> None:
    """The embedded Scalev follows the documents, so it cannot share a mistake with the client."""
    wrong = [
        where
        for path in module_files()
        if area(path) == "sandbox"
        for known, where in neighbours(path)
        if known != "sandbox"
    ]

    assert wrong == []


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_import_nothing_impure(name: str) -> None:
    """No clock, network or database can be reached from where decisions are made."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{line} imports {found}"
        for path in module_files()
        if area(path) == name
        for found, line in imported(path)
        if is_impure(found) or not may_know(found)
    ]

    assert wrong == []


def is_impure(name: str) -> bool:
    """Tell whether a name is one of the forbidden modules, or inside one."""
    return any(name == module or name.startswith(f"{module}.") for module in IMPURE_MODULES)


def may_know(name: str) -> bool:
    """Tell whether a pure module may import a name: outside Tertib, pure itself, or the API's tables."""
    top, _, rest = name.partition(".")
    if top != "tertib":
        return True
    first, _, inner = rest.partition(".")
    return first in PURE_MAY_KNOW and (first != "scalev" or inner.partition(".")[0] == "contract")


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_never_ask_what_time_it_is(name: str) -> None:
    """`now` is an argument everywhere that decisions are made."""
    wrong = [
        f"{path.relative_to(SOURCE)}:{node.lineno} calls .{node.func.attr}()"
        for path in module_files()
        if area(path) == name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_READINGS
        and ast.unparse(node.func.value).split(".")[-1] in {"datetime", "date"}
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "name", ["tertib.load", "tertib.rehearse", "tertib.compile", "tertib.evaluate", "tertib.plan"]
)
def test_deciding_loads_neither_network_nor_database(name: str) -> None:
    """Checking and testing rules starts without the HTTP client and the database library."""
    program = f"import sys, {name}; print(*sorted({{'httpx', 'sqlalchemy', 'starlette', 'rich'}} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (shown.stderr, shown.stdout.strip()) == ("", "")
