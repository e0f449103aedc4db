"""*Reports*: a plan, or a past run, as one file to send on."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from tertib.web.plans import plan_of
from tertib.web.report import report
from tertib.web.runs import run_of
from tertib.web.site import Visit
from tertib.web.subjects import OfPlan, OfRun, plan_to_tell, run_to_tell


def of_plan(visit: Visit) -> Response:
    """Give a plan's report as a file."""
    plan, desk = plan_of(visit), visit.desk
    subject = plan_to_tell(plan, desk.ledger, desk.settings, plan.plan_id, visit.now)
    return _file(visit, subject, f"plan-{plan.plan_id[:12]}")


def of_run(visit: Visit) -> Response:
    """Give a past run's report as a file; the audit log is verified for it."""
    found, desk = run_of(visit), visit.desk
    subject = run_to_tell(found, desk.ledger, desk.settings, desk.verify(), visit.now)
    return _file(visit, subject, f"run-{found.run.run_id}")


def _file(visit: Visit, subject: OfPlan | OfRun, name: str) -> Response:
    # the account's name may be anything; a header takes only plain letters
    plain = "".join(one if one.isascii() and (one.isalnum() or one == "-") else "_" for one in name)
    headers = {"content-disposition": f'attachment; filename="{plain}.html"'}
    return HTMLResponse(report([subject], visit.tongue, visit.now), headers=headers)
