"""Texts that are filled in for each order, and `expr:`, the sandboxed expression.

A template sees `order`, `rule` (its name) and `now` (a time in the shop's zone), and looks things up in the rule's
tables: `lookup('proofs', order.order_id).url`. Touching a value that the order or the table lacks, that is null or that
is empty ends the rendering with `RenderError`, which holds the order: neither `or` nor the `default` filter makes up for
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tertib.errors import TertibError
from tertib.language.tables import NONE
from tertib.model import Complaint, Field, Order, Path, Table, Verdict


class RenderError(TertibError):
    """A template, or a value made by one, that is of no use for an order: the order is held.

    `why` never holds a value of the order; `field` is the action field, where one is known.
    """

    def __init__(self, why: str, field: str | None = None) -> None:
        super().__init__(f"`{field}`: {why}" if field else why)
        self.why = why
        self.field = field


def is_template(text: Any) -> bool:
    """Tell whether a value of a rule is a template: a text with `{{`, `{%` or `{#`."""
    return isinstance(text, str) and any(sign in text for sign in ("{{", "{%", "{#"))


def check(
    text: str,
    fields: Mapping[str, Field],
    complaints: list[Complaint],
    path: Path,
    tables: Mapping[str, Table | None] = NONE,
) -> None:
    """Report everything that is wrong with a template: syntax, forbidden parts, unknown names, fields and tables.

    `tables` are the rule's lookup tables by name, None for one that could not be read and was complained about.
    """
    from tertib.language.template_checks import Check  # noqa: PLC0415 - Jinja2 is imported only where a rule has a template

    Check(text, fields, complaints, path, tables).template()


def check_expression(
    text: str,
    fields: Mapping[str, Field],
    complaints: list[Complaint],
    path: Path,
    tables: Mapping[str, Table | None] = NONE,
) -> None:
    """Report everything that is wrong with an `expr:`; `tables` as in `check`."""
    from tertib.language.template_checks import Check  # noqa: PLC0415 - as in `check`

    found = Check(text, fields, complaints, path, tables)
    if is_template(text):
        found.template_for_expression()
    else:
        found.expression()


def reads(text: str) -> frozenset[str]:
    """Return the field paths that a template names, without indexes (`tags` for `order.tags[0]`)."""
    from tertib.language import jinja  # noqa: PLC0415 - as in `check`

    return jinja.paths(jinja.parse(text))


def expression_reads(text: str) -> frozenset[str]:
    """Return the field paths that an `expr:` names."""
    from tertib.language import jinja  # noqa: PLC0415 - as in `check`

    return jinja.paths(jinja.parse_expression(text))


def expression_tables(text: str) -> tuple[str, ...]:
    """Return the names of the lookup tables that an `expr:` uses, each once."""
    from tertib.language import jinja  # noqa: PLC0415 - as in `check`

    names = (jinja.table_of(call) for call in jinja.lookups(jinja.parse_expression(text)))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def render(
    text: str,
    order: Order,
    rule_name: str,
    now: datetime,
    zone: tzinfo | str,
    *,
    percent_encode: bool = False,
    tables: Mapping[str, Table] = NONE,
) -> str:
    """Fill in a template for one order; raises `RenderError` where a value is missing, null or empty.

    With `percent_encode` what the order brings is encoded for an address; a value that the address begins with
    may be a whole address itself.
    """
    from tertib.language import jinja, seen  # noqa: PLC0415 - as in `check`

    local = now.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    names = {
        "order": seen.Node(order, ""),
        "rule": seen.RuleName(rule_name),
        "now": seen.moment(local),
        "lookup": seen.Lookup(tables),
    }
    try:
        result: str = jinja.compiled(text, percent_encode=percent_encode).render(names)
    except seen.TouchedNothing as error:
        raise RenderError(f"the order has no `{error.path}`") from None
    except seen.FoundNothing as error:
        raise RenderError(error.why) from None
    except seen.NotOneValue as error:
        raise RenderError(f"the template {error}") from None
    except jinja.FAILURES:
        raise RenderError("the template does not work with the order's values") from None
    if len(result) > seen.LONGEST_OUTPUT:
        raise RenderError(f"the template gives more than {seen.LONGEST_OUTPUT} characters")
    if not result.strip():
        raise RenderError("the template gives nothing")
    return result


def evaluate_expression(text: str, order: Order, now: datetime, tables: Iterable[Table] = ()) -> Verdict:
    """Return what an `expr:` says of an order; None where it touches a missing value, fails, or gives no yes or no."""
    from tertib.language import jinja, seen  # noqa: PLC0415 - as in `check`

    lookup = seen.Lookup({table.name: table for table in tables})
    names = {"order": seen.Node(order, ""), "now": seen.moment(now), "lookup": lookup}
    try:
        result = jinja.evaluate(jinja.compiled_expression(text), names)
    except (seen.TouchedNothing, seen.FoundNothing, seen.NotOneValue, *jinja.FAILURES):
        return None
    return result if isinstance(result, bool) else None
