"""What a check found, and one rule as the checks see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from tertib.check import goals, witness
from tertib.check.branches import ANYTHING, Branches, TooMany, all_true, conjoin, expand, later_moments
from tertib.compile import CompiledRule, compile_rules
from tertib.evaluate import holds, satisfies_query
from tertib.language import templates
from tertib.language.personal import Mask
from tertib.model import (
    Ago,
    Change,
    Condition,
    Field,
    Held,
    History,
    Match,
    Order,
    Path,
    Rule,
    Settings,
)
from tertib.plan.propose import propose
from tertib.plan.vetoes import Facts
from tertib.scalev import contract

_MASK: Final = Mask(b"synthesised orders hold nothing personal")
_UUID: Final = "01930b7a-6a00-7c11-9a00-000000000001"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that static checks say about a rule: what is wrong, where, and an order that shows it.

    `path` leads to the value in the rule's document, and `word` to a word of its text. `witness` is a synthesised
    order as Scalev would give it, None where no order can show it. `certain` is False where the finding rests on
    something that no answer shows, or on Scalev's documents listing every value.
    """

    rule: str
    code: str
    message: str
    path: Path
    severity: Literal["error", "warning"] = "warning"
    other: str | None = None
    hint: str | None = None
    witness: Mapping[str, Any] | None = None
    certain: bool = True
    word: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule with what the checks need of it: the ways in which it matches, and in which it changes an order.

    `matching` are the ways in which query and conditions hold; in `acting` the action also differs from what the
    order has, can be rendered, follows an arrow of the status flow, and no veto or protection stands against it.
    Both are empty where that cannot be, and None where there are too many ways to tell.
    """

    rule: Rule
    settings: Settings
    now: datetime
    compiled: CompiledRule = field(repr=False)
    matching: Branches | None = field(repr=False)
    acting: Branches | None = field(repr=False)

    @property
    def fields(self) -> Mapping[str, Field]:
        """Return the field table of the rule's source."""
        return contract.FIELDS[self.rule.source.name]

    @property
    def certain(self) -> bool:
        """Tell whether an order can show that it matches: not where a filter's meaning is in no answer."""
        return not {"search", "affiliate_business_id"} & set(self.rule.query)

    def items(self, now: datetime) -> tuple[Condition, ...]:
        """Return filters and conditions, all of which a match satisfies."""
        return (*goals.query(self.rule, now), *self.rule.conditions)

    def impossible(self, conditions: Callable[[datetime], Iterable[Condition]]) -> bool:
        """Tell whether conditions can never all be true, neither now nor at any later time; False if in doubt."""
        ages = [one.distance for values in self.rule.query.values() for one in values if isinstance(one, Ago)]
        try:
            moments = (self.now, *later_moments(conditions(self.now), self.now, ages))
            return not any(all_true(conditions(moment), moment) for moment in moments)
        except TooMany:
            return False

    def find(
        self, branches: Branches, accept: Callable[[Order], bool], *further: Condition
    ) -> dict[str, Any] | None:
        """Return a synthesised order in one of the branches that also satisfies further conditions, and is accepted."""
        try:
            ways = conjoin([branches, *(expand(one, self.now, wanted=True) for one in further)], self.now)
        except TooMany:
            return None
        return witness.find(ways, self.fields, self.now, accept, base(self.settings, self.rule))

    def matches(self, order: Order) -> bool:
        """Tell whether the real evaluation says that an order matches, every filter confirmed."""
        agreed, unchecked = satisfies_query(self.compiled, order, self.now)
        trusted = self.rule.trust.issuperset(unchecked)
        return agreed is not False and trusted and holds(self.compiled, order, self.now)

    def outcome(self, order: Order) -> Change | Held | None:
        """Return what the real plan makes of an order that matches, with nothing on record."""
        facts = Facts(self.settings, self.settings.protect, History(), self.now, self.now, _MASK)
        return propose(Match(self.rule.name, order, self.now, ()), self.compiled, facts)

    def changes(self, order: Order) -> Change | None:
        """Return the change that the rule would make of an order, None where it would make none."""
        found = self.outcome(order) if self.matches(order) else None
        return found if isinstance(found, Change) else None

    def finding(self, code: str, message: str, path: Path, **more: Any) -> Finding:
        """Return a finding about this rule."""
        told = {"certain": self.certain, **more}
        if self.rule.data and told.get("witness"):
            # what lies in a table may be personal, and the synthesised order may have taken a key from there
            told["witness"] = {
                key: value
                for key, value in told["witness"].items()
                if not (key in self.fields and self.fields[key].personal)
            }
        return Finding(self.rule.name, code, message, path, **told)


def subject(rule: Rule, settings: Settings, now: datetime) -> Subject:
    """Return a rule made ready for the checks."""
    compiled = compile_rules((replace(rule, enabled=True),), settings, now).rules[0]
    bare = Subject(rule, settings, now, compiled, None, None)
    try:
        matching = all_true(bare.items(now), now)
    except TooMany:
        return bare
    known = replace(bare, matching=matching)
    try:
        return replace(known, acting=conjoin([matching, *_obstacles(known)], now))
    except TooMany:
        return known


def _obstacles(known: Subject) -> Iterator[Branches]:
    rule, now = known.rule, known.now
    for condition in (goals.differs(rule), goals.reachable(rule)):
        yield expand(condition, now, wanted=True) if condition is not None else ANYTHING
    for _, condition in goals.vetoes(rule):
        yield expand(condition, now, wanted=True)
    for condition in known.settings.protect:
        yield expand(condition, now, wanted=False)
    for condition in rendered(rule):
        yield expand(condition, now, wanted=True)


def rendered(rule: Rule) -> Iterator[Condition]:
    """Yield the conditions that every field which a template reads has a value."""
    fields = contract.FIELDS[rule.source.name]
    for path in sorted({path for value in rule.action.values() for path in read_by(value)}):
        if path in fields and fields[path].column is not None and path not in {"id", "order_id"}:
            yield goals.has(path, fields)
    for value in rule.action.values():
        for name, path in _LOOKUP.findall(value) if templates.is_template(value) else ():
            if name in rule.data and path in fields:
                yield goals.on(path, "in", tuple(sorted(rule.data[name].rows)), fields)


_LOOKUP: Final = re.compile(r"lookup\(\s*['\"]([^'\"]+)['\"]\s*,\s*order\.([\w.]+)\s*\)")
"""A look-up of an order's own field; an order without a row in the table is held."""


def read_by(value: Any) -> frozenset[str]:
    """Return the fields that an action's value reads."""
    return templates.reads(value) if templates.is_template(value) else frozenset()


def base(settings: Settings, *rules: Rule) -> dict[str, Any]:
    """Return what every synthesised order has, whatever the rules ask."""
    methods = {rule.action.get("payment_method") for rule in rules}
    uuid = settings.contract == "current" or bool(methods & _CURRENT_ONLY)
    return {
        "id": _UUID if uuid else 100001,
        "order_id": witness.ORDER_ID,
        "status": "pending",
        "payment_status": "unpaid",
        "gross_revenue": "150000.00",
    }


_CURRENT_ONLY: Final = contract.PAYMENT_METHODS["current"] - contract.PAYMENT_METHODS["seeds"]
