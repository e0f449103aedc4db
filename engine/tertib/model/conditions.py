"""What must be true of an order: tests, groups, and the operands that they compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tertib.model.orders import Kind
from tertib.model.values import Path


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table of a rule: a CSV file's rows by their key, every cell a stripped text.

    `sha256` is over the file's bytes and stands for the rows wherever tables are compared. Rows may be personal:
    they are in no repr, no plan and no record.
    """

    name: str
    file: str
    key: str
    columns: tuple[str, ...]
    sha256: str
    rows: Mapping[str, Mapping[str, str]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TableKeys:
    """An operand that is all keys of a lookup table; the `in` and `not_in` of text, enum and id fields take it."""

    table: str
    keys: frozenset[str] = field(repr=False)

    def __contains__(self, value: object) -> bool:
        return value in self.keys

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """An operand that is another field of the same order; `unit` turns its number into a duration."""

    path: str
    kind: Kind
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A field, an operator of the table, and an operand already read as the field's kind."""

    field: str
    kind: Kind
    operator: str
    operand: Any
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `not` (the negation of all) over further conditions."""

    how: Literal["all", "any", "not"]
    children: tuple[Condition, ...]
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Elements:
    """`any`, `every` or `none` of the objects in a list field satisfies a condition on the object.

    Paths in `child` start at the object. `kind` says how the list is read: tags are objects with a `name`, and
    quantities objects with `name` and `quantity`.
    """

    field: str
    how: Literal["any", "every", "none"]
    child: Condition
    text: str
    path: Path
    kind: Kind = Kind.OBJECTS


@dataclass(frozen=True, slots=True)
class Expression:
    """`expr:`, a sandboxed Jinja2 expression over the order; `reads` are the fields it names, `tables` those it uses."""

    source: str
    reads: tuple[str, ...]
    text: str
    path: Path
    tables: tuple[Table, ...] = ()


Condition: TypeAlias = Test | Group | Elements | Expression
