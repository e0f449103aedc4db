"""A past run told in words: when it was at work, what each request came to, and what became of the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from tertib.cli import screen, speech
from tertib.ledger.runs import ChangeRecord, RequestRecord, RunDetails, RunRecord
from tertib.telling import states


def tell(found: RunDetails, zone: str, waits: Iterable[str] = ()) -> Iterator[str]:
    """Yield the story of a run, a sentence a line; `zone` is the shop's, `waits` is what limits hold of its plans."""
    yield from _course(found.run, zone)
    for request in found.requests:
        yield screen.clean(_request(request, zone))
    groups: dict[tuple[str, str, str], int] = defaultdict(int)
    for change in found.changes:
        groups[change.state, _due(change, zone), change.why] += 1
    for (state, due, why), count in groups.items():
        yield _ended(state, count) + due + (f": {screen.clean(speech.say(why))}" if why else "")
    for one in waits:
        yield screen.clean(speech.say(one))


def slot(run: RunRecord, zone: str) -> str:
    """Return the slot that a run was for, its rule and its time on the shop's clock; "" where it was for none."""
    if run.slot is None:
        return ""
    rule, _, at = run.slot.removeprefix(f"{run.account}/").rpartition("/")
    return f"{rule} {screen.moment(datetime.fromisoformat(at), zone)}"


def _course(run: RunRecord, zone: str) -> Iterator[str]:
    yield speech.gettext(
        "run %(run)s (%(kind)s) began %(at)s",
        run=run.run_id,
        kind=speech.kind(run.kind),
        at=screen.moment(run.started_at, zone),
    )
    if run.ended_at is None:
        yield speech.gettext(
            "it has not ended: it is at work, or its process ended and the next run closes it"
        )
    elif run.state == "interrupted":
        at = screen.moment(run.ended_at, zone)
        yield speech.gettext("it was interrupted; %(at)s another closed it", at=at)
    else:
        yield speech.gettext("it ended %(at)s", at=screen.moment(run.ended_at, zone))
    if run.plan_id:
        yield speech.gettext("it carried out plan %(plan)s", plan=run.plan_id)
    else:
        yield speech.gettext("it had no plan to carry out")
    if run.slot:
        yield speech.gettext("it ran for slot %(slot)s", slot=slot(run, zone))
    if run.stopped:
        yield screen.clean(speech.gettext("it stopped early: %(why)s", why=speech.say(run.stopped)))


def _request(request: RequestRecord, zone: str) -> str:
    what = speech.ngettext(
        "request %(number)s, %(at)s, %(count)s order",
        "request %(number)s, %(at)s, %(count)s orders",
        len(request.ids),
        number=request.number,
        at=screen.moment(request.claimed_at, zone),
    )
    status = "" if request.status is None else f" ({request.status})"
    said = f": {speech.say(request.message)}" if request.message else ""
    if request.how is None:
        came = speech.gettext("no answer was recorded, so Scalev may have done it or not")
        return f"{what}: {came}"
    if request.how == "answered":
        came = speech.gettext("Scalev answered")
        return f"{what}: {came}{status}{said}"
    if request.how == "refused":
        came = speech.gettext("nothing was done")
        return f"{what}: {came}{said}"
    came = speech.gettext("Scalev may have done it or not")
    return f"{what}: {came}{status}{said}"


def _ended(state: str, count: int) -> str:
    """Say of so many orders what became of them."""
    ngettext = speech.ngettext
    never = ngettext("%(count)s order never sent", "%(count)s orders never sent", count)
    told = {
        "confirmed": ngettext("%(count)s order confirmed", "%(count)s orders confirmed", count),
        "confirmed_by_readback": ngettext(
            "%(count)s order confirmed by reading back", "%(count)s orders confirmed by reading back", count
        ),
        "not_applied": ngettext("%(count)s order not applied", "%(count)s orders not applied", count),
        "stale": never,
        "abandoned": never,
        "held": ngettext("%(count)s order held", "%(count)s orders held", count),
        "previewed": ngettext("%(count)s order previewed only", "%(count)s orders previewed only", count),
        "awaiting_approval": ngettext(
            "%(count)s order waiting for approval", "%(count)s orders waiting for approval", count
        ),
        states.WAITED: ngettext(
            "%(count)s order waited for approval", "%(count)s orders waited for approval", count
        ),
        "planned": ngettext(
            "%(count)s order planned, not yet sent", "%(count)s orders planned, not yet sent", count
        ),
        "sent": ngettext("%(count)s order unknown", "%(count)s orders unknown", count),
    }
    return told[state]


def _due(change: ChangeRecord, zone: str) -> str:
    """Say when an unknown outcome can be read back."""
    if change.state != "sent" or change.due_at is None:
        return ""
    at = screen.moment(change.due_at, zone)
    return ", " + speech.gettext("read back from %(at)s on", at=at)
