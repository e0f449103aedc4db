"""What a rule does that a careful person would not: money marked without proof, cancels that hit too soon or too much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from tertib.check import goals
from tertib.check.branches import Branches
from tertib.check.finding import Finding, Subject, read_by
from tertib.language.wording import quote
from tertib.model import Expression, FieldRef, Held, Kind, Mode, Order, Test
from tertib.scalev import contract

_PAID: Final = frozenset({"paid", "settled"})
_ALWAYS_THERE: Final = frozenset(
    {"id", "order_id", "status", "payment_status", "created_at", "last_updated_at", "gross_revenue", "secret_slug",
     "public_order_url", "store", "store.id", "store.name", "store.unique_id", "store.uuid"}
)  # fmt: skip
"""What every order of the documents' examples has a value for, whatever its status."""


def findings(known: Subject) -> Iterator[Finding]:
    """Yield what a rule that can act does carelessly, each with the order that shows it."""
    yield from _limits_off(known)
    if known.acting:
        yield from _paid_without_proof(known, known.acting)
        yield from _cancels(known, known.acting)
    if known.matching:
        yield from _lacking_fields(known, known.matching)


# --- money ----------------------------------------------------------------------------------------------


def _paid_without_proof(known: Subject, acting: Branches) -> Iterator[Finding]:
    rule = known.rule
    if rule.action.get("payment_status") not in _PAID or "transferproof_url" in rule.action:
        return
    conditions = [
        goals.has_none("transferproof_url", known.fields),
        goals.on("payment_status", "not_in", tuple(sorted(_PAID)), known.fields),
        *_untagged(known),
    ]
    if known.rule.data:
        return  # rows of a table that people keep are proof as good as a tag
    order = known.find(acting, lambda order: known.changes(order) is not None, *conditions)
    if order is not None:
        word = rule.action["payment_status"]
        message = f"orders are marked {quote(word)} without any proof: no transfer proof, and no tag that a person gave"
        hint = "ask for `transferproof_url: {exists: true}` or a tag such as `bukti-ok`, or set `transferproof_url`"
        yield known.finding("T709", message, ("action", "payment_status"), witness=order, hint=hint)


def _untagged(known: Subject) -> Iterator[Test]:
    """Yield the condition that an order has no tags, where the source knows tags."""
    if "tags" in known.fields:
        yield goals.on("tags", "count", (("eq", Decimal(0)),), known.fields)


# --- cancelling -----------------------------------------------------------------------------------------


def _cancels(known: Subject, acting: Branches) -> Iterator[Finding]:
    if goals.target(known.rule) != "canceled":
        return
    yield from _cash_on_delivery(known, acting)
    yield from _too_young(known, acting)
    yield from _reads_everything(known)


def _cash_on_delivery(known: Subject, acting: Branches) -> Iterator[Finding]:
    conditions = [
        goals.on("payment_method", "eq", "cod", known.fields),
        goals.on("payment_status", "eq", "unpaid", known.fields),
        # a draft came from a form without a payment method
        goals.on("status", "ne", "draft", known.fields),
        *(_untagged(known) if _only_cash(known) else ()),
    ]
    order = known.find(acting, lambda order: known.changes(order) is not None, *conditions)
    if order is not None:
        message = "this also cancels cash on delivery, which is unpaid by nature"
        hint = "name the payment methods that are meant, such as `payment_method: [bank_transfer, qris]`"
        yield known.finding("T710", message, ("action", "status"), witness=order, hint=hint)


def _only_cash(known: Subject) -> bool:
    """Tell whether the rule is about nothing but cash on delivery, which then is no oversight."""
    other = goals.on("payment_method", "ne", "cod", known.fields)
    none = goals.has_none("payment_method", known.fields)
    return known.impossible(lambda now: (*known.items(now), goals.any_of(other, none)))


def _too_young(known: Subject, acting: Branches) -> Iterator[Finding]:
    """Report a cancel that would hit an order of this very moment, with no person's tag or number to ask for it."""
    moment = known.now - timedelta(seconds=1)
    acting = tuple(branch for branch in acting if not any(_on_time(atom, known) for atom, _ in branch.tied))
    times = {path for branch in acting for path, _ in branch.domains if _is_time(path, known)}
    fresh = [goals.on(path, "gte", moment, known.fields) for path in sorted({*times, "created_at"})]
    unless = [goals.any_of(one, goals.has_none(one.field, known.fields)) for one in fresh]
    loose = tuple(branch for branch in acting if not _pinned(branch.domains.get(("order_id", "words"))))
    order = known.find(loose, lambda order: known.changes(order) is not None, *unless, *_untagged(known))
    if order is not None:
        message = "nothing says how old an order must be: one that came a second ago is canceled too"
        hint = "add an age, such as `pending_time: {older_than: 3d}`"
        yield known.finding("T711", message, ("action", "status"), witness=order, hint=hint)


