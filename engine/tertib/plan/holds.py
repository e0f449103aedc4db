"""Every reason for which an order that a rule wants is left as it is, under the code that plans and tests name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tertib.sayings import N_, said

Kind = Literal["veto", "order", "rival", "clash", "limit", "uncounted", "reading", "pause", "undo"]
"""What stands against a change: a veto of the order, something that the order lacks, another rule (a `clash` where neither
goes first), a limit (`uncounted` where a limit on money cannot count the order), the reading, a pause, or the way back."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One code of a hold: of what kind it is, what is so, and what a person can do about it."""

    code: str
    kind: Kind
    help: str
    mend: str


def _lift(veto: str) -> str:
    return said("where you mean it, `allow: [%(veto)s]` in the rule lifts it", veto=veto)


_ROWS: Final = (
    Reason("paid", "veto", N_("The order is paid or settled, and the rule would cancel it."), _lift("paid")),
    Reason(
        "transfer_proof",
        "veto",
        N_("The buyer sent a proof of transfer, and the rule would cancel the order."),
        _lift("transfer_proof"),
    ),
    Reason(
        "shipment_receipt",
        "veto",
        N_("The courier has given a receipt, and the rule would cancel the order."),
        _lift("shipment_receipt"),
    ),
    Reason(
        "conflict",
        "veto",
        N_("A transfer fits several orders, and the rule would cancel this one or mark it paid."),
        N_("settle the conflict at Scalev") + "; " + _lift("conflict"),
    ),
    Reason(
        "human_change",
        "veto",
        N_("A person changed the order after this rule did."),
        N_("`tertib release ORDER` hands it back to the rule") + "; " + _lift("human_change"),
    ),
    Reason(
        "on_hold",
        "veto",
        N_("Somebody put the order on hold with `tertib hold`."),
        N_("`tertib release ORDER` ends the hold; no rule can lift it"),
    ),
    Reason(
        "protected",
        "veto",
        N_("The order matches one of the project's `protect` conditions."),
        N_("change the order or `tertib.yaml`; no rule can lift it"),
    ),
    Reason(
        "status_flow",
        "veto",
        N_("Scalev has no step from the order's status to the one that the rule sets."),
        N_("ask for the right statuses in the rule's `query`; no rule can lift it"),
    ),
    Reason(
        "cannot_tell",
        "veto",
        N_("The answer does not show whether one of the reasons above applies."),
        N_("look at the order at Scalev; missing knowledge never acts"),
    ),
    Reason(
        "template",
        "order",
        N_("The order lacks a value that the action is to be filled in with."),
        N_("fill it in at Scalev, or add a condition that it `exists`"),
    ),
    Reason(
        "no_id",
        "order",
        N_("The order came without a usable `id`, so nothing can be sent for it."),
        N_("nothing in a rule can mend it; tell Scalev"),
    ),
    Reason(
        "id_not_integer",
        "order",
        N_("The order's id is a UUID, and the settings ask for contract `seeds`, which has integers."),
        N_("set `api.contract` to `auto`"),
    ),
    Reason(
        "not_in_contract",
        "order",
        N_("The contract that the order is written in has no such payment method."),
        N_("choose a method that both contracts have, such as `bank_transfer`"),
    ),
    Reason(
        "status_not_writable",
        "order",
        N_("A payment-only change must repeat the order's status, and this status cannot be written."),
        N_("set `status` in the action as well"),
    ),
    Reason(
        "outranked",
        "rival",
        N_("A rule of higher priority wants another change of the same order."),
        N_("nothing, if that is the order you want; else change `priority`"),
    ),
    Reason("same_change", "rival", N_("Another rule makes the same change."), N_("nothing")),
    Reason(
        "rule_conflict",
        "clash",
        N_("Another rule of the same priority wants another change."),
        N_("give one of the two a higher `priority`"),
    ),
    Reason(
        "held_by_higher",
        "rival",
        N_("A rule of higher priority wants the order, and is held from it."),
        N_("look at why that rule is held"),
    ),
    Reason(
        "limit_orders",
        "limit",
        N_("The rule would change more orders at once than its limit."),
        N_("`tertib apply PLAN --first 50` works it off; or raise `limits.orders`"),
    ),
    Reason(
        "limit_value",
        "limit",
        N_("The orders together are worth more than the rule's limit in rupiah."),
        N_("`tertib apply PLAN --first 50` works it off; or raise `limits.value`"),
    ),
    Reason(
        "limit_per_day",
        "limit",
        N_("With what was sent today the rule would go over its limit for a day."),
        N_("wait for tomorrow, or raise `limits.per_day`"),
    ),
    Reason(
        "limit_share",
        "limit",
        N_("The rule would change a larger share of the orders that satisfy its query than it may."),
        N_("look whether the rule means so many; then raise `limits.share`"),
    ),
    Reason(
        "cap",
        "limit",
        N_("All rules together would go over the project's `caps`."),
        N_("wait for tomorrow, or raise `caps` in `tertib.yaml`"),
    ),
    Reason(
        "value_unknown",
        "uncounted",
        N_("The order's money cannot be read, and a limit on money must count it."),
        N_("look at the order at Scalev"),
    ),
    Reason(
        "incomplete_read",
        "reading",
        N_("The orders could not all be read, so no rule that needed them acts."),
        N_("run it again"),
    ),
    Reason(
        "untrusted_filter",
        "reading",
        N_("The rule filters by something that no answer shows, and is in mode `apply` without `trust`."),
        N_("add the filter's name under `trust`, if you rely on it"),
    ),
    Reason(
        "paused",
        "pause",
        N_("A person paused the rule with `tertib pause`."),
        N_("`tertib resume RULE` ends the pause"),
    ),
    Reason(
        "unsettled",
        "order",
        N_("An earlier change of the order has no known outcome yet."),
        N_("`tertib settle` reads it back when it is time"),
    ),
    Reason(
        "changed_since",
        "undo",
        N_("The order is no longer as the run left it that is to be undone."),
        N_("look at the order at Scalev; what a later run did is undone first"),
    ),
    Reason("taken_back", "undo", N_("What the run did to the order was taken back already."), N_("nothing")),
    Reason(
        "not_done", "undo", N_("The run that is to be undone changed nothing of the order."), N_("nothing")
    ),
    Reason(
        "not_confirmed",
        "undo",
        N_("Nobody could tell whether the run that is to be undone changed the order."),
        N_("look at the order at Scalev, and set it right there"),
    ),
    Reason(
        "not_recorded",
        "undo",
        N_("The record does not hold what is needed to put the order back."),
        N_("look at the order at Scalev, and set it right there"),
    ),
)

HOLDS: Final[Mapping[str, Reason]] = {row.code: row for row in _ROWS}
"""Every code that a hold can have; `plan` lists them as `held`, and rule tests expect them by name."""


def _of(*kinds: Kind) -> frozenset[str]:
    return frozenset(row.code for row in _ROWS if row.kind in kinds)


LIMITS: Final = _of("limit")
"""The limits that can hold all changes of a rule."""

ABOUT_LIMITS: Final = _of("limit", "uncounted")
"""Holds that a limit brings about."""

OF_OTHER_RULES: Final = _of("rival", "clash")
"""Holds that another rule brings about."""

WHOLE_RULE: Final = _of("reading")
"""Holds of a rule before any of its orders is looked at."""

UNINTENDED: Final = _of("limit", "uncounted", "clash", "reading", "pause")
"""Holds of changes that a rule was to make; all others, vetoes above all, are how rules ordinarily end."""
