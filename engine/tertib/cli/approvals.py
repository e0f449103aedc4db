"""`tertib approvals`: the plans that wait for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import click

from tertib import record
from tertib.cli import context, options, screen, speech
from tertib.ledger.approvals import WAITING, Approval
from tertib.ledger.schema import plain
from tertib.model import Plan
from tertib.sayings import N_
from tertib.telling import states
from tertib.telling.portion import Portion, portion

_DECIDED: Final[Mapping[str, str]] = {
    "approved": N_("approved by %(who)s, about to run"),
    "applied": N_("applied, approved by %(who)s"),
    "rejected": N_("rejected by %(who)s"),
    "refused": N_("approved by %(who)s, but could not be applied"),
}
"""Where a plan stands that somebody decided on."""


@click.command("approvals")
@options.json_output
@click.option("--all", "everything", is_flag=True, help="Show those that were decided too, newest first.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many of them.")
def command(*, as_json: bool, everything: bool, limit: int) -> int:
    """List the plans that wait for a yes or no; `tertib approve PLAN` and `tertib reject PLAN` give it."""
    opened = context.session()
    queue, account, now = opened.ledger.approvals, opened.settings.account, opened.time.now()
    found = queue.listed(account, now, limit) if everything else queue.waiting(account, now)
    if as_json:
        screen.emit({"approvals": [document(one, _approved(one, opened)) for one in found]})
        return 0
    _show(found, opened)
    return 0


def _approved(one: Approval, opened: context.Session) -> Portion | None:
    """Return what of a plan was approved, None where nothing was."""

    def read(plan_id: str) -> Plan | None:
        written = opened.ledger.plan_document(plan_id)
        return None if written is None else record.as_recorded(written)

    return portion(one, read)


def document(one: Approval, approved: Portion | None) -> dict[str, Any]:
    """Return an approval, with what of the plan was approved, as `--json` prints it."""
    written: dict[str, Any] = plain(
        {
            "plan_id": one.asked.plan_id,
            "rules": list(one.asked.rules),
            "changes": one.asked.changes,
            "value": one.asked.value,
            "approved_changes": None if approved is None else approved.orders,
            "approved_value": None if approved is None else format(approved.value, "f"),
            "why": one.asked.why,
            "state": one.state,
            "asked_at": one.asked_at,
            "expires_at": one.asked.expires_at,
            "decided_at": one.decided_at,
            "decided_by": one.decided_by,
            "note": one.note,
            "replaced_by": one.replaced_by,
            "refused": one.refused,
            "run_id": one.run_id,
        }
    )
    return written


def _show(found: Sequence[Approval], opened: context.Session) -> None:
    console, zone = opened.console(), opened.settings.timezone
    if not found:
        console.print(speech.gettext("nothing waits for approval"))
        return
    listed = screen.table(
        N_("plan"),
        N_("rules"),
        N_("orders"),
        N_("money"),
        N_("asked"),
        N_("until"),
        N_("state"),
        right=["orders", "money"],
    )
    for one in found:
        approved = _approved(one, opened)
        listed.add_row(
            one.asked.plan_id,
            screen.clean(", ".join(one.asked.rules)),
            _orders(one, approved),
            screen.rupiah(Decimal(one.asked.value) if approved is None else approved.value),
            screen.moment(one.asked_at, zone),
            screen.moment(one.asked.expires_at, zone),
            _state(one),
        )
    console.print(listed)
    for why in dict.fromkeys(one.asked.why for one in found if one.state == WAITING):
        said = speech.gettext("why they ask: %(why)s", why=speech.say(why))
        console.print(screen.clean(said), style="dim")


def _orders(one: Approval, approved: Portion | None) -> str:
    if approved is None or approved.whole:
        return screen.number(one.asked.changes)
    some, among = screen.number(approved.orders), screen.number(approved.of)
    return speech.gettext("%(some)s of %(all)s", some=some, all=among)


def _state(one: Approval) -> str:
    if one.decided_by and one.state in _DECIDED:
        return screen.clean(speech.gettext(_DECIDED[one.state], who=one.decided_by))
    return speech.state(states.APPROVALS, one.state)
