"""Write down what was decided: a plan as a document that carries its own id, and back again.

The document is what `plan --json` prints, what a plan file holds and what the ledger keeps. Personal values
stand in it as a mask and a keyed fingerprint, never in clear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tertib.errors import PlanRefused
from tertib.language.personal import Mask
from tertib.model import (
    Change,
    Held,
    Mode,
    Outcome,
    Plan,
    RuleTally,
    Run,
    Scan,
    ScanReport,
    Source,
    State,
    Trace,
    Verdict,
)
from tertib.plan.limits import waiting
from tertib.sayings import N_, said
from tertib.scalev import contract

FORMAT = 1
PERSONAL = frozenset(name for name, field in contract.ACTION_FIELDS.items() if field.personal)
_WORDS: Mapping[Verdict, str] = {True: "true", False: "false", None: "unknown"}
_VERDICTS: Mapping[str, Verdict] = {word: verdict for verdict, word in _WORDS.items()}


def seal(plan: Plan, mask: Mask) -> tuple[Plan, dict[str, Any]]:
    """Return the plan with its id, and its document: the id is a hash over all the rest of the document."""
    body = _body(plan, mask)
    sealed = replace(plan, plan_id=_identify(body))
    return sealed, {"format": FORMAT, "plan_id": sealed.plan_id, **body}


def document(plan: Plan, mask: Mask) -> dict[str, Any]:
    """Return a sealed plan's document (`schemas/plan.schema.json`)."""
    return {"format": FORMAT, "plan_id": plan.plan_id, **_body(plan, mask)}


