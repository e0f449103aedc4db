"""What people did in the days that are shown: who approved and rejected what, who changed an order, what went wrong.

Each event happens so many hours before the present, between the slots of the rules, and does only what a person at the
shop, at the command line or on the pages could have done, or the network. The present may be any time of day, so the rules'
slots may lie between any two events: what a rule must not come before is one event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tertib import pipeline
from tertib.cli.showcase import shopfloor
from tertib.cli.showcase.scene import Scene
from tertib.model import Pick

DAYS: Final = 4
_SENT_TOO_EARLY: Final = 2
_WORKED_OFF: Final = 5


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `hours` before the present."""

    hours: float
    happens: Callable[[Scene], None]


def _approve(rule: str, who: str, note: str, *, first: int | None = None) -> Callable[[Scene], None]:
    """Say yes to what waits of a rule, or to its first orders only."""

    def happens(scene: Scene) -> None:
        for one in scene.waiting(rule):
            scene.ledger.approvals.approve(
                scene.account,
                one.asked.plan_id,
                who=who,
                note=note,
                now=scene.now,
                part=None if first is None else Pick(only=tuple(scene.ids(one)[:first]), by_id=True),
            )

    return happens


def _reject(rule: str, who: str, note: str) -> Callable[[Scene], None]:
    """Say no to what waits of a rule."""

    def happens(scene: Scene) -> None:
        for one in scene.waiting(rule):
            scene.ledger.approvals.reject(scene.account, one.asked.plan_id, who=who, note=note, now=scene.now)

    return happens


def _work_off(scene: Scene) -> None:
    """Plan the drafts by hand, and apply the first few of what a limit holds: `tertib apply PLAN --first 5`."""
    means = scene.session.means()
    plan = pipeline.plan([scene.rule("cancel-abandoned-draft")], means)
    pipeline.apply(plan, means, scene.session.writer, pick=Pick(first=_WORKED_OFF))


def _run_by_hand(scene: Scene) -> None:
    """Let a day go by, and run a rule at once, before its slot comes: `tertib run complete-digital-paid`."""
    shopfloor.a_day(scene)
    pipeline.run([scene.rule("complete-digital-paid")], scene.session.means(), scene.session.writer)


def _edit_what_a_rule_did(scene: Scene) -> None:
    """Let somebody at the shop take back by hand what a rule did to an order: the rule leaves it alone from then on."""
    _, ids = next(scene.done_by("mark-paid-bukti-ok"))
    scene.served.shop.edit(ids[0], {"payment_status": "unpaid"}, by="rina")


def _lose_an_answer(scene: Scene) -> None:
    """Let a day go by, and the connection break once after Scalev did what the next rule asked: nobody knows, until it is read back."""
    shopfloor.a_day(scene)
    scene.served.faults.add("reset_after_apply", target="change")


def _undo(scene: Scene) -> None:
    """Take two orders back that were completed too early: `tertib undo RUN --only … --apply`."""
    means = scene.session.means()
    run_id, ids = next(scene.done_by("complete-delivered"))
    plan = pipeline.undo(run_id, means, only=[str(one) for one in ids[:_SENT_TOO_EARLY]])
    pipeline.apply(plan, means, scene.session.writer)


def _hold(scene: Scene) -> None:
    """Keep every rule away from an order whose buyer called: `tertib hold ORDER`."""
    for one in scene.waiting("cancel-unpaid-transfer"):
        ref, *_others = scene.ids(one)
        scene.ledger.hold(scene.account, ref, None, "the buyer called and pays on Friday", scene.now)


def _pause(scene: Scene) -> None:
    """Pause a rule for some days: `tertib pause cancel-probable-spam`."""
    scene.ledger.pausing.pause(
        scene.account,
        "cancel-probable-spam",
        who="dewi",
        why="a new campaign brings many first-time buyers",
        until=scene.now + timedelta(days=3),
        now=scene.now,
    )


EVENTS: Final = (
    Event(95.9, shopfloor.odd_orders),
    Event(91, shopfloor.a_day),
    Event(88, _approve("complete-delivered", "siti", "looked at all of them: they have arrived")),
    Event(86, shopfloor.promises),
    Event(83.5, _approve("cancel-unpaid-transfer", "siti", "all older than three days")),
    Event(78, _work_off),
    Event(75, _edit_what_a_rule_did),
    Event(68, _lose_an_answer),
    Event(58, _reject("return-to-sender", "dewi", "the photos are not in the folder yet")),
    Event(45, _run_by_hand),
    Event(38, _undo),
    Event(36, _approve("cancel-unpaid-transfer", "dewi", "the first three; asked the others", first=3)),
    Event(24, shopfloor.a_day),
    Event(23, _hold),
    Event(22, _pause),
    Event(7, shopfloor.a_day),
)
"""What happened, the longest ago first. The rules' own slots lie between."""