def _pinned(domain: Any) -> bool:
    """Tell whether order numbers are named one by one."""
    return getattr(domain, "allowed", None) is not None


def _is_time(path: str, known: Subject) -> bool:
    return path in known.fields and known.fields[path].kind is Kind.TIME


def _on_time(atom: Test | Expression, known: Subject) -> bool:
    """Tell whether a time is compared in a way that is not calculated: that may well be an age."""
    if isinstance(atom, Expression):
        return "now" in atom.source or any(_is_time(path, known) for path in atom.reads)
    return atom.kind is Kind.TIME or (isinstance(atom.operand, FieldRef) and bool(atom.operand.unit))


def _reads_everything(known: Subject) -> Iterator[Finding]:
    pushed = known.compiled.pushdown
    narrowed = known.rule.query or pushed.filters or pushed.choices or pushed.created_since
    if narrowed or known.rule.source.store:
        return
    message = "no filter is sent, so every run reads every order of the business, a request for each 25"
    hint = "name at least the status to cancel from, such as `query: {status: pending}`"
    order = known.find(known.matching or (), known.matches)
    yield known.finding("T716", message, ("query",), witness=order, hint=hint)


# --- limits ---------------------------------------------------------------------------------------------


def _limits_off(known: Subject) -> Iterator[Finding]:
    limits = known.rule.limits
    if known.rule.mode is Mode.PREVIEW or limits.orders is not None or limits.share is not None:
        return
    left = [
        name
        for name, value in (
            ("value", limits.value),
            ("per_day.orders", limits.orders_per_day),
            ("per_day.value", limits.value_per_day),
        )
        if value is not None
    ]
    rest = f"only {' and '.join(map(quote, left))} is left" if left else "nothing bounds what one run changes"
    message = f"the limit on orders is off in a rule that acts by itself; {rest}"
    if known.rule.mode is Mode.APPROVE:
        message = f"the limit on orders is off in a rule whose plans people only approve; {rest}"
    yield known.finding(
        "T712", message, ("limits", "orders"), hint="write a number, such as `limits: {orders: 200}`"
    )


# --- templates ------------------------------------------------------------------------------------------


def _lacking_fields(known: Subject, matching: Branches) -> Iterator[Finding]:
    for name, value in known.rule.action.items():
        for path in sorted(read_by(value) - _ALWAYS_THERE):
            field = known.fields.get(path)
            if field is None or field.column is None or field.kind in {Kind.OBJECT, Kind.OPEN}:
                continue  # reported when the rule is loaded, or not to be known
            order = known.find(
                _without(matching, path), lambda order: _fails(known, order), *_others(known, path)
            )
            if order is not None:
                message = f"`{name}` reads `order.{path}`, which orders that match may lack: those are held"
                hint = f"to leave them out add `{path}: {{exists: true}}`"
                yield known.finding(
                    "T713", message, ("action", name), witness=order, hint=hint, word=f"order.{path}"
                )


def _without(matching: Branches, path: str) -> Branches:
    """Return the ways to match without a value for a field, but for the time of the status that the order has."""
    if not path.endswith("_time") or path.removesuffix("_time") not in contract.STATUSES_READ:
        return matching
    status = path.removesuffix("_time")
    return tuple(
        branch
        for branch in matching
        if getattr(branch.domains.get(("status", "words")), "allowed", None) != frozenset({status})
    )


def _others(known: Subject, path: str) -> Iterator[Test]:
    """Yield that one field has no value, and every other that the action reads has one."""
    yield goals.has_none(path, known.fields)
    paths = {one for value in known.rule.action.values() for one in read_by(value)}
    for other in sorted(paths - {path, "id", "order_id"}):
        field = known.fields.get(other)
        apart = not other.startswith(f"{path}.") and not path.startswith(f"{other}.")
        # two fields below one object may well be missing together
        if field is not None and field.column is not None and apart:
            yield goals.has(other, known.fields)


def _fails(known: Subject, order: Order) -> bool:
    outcome = known.outcome(order) if known.matches(order) else None
    return isinstance(outcome, Held) and outcome.code == "template"
