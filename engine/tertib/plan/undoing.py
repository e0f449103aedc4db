"""Turn what a run did into rules that take it back: each for orders that were alike before, and are to be alike again.

Pure. What a run did to an order is taken back as far as its status and its payment status can both go back; what else
it wrote goes back where the record has the value in clear. An order whose status cannot go back keeps its payment
status too: half of a change taken back is a state that nobody ever wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.language import actions, definition, templates
from tertib.model import UNDO, Complaint, Done, Held, Mode, Settings, State, undone_run
from tertib.plan.propose import contract_for
from tertib.plan.vetoes import PAID
from tertib.sayings import N_, said, said_many
from tertib.scalev import contract

CLOCKS_APART: Final = timedelta(minutes=1)
"""How long after our request was over an order's `last_updated_at` may still be our own change, by two machines' clocks."""

_STATUSES: Final = ("status", "payment_status")
_CONFIRMED: Final = frozenset({State.CONFIRMED, State.CONFIRMED_BY_READBACK})
_UNDONE: Final = {
    State.PREVIEWED: N_("previewed"),
    State.AWAITING_APPROVAL: N_("awaiting approval"),
    State.PLANNED: N_("planned"),
    State.NOT_APPLIED: N_("not applied"),
    State.HELD: N_("held"),
    State.STALE: N_("stale"),
    State.ABANDONED: N_("abandoned"),
}
"""The states of a change that changed nothing, in words."""


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that one rule takes back: `back` is its action, `left` what the run left them as.

    `kept` says of further fields why they stay as the run set them. `until` is the latest `last_updated_at` that an
    order may have, where a payment is taken back.
    """

    rule: str
    back: Mapping[str, Any]
    left: Mapping[str, Any]
    kept: Mapping[str, str]
    allow: tuple[str, ...]
    until: datetime | None
    orders: list[Done] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Return what orders that share a rule have in common."""
        return repr((self.rule, self.back, self.left, self.kept, self.allow, self.until))


@dataclass(frozen=True, slots=True)
class Undoing:
    """What can be taken back of a run, as one rule definition a group, and what cannot, each with its reason."""

    groups: Mapping[str, Group]
    definitions: tuple[Mapping[str, Any], ...]
    held: tuple[Held, ...]
    warnings: tuple[str, ...]


def undo(run_id: str, done: Sequence[Done], settings: Settings) -> Undoing:
    """Return how to take back what a run did, as far as the record alone can tell."""
    found: dict[str, Group] = {}
    held: list[Held] = []
    for one in done:
        result = _against(run_id, one) or _group(one, settings)
        if isinstance(result, Held):
            held.append(result)
        else:
            found.setdefault(result.key, result).orders.append(one)
    groups = {f"{UNDO}{run_id}:{number}": group for number, group in enumerate(found.values(), 1)}
    return Undoing(
        groups=groups,
        definitions=tuple(_definition(name, run_id, group, settings) for name, group in groups.items()),
        held=tuple(held),
        warnings=tuple(line for group in groups.values() for line in _left_behind(group)),
    )


def _held(one: Done, code: str, why: str) -> Held:
    return Held(one.order_id or None, one.rule, code, why, one.id)


# --- what the record says against it --------------------------------------------------------------------


def _against(run_id: str, one: Done) -> Held | None:
    """Return why the record alone keeps an order from being taken back, None where it does not."""
    if one.state is State.SENT:
        return _held(
            one, "unsettled", N_("what became of it is not known yet; `tertib settle` reads it back")
        )
    if one.state not in _CONFIRMED:
        return _unconfirmed(one)
    if one.since is not None:
        return _changed_later(run_id, one, *one.since)
    if not one.order_id:
        return _held(one, "not_recorded", N_("it has no order number, so it cannot be found again"))
    return None


def _unconfirmed(one: Done) -> Held:
    if one.reached:
        why = N_("it was sent, and nobody could tell whether it was done; look at the order at Scalev")
        return _held(one, "not_confirmed", why)
    return _held(one, "not_done", said("the run changed nothing of it (%(why)s)", why=_UNDONE[one.state]))


def _changed_later(run_id: str, one: Done, later: str, rule: str) -> Held:
    if undone_run(rule) == run_id:
        return _held(one, "taken_back", said("run `%(run)s` took it back", run=later))
    why = said(
        "run `%(run)s` changed it afterwards; take that one back first: `tertib undo %(run)s`",
        run=later,
    )
    return _held(one, "changed_since", why)


# --- one order ------------------------------------------------------------------------------------------


def _group(one: Done, settings: Settings) -> Group | Held:
    """Return the group of one that takes this order back, or why nothing can."""
    lost = next((name for name in _STATUSES if not isinstance(one.before.get(name), str)), None)
    if lost is not None:
        return _held(
            one, "not_recorded", said("the record does not have its `%(field)s` from before", field=lost)
        )
    changed = _changed(one)
    if not changed:
        return _held(
            one, "not_recorded", N_("nothing that was changed in it can be read, so nothing can be put back")
        )
    blocked = _immovable(one, changed)
    if blocked is not None:
        return blocked
    kept = {name: why for name in changed if (why := _unwritable(one, name, settings))}
    back = {name: one.before[name] for name in changed if name not in kept}
    if not back:
        return _held(
            one,
            "not_recorded",
            "; ".join(said("its `%(field)s` %(why)s", field=name, why=why) for name, why in kept.items()),
        )
    if not back.keys() & {*_STATUSES}:
        # a change must name one of the two, and this one stays as it is
        back["payment_status"] = one.before["payment_status"]
    return Group(one.rule, back, _left(one), _unseen(one, kept), _lifted(one, back), _until(one, back))


def _changed(one: Done) -> dict[str, Any]:
    """Return what the run set that an answer can show, and that was another value before."""
    return {
        name: wanted
        for name, wanted in one.set.items()
        if contract.ACTION_FIELDS[name].reads_as and not _equal(one.before.get(name), wanted)
    }


def _equal(before: Any, wanted: Any) -> bool:
    if isinstance(before, Mapping) and isinstance(wanted, Mapping):
        return bool(before.get("fingerprint") == wanted.get("fingerprint"))
    return bool(before == wanted)


def _immovable(one: Done, changed: Mapping[str, Any]) -> Held | None:
    """Return why an order's status or payment status cannot go back."""
    if "status" in changed:
        target, now = one.before["status"], one.set["status"]
        if target not in contract.STATUS_FLOW.get(now, ()):
            return _held(
                one,
                "status_flow",
                said(
                    "Scalev's status flow has no step from `%(present)s` back to `%(target)s`",
                    present=now,
                    target=target,
                ),
            )
    if "payment_status" in changed and one.before["payment_status"] not in contract.PAYMENT_STATUSES:
        return _held(one, "not_recorded", N_("its `payment_status` from before is none that can be written"))
    return None


