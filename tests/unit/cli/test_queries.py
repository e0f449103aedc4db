from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from tertib.cli.queries import Explained
from tertib.compile import Sizes, compile_rules
from tertib.load import loads
from tertib.model import Rule, ScanReport, Settings

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def make_rule(name: str, **given: Any) -> Rule:
    """Return a rule that cancels pending orders."""
    document = {"name": name, "query": {"status": "pending"}, "action": {"status": "canceled"}, **given}
    loaded = loads(json.dumps(document), Settings())
    assert loaded.errors == ()
    return loaded.rules[0]


RULES = [
    make_rule("all", conditions=[{"pending_time": {"older_than": "3d"}}]),
    make_rule("repeat", conditions=[{"is_repeat": True}]),
]


def explained() -> tuple[Explained, list[ScanReport]]:
    """Return what is known after the two rules were read in four pages, where `repeat` alone would take one."""
    program = compile_rules(RULES, Settings(), NOW)
    told = Explained()
    told(program, Sizes({"?status=pending": 100, "?is_repeat=true&status=pending": 9}))
    return told, [ScanReport(program.scans[0], 4, 100, ended_early=True)]


def shown() -> str:
    """Return both tables as they are printed."""
    told, reports = explained()
    out = io.StringIO()
    told.show(reports, Console(file=out, width=160))
    return out.getvalue()


def test_each_condition_says_what_became_of_it() -> None:
    """A filter, or the reason why there is none."""
    text = shown()
    assert "is_repeat=true" in text
    assert "Scalev has no filter `pending_time_until`" in text


def test_each_scan_says_what_it_stands_for() -> None:
    """What was sent without the columns, for which rules, what was expected, what came, and what sharing saved."""
    text = shown()
    line = next(line for line in text.splitlines() if line.startswith("status=pending"))
    assert line.split() == ["status=pending", "all,", "repeat", "?", "4", "100", "1"]
    assert "pages that sharing saved: 1" in text
    assert "ended early" in text
    assert "columns" not in text


def test_the_same_is_there_as_json() -> None:
    """Nothing in the tables is missing from the document."""
    told, reports = explained()
    document = told.document(reports)
    assert document["rules"][1]["conditions"] == [
        {"condition": "is_repeat: true", "filters": ["is_repeat=true"], "why": None}
    ]
    assert document["rules"][0]["conditions"][0]["why"] == "Scalev has no filter `pending_time_until`"
    (scan,) = document["scans"]
    assert (scan["rules"], scan["expected_pages"], scan["pages"], scan["pages_apart"]) == (
        ["all", "repeat"],
        None,
        4,
        5,
    )
    assert scan["ended_early"] is True


def test_nothing_was_read() -> None:
    """Where compiling or reading failed there is nothing to explain, and nothing breaks."""
    assert Explained().document([]) == {"rules": [], "scans": []}
