"""Every reason for which an order that a rule wants is left as it is, under the code that plans and tests name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """One code of a hold: what is so, and what a person can do about it."""

    code: str
    help: str
    mend: str


_LIFT: Final = "where you mean it, `allow: [{}]` in the rule lifts it"

_ROWS: Final = (
    Reason("paid", "The order is paid or settled, and the rule would cancel it.", _LIFT.format("paid")),
    Reason(
        "transfer_proof",
        "The buyer sent a proof of transfer, and the rule would cancel the order.",
        _LIFT.format("transfer_proof"),
    ),
    Reason(
        "shipment_receipt",
        "The courier has given a receipt, and the rule would cancel the order.",
        _LIFT.format("shipment_receipt"),
    ),
    Reason(
        "conflict",
        "A transfer fits several orders, and the rule would cancel this one or mark it paid.",
        "settle the conflict at Scalev; " + _LIFT.format("conflict"),
    ),
    Reason(
        "human_change",
        "A person changed the order after this rule did.",
        "`tertib release ORDER` hands it back to the rule; " + _LIFT.format("human_change"),
    ),
    Reason(
        "on_hold",
        "Somebody put the order on hold with `tertib hold`.",
        "`tertib release ORDER` ends the hold; no rule can lift it",
    ),
    Reason(
        "protected",
        "The order matches one of the project's `protect` conditions.",
        "change the order or `tertib.yaml`; no rule can lift it",
    ),
    Reason(
        "status_flow",
        "Scalev has no step from the order's status to the one that the rule sets.",
        "ask for the right statuses in the rule's `query`; no rule can lift it",
    ),
    Reason(
        "cannot_tell",
        "The answer does not show whether one of the reasons above applies.",
        "look at the order at Scalev; missing knowledge never acts",
    ),
    Reason(
        "template",
        "The order lacks a value that the action is to be filled in with.",
        "fill it in at Scalev, or add a condition that it `exists`",
    ),
    Reason(
        "no_id",
        "The order came without a usable `id`, so nothing can be sent for it.",
        "nothing in a rule can mend it; tell Scalev",
    ),
    Reason(
        "id_not_integer",
        "The order's id is a UUID, and the settings ask for contract `seeds`, which has integers.",
        "set `api.contract` to `auto`",
    ),
    Reason(
        "not_in_contract",
        "The contract that the order is written in has no such payment method.",
        "choose a method that both contracts have, such as `bank_transfer`",
    ),
    Reason(
        "status_not_writable",
        "A payment-only change must repeat the order's status, and this status cannot be written.",
        "set `status` in the action as well",
    ),
    Reason(
        "outranked",
        "A rule of higher priority wants another change of the same order.",
        "nothing, if that is the order you want; else change `priority`",
    ),
    Reason("same_change", "Another rule makes the same change.", "nothing"),
    Reason(
        "rule_conflict",
        "Another rule of the same priority wants another change.",
        "give one of the two a higher `priority`",
    ),
    Reason(
        "held_by_higher",
        "A rule of higher priority wants the order, and is held from it.",
        "look at why that rule is held",
    ),
    Reason(
        "limit_orders",
        "The rule would change more orders at once than its limit.",
        "`tertib apply PLAN --first 50` works it off; or raise `limits.orders`",
    ),
    Reason(
        "limit_value",
        "The orders together are worth more than the rule's limit in rupiah.",
        "`tertib apply PLAN --first 50` works it off; or raise `limits.value`",
    ),
    Reason(
        "limit_per_day",
        "With what was sent today the rule would go over its limit for a day.",
        "wait for tomorrow, or raise `limits.per_day`",
    ),
    Reason(
        "limit_share",
        "The rule would change a larger share of the orders that satisfy its query than it may.",
        "look whether the rule means so many; then raise `limits.share`",
    ),
    Reason(
        "cap",
        "All rules together would go over the project's `caps`.",
        "wait for tomorrow, or raise `caps` in `tertib.yaml`",
    ),
    Reason(
        "value_unknown",
        "The order's money cannot be read, and a limit on money must count it.",
        "look at the order at Scalev",
    ),
    Reason(
        "incomplete_read",
        "The orders could not all be read, so no rule that needed them acts.",
        "run it again",
    ),
    Reason(
        "untrusted_filter",
        "The rule filters by something that no answer shows, and is in mode `apply` without `trust`.",
        "add the filter's name under `trust`, if you rely on it",
    ),
    Reason(
        "paused",
        "A person paused the rule with `tertib pause`.",
        "`tertib resume RULE` ends the pause",
    ),
    Reason(
        "unsettled",
        "An earlier change of the order has no known outcome yet.",
        "`tertib settle` reads it back when it is time",
    ),
    Reason(
        "changed_since",
        "The order is no longer as the run left it that is to be undone.",
        "look at the order at Scalev; what a later run did is undone first",
    ),
    Reason("taken_back", "What the run did to the order was taken back already.", "nothing"),
    Reason("not_done", "The run that is to be undone changed nothing of the order.", "nothing"),
    Reason(
        "not_confirmed",
        "Nobody could tell whether the run that is to be undone changed the order.",
        "look at the order at Scalev, and set it right there",
    ),
    Reason(
        "not_recorded",
        "The record does not hold what is needed to put the order back.",
        "look at the order at Scalev, and set it right there",
    ),
)

HOLDS: Final[Mapping[str, Reason]] = {row.code: row for row in _ROWS}
"""Every code that a hold can have; `plan` lists them as `held`, and rule tests expect them by name."""
