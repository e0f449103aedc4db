"""What can be said of an order: its fields, the filters of the list, and what a change can set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """How a field's JSON value is read before it is compared."""

    TEXT = "text"
    ENUM = "enum"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    TIME = "time"
    ID = "id"
    TAGS = "tags"
    TEXTS = "texts"
    OBJECTS = "objects"
    QUANTITIES = "quantities"
    OBJECT = "object"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an order as an endpoint gives it.

    `column` is what `columns` must name for it: a column's name, ``""`` when it comes by itself, or None when
    an answer narrowed by `columns` never holds it. `element` marks a field of the objects in a list: its path
    runs through that list (`orderlines.product_name`) and only `any`, `every` and `none` reach it.
    """

    path: str
    kind: Kind
    help: str
    sources: frozenset[str]
    column: str | None
    unit: str = ""
    values: frozenset[str] = frozenset()
    personal: bool = False
    element: bool = False
    later: bool = False


class Recheck(StrEnum):
    """How far a filter that was sent can be checked on what came back."""

    EXACT = "exact"
    TOLERANT = "tolerant"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter of `GET /v3/orders`. `checks` are the fields that show whether it was heeded."""

    name: str
    kind: Literal["text", "enum", "boolean", "time", "id", "tags"]
    recheck: Recheck
    help: str
    values: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ()
    comparison: Literal["equal", "since", "until", "exists", "includes", "none"] = "equal"


@dataclass(frozen=True, slots=True)
class ActionField:
    """One field of the bulk change. `reads_as` is the order field that shows it, None where no list answer does."""

    name: str
    kind: Literal["enum", "text", "url", "time", "integer"]
    reads_as: str | None
    help: str
    values: frozenset[str] = frozenset()
    personal: bool = False
