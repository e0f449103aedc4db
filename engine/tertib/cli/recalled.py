"""What a past run decided about an order, as the record tells it months later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tertib.cli import context, screen
from tertib.errors import SettingsError
from tertib.explain import Explanation, recall
from tertib.ledger.runs import ChangeRecord, RunDetails
from tertib.ledger.schema import plain
from tertib.model import Held, Trace
from tertib.record import restore_trace
from tertib.telling import waiting


def from_run(opened: context.Session, run_id: str, rule: str, order: str) -> Explanation:
    """Return why a rule acted, or was kept from acting, on an order in a past run.

    Raises `SettingsError` where the ledger has no such run, or nothing was decided about the order in it.
    """
    details = opened.ledger.run_details(run_id)
    if details is None:
        raise SettingsError(f"there is no run `{run_id}` in this ledger", hint="`tertib runs` lists them")
    mine = [one for one in details.changes if order in {one.order_id, str(one.id)}]
    plans = _plans(opened, details)
    for change in mine:
        if change.rule == rule:
            return _acted_on(change, plans, opened)
    for document in plans.values():
        for found in _kept(document, rule, order, details):
            return found
    others = sorted({one.rule for one in mine})
    hint = (
        f"rule {', '.join(f'`{one}`' for one in others)} did"
        if others
        else "`tertib runs show` lists all of it"
    )
    raise SettingsError(
        f"rule `{rule}` decided nothing about order `{screen.clean(order)}` in run `{run_id}`", hint=hint
    )


def _plans(opened: context.Session, details: RunDetails) -> dict[str, Mapping[str, Any]]:
    """Return the recorded documents of the plans that a run rests on."""
    found = {name: opened.ledger.plan_document(name) for name in details.plan_ids}
    return {name: document for name, document in found.items() if document is not None}


def _acted_on(
    change: ChangeRecord, plans: Mapping[str, Mapping[str, Any]], opened: context.Session
) -> Explanation:
    settings, now = opened.settings, opened.time.now()
    (told,) = waiting.as_it_stands(
        [change], opened.ledger.approvals, settings.account, now, settings.timezone
    )
    document = plans.get(change.plan_id or "", {})
    rows = [*document.get("changes", ()), *document.get("over_limit", ())]
    written: Mapping[str, Any] = next(
        (one for one in rows if one["id"] == change.id and one["rule"] == change.rule), {}
    )
    return recall(
        change.rule,
        change.order_id,
        (*_traces(written.get("filters", ())), *_traces(change.trace)),
        change=change.set,
        at=change.read_at or change.planned_at,
        past={
            "run_id": change.run_id,
            "plan_id": change.plan_id,
            "rule_hash": change.rule_hash,
            "state": change.state,
            "stands": told.state,
            "why": told.why,
            "before": plain(change.before),
            "found": None if change.found is None else plain(change.found),
            "planned_at": change.planned_at,
            "sent_at": change.sent_at,
        },
    )


def _kept(document: Mapping[str, Any], rule: str, order: str, details: RunDetails) -> Iterator[Explanation]:
    """Yield the explanation of an order that the plan held, where it did."""
    held = [
        Held(one["order_id"], one["rule"], one["code"], one["why"], one["id"])
        for one in document.get("held", ())
        if one["rule"] == rule and order in {one["order_id"], str(one["id"])}
    ]
    rows = [one for one in document.get("over_limit", ()) if one["rule"] == rule]
    over: Mapping[str, Any] = next((one for one in rows if order in {one["order_id"], str(one["id"])}), {})
    if held:
        yield recall(
            rule,
            held[0].order_id or order,
            (*_traces(over.get("filters", ())), *_traces(over.get("reasons", ()))),
            held=held,
            past={
                "run_id": details.run.run_id,
                "plan_id": document["plan_id"],
                "state": "held",
                "why": "",
                "planned_at": document["now"],
                "sent_at": None,
            },
        )


def _traces(written: Iterable[Mapping[str, Any]]) -> tuple[Trace, ...]:
    return tuple(restore_trace(one) for one in written)