def canonical(value: Any) -> str:
    """Return JSON text that is the same for equal values: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _identify(body: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in body.items() if key not in {"format", "plan_id"}}
    return hashlib.sha256(canonical(plain).encode()).hexdigest()[:32]


def _body(plan: Plan, mask: Mask) -> dict[str, Any]:
    return {
        "created_at": _time(plan.created_at),
        "now": _time(plan.now),
        "account": plan.account,
        "contract": plan.contract,
        "read": {
            "complete": plan.complete,
            "requests": plan.requests,
            "orders": plan.orders_read,
            "scans": [_scan(report) for report in plan.scans],
        },
        "rules": [
            {**_tally(tally), "definition": definition}
            for tally, definition in zip(plan.rules, plan.definitions, strict=True)
        ],
        "changes": [change_document(change, mask) for change in plan.changes],
        "held": [held_document(held) for held in plan.held],
        "over_limit": [change_document(change, mask) for change in plan.over_limit],
        "warnings": list(plan.warnings),
        "summary": summary(plan.changes, plan.held),
    }


def summary(changes: Iterable[Change], held: Iterable[Held] = ()) -> str:
    """Say what changes come to (orders, money, and what cannot be taken back), and what waits because of a limit."""
    rows, waits = list(changes), [*waiting(held)]
    told = [_sum(rows)] if rows or not waits else []
    return "; ".join([*told, *waits])


def _sum(rows: Sequence[Change]) -> str:
    """Say in one sentence what changes come to."""
    if not rows:
        return "nothing to change"
    money = sum((row.value or Decimal(0) for row in rows), Decimal(0))
    final = sum(not row.reversible for row in rows)
    undo = (
        "can be undone"
        if not final
        else "cannot be undone"
        if final == len(rows)
        else f"{final} cannot be undone"
    )
    orders = "1 order" if len(rows) == 1 else f"{len(rows)} orders"
    return f"{orders}, {rupiah(money)}; buyers may be messaged; {undo}"


def rupiah(value: Decimal) -> str:
    """Write money as Indonesians do: `Rp 1.250.000`, with sen after a comma only where there are any."""
    whole, _, cents = f"{value:.2f}".partition(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"Rp {grouped}" + ("" if cents == "00" else f",{cents}")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _scan(report: ScanReport) -> dict[str, Any]:
    written: dict[str, Any] = {
        "params": dict(report.scan.params),
        "pages": report.pages,
        "orders": report.orders,
        "rules": list(report.scan.rules),
        "store": report.scan.source.store,
    }
    if report.ended_early:
        written["ended_early"] = True
    return written if report.failure is None else {**written, "failure": report.failure}


def _tally(tally: RuleTally) -> dict[str, Any]:
    return {
        "name": tally.name,
        "hash": tally.hash,
        "mode": str(tally.mode),
        "matched": tally.matched,
        "planned": tally.planned,
        "value": str(tally.value),
        "satisfied": tally.satisfied,
    }


def change_document(change: Change, mask: Mask) -> dict[str, Any]:
    """Return one change as plans and the ledger keep it."""
    return {
        "id": change.id,
        "order_id": change.order_id,
        "rule": change.rule,
        "before": masked(change.before, mask, PERSONAL),
        "set": masked(change.set, mask, change.personal),
        "value": None if change.value is None else str(change.value),
        "reversible": change.reversible,
        "reasons": [trace_document(reason) for reason in change.reasons],
        **({"filters": [trace_document(one) for one in change.filters]} if change.filters else {}),
        "read_at": _time(change.read_at),
        "since": None if change.since is None else _time(change.since),
        **({"updated_at": change.updated_at} if change.updated_at else {}),
    }


def masked(values: Mapping[str, Any], mask: Mask, personal: Collection[str]) -> dict[str, Any]:
    """Return action values with those named in `personal` as a mask and a fingerprint."""
    return {
        name: _masked(value, mask) if name in personal and value is not None else value
        for name, value in values.items()
    }


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, Mapping):
        return value
    return {"mask": mask.show(value), "fingerprint": mask.fingerprint(value)}


def is_masked(values: Mapping[str, Any]) -> bool:
    """Tell whether any of these values is known by its fingerprint only."""
    return any(isinstance(value, Mapping) for value in values.values())


def trace_document(trace: Trace) -> dict[str, Any]:
    """Return a trace as `explain`, plans and the ledger show it."""
    written = {"condition": trace.condition, "saw": trace.saw, "result": _WORDS[trace.result]}
    if not trace.children:
        return written
    return {**written, "children": [trace_document(child) for child in trace.children]}


def held_document(held: Held) -> dict[str, Any]:
    """Return one hold as plans show it."""
    return {"order_id": held.order_id, "rule": held.rule, "code": held.code, "why": held.why, "id": held.id}


# --- and back -------------------------------------------------------------------------------------------


def restore(written: Any) -> Plan:
    """Read a plan's document back; raises `PlanRefused` where its id no longer fits what it says."""
    if not isinstance(written, Mapping) or written.get("format") != FORMAT:
        raise PlanRefused(
            N_("this is no plan that this version can read"), hint=N_("make one with `tertib plan --out`")
        )
    plan_id = written.get("plan_id")
    if plan_id != _identify(written):
        raise PlanRefused(
            said(
                "plan `%(plan)s` was changed after it was made: its id no longer fits", plan=str(plan_id)[:40]
            ),
            hint=N_("a plan is applied as it was previewed; make a new one with `tertib plan --out`"),
        )
    return as_recorded(written)


def as_recorded(written: Mapping[str, Any]) -> Plan:
    """Read a plan's document back to look at it, also where its personal data was forgotten since.

    Raises `PlanRefused` where it is no plan. Whether it is still the plan that it says it is, only `restore` tells.
    """
    try:
        return _restore(written)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        plan_id = str(written.get("plan_id"))[:40]
        raise PlanRefused(
            said(
                "plan `%(plan)s` cannot be read: %(kind)s at %(place)s",
                plan=plan_id,
                kind=type(error).__name__,
                place=error,
            )
        ) from error


