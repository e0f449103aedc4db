"""A past run told in words: when it was at work, what each request came to, and what became of the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tertib.cli import screen
from tertib.ledger.runs import ChangeRecord, RequestRecord, RunDetails, RunRecord

_SAID: Final = {
    "confirmed": "confirmed",
    "confirmed_by_readback": "confirmed by reading back",
    "not_applied": "not applied",
    "stale": "never sent",
    "abandoned": "never sent",
    "held": "held",
    "previewed": "previewed only",
    "awaiting_approval": "waiting for approval",
    "planned": "planned, not yet sent",
}


def tell(found: RunDetails, zone: str) -> Iterator[str]:
    """Yield the story of a run, a sentence a line; `zone` is the shop's."""
    yield from _course(found.run, zone)
    for request in found.requests:
        yield _request(request, zone)
    groups: dict[tuple[str, str], int] = defaultdict(int)
    for change in found.changes:
        groups[_became(change, zone), change.why] += 1
    for (became, why), count in groups.items():
        yield f"{screen.many(count, 'order')} {became}" + (f": {screen.clean(why)}" if why else "")


def _course(run: RunRecord, zone: str) -> Iterator[str]:
    began = f"run {run.run_id} ({run.kind}) began {screen.moment(run.started_at, zone)}"
    if run.ended_at is None:
        yield f"{began} and has not ended: it is at work, or its process ended and the next run closes it"
    elif run.state == "interrupted":
        yield f"{began} and was interrupted; {screen.moment(run.ended_at, zone)} another closed it"
    else:
        yield f"{began} and ended {screen.moment(run.ended_at, zone)}"
    yield f"it carried out plan {run.plan_id}" if run.plan_id else "it had no plan to carry out"
    if run.slot:
        yield f"it ran for slot {run.slot}"
    if run.stopped:
        yield f"it stopped early: {screen.clean(run.stopped)}"


def _request(request: RequestRecord, zone: str) -> str:
    what = f"request {request.number}, {screen.moment(request.claimed_at, zone)}, {screen.many(len(request.ids), 'order')}"
    status = "" if request.status is None else f" ({request.status})"
    said = f": {screen.clean(request.message)}" if request.message else ""
    if request.how is None:
        return f"{what}: no answer was recorded, so Scalev may have done it or not"
    if request.how == "answered":
        return f"{what}: Scalev answered{status}{said}"
    if request.how == "refused":
        return f"{what}: nothing was done{said}"
    return f"{what}: Scalev may have done it or not{status}{said}"


def _became(change: ChangeRecord, zone: str) -> str:
    if change.state == "sent":
        due = "" if change.due_at is None else f", read back from {screen.moment(change.due_at, zone)} on"
        return f"unknown{due}"
    return _SAID.get(change.state, change.state)
