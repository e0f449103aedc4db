"""Every address that the pages have, with the role it needs. What stands here is what is enforced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from starlette.responses import Response

from tertib.ledger.people import Role
from tertib.web import accounts, approvals, audit, auth, orders, plans, reports, rules, runs, timetable, today
from tertib.web.site import Visit

Handler = Callable[[Visit], Response]

_ACCOUNT: Final = "/accounts/{account}"


@dataclass(frozen=True, slots=True)
class Page:
    """One address. `role` is the least that a visitor needs, None for anybody.

    A path with `{account}` in it is for those alone who see that account. A form is checked for its session's secret.
    """

    method: Literal["GET", "POST"]
    path: str
    role: Role | None
    show: Handler


PAGES: Final = (
    Page("GET", "/login", None, auth.login),
    Page("POST", "/login", None, auth.sign_in),
    Page("POST", "/logout", None, auth.sign_out),
    Page("POST", "/language", None, auth.choose_language),
    Page("GET", "/", "viewer", today.show),
    Page("GET", "/accounts", "viewer", accounts.listed),
    Page("GET", "/settings", "viewer", accounts.settings),
    Page("GET", f"{_ACCOUNT}/approvals", "viewer", approvals.listed),
    Page("GET", f"{_ACCOUNT}/plans/{{plan}}", "viewer", plans.show),
    Page("GET", f"{_ACCOUNT}/plans/{{plan}}/progress", "viewer", plans.progress),
    Page("GET", f"{_ACCOUNT}/plans/{{plan}}/report", "viewer", reports.of_plan),
    Page("GET", f"{_ACCOUNT}/plans/{{plan}}/review", "approver", approvals.review),
    Page("POST", f"{_ACCOUNT}/plans/{{plan}}/approve", "approver", approvals.approve),
    Page("POST", f"{_ACCOUNT}/plans/{{plan}}/reject", "approver", approvals.reject),
    Page("GET", f"{_ACCOUNT}/rules", "viewer", rules.listed),
    Page("GET", f"{_ACCOUNT}/rules/{{rule}}", "viewer", rules.show),
    Page("POST", f"{_ACCOUNT}/rules/{{rule}}/explain", "viewer", rules.explain),
    Page("GET", f"{_ACCOUNT}/orders", "viewer", orders.find),
    Page("GET", f"{_ACCOUNT}/orders/{{order:path}}", "viewer", orders.show),
    Page("POST", f"{_ACCOUNT}/why", "viewer", orders.why),
    Page("GET", f"{_ACCOUNT}/runs", "viewer", runs.listed),
    Page("GET", f"{_ACCOUNT}/runs/{{run}}", "viewer", runs.show),
    Page("GET", f"{_ACCOUNT}/runs/{{run}}/report", "viewer", reports.of_run),
    Page("POST", f"{_ACCOUNT}/runs/{{run}}/undo", "approver", runs.undo),
    Page("GET", f"{_ACCOUNT}/schedule", "viewer", timetable.show),
    Page("GET", f"{_ACCOUNT}/audit", "viewer", audit.listed),
    Page("POST", f"{_ACCOUNT}/audit/verify", "viewer", audit.verify),
    Page("GET", f"{_ACCOUNT}/audit/export", "viewer", audit.export),
)
"""All of it; beside these there are only the files under `/static`."""
