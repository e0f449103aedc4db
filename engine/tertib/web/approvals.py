"""*Approvals*: the plans that wait for a yes or no; and saying it, to all of one, to some of it, or to none.

A page only records what a person decided. `tertib serve` applies what was approved, with every check at that moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from starlette.datastructures import QueryParams
from starlette.responses import Response

from tertib.model import Change, Pick, Plan
from tertib.sayings import N_, said
from tertib.telling.changes import summary
from tertib.telling.tongue import Tongue
from tertib.web.digits import whole
from tertib.web.plans import approved_of, plan_of
from tertib.web.site import Refusal, Visit, see_other
from tertib.web.table import fitting, pick, view_of

_PAGE: Final = 25
_LONGEST_NOTE: Final = 500

_CENTS: Final = re.compile(r"[.,]\d{1,2}$")


def listed(visit: Visit) -> Response:
    """List the plans that wait, and below them those that were decided, the newest first."""
    queue, account = visit.desk.ledger.approvals, visit.desk.account
    before = visit.query.get("before")
    found = queue.decided(account, visit.now, _PAGE + 1, before)
    return visit.page(
        "approvals.html",
        waiting=() if before else queue.waiting(account, visit.now),
        decided=[(one, approved_of(visit, one)) for one in found[:_PAGE]],
        older=found[_PAGE - 1].asked.plan_id if len(found) > _PAGE else None,
        before=before,
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a plan a person is about to approve, and what that comes to."""

    changes: tuple[Change, ...]
    whole: bool = False

    @property
    def money(self) -> Decimal:
        """Return the money of the orders, as far as it is known."""
        return sum((one.value or Decimal(0) for one in self.changes), Decimal(0))

    def summary(self, tongue: Tongue) -> str:
        """Say in a sentence what it comes to."""
        return summary(self.changes, tongue)

    @property
    def part(self) -> Pick:
        """Return the choice as it is recorded."""
        return Pick() if self.whole else Pick(only=self.ids, by_id=True)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the orders (`str(id)`)."""
        return tuple(str(one.id) for one in self.changes)


def review(visit: Visit) -> Response:
    """Show what a person is about to approve, and ask for a note; above the threshold, for the sum as well."""
    plan = _waiting_plan(visit)
    choice = _chosen(plan, visit.query)
    if not choice.changes:
        raise _nothing_picked()
    return _reviewed(visit, plan, choice)


def approve(visit: Visit) -> Response:
    """Record a person's yes to a plan, or to a part of it."""
    plan = _waiting_plan(visit)
    choice = _chosen(plan, visit.form)
    if not choice.changes:
        raise _nothing_picked()
    if asks_again(visit, choice) and _rupiah(visit.form.get("sum", "")) != int(choice.money):
        wrong = visit.tongue.gettext("type the sum of these orders to approve them")
        return _reviewed(visit, plan, choice, wrong=wrong, status=422)
    visit.desk.ledger.approvals.approve(
        visit.desk.account,
        plan.plan_id,
        who=visit.who.name,
        now=visit.now,
        note=_note(visit.form),
        part=choice.part,
        zone=visit.desk.settings.timezone,
    )
    visit.site.ring()
    return see_other(visit.path("plans", plan.plan_id))


def reject(visit: Visit) -> Response:
    """Record a person's no to a plan."""
    plan = _waiting_plan(visit)
    visit.desk.ledger.approvals.reject(
        visit.desk.account,
        plan.plan_id,
        who=visit.who.name,
        now=visit.now,
        note=_note(visit.form),
        zone=visit.desk.settings.timezone,
    )
    return see_other(visit.path("plans", plan.plan_id))


def asks_again(visit: Visit, choice: Choice) -> bool:
    """Tell whether so much money is at stake, or so many orders whose money nobody knows, that a click is not enough."""
    unknown = any(one.value is None for one in choice.changes)
    return unknown or choice.money > visit.site.web.ask_again_above


def _waiting_plan(visit: Visit) -> Plan:
    """Return the plan that is to be decided on; raises `PlanRefused`, as the ledger says it, for one that does not wait."""
    plan = plan_of(visit)
    visit.desk.ledger.approvals.refuse_decided(
        visit.desk.account, plan.plan_id, visit.now, zone=visit.desk.settings.timezone
    )
    return plan


def _chosen(plan: Plan, given: QueryParams) -> Choice:
    """Return what was chosen; raises `Refusal` where something was that is not in the plan.

    What fits a search becomes the orders that fit it now, by their ids: nobody approves more than they were shown.
    """
    which, ids = given.get("which", ""), dict.fromkeys(given.getlist("pick"))
    if which == "all":
        return Choice(plan.changes, whole=True)
    known = {str(one.id) for one in (*plan.changes, *plan.over_limit)}
    strange = [one for one in ids if one not in known]
    if strange:
        told = said("order `%(order)s` is not in this plan", order=strange[0][:40])
        raise Refusal(told)
    if which == "shown":
        return Choice(tuple(fitting(plan, view_of(given))))
    if which == "but":
        return Choice(tuple(one for one in plan.changes if str(one.id) not in ids), whole=not ids)
    return Choice(pick(plan, tuple(ids)))


def _nothing_picked() -> Refusal:
    return Refusal(N_("no order was picked"), N_("tick orders in the plan, or approve all of it"))


def _reviewed(
    visit: Visit, plan: Plan, choice: Choice, *, wrong: str | None = None, status: int = 200
) -> Response:
    return visit.page(
        "review.html", status, plan=plan, choice=choice, ask_again=asks_again(visit, choice), wrong=wrong
    )


def _note(form: QueryParams) -> str:
    return form.get("note", "").strip()[:_LONGEST_NOTE]


def _rupiah(text: str) -> int | None:
    """Return a sum in whole rupiah, however somebody wrote it (`Rp 12.400.000`, `12400000,00`); None for none."""
    digits = "".join(one for one in _CENTS.sub("", text.strip()) if one in "0123456789")
    return whole(digits)
