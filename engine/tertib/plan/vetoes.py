"""Keep orders from changes that no rule may make unasked.

A veto lets an order through only when it is *false*. Where it cannot be told, the order is held too, under the
code `cannot_tell`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tertib.compile import CompiledRule
from tertib.evaluate import reference
from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.language.values import UNREADABLE, find
from tertib.model import MISSING, Condition, Confirmed, History, Order, Settings, Verdict, undone_run
from tertib.sayings import N_, said
from tertib.scalev import contract

PAID = frozenset({"paid", "settled"})

LIFTABLE = frozenset({"paid", "transfer_proof", "shipment_receipt", "conflict", "human_change"})
"""The vetoes that a rule may lift by name; a hold, a protection or the status flow it cannot."""

_WAITS: Final = N_("its payment is in conflict: it waits for a person")
_NOT_BY_RULE: Final = N_("its payment is in conflict: it must not be marked paid by a rule")
_PROOF: Final = N_("it has a transfer proof: a cancelled order must have none")
_NO_PROOF_SHOWN: Final = N_("the answer does not show whether it has a transfer proof")
_RECEIPT: Final = N_("it has a shipment receipt: a cancelled order must have none")
_NO_NUMBER_SHOWN: Final = N_(
    "the answer does not show its `order_id`, and a person may have named it by that"
)
_NO_RECEIPT_SHOWN: Final = N_("the answer does not show whether it has a shipment receipt")


@dataclass(frozen=True, slots=True)
class Veto:
    """One reason that may keep an order as it is; `applies` is unknown where the answer does not show it."""

    code: str
    applies: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What every decision of one plan rests on besides the order: settings, record, time, and the mask.

    Conditions are judged at `now`; templates are rendered at `rendered_at`, which stays the plan's own time.
    """

    settings: Settings
    protect: tuple[Condition, ...]
    history: History
    now: datetime
    rendered_at: datetime
    mask: Mask


def first_veto(compiled: CompiledRule, order: Order, values: Mapping[str, Any], facts: Facts) -> Veto | None:
    """Return what keeps this order from these values: a certain veto before one that cannot be told."""
    vetoes = [
        veto
        for veto in _vetoes(compiled, order, values, facts)
        if veto.code not in compiled.rule.allow & LIFTABLE
    ]
    certain = next((veto for veto in vetoes if veto.applies is True), None)
    if certain is not None:
        return certain
    unknown = next((veto for veto in vetoes if veto.applies is None), None)
    if unknown is None:
        return None
    return Veto(
        "cannot_tell",
        applies=None,
        why=said(
            "cannot tell whether the veto `%(code)s` applies: %(why)s", code=unknown.code, why=unknown.why
        ),
    )


def recorded_veto(order_id: str | None, key: str, history: History) -> Veto | None:
    """Return what the record alone says against touching an order: a hold, or an outcome still unknown.

    Of an order without a number nobody can tell whether a person put it on hold.
    """
    why = history.holds.get(order_id or "") or history.holds.get(key)
    if why is not None:
        return Veto("on_hold", applies=True, why=said("the order is on hold: %(reason)s", reason=why))
    if key in history.unsettled:
        return Veto(
            "unsettled",
            applies=True,
            why=N_("an earlier change has no known outcome yet; run `tertib settle`"),
        )
    return None if order_id else Veto("on_hold", applies=None, why=_NO_NUMBER_SHOWN)


def _vetoes(compiled: CompiledRule, order: Order, values: Mapping[str, Any], facts: Facts) -> Iterator[Veto]:
    key = str(contract.wire_id(order.get("id")))
    recorded = recorded_veto(reference(order), key, facts.history)
    if recorded is not None:
        yield recorded
    for condition in facts.protect:
        verdict = conditions.evaluate(condition, order, facts.now)
        if verdict is not False:
            why = said("the project protects orders with %(condition)s", condition=condition.text)
            yield Veto("protected", verdict, why)
    if values.get("status") == "canceled" and order.get("status") != "canceled":
        yield from _against_cancelling(order)
    if values.get("payment_status") in PAID:
        yield _conflict(order, _NOT_BY_RULE)
    yield _status_flow(order, values)
    confirmed = facts.history.confirmed.get(key, ())
    yield _human_change(compiled, order, confirmed, facts.mask)
    yield _taken_back(compiled, values, confirmed)


def _text(order: Order, path: str) -> str | None:
    found = find(order, path)
    return found if isinstance(found, str) and found else None