def _restore(written: Mapping[str, Any]) -> Plan:
    read = written["read"]
    return Plan(
        plan_id=written["plan_id"],
        created_at=datetime.fromisoformat(written["created_at"]),
        now=datetime.fromisoformat(written["now"]),
        account=written["account"],
        contract=written["contract"],
        complete=read["complete"],
        requests=read["requests"],
        orders_read=read["orders"],
        scans=tuple(_restore_scan(scan) for scan in read["scans"]),
        rules=tuple(_restore_tally(rule) for rule in written["rules"]),
        changes=tuple(_restore_change(change) for change in written["changes"]),
        held=tuple(_restore_held(held) for held in written["held"]),
        warnings=tuple(written["warnings"]),
        definitions=tuple(rule["definition"] for rule in written["rules"]),
        over_limit=tuple(_restore_change(change) for change in written["over_limit"]),
    )


def _restore_scan(scan: Mapping[str, Any]) -> ScanReport:
    params = scan["params"]
    return ScanReport(
        scan=Scan(
            source=Source(scan["store"]),
            params=params,
            rules=tuple(scan["rules"]),
            starts_from=frozenset({params["status"]}) if "status" in params else None,
        ),
        pages=scan["pages"],
        orders=scan["orders"],
        failure=scan.get("failure"),
        ended_early=scan.get("ended_early", False),
    )


def _restore_tally(rule: Mapping[str, Any]) -> RuleTally:
    return RuleTally(
        name=rule["name"],
        hash=rule["hash"],
        mode=Mode(rule["mode"]),
        matched=rule["matched"],
        planned=rule["planned"],
        value=Decimal(rule["value"]),
        satisfied=rule["satisfied"],
    )


def _restore_change(change: Mapping[str, Any]) -> Change:
    return Change(
        id=change["id"],
        order_id=change["order_id"],
        rule=change["rule"],
        before=change["before"],
        set=change["set"],
        value=None if change["value"] is None else Decimal(change["value"]),
        reversible=change["reversible"],
        reasons=tuple(restore_trace(reason) for reason in change["reasons"]),
        filters=tuple(restore_trace(one) for one in change.get("filters", ())),
        read_at=datetime.fromisoformat(change["read_at"]),
        since=None if change["since"] is None else datetime.fromisoformat(change["since"]),
        personal=frozenset(name for name, value in change["set"].items() if isinstance(value, Mapping)),
        updated_at=change.get("updated_at", ""),
    )


def restore_trace(trace: Mapping[str, Any]) -> Trace:
    """Read back one trace that `trace_document` wrote."""
    children = tuple(restore_trace(child) for child in trace.get("children", ()))
    return Trace(trace["condition"], trace["saw"], _VERDICTS[trace["result"]], children)


def _restore_held(held: Mapping[str, Any]) -> Held:
    return Held(held["order_id"], held["rule"], held["code"], held["why"], held["id"])


# --- a run ----------------------------------------------------------------------------------------------


def run_document(run: Run) -> dict[str, Any]:
    """Return what `apply --json` and `run --json` print."""
    counted = dict(_counts(run.outcomes))
    return {
        "run_id": run.run_id,
        "plan_id": run.plan_id,
        "requests": run.spent.requests,
        "sent": run.sent,
        **counted,
        "outcomes": [outcome_document(outcome) for outcome in run.outcomes],
        **({"stopped": run.stopped} if run.stopped else {}),
    }


def _counts(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, int]]:
    states = [outcome.state for outcome in outcomes]
    confirmed = states.count(State.CONFIRMED) + states.count(State.CONFIRMED_BY_READBACK)
    yield "confirmed", confirmed
    yield "not_applied", states.count(State.NOT_APPLIED)
    yield "unknown", states.count(State.SENT)
    yield "dropped", states.count(State.STALE) + states.count(State.ABANDONED)
    yield "held", states.count(State.HELD)


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """Return one outcome as `--json` shows it."""
    return {
        "id": outcome.id,
        "order_id": outcome.order_id,
        "rule": outcome.rule,
        "state": str(outcome.state),
        "why": outcome.why,
        "code": outcome.code,
    }
