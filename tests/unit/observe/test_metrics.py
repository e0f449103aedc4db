"""What Prometheus is told: right after a restart, of every account, within a bound, and never of an order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shopfloor import ACCOUNT, CANARIES, Floor
from tertib.errors import LedgerError
from tertib.model import Held, State
from tertib.observe import metrics
from tertib.observe.pulse import Pulse

Samples = dict[tuple[str, ...], float]


def shown(floor: Floor, pulse: Pulse | None = None, figured: metrics.Figured | None = None) -> Samples:
    """Return every sample as a process shows it that has just started: (name, label values in order)."""
    pulse = pulse or Pulse(floor.clock.monotonic)
    figured = figured or metrics.Figured([metrics.Watched(ACCOUNT, floor.ledger)], pulse, floor.clock.now)
    text = metrics.exposition(metrics.registry(figured)).decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("tertib_")
    }


def busy(floor: Floor) -> None:
    """Let a little of everything happen."""
    floor.slot(
        "cancel", plan=floor.plan("cancel", floor.change("cancel", "70000.50"), floor.change("cancel"))
    )
    floor.run(floor.plan("close", floor.change("close")), State.SENT, status=504)
    floor.slot("cancel", "held", held=("limit_orders",))
    floor.slot("close", "failed", cause="reading")
    floor.ask("ask", floor.change("ask"))


def test_totals_are_those_of_the_record(floor: Floor) -> None:
    """Counted since the ledger began, by account and rule, with the money of what is confirmed alone."""
    busy(floor)
    found = shown(floor)
    expected = {
        ("tertib_slots_total", ACCOUNT, "cancel", "done"): 1,
        ("tertib_slots_total", ACCOUNT, "cancel", "held"): 1,
        ("tertib_slots_total", ACCOUNT, "close", "failed"): 1,
        ("tertib_orders_read_total", ACCOUNT): 28,
        ("tertib_orders_matched_total", ACCOUNT, "cancel"): 2,
        ("tertib_orders_planned_total", ACCOUNT, "close"): 1,
        ("tertib_orders_held_total", ACCOUNT, "limit_orders", "cancel"): 1,
        ("tertib_orders_changed_total", ACCOUNT, "cancel"): 2,
        ("tertib_orders_unknown", ACCOUNT, "close"): 1,
        ("tertib_money_changed_rupiah_total", ACCOUNT, "cancel"): 170000.5,
        ("tertib_run_duration_seconds_count", ACCOUNT): 3,
        ("tertib_approvals_waiting", ACCOUNT): 1,
        ("tertib_ledger_up", ACCOUNT): 1,
        ("tertib_account_halted", ACCOUNT): 0,
        ("tertib_token_rejected", ACCOUNT): 0,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert ("tertib_money_changed_rupiah_total", ACCOUNT, "close") not in found


def test_asking_again_gives_what_a_restart_gives(floor: Floor) -> None:
    """What is remembered between scrapes only spares work: it never changes a number."""
    pulse = Pulse(floor.clock.monotonic)
    figured = metrics.Figured([metrics.Watched(ACCOUNT, floor.ledger)], pulse, floor.clock.now)
    for _ in range(3):
        busy(floor)
        floor.settle(State.CONFIRMED_BY_READBACK)
        assert shown(floor, pulse, figured) == shown(floor, pulse)
    plan = floor.plan("cancel", floor.change("cancel"))
    run = floor.ledger.begin(ACCOUNT, plan.plan_id, kind="slot", slots=(), now=floor.now)
    during = shown(floor, pulse, figured)
    assert during == shown(floor, pulse)
    floor.later(seconds=30)
    floor.ledger.end(_empty(run, plan.plan_id), floor.now)
    after = shown(floor, pulse, figured)
    assert after == shown(floor, pulse)
    assert after["tertib_run_duration_seconds_sum", ACCOUNT] == pytest.approx(
        during["tertib_run_duration_seconds_sum", ACCOUNT] + 30, abs=0.01
    )


def _empty(run: str, plan: str) -> Any:
    from tertib.model import Run, Spent  # noqa: PLC0415 - only this test ends a run by hand

    return Run(run, plan, Spent(), 0, ())


def test_the_parts_of_one_decision_count_their_reading_once(floor: Floor) -> None:
    """A run parts its plan by modes; the orders were read once for all parts."""
    floor.plan("cancel")
    floor.plan("close")
    assert shown(floor)["tertib_orders_read_total", ACCOUNT] == 7
    floor.later(seconds=1)
    floor.plan("cancel")
    assert shown(floor)["tertib_orders_read_total", ACCOUNT] == 14


class Due:
    """A slot that comes next."""

    def __init__(self, starts: Any) -> None:
        self.starts = starts


def test_lag_is_since_the_oldest_slot_that_has_not_ended(floor: Floor) -> None:
    """One that nobody took up counts, and one whose run is at work; a slot to come does not."""
    pulse = Pulse(floor.clock.monotonic)
    pulse.turned(ACCOUNT, ["cancel"], [Due(floor.now + timedelta(minutes=1))], {"token": 17})
    key = ("tertib_slot_lag_seconds", ACCOUNT)
    assert shown(floor, pulse)[key] == 0
    floor.later(minutes=3)
    assert shown(floor, pulse)[key] == 120
    floor.ledger.slot_open(ACCOUNT, "close", floor.now - timedelta(minutes=4), floor.now)
    assert shown(floor, pulse)[key] == 240
    assert shown(floor, pulse)["tertib_requests_left", ACCOUNT, "token"] == 17


def test_a_rule_with_a_schedule_shows_noughts(floor: Floor) -> None:
    """A counter that begins at 1 has no increase: what may be counted is there before it is."""
    pulse = Pulse(floor.clock.monotonic)
    pulse.turned(ACCOUNT, ["cancel"], [], {})
    found = shown(floor, pulse)
    assert found["tertib_slots_total", ACCOUNT, "cancel", "failed"] == 0
    assert found["tertib_orders_changed_total", ACCOUNT, "cancel"] == 0


def test_labels_have_a_bound(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoing has one label for all runs; rules beyond the bound share one, those with a schedule come first."""
    monkeypatch.setattr(metrics, "MOST_RULES", 2)
    for rule in ("a", "b", "c", "d", "undo:default-1", "undo:default-2"):
        floor.run(floor.plan(rule, floor.change(rule)))
    pulse = Pulse(floor.clock.monotonic)
    pulse.turned(ACCOUNT, ["d"], [], {})
    found = shown(floor, pulse)
    changed = {key[2]: value for key, value in found.items() if key[0] == "tertib_orders_changed_total"}
    assert changed == {"d": 1, "a": 1, "other": 2, "undo": 2}