def _status_flow(order: Order, values: Mapping[str, Any]) -> Veto:
    target, present = values.get("status"), _text(order, "status")
    if target is None or target == present:
        return Veto("status_flow", applies=False, why="")
    if present is None:
        return Veto("status_flow", applies=None, why=N_("the answer does not say the order's present status"))
    if target in contract.STATUS_FLOW.get(present, ()):
        return Veto("status_flow", applies=False, why="")
    why = said(
        "Scalev's status flow has no step from `%(present)s` to `%(target)s`", present=present, target=target
    )
    return Veto("status_flow", applies=True, why=why)


def _against_cancelling(order: Order) -> Iterator[Veto]:
    payment = _text(order, "payment_status")
    if payment is None:
        yield Veto("paid", applies=None, why=N_("the answer does not say its payment status"))
    elif payment in PAID or payment not in contract.PAYMENT_STATUSES:
        why = said("its payment status is `%(status)s`", status=payment)
        yield Veto("paid", True if payment in PAID else None, why)
    yield _conflict(order, _WAITS)
    proof, receipt = _present(order, "transferproof_url"), _present(order, "shipment_receipt")
    yield Veto("transfer_proof", proof, _NO_PROOF_SHOWN if proof is None else _PROOF)
    yield Veto("shipment_receipt", receipt, _NO_RECEIPT_SHOWN if receipt is None else _RECEIPT)


def _conflict(order: Order, why: str) -> Veto:
    payment = _text(order, "payment_status")
    known = payment in contract.PAYMENT_STATUSES
    return Veto("conflict", payment == "conflict" if known else None, why)


def _present(order: Order, path: str) -> Verdict:
    found = find(order, path)
    if found is MISSING:
        return None
    if found is None or found == "":
        return False
    return True if isinstance(found, str) else None


def _human_change(compiled: CompiledRule, order: Order, confirmed: tuple[Confirmed, ...], mask: Mask) -> Veto:
    """Compare the order with what we left it as: our last confirmed values since this rule first changed it.

    An undo is a person's change: for every rule but those of undos themselves, what it put back is not ours.
    """
    name = compiled.rule.name
    why = N_("a person changed it after this rule did; `tertib release` hands it back to the rule")
    ours = next((i for i, one in enumerate(confirmed) if one.rule == name), None)
    if ours is None:
        return Veto("human_change", applies=False, why=why)
    expected: dict[str, Any] = {}
    for one in confirmed[ours:]:
        if undone_run(name) or not undone_run(one.rule):
            expected.update(one.values)
    mine = {field for one in confirmed if one.rule == name for field in one.values}
    verdicts = {shows(order, field, expected[field], mask) for field in mine}
    if False in verdicts:
        return Veto("human_change", applies=True, why=why)
    return Veto("human_change", None if None in verdicts else False, why)


def _taken_back(compiled: CompiledRule, values: Mapping[str, Any], confirmed: tuple[Confirmed, ...]) -> Veto:
    """Tell whether a rule, whatever its name, would do once more what a person took back with an undo."""
    left: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    for one in confirmed:
        back = one.values if undone_run(one.rule) else {}
        for field in one.values:
            taken.pop(field, None)
        taken.update({field: left[field] for field in back if left.get(field, back[field]) != back[field]})
        left.update({} if back else one.values)
    again = not undone_run(compiled.rule.name) and any(
        field in values and values[field] == was for field, was in taken.items()
    )
    why = N_(
        "a person took this very change back with `tertib undo`; `tertib release` hands it back to the rules"
    )
    return Veto("human_change", again, why)


def shows(order: Order, name: str, wanted: Any, mask: Mask) -> Verdict:
    """Tell whether an order shows `wanted` as its value of an action field; unknown where it is not shown.

    A wanted value that was recorded as a fingerprint is compared by fingerprint.
    """
    path = contract.ACTION_FIELDS[name].reads_as
    found = MISSING if path is None else find(order, path)
    if found is MISSING or found is UNREADABLE:
        return None
    if isinstance(wanted, Mapping):
        return found is not None and mask.fingerprint(found) == wanted.get("fingerprint")
    return _same(contract.ACTION_FIELDS[name].kind, found, wanted)


def _same(kind: str, found: Any, wanted: Any) -> bool:
    if kind == "time":
        return _instant(found) is not None and _instant(found) == _instant(wanted)
    return str(found) == str(wanted) if isinstance(found, str | int) else False


def _instant(value: Any) -> datetime | None:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo is not None else None
