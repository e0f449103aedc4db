"""Whole journeys of a run that is taken back: over real HTTP, in both contracts, as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib import cli
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

DELIVERED = """\
name: delivered
query: {status: shipped, payment_status: unpaid, payment_method: cod}
conditions:
  - shipped_time: {older_than: 3d}
action: {status: completed, payment_status: paid}
mode: apply
first_run: apply
"""

Run = Callable[..., Any]


@pytest.fixture(params=["seeds", "current"])
def scalev(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve an empty shop of each contract."""
    with serve(Shop.empty(contract=request.param)) as served:
        yield served


@pytest.fixture
def tertib(
    tmp_path: Path, scalev: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Lay out a project, and return a way to run a command in it: its text, or its document where it says `--json`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCALEV_TOKEN", scalev.business_token)
    monkeypatch.setenv("SCALEV_BASE_URL", scalev.url)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "delivered.yaml").write_text(DELIVERED, "utf-8")
    (tmp_path / "tertib.yaml").write_text("rules: rules/\n", "utf-8")

    def run(*words: str, code: int = 0) -> Any:
        got = cli.main(list(words))
        shown = capsys.readouterr()
        assert got == code, shown.err
        return json.loads(shown.out) if "--json" in words else shown.out + shown.err

    return run


def add(scalev: Served) -> dict[str, Any]:
    """Add an order that was handed to the courier five days ago, to be paid at the door."""
    since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    made = {"status": "shipped", "payment_status": "unpaid", "payment_method": "cod", "shipped_time": since}
    order: dict[str, Any] = scalev.shop.add({**made, "gross_revenue": "150000.00"})
    return order


def stands(scalev: Served, order: dict[str, Any]) -> tuple[str, str]:
    """Return how an order stands at the shop."""
    found = scalev.shop.order(order["id"])
    return found["status"], found["payment_status"]


def test_a_run_goes_back_and_its_orders_are_left_alone(scalev: Served, tertib: Run) -> None:
    """Apply, undo, undo again: the shop is as before, nothing is left to undo, and the rule waits for a release."""
    orders = [add(scalev) for _ in range(3)]
    shipped = orders[0]["shipped_time"]
    run = tertib("run", "--json")
    assert run["confirmed"] == 3

    plan = tertib("undo", run["run_id"], "--out", "back.json", "--json")
    assert {one["set"]["status"] for one in plan["changes"]} == {"shipped"}
    assert {stands(scalev, one) for one in orders} == {("completed", "paid")}
    back = tertib("apply", "back.json", "--yes", "--json")
    assert (back["sent"], back["confirmed"]) == (3, 3)
    assert {stands(scalev, one) for one in orders} == {("shipped", "unpaid")}
    assert [one["kind"] for one in tertib("runs", "--json")["runs"]] == ["undo", "run"]

    # Scalev dates an order that comes back to `shipped` anew; as it was, the rule would want it again
    for one in orders:
        scalev.shop.edit(one["id"], {"shipped_time": shipped})
    again = tertib("undo", run["run_id"], "--json")
    assert (again["changes"], {one["code"] for one in again["held"]}) == ([], {"taken_back"})
    assert tertib("run", "--json")["sent"] == 0
    listed = tertib("hold", "--list", "--json")["quarantined"]
    assert {one["order_id"] for one in listed} == {one["order_id"] for one in orders}
    assert {(one["rule"], one["undone_by"]) for one in listed} == {("delivered", back["run_id"])}
    tertib("release", orders[0]["order_id"])
    assert tertib("run", "--json")["confirmed"] == 1
    assert tertib("audit", "verify", "--json")["ok"] is True


def test_orders_that_moved_on_are_listed_and_left(scalev: Served, tertib: Run) -> None:
    """What a person did since stays; what is still as the run left it goes back, at once where that is asked."""
    orders = [add(scalev) for _ in range(3)]
    run = tertib("run", "--json")["run_id"]
    scalev.shop.edit(orders[0]["id"], {"status": "shipped"})
    back = tertib("undo", run, "--except", orders[1]["order_id"], "--apply", "--yes", "--json", code=3)
    assert (back["sent"], back["confirmed"]) == (1, 1)
    assert [(one["order_id"], one["code"]) for one in back["stays"]] == [
        (orders[0]["order_id"], "changed_since")
    ]
    assert [stands(scalev, one) for one in orders] == [
        ("shipped", "paid"),
        ("completed", "paid"),
        ("shipped", "unpaid"),
    ]


def test_an_undo_tells_what_follows_and_can_itself_be_undone(scalev: Served, tertib: Run) -> None:
    """The screen says that rules leave undone orders alone, and how to do exactly what it shows."""
    order = add(scalev)
    run = tertib("run", "--json")["run_id"]
    shown = tertib("undo", run)
    assert "leave undone orders alone until `tertib release ORDER`" in shown
    assert "to do exactly this: tertib apply" in shown
    done = tertib("undo", run, "--apply", "--yes")
    assert "leave undone orders alone" in done
    assert "undone by run" in tertib("hold", "--list")
    assert "rules leave 1 order alone" in tertib("doctor")
    latest = tertib("runs", "--json")["runs"][0]["run_id"]
    assert "1 order confirmed" in tertib("runs", "show", latest)
    recalled = tertib("explain", f"undo:{run}:1", order["order_id"], "--run", latest)
    assert "status: {eq: completed}" in recalled
    assert f"rule undo:{run}:1 set status" in tertib("why", order["order_id"])
    assert tertib("undo", latest, "--apply", "--yes", "--json")["confirmed"] == 1
    assert stands(scalev, order) == ("completed", "paid")
    assert tertib("hold", "--list") == "no order is on hold\n"


def test_wrong_words_send_nothing(scalev: Served, tertib: Run) -> None:
    """No such run, no such order, nobody to ask: each is refused, and nothing is written."""
    order = add(scalev)
    run = tertib("run", "--json")["run_id"]
    sent = len(scalev.journal.of("change"))
    assert "there is no run `nope`" in tertib("undo", "nope", code=1)
    assert "did nothing with order `X`" in tertib("undo", run, "--only", "X", code=1)
    assert "no terminal" in tertib("undo", run, "--apply", code=2)
    assert "`--yes` goes with `--apply`" in tertib("undo", run, "--yes", code=2)
    assert "`--list` stands alone" in tertib("hold", "--list", order["order_id"], code=2)
    assert "name the order" in tertib("hold", code=2)
    assert len(scalev.journal.of("change")) == sent
