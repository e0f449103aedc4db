"""Every page of the site with something on it: where it is, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from playwright.sync_api import expect

from browsing import DELIVERED, OURS, UNPAID, Premises, Seat

_ACCOUNT: Final = "/accounts/{account}"
_PLAN: Final = f"{_ACCOUNT}/plans/{{plan}}"
_RUN: Final = f"{_ACCOUNT}/runs/{{run}}"
_ORDER: Final = f"{_ACCOUNT}/orders/{{order:path}}"
_FOUND: Final = 200


@dataclass(frozen=True)
class History:
    """What there is to be seen in an account: a plan that was applied, one that waits, and an order of each."""

    account: str
    applied: str
    run: str
    waits: str
    rule: str
    order: str
    kept: str


def happen(premises: Premises) -> History:
    """Let a few things happen at shops without orders."""
    premises.delivered(120_000, 480_000, 265_000)
    done = premises.ask(DELIVERED)
    run = premises.apply(done)
    premises.unpaid(100_000, 250_000, 1_320_000, 75_500)
    (proven,) = premises.unpaid(300_000, transferproof_url="https://cdn.example/1.jpg")
    premises.unpaid(180_000, tags=[{"name": "hold"}])
    opened, now = premises.sessions[OURS], premises.sessions[OURS].clock.now()
    opened.ledger.approvals.reject(OURS, premises.ask(UNPAID).plan_id, who="siti", note="not today", now=now)
    waits, kept = premises.ask(UNPAID), premises.number(proven)
    opened.ledger.hold(OURS, kept, now + timedelta(days=3), "the buyer pays on Monday", now)
    return History(
        account=OURS,
        applied=done.plan_id,
        run=run.run_id,
        waits=waits.plan_id,
        rule=UNPAID,
        order=done.changes[0].order_id,
        kept=kept,
    )


@dataclass(frozen=True)
class Stop:
    """A page of the tour. `route` is the row of the site's own table that it shows, `query` what stands behind its `?`.

    `plan` and `order` say which of the history it is about; `then` is what is done there before anybody looks; `is_file` is
    said of a page that is given as a file to keep.
    """

    route: str
    query: str = ""
    then: Callable[[Seat, History], None] = lambda _seat, _history: None
    order: str = "order"
    plan: str = "waits"
    status: int = _FOUND
    is_file: bool = False

    def place(self, history: History) -> str:
        """Return its address."""
        known = asdict(history)
        path = self.route.replace("{order:path}", known[self.order])
        return path.format(**known, plan=known.get(self.plan, self.plan)) + self.query


def _asks(seat: Seat, _history: History) -> None:
    seat.button("Ask every rule").click()
    expect(seat.page.locator("#why article").first).to_be_visible()


def _explains(seat: Seat, history: History) -> None:
    seat.field("Order number").fill(history.kept)
    seat.button("Explain").click()
    expect(seat.page.locator("#explanation article")).to_be_visible()


def _verifies(seat: Seat, _history: History) -> None:
    seat.button("Verify the whole log").click()
    expect(seat.page.locator("#verdict [role=status]")).to_be_visible()


STOPS: Final[Mapping[str, Stop]] = {
    "today": Stop("/"),
    "approvals": Stop(f"{_ACCOUNT}/approvals"),
    "plan": Stop(_PLAN),
    "held": Stop(_PLAN, "?show=held"),
    "applied": Stop(_PLAN, plan="applied"),
    "progress": Stop(f"{_PLAN}/progress", plan="applied"),
    "review": Stop(f"{_PLAN}/review", "?which=all"),
    "plan-report": Stop(f"{_PLAN}/report", is_file=True),
    "rules": Stop(f"{_ACCOUNT}/rules"),
    "rule": Stop(f"{_ACCOUNT}/rules/{{rule}}", then=_explains),
    "orders": Stop(f"{_ACCOUNT}/orders"),
    "order": Stop(_ORDER),
    "why": Stop(_ORDER, order="kept", then=_asks),
    "runs": Stop(f"{_ACCOUNT}/runs"),
    "run": Stop(_RUN),
    "run-report": Stop(f"{_RUN}/report", is_file=True),
    "schedule": Stop(f"{_ACCOUNT}/schedule"),
    "audit": Stop(f"{_ACCOUNT}/audit", then=_verifies),
    "accounts": Stop("/accounts"),
    "settings": Stop("/settings"),
    "refused": Stop(_PLAN, plan="gone", status=404),
}
"""The pages of whoever is signed in, by a name for each."""


_FETCH: Final = """async place => {
  const answer = await fetch(place);
  return [answer.headers.get("content-disposition"), await answer.text()];
}"""


def visit(seat: Seat, stop: Stop, history: History) -> None:
    """Go to a page and do there what is to be done; what is given as a file is opened as one that was kept."""
    if stop.is_file:
        seat.open("/settings")
        kind, text = seat.page.evaluate(_FETCH, stop.place(history))
        assert kind.startswith("attachment")
        seat.page.goto("about:blank")
        seat.page.set_content(text)
        return
    answer = seat.page.goto(stop.place(history))
    assert answer is not None
    assert answer.status == stop.status
    stop.then(seat, history)
    if stop.status != _FOUND:
        seat.forgive(stop.status)
