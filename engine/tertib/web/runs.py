"""*Runs*: what each did, as a funnel and order by order; and asking for one to be taken back."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from tertib import pipeline
from tertib.clock import Stopped
from tertib.errors import TertibError
from tertib.ledger.approvals import Approval
from tertib.ledger.runs import RunDetails, RunOutline
from tertib.model import Plan, undone_run
from tertib.sayings import N_, said
from tertib.telling import waiting
from tertib.web import funnel
from tertib.web.asking import count_question
from tertib.web.desk import Desk
from tertib.web.site import Refusal, Visit, see_other
from tertib.web.table import limits

_PAGE: Final = 40
_ROWS: Final = 100
_REQUESTS: Final = 100
_WORKING: Final = ""
"""What an errand's note is while it is at work; afterwards it says why it failed."""


def listed(visit: Visit) -> Response:
    """List the account's runs, the newest first."""
    before = visit.query.get("before")
    found = visit.desk.ledger.runs(visit.desk.account, _PAGE + 1, before)
    older = found[_PAGE - 1].run_id if len(found) > _PAGE else None
    return visit.page("runs.html", runs=found[:_PAGE], older=older, before=before)


def show(visit: Visit) -> Response:
    """Show a run: its course, its funnel, its requests, and a page of what became of its orders."""
    found, ledger = _outline_of(visit), visit.desk.ledger
    run_id = found.run.run_id
    plans = _plans(visit.desk, found)
    desk, key = visit.desk, (visit.desk.account, run_id)
    changes = ledger.run_changes(run_id, _ROWS + 1, visit.query.get("after"))
    shown = waiting.as_it_stands(changes[:_ROWS], ledger.approvals, desk.account, visit.now, desk.zone)
    way_back = _way_back(visit, run_id)
    return visit.page(
        "run.html",
        run=found.run,
        requests=ledger.run_requests(run_id, _REQUESTS),
        changes=shown,
        more=changes[_ROWS - 1].change_id if len(changes) > _ROWS else None,
        steps=funnel.of_run(found, plans, visit.tongue),
        undoable=any(one.reversible and one.state in funnel.KNOWN for one in found.groups),
        errand=visit.site.errands.get(key),
        way_back=way_back,
        limits=_more_than_may_go(visit, way_back),
    )


def _way_back(visit: Visit, run_id: str) -> Approval | None:
    """Return the plan that takes the run back, where one waits for approval or was approved and is about to be applied."""
    queue, account, now = visit.desk.ledger.approvals, visit.desk.account, visit.now
    going = (*queue.waiting(account, now), *queue.approved(account, now))
    return next((one for one in going if any(undone_run(rule) == run_id for rule in one.asked.rules)), None)


def _more_than_may_go(visit: Visit, way_back: Approval | None) -> tuple[str, ...]:
    """Return the limits that keep a way back from going whole, in words."""
    plan = None if way_back is None else visit.desk.plan(way_back.asked.plan_id)
    return () if plan is None else limits(plan)


def _plans(desk: Desk, found: RunOutline) -> list[Plan]:
    plans = map(desk.plan, found.plan_ids)
    return [plan for plan in plans if plan is not None]


def run_of(visit: Visit) -> RunDetails:
    """Return the run that the page is about, whole; raises `Refusal` where the account has none of that id."""
    found = visit.desk.ledger.run_details(visit.arg("run"))
    if found is None or found.run.account != visit.desk.account:
        raise _no_such_run(visit)
    return found


def _outline_of(visit: Visit) -> RunOutline:
    """Return the run that the page is about, its orders counted; raises `Refusal` where the account has none of that id."""
    found = visit.desk.ledger.run_outline(visit.arg("run"))
    if found is None or found.run.account != visit.desk.account:
        raise _no_such_run(visit)
    return found


def _no_such_run(visit: Visit) -> Refusal:
    told = said("there is no run `%(run)s` in this account", run=visit.arg("run")[:80])
    return Refusal(told, status=404)


# --- undo -----------------------------------------------------------------------------------------------


def undo(visit: Visit) -> Response:
    """Plan the way back from a run, beside everything else; the plan then waits for approval like any other.

    Where there is a way back, or one is being planned, nothing happens: the run's page tells of it.
    """
    run_id, who = _outline_of(visit).run.run_id, visit.who.name
    if _is_first(visit, run_id, who):
        visit.site.start(lambda: _plan_undo(visit, run_id, who))
    return see_other(visit.path("runs", run_id))


def _is_first(visit: Visit, run_id: str, who: str) -> bool:
    """Note that a way back is being planned, and return True; False where one is already, or where there is one.

    Raises `Refusal` where the account asked Scalev too much of late.
    """
    site, desk = visit.site, visit.desk
    key = (desk.account, run_id)
    with site.sending_out:
        if site.errands.get(key) == _WORKING or _way_back(visit, run_id) is not None:
            return False
        count_question(visit)
        desk.ledger.audit_append(desk.account, "undo_requested", {"run": run_id, "who": who}, visit.now)
        site.errands[key] = _WORKING
        return True


def _plan_undo(visit: Visit, run_id: str, who: str) -> None:
    """Plan the undo and let it wait for a person; whatever fails is noted for the run's page."""
    site, desk = visit.site, visit.desk
    key = (desk.account, run_id)
    try:
        means = desk.means()
        plan = pipeline.undo(run_id, means)
        if not plan.complete or not (plan.changes or plan.over_limit):
            reasons = "; ".join(dict.fromkeys(one.why for one in plan.held))
            site.errands[key] = said("nothing of it can be taken back: %(why)s", why=reasons[:500])
            return
        expires_at = plan.created_at + desk.settings.plan_ttl
        asks = said("%(who)s asked to take run %(run)s back", who=who, run=run_id)
        means.ledger.ask_approval(plan, asks, expires_at, site.clock.now())
        site.errands.pop(key, None)
    except Stopped:
        site.errands.pop(key, None)
    except TertibError as error:
        site.errands[key] = str(error)
    except Exception as error:  # noqa: BLE001 - a fault here must not leave the page waiting for ever
        why = f"internal error: {type(error).__name__}"
        site.log.error("undo failed", run=run_id, why=why)  # noqa: TRY400 - a traceback may quote an order
        site.errands[key] = N_("planning it failed: a fault in tertib")
