"""The report: a plan, or a past run, as one file to send on, to read on a phone, and to print.

It is made of the same parts as the pages, and of nothing else: no script, no address but that of each order at Scalev, the
style sheet inside. It says what the record says, in which personal data stand as masks.
"""

from __future__ import annotations

import shlex
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from markupsafe import Markup

from tertib import __version__
from tertib.ledger.approvals import APPLIED
from tertib.ledger.runs import ChangeRecord, RunDetails
from tertib.model import Change, Held, Plan, Web
from tertib.record import restore_trace
from tertib.telling import changes as telling
from tertib.telling.portion import portion
from tertib.telling.tongue import Tongue
from tertib.web import funnel
from tertib.web.render import STATIC, render
from tertib.web.subjects import OfNothing, OfPlan, OfRun, Subject

ROWS: Final = 2000
"""Orders that a report lists at most, over all rules together; what it leaves out, it counts."""

_ROWS_A_RULE: Final = 500
_FEWEST_A_RULE: Final = 20
_MOST_REQUESTS: Final = 200


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a part is made for, in place of a visitor: there are no pages here that it could link to.

    `now` is what ages are counted to, `zone` the shop's time zone.
    """

    tongue: Tongue
    now: datetime
    zone: str
    web: Web

    def path(self, *_parts: str, **_query: Any) -> str:
        """Return no address."""
        return ""


@dataclass(frozen=True, slots=True)
class Row:
    """An order's change, and in a run what became of it."""

    change: Change
    state: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RuleRows:
    """One rule's orders: those that are listed, how many are not, and their money together."""

    name: str
    description: str
    mode: str
    matched: int | None
    rows: tuple[Row, ...]
    more: int
    over_limit: tuple[Row, ...]
    more_over_limit: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The orders that one reason keeps as they are: those that are listed, and how many are not."""

    code: str
    rows: tuple[Held, ...]
    more: int

    @property
    def orders(self) -> int:
        """Return how many there are."""
        return len(self.rows) + self.more


def report(subjects: Sequence[Subject], tongue: Tongue, made_at: datetime) -> str:
    """Return a report as an HTML document, a section for each plan or run. `made_at` stands on it."""
    parts = [Markup(_part(one, tongue, made_at)) for one in subjects]  # noqa: S704 - rendered and escaped there
    zone = next((one.zone for one in subjects if not isinstance(one, OfNothing)), "UTC")
    reader = Reader(tongue, made_at, zone, Web())
    css = _css()
    return render(
        reader,
        "report.html",
        parts=parts,
        title=", ".join(_title(one, tongue) for one in subjects),
        css=css,
        css_seal=_seal(css),
        version=__version__,
    )


@lru_cache(maxsize=1)
def _css() -> Markup:
    """Return the pages' own style sheet, as it is written into the file."""
    return Markup((STATIC / "tertib.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def _seal(css: Markup) -> str:
    """Return the hash by which the file's own security policy allows this one style sheet."""
    return b64encode(sha256(str(css).encode()).digest()).decode()


def _title(one: Subject, tongue: Tongue) -> str:
    if isinstance(one, OfPlan):
        return f"{tongue.gettext('Plan')} {one.plan.account}, {tongue.moment(one.plan.now, one.zone)}"
    return one.account if isinstance(one, OfNothing) else f"{tongue.gettext('Run')} {one.found.run.run_id}"


def _part(one: Subject, tongue: Tongue, made_at: datetime) -> str:
    if isinstance(one, OfPlan):
        return _of_plan(one, tongue, made_at)
    if isinstance(one, OfRun):
        return _of_run(one, tongue)
    reader = Reader(tongue, made_at, "UTC", Web())
    return render(reader, "parts/report_nothing.html", account=one.account, why=one.why)


def _of_plan(one: OfPlan, tongue: Tongue, made_at: datetime) -> str:
    plan, approval = one.plan, one.approval
    return render(
        Reader(tongue, plan.now, one.zone, one.web),
        "parts/report_plan.html",
        plan=plan,
        summary=telling.summary(plan.changes, tongue, plan.held),
        steps=funnel.of_plan(plan, tongue),
        rules=_rules_of_plan(plan),
        held=_held([plan]),
        held_orders=len(plan.held) - len(plan.over_limit),
        final=sum(not row.reversible for row in plan.changes),
        money=sum((row.value or Decimal(0) for row in plan.changes), Decimal(0)),
        expires_at=one.expires_at,
        in_time=made_at < one.expires_at,
        apply=shlex.quote(one.apply),
        approval=approval,
        approved=None if approval is None else portion(approval, {plan.plan_id: plan}.get),
        applied=one.applied,
        state=APPLIED if one.applied is not None else None if approval is None else approval.state,
    )


def _of_run(one: OfRun, tongue: Tongue) -> str:
    found = one.found
    now = found.run.ended_at or found.run.started_at
    states = Counter(row.state for row in found.changes)
    plans = {plan.plan_id: plan for plan in one.plans}
    return render(
        Reader(tongue, now, one.zone, one.web),
        "parts/report_run.html",
        run=found.run,
        steps=funnel.of_run(found, one.plans, tongue),
        rules=_rules_of_run(found, one.plans),
        states={state: (count, _money(found.changes, state)) for state, count in states.items()},
        held=_held(one.plans),
        approvals=[(asked, portion(asked, plans.get)) for asked in one.approvals],
        requests=found.requests[:_MOST_REQUESTS],
        more_requests=max(0, len(found.requests) - _MOST_REQUESTS),
        warnings=tuple(dict.fromkeys(why for plan in one.plans for why in plan.warnings)),
        seal=one.seal,
    )


def _money(changes: Iterable[ChangeRecord], state: str) -> Decimal:
    return sum((one.value or Decimal(0) for one in changes if one.state == state), Decimal(0))


# --- rows -----------------------------------------------------------------------------------------------


def _room(rules: int) -> int:
    """Return how many orders of each rule are listed, where there are so many rules."""
    return max(_FEWEST_A_RULE, min(_ROWS_A_RULE, ROWS // max(1, rules)))


def _rules_of_plan(plan: Plan) -> list[RuleRows]:
    described = _descriptions([plan])
    going, over = _by_rule(map(Row, plan.changes)), _by_rule(map(Row, plan.over_limit))
    room = _room(len(plan.rules))
    return [
        RuleRows(
            name=tally.name,
            description=described.get(tally.name, ""),
            mode=str(tally.mode),
            matched=tally.matched,
            rows=tuple(going.get(tally.name, ())[:room]),
            more=max(0, len(going.get(tally.name, ())) - room),
            over_limit=tuple(over.get(tally.name, ())[:room]),
            more_over_limit=max(0, len(over.get(tally.name, ())) - room),
            value=tally.value,
        )
        for tally in plan.rules
    ]


def _rules_of_run(found: RunDetails, plans: Sequence[Plan]) -> list[RuleRows]:
    described = _descriptions(plans)
    tallies = {tally.name: tally for plan in plans for tally in plan.rules}
    rows = _by_rule(Row(_change(one), one.state, one.why) for one in found.changes)
    names = dict.fromkeys((*tallies, *rows))
    room = _room(len(names))
    return [
        RuleRows(
            name=name,
            description=described.get(name, ""),
            mode=str(tallies[name].mode) if name in tallies else "",
            matched=tallies[name].matched if name in tallies else None,
            rows=tuple(rows.get(name, ())[:room]),
            more=max(0, len(rows.get(name, ())) - room),
            over_limit=(),
            more_over_limit=0,
            value=sum((one.change.value or Decimal(0) for one in rows.get(name, ())), Decimal(0)),
        )
        for name in names
    ]


def _descriptions(plans: Iterable[Plan]) -> dict[str, str]:
    told = ((str(one.get("name")), one.get("description")) for plan in plans for one in plan.definitions)
    return {name: str(description) for name, description in told if description}


def _by_rule(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(one.change.rule, []).append(one)
    return found


def _change(one: ChangeRecord) -> Change:
    """Return a recorded change as plans have it; values of which only a mask is known are personal."""
    return Change(
        id=one.id,
        order_id=one.order_id,
        rule=one.rule,
        before=one.before,
        set=one.set,
        value=one.value,
        reversible=one.reversible,
        reasons=tuple(map(restore_trace, one.trace)),
        read_at=one.read_at or one.planned_at,
        personal=frozenset(name for name, value in one.set.items() if isinstance(value, Mapping)),
    )


def _held(plans: Sequence[Plan]) -> list[HeldRows]:
    """Return what is held or vetoed by its reason, but for what is over a limit: a plan lists that beside its changes."""
    found: dict[str, list[Held]] = {}
    for one in _kept(plans):
        found.setdefault(one.code, []).append(one)
    room = _room(len(found))
    return [HeldRows(code, tuple(rows[:room]), max(0, len(rows) - room)) for code, rows in found.items()]


def _kept(plans: Sequence[Plan]) -> Iterator[Held]:
    for plan in plans:
        over = {(one.rule, str(one.id)) for one in plan.over_limit}
        yield from (one for one in plan.held if (one.rule, str(one.id)) not in over)
