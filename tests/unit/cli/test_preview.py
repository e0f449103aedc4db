"""A plan as people read it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console

from tertib.cli import preview
from tertib.model import Change, Held, Mode, Plan, RuleTally, Scan, ScanReport, Source, Trace
from tertib.telling import changes

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


def change(number: int, **other: Any) -> Change:
    """Return a cancellation."""
    values: dict[str, Any] = {
        "id": number,
        "order_id": f"A{number}",
        "rule": "cancel",
        "before": {"status": "pending", "payment_status": "unpaid"},
        "set": {"status": "canceled", "by": "tertib/cancel"},
        "value": Decimal(100_000),
        "reversible": False,
        "reasons": (Trace("pending_time: {older_than: 3d}", "2026-11-17 10:00 (4d old)", result=True),),
        "read_at": NOW,
        "customer": "B.S.",
        "since": NOW - timedelta(days=4),
    }
    return Change(**{**values, **other})


def plan(*changes: Change, **other: Any) -> Plan:
    """Return a plan of one rule."""
    made = Plan(
        plan_id="p",
        created_at=NOW,
        now=NOW,
        account="default",
        contract="auto",
        complete=True,
        requests=3,
        orders_read=1234,
        scans=(),
        rules=(RuleTally("cancel", "h", Mode.PREVIEW, 60, len(changes), Decimal(100_000) * len(changes)),),
        changes=changes,
        held=(),
        warnings=(),
        definitions=(),
    )
    return replace(made, **other)


def shown(what: Plan, **how: Any) -> str:
    """Return what is printed on a wide screen."""
    out = io.StringIO()
    preview.show(
        what, Console(file=out, width=200, markup=False, emoji=False), zone="Asia/Jakarta", now=NOW, **how
    )
    return out.getvalue()


def test_a_row_says_who_what_why_how_much_and_how_old() -> None:
    """Initials, the step, what the condition saw, money and age stand in one line."""
    row = next(line for line in shown(plan(change(1))).splitlines() if line.startswith("A1"))
    assert row.split("   ")[0] == "A1"
    for part in ("B.S.", "pending → canceled", "pending_time 4d old", "Rp 100.000", " 4d"):
        assert part in row


def test_long_tables_say_how_much_more_there_is() -> None:
    """Fifty rows of one rule are shown, and all of them with `--all`."""
    long = plan(*(change(number) for number in range(60)))
    assert "… and 10 more" in shown(long)
    assert "A59" not in shown(long)
    assert "A59" in shown(long, everything=True)


def test_what_a_limit_holds_is_shown_row_by_row() -> None:
    """A rule over its limit still shows what it would have changed, and why it may not."""
    over = plan(
        over_limit=(change(7),), held=(Held("A7", "cancel", "limit_orders", "60 orders, limit 50", 7),)
    )
    text = shown(over)
    assert "A7" in text
    assert "60 orders, limit 50 [A7]" in text
    assert "1 change of rule `cancel` waits, held by a limit: 60 orders, limit 50" in text
    assert "nothing to change" not in text
    assert "nothing to change" in shown(plan())


def test_the_closing_lines_say_cost_and_consequence() -> None:
    """Orders read, requests, what is left, and the sentence for people."""
    text = shown(plan(change(1)), left=9948)
    assert "read 1.234 orders in 3 requests, at most 9.948 left this hour; 2026-11-21 10:00 WIB" in text
    assert "1 order, Rp 100.000; buyers may be messaged; cannot be undone" in text


def test_a_scan_that_failed_is_named_with_its_rules() -> None:
    """Whoever reads the plan sees at once that it is not the whole truth."""
    scan = ScanReport(
        Scan(Source(), {"status": "pending"}, ("cancel",)), 2, 50, "Scalev ignored filter `status`"
    )
    held = Held(None, "cancel", "incomplete_read", "not read to the end")
    text = shown(plan(scans=(scan,), held=(held,)))
    assert "not read to the end, for `cancel`: Scalev ignored filter `status`" in text
    assert "incomplete_read      all" in text


def test_nothing_of_an_order_reaches_the_terminal_raw() -> None:
    """Number, initials, values and reasons come from strangers, and markup in them is text."""
    nasty = "\x1b]0;x\x07[red]\u202e"
    text = shown(
        plan(
            change(
                1,
                order_id=nasty,
                customer=nasty,
                before={"status": nasty, "payment_status": nasty},
                set={"status": "canceled", "payment_account_holder": {"mask": nasty, "fingerprint": "f"}},
                reasons=(Trace(f"tags: {nasty}", nasty, result=True),),
            ),
            held=(Held(nasty, "cancel", "paid", nasty),),
            warnings=(nasty,),
        )
    )
    assert not set(text) & set("\x1b\x07\u202e")
    assert "[red]" in text


def test_a_personal_value_is_shown_by_its_mask() -> None:
    """A plan read from its file knows such a value by fingerprint only."""
    masked = change(1, set={"payment_account_number": {"mask": "6281•••89", "fingerprint": "abc"}})
    assert changes.step(masked) == "payment_account_number 6281•••89"


def test_a_step_names_what_else_is_set() -> None:
    """Statuses as arrows, only where they move; addresses by name alone."""
    paid = change(
        1,
        set={"status": "pending", "payment_status": "paid", "transferproof_url": "https://cdn.example/1.jpg"},
    )
    assert changes.step(paid) == "unpaid → paid, + transferproof_url"
