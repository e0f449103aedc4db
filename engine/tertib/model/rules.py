"""A rule as it was meant, and what is wrong with those that were not written well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from tertib.model.conditions import Condition, Table
from tertib.model.days import DaySpan, Distance, Holidays
from tertib.model.values import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule was written; lines and columns count from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Ago:
    """A time that is a distance before `now`."""

    distance: Distance


@dataclass(frozen=True, slots=True)
class Source:
    """The endpoint that a rule reads: the business's orders, or one store's signed-in customer's."""

    store: str | None = None

    @property
    def name(self) -> str:
        """Name the field table of this source."""
        return "orders" if self.store is None else "customer_orders"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule runs. `missed` says what becomes of slots that passed while nothing ran.

    Nothing runs for slots on days of `skip`, or on `holidays`, of its own time zone.
    """

    cron: str
    timezone: str
    jitter: timedelta = timedelta()
    missed: Literal["latest", "skip"] = "latest"
    deadline: timedelta | None = None
    skip: tuple[DaySpan, ...] = ()
    holidays: Holidays | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a rule, or of all rules together, may change; None is no limit. Money is in rupiah."""

    orders: int | None = None
    value: Decimal | None = None
    share: Decimal | None = None
    orders_per_day: int | None = None
    value_per_day: Decimal | None = None


class Mode(StrEnum):
    """What `run` and `serve` do with a rule's plan."""

    PREVIEW = "preview"
    APPROVE = "approve"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it was meant, ready to compile.

    `query` maps a parameter to its alternatives (more than one is a union); a time alternative is a `datetime`
    or an `Ago`, every other a string as the API spells it. `action` maps an action field to its literal, or to
    the source of a template (a string that holds ``{{`` or ``{%``). `definition` is the same rule as plain
    JSON, with effective limits: what a plan carries, and what `hash` is taken over. `data` are its lookup tables by
    name; the definition has their files and hashes only.
    """

    name: str
    origin: Origin
    query: Mapping[str, tuple[str | datetime | Ago, ...]]
    conditions: tuple[Condition, ...]
    action: Mapping[str, Any]
    definition: Mapping[str, Any]
    hash: str
    description: str = ""
    enabled: bool = True
    source: Source = Source()
    schedule: Schedule | None = None
    limits: Limits = Limits()
    mode: Mode = Mode.PREVIEW
    first_run: Literal["approve", "apply"] = "approve"
    priority: int = 100
    allow: frozenset[str] = frozenset()
    trust: frozenset[str] = frozenset()
    data: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the language says against a value in a document, before anyone knows its file and line.

    `path` leads to the value from the rule's top; `on_key` points at its key instead; `offset` and `width` narrow it
    to a word inside a text, in characters.
    """

    path: Path
    code: str
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"
    on_key: bool = False
    offset: int = 0
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file: what, where (from 1) and what to do about it."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"
    rule: str | None = None
    hint: str | None = None
    source_line: str = ""
    width: int = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` found: the rules that stand, all problems of all files, and the variables that rules declare."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    files: int = 0
    vars: frozenset[str] = frozenset()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Return the problems that stop a plan; warnings never do."""
        return tuple(problem for problem in self.problems if problem.severity == "error")
