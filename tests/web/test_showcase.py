"""`tertib demo --web`: a history that the real engine made, pages on it, an approval that is carried out, and nothing left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import pytest

from tertib.cli import main
from tertib.cli.showcase import Showcase, showing
from tertib.cli.showcase.clock import CatchingUpClock
from tertib.cli.showcase.days import DAYS
from tertib.cli.showcase.rules import SHOWN
from tertib.ledger.runs import ChangeRecord
from tertib.load import load
from tertib.rehearse import run as rehearse
from tertib.web.daily import midnight

JAKARTA: Final = ZoneInfo("Asia/Jakarta")
PROMISED: Final = "janji-bayar"
ACCOUNT: Final = "/accounts/default"
PAGES: Final = (
    "/",
    "/accounts",
    "/settings",
    *(f"{ACCOUNT}/{name}" for name in ("approvals", "rules", "orders", "runs", "schedule", "audit")),
)


# --- the history ----------------------------------------------------------------------------------------


def test_there_are_runs_on_schedule_and_by_hand_on_each_of_the_days(showcase: Showcase) -> None:
    """Slots, a run by hand, a plan applied by hand, approved plans, an undo; changes on every day, and runs of today."""
    ledger, now = showcase.session.ledger, showcase.session.clock.now()
    runs = ledger.runs("default", 500)
    kinds = Counter(one.kind for one in runs)
    assert kinds["slot"] > 10 * DAYS
    assert (kinds["run"], kinds["apply"], kinds["undo"]) == (1, 1, 1)
    assert kinds["approved"] >= 3
    today = now.astimezone(JAKARTA).date()
    begins = [midnight(today - timedelta(days=back), "Asia/Jakarta") for back in range(1, DAYS)]
    assert all(ledger.changed("default", day, day + timedelta(days=1)) for day in begins)
    assert timedelta() < now - runs[0].started_at < timedelta(hours=6.5)


def test_plans_were_approved_rejected_and_replaced_and_a_mixed_one_waits(showcase: Showcase) -> None:
    """By people with names and reasons; what waits has orders that a person would not want cancelled, beside others."""
    ledger, now = showcase.session.ledger, showcase.session.clock.now()
    listed = ledger.approvals.listed("default", now, 200)
    assert {"applied", "rejected", "replaced", "waiting"} <= {one.state for one in listed}
    decided = [one for one in listed if one.decided_by is not None]
    assert {one.decided_by for one in decided} == {"siti", "dewi"}
    assert any(one.part.only for one in decided)
    (mixed,) = (
        one for one in ledger.approvals.waiting("default", now) if "cancel-unpaid-transfer" in one.asked.rules
    )
    document = ledger.plan_document(mixed.asked.plan_id)
    assert document is not None
    promised = [one for one in document["changes"] if PROMISED in json.dumps(one["reasons"])]
    assert len(promised) == 4
    assert len(document["changes"]) - len(promised) > len(promised)
    assert {"shipment_receipt", "on_hold"} <= {one["code"] for one in document["held"]}


def test_orders_are_held_by_a_veto_a_limit_and_a_persons_change(showcase: Showcase) -> None:
    """Each kind is there to be looked at, and a pause stands."""
    ledger, now = showcase.session.ledger, showcase.session.clock.now()
    assert {one.rule for one in ledger.slots("default", None, 500) if one.state == "held"} >= {
        "cancel-abandoned-draft"
    }
    left_alone = ledger.quarantined("default")
    assert {one.rule for one in left_alone} == {"mark-paid-bukti-ok", "complete-delivered"}
    assert {bool(one.undone_by) for one in left_alone} == {True, False}
    (pause,) = ledger.pauses("default", now)
    assert (pause.rule, pause.who) == ("cancel-probable-spam", "dewi")
    assert len(ledger.holds("default", now)) == 1


def changes(showcase: Showcase) -> Iterator[ChangeRecord]:
    """Yield every change on record."""
    ledger = showcase.session.ledger
    for one in ledger.runs("default", 500):
        details = ledger.run_details(one.run_id)
        yield from details.changes if details is not None else ()


def test_one_outcome_was_lost_and_read_back(showcase: Showcase) -> None:
    """Its orders are known to have changed, the rest of that run was not sent, nothing is unknown any more."""
    states = Counter(one.state for one in changes(showcase))
    assert states["confirmed_by_readback"] > 0
    assert states["sent"] == 0
    assert showcase.session.ledger.unsettled("default") == ()


def test_the_record_is_whole_and_agrees_with_the_shop(showcase: Showcase) -> None:
    """Nothing in it was made by hand: the chain holds, and what is said to be cancelled is."""
    assert showcase.session.ledger.verify_audit("default").ok
    for one in changes(showcase):
        if one.state == "confirmed" and one.set.get("status") == "canceled":
            assert showcase.served.shop.order(one.id)["status"] == "canceled"


def test_the_rules_load_and_their_tests_pass(showcase: Showcase) -> None:
    """They are starter rules that only run in another mode and at other times."""
    settings = showcase.session.settings
    loaded = load(settings.rules, settings)
    assert (set(loaded.errors), {one.name for one in loaded.rules}) == (set(), set(SHOWN))
    rehearsal = rehearse([str(showcase.place / "rules")], settings)
    assert rehearsal.ok


def test_its_pages_are_served(showcase: Showcase) -> None:
    """Each of them, and what waits with them."""
    for place in PAGES:
        assert httpx.get(showcase.url + place).status_code == 200
    today = httpx.get(showcase.url + "/").text
    assert "2 plans wait for you" in " ".join(re.sub("<[^>]*>", " ", today).split())
    assert 'class="chart"' in today


# --- the clock ------------------------------------------------------------------------------------------


class Elsewhen(CatchingUpClock):
    """The clock of a history that ends some time from now; the shop's goes with it."""

    def __init__(self, later: timedelta) -> None:
        super().__init__(timedelta(days=DAYS))
        self.later = later

    def now(self) -> datetime:
        """Return the instant that it stands at, in UTC."""
        return super().now() + self.later

    def takes_along(self, advance: Callable[[timedelta], object]) -> None:
        """Move another clock to where this one stands, and from now on with it."""
        advance(self.later)
        super().takes_along(advance)


