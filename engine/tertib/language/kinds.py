"""What each kind of field is to a reader: how its values are compared, and what does not read as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tertib.model import Kind

KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "text; capitals count, unless an operator ends in `_i`",
    Kind.ENUM: "one of a few known texts; others may come, and then equal none of the known",
    Kind.NUMBER: "a number, exact to the last digit, whether it came as a number or as text",
    Kind.MONEY: "an amount in rupiah, exact, whether it came as `168724` or as `168724.00` in quotes",
    Kind.BOOLEAN: "`true` or `false`",
    Kind.TIME: "an instant: date, time and offset in ISO 8601",
    Kind.ID: 'a key; `12` and `"12"` are the same one',
    Kind.TAGS: "a list of tags, by name",
    Kind.TEXTS: "a list of texts",
    Kind.OBJECTS: "a list of objects, such as the lines of an order",
    Kind.QUANTITIES: "products by name, each with how many",
    Kind.OBJECT: "an object; ask for what it holds, such as `customer.phone`",
    Kind.OPEN: "an object whose shape is not documented; what stands below it cannot be checked beforehand",
}
"""Each kind in a line."""

UNREADABLE_AS: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: 12,
    Kind.ENUM: 12,
    Kind.NUMBER: "n/a",
    Kind.MONEY: "n/a",
    Kind.BOOLEAN: "yes",
    Kind.TIME: "2026-11-01 08:00",
    Kind.ID: True,
    Kind.TAGS: "vip",
    Kind.TEXTS: "one",
    Kind.OBJECTS: "one",
    Kind.QUANTITIES: "one",
    Kind.OBJECT: "one",
}
"""A JSON value that does not read as the kind: a comparison with it is unknown, and the plan says so.

Everything reads as `OPEN`.
"""