def test_a_ledger_that_is_down_shows_as_down(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scrape goes on without its figures, and none of the old ones are shown as if they were new."""
    busy(floor)

    def down(*_: object) -> None:
        raise LedgerError("the database does not answer")

    monkeypatch.setattr(type(floor.ledger.figures), "totals", down)
    found = shown(floor)
    assert found["tertib_ledger_up", ACCOUNT] == 0
    assert not [key for key in found if key[0].startswith("tertib_orders")]


def test_metrics_hold_no_personal_data(floor: Floor) -> None:
    """Nothing of an order or a buyer is in any label or value."""
    busy(floor)
    held = (Held("ORD-CANARY-9", "cancel", "cannot_tell", CANARIES[0]),)
    floor.slot("cancel", plan=floor.plan("cancel", held=held))
    text = repr(shown(floor))
    assert [canary for canary in CANARIES if canary in text] == []


def test_every_metric_is_documented_in_the_operations_page(floor: Floor, checkout: Any) -> None:
    """The page names each family, so that nobody has to guess what one means."""
    busy(floor)
    page = (checkout / "docs" / "operations.md").read_text("utf-8")
    figured = metrics.Figured(
        [metrics.Watched(ACCOUNT, floor.ledger)], Pulse(floor.clock.monotonic), floor.clock.now
    )
    names = {family.name + ("_total" if family.type == "counter" else "") for family in figured.collect()}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_scrape_reads_indexes_alone(floor: Floor) -> None:
    """The database's own plan for adding up changes and slots names no walk through a table."""
    asked: list[str] = []
    with floor.ledger._database.reading() as connection:
        for table, columns in (
            ("changes", "rule, state, count(*), sum(value)"),
            ("slots", "rule, state, count(*)"),
        ):
            sql = f"EXPLAIN QUERY PLAN SELECT {columns} FROM {table} WHERE account = 'x' GROUP BY rule, state"  # noqa: S608 - the test's own constants
            asked += [str(row[-1]) for row in connection.exec_driver_sql(sql)]
    assert len(asked) == 2
    assert all("USING COVERING INDEX" in one for one in asked), asked
