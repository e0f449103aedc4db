"""Turn one match into a change, a hold with its reason, or nothing where the order is as wanted already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from tertib.compile import CompiledRule
from tertib.evaluate import reference
from tertib.language import actions, templates
from tertib.language.templates import RenderError
from tertib.language.values import find, read
from tertib.model import MISSING, Change, Field, Held, Match, Order
from tertib.plan.vetoes import Facts, first_veto, shows
from tertib.sayings import N_, said
from tertib.scalev import contract

ALWAYS_SHOWN = ("status", "payment_status")


def propose(match: Match, compiled: CompiledRule, facts: Facts) -> Change | Held | None:
    """Return the change that a match asks for, why it is held, or None where there is nothing to change."""
    order = match.order
    identity = contract.wire_id(order.get("id"))
    if identity is None:
        return hold(match, "no_id", N_("the order has no usable `id`, so nothing can be sent for it"))
    try:
        values = actions.render(
            compiled.rule.action,
            contract.ACTION_FIELDS,
            order,
            compiled.rule.name,
            facts.rendered_at,
            facts.settings.timezone,
            tables=compiled.rule.data,
        )
    except RenderError as error:
        return hold(match, "template", str(error))
    if nothing_to_change(order, values, facts):
        return None
    refused = _unwritable(match, compiled, identity, values, facts)
    if refused is not None:
        return refused
    veto = first_veto(compiled, order, values, facts)
    if veto is not None:
        return hold(match, veto.code, veto.why)
    return Change(
        id=identity,
        order_id=reference(order) or "",
        rule=match.rule,
        before=present(order, values),
        set=values,
        value=money(order, compiled.fields),
        reversible=reversible(order, values),
        reasons=match.reasons,
        filters=match.filters,
        read_at=match.read_at,
        customer=initials(order),
        since=created(order, compiled.fields),
        personal=personal(compiled.rule.action, compiled.fields),
        updated_at=updated(order),
    )


def personal(action: Mapping[str, Any], fields: Mapping[str, Field]) -> frozenset[str]:
    """Name the personal values that an action takes from orders or tables; what a rule spells out is no secret.

    A template that names a personal field makes a personal value of any field, of an address too.
    """
    return frozenset(
        name
        for name, source in action.items()
        if templates.is_template(source)
        and (
            contract.ACTION_FIELDS[name].personal
            or any(_is_personal(path, fields) for path in _reads(source))
        )
    )


_reads = lru_cache(maxsize=1024)(templates.reads)


def _is_personal(path: str, fields: Mapping[str, Field]) -> bool:
    """Tell whether a path leads to, or into, a personal value."""
    ways = (path.rsplit(".", cut)[0] for cut in range(path.count(".") + 1))
    return any(way in fields and fields[way].personal for way in ways)


def hold(match: Match, code: str, why: str) -> Held:
    """Return the hold of a match's order."""
    return Held(reference(match.order), match.rule, code, why, contract.wire_id(match.order.get("id")))


def contract_for(
    identity: int | str, setting: Literal["auto", "seeds", "current"]
) -> Literal["seeds", "current"]:
    """Name the contract that an order is written in: the setting, or under `auto` its own kind of id."""
    return (contract.contract_of(identity) or "seeds") if setting == "auto" else setting


def repeats_status(
    identity: int | str, values: Mapping[str, Any], setting: Literal["auto", "seeds", "current"]
) -> bool:
    """Tell whether writing these values must repeat the order's present status (`seeds`, payment only)."""
    return "status" not in values and contract_for(identity, setting) == "seeds"


def nothing_to_change(order: Order, values: Mapping[str, Any], facts: Facts) -> bool:
    """Tell whether every value that can be read is as wanted already; what cannot be read cannot be compared."""
    verdicts = [shows(order, name, wanted, facts.mask) for name, wanted in values.items()]
    return True in verdicts and False not in verdicts


def _unwritable(
    match: Match, compiled: CompiledRule, identity: int | str, values: Mapping[str, Any], facts: Facts
) -> Held | None:
    setting = facts.settings.contract
    if setting == "seeds" and isinstance(identity, str):
        why = N_(
            "its id is no integer, which contract `seeds` asks for; set `api.contract` to `auto` or `current`"
        )
        return hold(match, "id_not_integer", why)
    spoken = contract_for(identity, setting)
    method = values.get("payment_method")
    if method is not None and method not in contract.PAYMENT_METHODS[spoken]:
        return hold(
            match,
            "not_in_contract",
            said(
                "contract `%(contract)s` has no payment method `%(method)s`", contract=spoken, method=method
            ),
        )
    status = match.order.get("status")
    writable = isinstance(status, str) and status in contract.STATUS_TARGETS
    if repeats_status(identity, values, setting) and not writable:
        why = said(
            "contract `seeds` repeats the present status, and `%(status)s` is none that can be written",
            status=status,
        )
        return hold(match, "status_not_writable", why)
    doubtful = [name for name in match.unchecked if name not in compiled.rule.trust]
    if doubtful:
        why = said(
            "the answer does not show whether filter `%(filter)s` was heeded; `trust: [%(filter)s]` says to rely on it",
            filter=doubtful[0],
        )
        return hold(match, "cannot_tell", why)
    return None


def present(order: Order, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the present values of the fields a change sets, as far as they can be read, and of both statuses."""
    shown: dict[str, Any] = {}
    for name in dict.fromkeys((*ALWAYS_SHOWN, *values)):
        path = contract.ACTION_FIELDS[name].reads_as
        found = MISSING if path is None else find(order, path)
        if found is not MISSING and isinstance(found, str | int | None):
            shown[name] = found
    return shown


def money(order: Order, fields: Mapping[str, Field]) -> Decimal | None:
    """Return the order's `gross_revenue` in rupiah, None where it is missing, malformed or negative."""
    found = read(find(order, "gross_revenue"), fields["gross_revenue"])
    return found if isinstance(found, Decimal) and found >= 0 else None


def created(order: Order, fields: Mapping[str, Field]) -> datetime | None:
    """Return when the order was created, None where that cannot be read."""
    found = read(find(order, "created_at"), fields["created_at"])
    return found if isinstance(found, datetime) else None


def updated(order: Order) -> str:
    """Return the order's `last_updated_at` as the answer wrote it, "" where it has none."""
    found = order.get("last_updated_at")
    return found if isinstance(found, str) else ""


def initials(order: Order) -> str:
    """Return at most two initials of the customer, the only trace of a name that a plan shows."""
    name = find(order, "customer.name")
    words = name.split() if isinstance(name, str) else []
    letters = [word[0].upper() for word in words if word[0].isalpha()]
    return ".".join(letters[:2]) + ("." if letters else "")


def reversible(order: Order, values: Mapping[str, Any]) -> bool:
    """Tell whether the status flow leads from the new status back to the present one."""
    target, now = values.get("status"), order.get("status")
    return target is None or target == now or now in contract.STATUS_FLOW.get(target, ())