@pytest.mark.parametrize("ends", [time(15, 5), time(20, 10)], ids=str)
def test_a_slot_between_two_events_takes_nothing_from_them(ends: time) -> None:
    """Begun at these times of day, slots came just before the run by hand and before the answer was lost."""
    now = datetime.now(JAKARTA)
    later = datetime.combine(now.date() + timedelta(days=1), ends, JAKARTA) - now
    with closing(Elsewhen(later)) as clock, showing(clock=clock) as showcase:
        ledger = showcase.session.ledger
        found = {one.kind: ledger.run_details(one.run_id) for one in ledger.runs("default", 500)}
        by_hand = found["run"]
        assert by_hand is not None
        assert {one.state for one in by_hand.changes} == {"confirmed"}
        lost = [one for one in changes(showcase) if one.state == "confirmed_by_readback"]
        assert len({one.run_id for one in lost}) == 1


def test_the_clock_leaps_until_it_has_caught_up_and_takes_the_shop_along() -> None:
    """A sleep longer than what is left ends at the present; the other clock is moved by as much."""
    moved: list[timedelta] = []
    clock = CatchingUpClock(timedelta(hours=1))
    clock.takes_along(moved.append)
    begins, seconds = clock.now(), clock.monotonic()
    assert timedelta() <= datetime.now(UTC) - begins - timedelta(hours=1) < timedelta(seconds=5)
    clock.sleep(600)
    clock.sleep(-5)
    clock.sleep(7200)
    assert (clock.behind, sum(moved, timedelta())) == (timedelta(), timedelta(hours=1))
    assert timedelta() <= clock.now() - begins - timedelta(hours=1) < timedelta(seconds=5)
    assert 3600 <= clock.monotonic() - seconds < 3605
    clock.stop()
    clock.sleep(3600)
    clock.close()


# --- the command ----------------------------------------------------------------------------------------


@contextmanager
def demo(*words: str, environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start the demo; it is ended with the block, however that ends."""
    command = [sys.executable, "-W", "error", "-m", "tertib", "demo", "--web", *words]
    started = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


@pytest.fixture
def environ(tmp_path: Path, checkout: Path) -> dict[str, str]:
    """Return an environment in which temporary directories can be counted."""
    (tmp_path / "temporary").mkdir()
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(checkout / "engine"),
        "TMPDIR": str(tmp_path / "temporary"),
    }


def secret(page: str) -> str:
    """Return what a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def until(client: httpx.Client, place: str, said: str) -> str:
    """Open a page until it says something: what was approved is applied beside the pages."""
    for _ in range(2000):
        text = client.get(place).text
        if said in text:
            return text
    raise AssertionError(f"{place} never said {said!r}")


def test_an_approval_on_it_changes_the_orders_of_the_shop(environ: dict[str, str], tmp_path: Path) -> None:
    """Started as people start it: pages, a part approved, the shop's orders changed; Ctrl-C leaves nothing behind."""
    with demo("--json", environ=environ) as started:
        assert started.stdout is not None
        said: dict[str, Any] = json.loads(started.stdout.readline())
        assert Path(said["directory"]).is_relative_to(tmp_path)
        with httpx.Client(base_url=said["url"], timeout=30) as client:
            today = client.get("/").text
            place = re.findall(rf'href="({ACCOUNT}/plans/[0-9a-f]+)">cancel-unpaid-transfer', today)[0]
            whole = client.get(place).text
            picked = re.findall(r'name="pick" value="(\d+)"', whole)
            promised = re.findall(
                r'name="pick" value="(\d+)"', client.get(place, params={"q": PROMISED}).text
            )
            form = {"which": "but", "pick": promised, "csrf": secret(whole)}
            assert client.post(f"{place}/approve", data=form).status_code == 303
            until(client, place, ">applied<")
            statuses = {
                one: httpx.get(f"{said['shop']}/_sandbox/orders/{one}").json()["order"]["status"]
                for one in picked
            }
        assert len(promised) == 4
        assert {statuses[one] for one in promised} == {"pending"}
        assert {status for one, status in statuses.items() if one not in promised} == {"canceled"}
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
        assert (started.returncode, out, err) == (0, "", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_stop_while_it_is_made_leaves_nothing_either(environ: dict[str, str], tmp_path: Path) -> None:
    """Whoever does not want to wait gets out of it."""
    with demo(environ=environ) as started:
        assert started.stdout is not None
        while not started.stdout.readline().startswith("  "):
            pass
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
        assert (started.returncode, "interrupted" in err) == (130, True)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_port_without_pages_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--port` says where the pages are."""
    assert main(["demo", "--port", "8080"]) == 2
    assert "`--port` goes with `--web`" in capsys.readouterr().err