def _unwritable(one: Done, name: str, settings: Settings) -> str | None:
    """Say why a field other than the two statuses stays as the run set it, None where it can go back."""
    if name in _STATUSES:
        return None
    if name not in one.before:
        return N_("was not in the answer before, so there is no value to go back to")
    before = one.before[name]
    if isinstance(before, Mapping):
        return N_("is personal, and the record keeps such values as a fingerprint only")
    if before is None or before == "":
        return N_("was empty before, and Scalev cannot empty it")
    known = contract.PAYMENT_METHODS[contract_for(one.id, settings.contract)]
    if name == "payment_method" and before not in known:
        return said("was `%(before)s`, which the order's contract cannot write", before=before)
    return None if _is_literal(name, before) else N_("was a value that a change cannot write")


def _is_literal(name: str, value: Any) -> bool:
    """Tell whether a value can stand in an action as it is: what looks like a template would be filled in."""
    complaints: list[Complaint] = []
    given = {name: value, "payment_status": "paid"}
    actions.parse(given, contract.ACTION_FIELDS, {}, ZoneInfo("UTC"), complaints)
    return not templates.is_template(value) and not complaints


def _unseen(one: Done, kept: Mapping[str, str]) -> dict[str, str]:
    """Add to what is kept the fields that no answer ever shows."""
    hidden = [name for name in one.set if name != "by" and contract.ACTION_FIELDS[name].reads_as is None]
    return {**kept, **dict.fromkeys(hidden, N_("is shown by no answer, so nobody knows what it was"))}


def _left(one: Done) -> dict[str, Any]:
    """Return what the run left the order as: the two statuses, and all that it set and can be read in clear."""
    shown = {
        name: value
        for name, value in one.set.items()
        if contract.ACTION_FIELDS[name].reads_as and not contract.ACTION_FIELDS[name].personal
    }
    return {name: one.before[name] for name in _STATUSES} | shown


def _lifted(one: Done, back: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the vetoes that our own change would cause against its undo: a conflict that the run itself wrote down."""
    ours = one.set.get("payment_status") == "conflict" and back.get("payment_status") in PAID
    return ("conflict",) if ours else ()


def _until(one: Done, back: Mapping[str, Any]) -> datetime | None:
    """Return when our own change was over, where a payment is taken back: whatever came later may be the money itself."""
    ours = one.set.get("payment_status") in PAID and back.get("payment_status", "paid") not in PAID
    return one.over_at + CLOCKS_APART if ours and one.over_at is not None else None


# --- rules ----------------------------------------------------------------------------------------------


def _definition(name: str, run_id: str, group: Group, settings: Settings) -> dict[str, Any]:
    """Return the rule of a group as plans carry rules: `mode: approve`, for nobody but a person undoes."""
    return {
        "name": name,
        "description": _words(run_id, group),
        "enabled": True,
        "file": f"run {run_id}",
        "line": 1,
        "source": None,
        "query": {
            status: [group.left[status]] for status in _STATUSES if _is_filter(status, group.left[status])
        },
        "conditions": [{"id": {"in": [one.id for one in group.orders]}}, *_as_left(group)],
        "action": {name: group.back[name] for name in contract.ACTION_FIELDS if name in group.back},
        "limits": definition.of_limits(settings.limits),
        "mode": Mode.APPROVE.value,
        "priority": 100,
        "allow": list(group.allow),
        "trust": [],
        "schedule": None,
        "timezone": settings.timezone,
        "data": {},
    }


def _is_filter(name: str, value: Any) -> bool:
    return value in contract.PARAMETERS[name].values


def _as_left(group: Group) -> Iterator[dict[str, Any]]:
    """Yield the conditions that an order is still as the run left it."""
    for name, value in group.left.items():
        yield {contract.ACTION_FIELDS[name].reads_as or name: {"eq": value}}
    if group.until is not None:
        yield {"last_updated_at": {"lte": group.until.isoformat()}}


def _words(run_id: str, group: Group) -> str:
    back = ", ".join(
        f"{name} {group.left.get(name)} → {value}" for name, value in group.back.items() if name in _STATUSES
    )
    return said(
        "Takes back what rule %(rule)s did in run %(run)s: %(changes)s.",
        rule=group.rule,
        run=run_id,
        changes=back,
    )


def _left_behind(group: Group) -> Iterator[str]:
    for name, why in group.kept.items():
        yield said_many(
            "rule `%(rule)s`: `%(field)s` of %(count)s order stays as the run set it: it %(why)s",
            "rule `%(rule)s`: `%(field)s` of %(count)s orders stays as the run set it: it %(why)s",
            len(group.orders),
            rule=group.rule,
            field=name,
            why=why,
        )
