"""Attempts to leave the sandbox of templates and `expr:`, or to make it work for ever: each is refused in words."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tertib.language import templates
from tertib.language.seen import LONGEST_OUTPUT
from tertib.model import Complaint
from tertib.scalev import contract

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS: Final = contract.FIELDS["orders"]
SOON: Final = 0.05
"""Seconds in which each attempt must have come to its end, check and rendering apart."""

LITTLE: Final = 8 * 1024 * 1024
"""Bytes that an attempt may take at most."""

ORDER: Final[dict[str, Any]] = {
    "id": 1,
    "order_id": "260301AAAA",
    "status": "pending",
    "quantity": 3,
    "gross_revenue": "1.5",
    "notes": "n" * 100_000,
    "handler": None,
    "customer": {"name": "{{ order.__class__ }}", "phone": "62"},
    "tags": [{"id": 1, "name": "a"}] * 5_000,
    "orderlines": [{"product_name": "p" * 200, "quantity": 1}] * 400,
    "metadata": {"__class__": "the key of a buyer", "a": {"b": "c"}},
}
"""An order as hostile as an answer can make it: long texts, long lists, names of Python's own, a template."""

HIDDEN = "are out of reach"
UNKNOWN = "do not know"
NO_CALL = "can call `lookup` and nothing else"
NO_FILTER = "have no filter"
NO_TEST = "have no test"
FIELD = "unknown field"
FAILS = "does not work with the order's values"
LONG = "gives a text that is too long"
LISTS = "goes through a list that is too long"
WHOLE = "gives a list or an object"
DEEP = "is nested too deeply"
LARGE = "is too large"
PARTS = "names, values and operators"

REFUSED: Final[tuple[tuple[str, str], ...]] = (
    # --- from a value to its class, and on to everything
    ("order.__class__", HIDDEN),
    ("order['__class__']", HIDDEN),
    ("order['\\x5f\\x5fclass\\x5f\\x5f']", HIDDEN),
    ("order['_' + '_class__']", "is looked up by the names of its fields"),
    ("order.order_id.__class__.__mro__[1].__subclasses__()", NO_CALL),
    ("order.order_id.__add__", HIDDEN),
    ("order.metadata.__class__", HIDDEN),
    ("order.metadata['__class__']", HIDDEN),
    ("order.metadata.a.__init__.__globals__", HIDDEN),
    ("''.__class__", HIDDEN),
    ("''.__class__.__mro__", HIDDEN),
    ("''['__class__']", HIDDEN),
    ("().__class__.__base__", HIDDEN),
    ("[].__class__", HIDDEN),
    ("1 .__class__", HIDDEN),
    ("1.5.__class__", HIDDEN),
    ("true.__class__", HIDDEN),
    ("none.__class__", HIDDEN),
    ("(order.order_id ~ '').__class__", HIDDEN),
    ("(order.order_id | upper).__class__", HIDDEN),
    ("rule.__class__", HIDDEN),
    ("rule.name.__class__", HIDDEN),
    ("rule.name[0].__class__", HIDDEN),
    ("now.__class__", HIDDEN),
    ("now.date.__class__", HIDDEN),
    ("order.tags | map('__class__') | join", HIDDEN),
    ("order.tags | map(attribute='__class__') | join", HIDDEN),
    ("order.tags | map('\\x5f\\x5fclass\\x5f\\x5f') | join", HIDDEN),
    ("order.tags | sum('__class__')", HIDDEN),
    ("order.orderlines | map('_' ~ '_class__') | join", "the order has no `orderlines.…`"),
    # --- our own objects' attributes
    ("order.values", FIELD),
    ("order.path", FIELD),
    ("order['values']", FIELD),
    ("order.customer.values", FIELD),
    ("order.cells", FIELD),
    ("now.instant", "has no `instant`"),
    ("lookup.tables", UNKNOWN),
    ("lookup.__call__", UNKNOWN),
    ("lookup", UNKNOWN),
    ("(lookup or order)('a', 1)", NO_CALL),
    ("lookup('/etc/passwd', order.order_id).x", "unknown table"),
    ("lookup(order.order_id, 1).x", "takes a table's name as a text in quotes"),
    # --- names that other programs put into their templates
    ("cycler.__init__.__globals__.os", UNKNOWN),
    ("lipsum.__globals__", UNKNOWN),
    ("joiner", UNKNOWN),
    ("namespace", UNKNOWN),
    ("self", UNKNOWN),
    ("loop", UNKNOWN),
    ("config", UNKNOWN),
    ("request.application", UNKNOWN),
    ("url_for.__globals__", UNKNOWN),
    ("environment", UNKNOWN),
    ("context", UNKNOWN),
    ("undefined.x", UNKNOWN),
    ("__builtins__", UNKNOWN),
    ("caller()", NO_CALL),
    ("namespace()", NO_CALL),
    ("dict(a=1)", NO_CALL),
    ("range(10**9)", NO_CALL),
    ("order.order_id.encode('utf-8')", NO_CALL),
    ("'{0.__class__}'.format(order)", NO_CALL),
    ("'{0.__class__}'.format_map(order)", NO_CALL),
    # --- filters and tests that reach too far
    ("order | attr('__class__')", NO_FILTER),
    ("order.customer | attr('values')", NO_FILTER),
    ("order | xmlattr", NO_FILTER),
    ("order | pprint", NO_FILTER),
    ("order | tojson", NO_FILTER),
    ("order | groupby('x')", NO_FILTER),
    ("order.tags | selectattr('name')", NO_FILTER),
    ("order.orderlines | map('upper') | join", "the order has no `orderlines.upper`"),
    ("'%s' | format(order)", NO_FILTER),
    ("order.notes | wordwrap(1)", NO_FILTER),
    ("order.notes | center(1000000000)", NO_FILTER),
    ("order.notes | indent(1000000000)", NO_FILTER),
    ("order.notes | batch(1)", NO_FILTER),
    ("order.notes | tertib_key", NO_FILTER),
    ("order | safe", NO_FILTER),
    ("order is sameas order", NO_TEST),
    ("order.order_id is callable", NO_TEST),
    ("'upper' is filter", NO_TEST),
    # --- letters that look like others
    ("\uff4frder.order_id", UNKNOWN),
    ("order.\uff4frder_id", FIELD),
    ("order.customer.\uff4eame", FIELD),
    ("\u043erder.order_id", UNKNOWN),
    # --- work without an end
    ("'a' * 1000000000", FAILS),
    ("'a' * 10 ** 9", "have no `**`"),
    ("(1,) * 1000000000", FAILS),
    ("[order.notes] * 1000000", FAILS),
    ("9 ** 9 ** 9", "have no `**`"),
    ("*".join("9" * 35), FAILS),
    ("1e308 * 1e308", FAILS),
    ("1e300", FAILS),
    ("1e9999999", LARGE),
    ("-1e9999999", LARGE),
    ("0.1e9999999", LARGE),
    ("order.quantity + 1e400", LARGE),
    ("9" * 1_900 + " * 9", FAILS),
    ("0x" + "F" * 1_900, LONG),
    ("10 // 0", FAILS),
    ("1 % 0", FAILS),
    ("order.quantity is divisibleby 0", FAILS),
    ("999999999999999999999999999999 // 0.000000000000000000000000000001", FAILS),
    ("'%1000000000d' % 1", FAILS),
    ("'%s' % order.order_id", FAILS),
    ("order.notes", LONG),
    ("order.notes ~ order.notes", LONG),
    ("order.notes + order.notes", LONG),
    ("order.notes[::1]", LONG),
    ("order.notes | urlencode", LONG),
    ("order.notes | upper", LONG),
    ("order.notes | replace('n', order.notes)", LONG),
    ("order.order_id | replace('', 'x')", FAILS),
    ("'" + "n" * 500 + "' | replace('n', '" + "x" * 500 + "')", FAILS),
    ("order.notes | list", LISTS),
    ("order.notes | list | join('" + "x" * 1_000 + "')", LISTS),
    ("order.notes | join(order.notes)", LISTS),
    ("order.notes | max", LISTS),
    ("order.tags | map('name') | join", LISTS),
    ("order.tags | sum('id')", LISTS),
    ("order.orderlines | map('product_name') | join", LONG),
    ("order.orderlines | map('quantity') | join('" + "x" * 1_000 + "')", LONG),
    ("order.tags[99999999999999999999]", FAILS),
    ("order.tags[0:99999999999999999999:1]", WHOLE),
    ("(" * 500 + "1" + ")" * 500, DEEP),
    ("-" * 900 + "1", DEEP),
    ("not " * 400 + "1", DEEP),
    ("[" * 300 + "]" * 300, DEEP),
    ("order.order_id" + " | upper" * 200, DEEP),
    ("+".join(["1"] * 500), DEEP),
    ("~".join(["order.order_id"] * 125), PARTS),
    ("[" + "1," * 900 + "]", PARTS),
    ("'" + "x" * 3_000 + "'", "has more than 2000 characters"),
    # --- values that are none
    ("order", "is not one value"),
    ("order.customer | string", WHOLE),
    ("order | default('x')", WHOLE),
    ("none", "gives nothing"),
    ("order.handler", "is not one value"),
    ("order.metadata[{}]", "have no `{`"),
    ("{'a': order}", "have no `{`"),
    ("order.metadata[['a']]", FAILS),
    ("order.metadata[order]", "the order has no `metadata.…`"),
)
"""What stands in the braces, and part of the message that refuses it."""

TAGS: Final[tuple[tuple[str, str], ...]] = tuple(
    (text, f"have no `{{% {tag} %}}`")
    for tag, text in (
        ("for", "{% for a in order.tags %}{% for b in order.tags %}{{ a }}{% endfor %}{% endfor %}"),
        ("for", "{% for a in range(10**9) recursive %}{{ loop(a) }}{% endfor %}"),
        ("set", "{% set x = order.__class__ %}{{ x }}"),
        ("set", "{% set x %}{{ order }}{% endset %}"),
        ("macro", "{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}"),
        ("import", "{% import 'os' as os %}"),
        ("from", "{% from 'os' import system %}"),
        ("include", "{% include '/etc/passwd' %}"),
        ("extends", "{% extends '/etc/passwd' %}"),
        ("block", "{% block a %}{{ self.a() }}{% endblock %}"),
        ("call", "{% call x() %}{% endcall %}"),
        ("filter", "{% filter upper %}{{ order }}{% endfilter %}"),
        ("with", "{% with a = order %}{{ a }}{% endwith %}"),
        ("autoescape", "{% autoescape true %}{{ order }}{% endautoescape %}"),
        ("do", "{% do order.tags %}"),
        ("trans", "{% trans %}{% endtrans %}"),
        ("debug", "{% debug %}"),
        ("continue", "{% continue %}"),
    )
)
"""Whole templates with a tag that no template has."""

OTHERS: Final[tuple[tuple[str, str], ...]] = (
    ("{% if 1 %}" * 80 + "{% endif %}" * 80, DEEP),
    ("{{ " * 400, DEEP),
    ("{% if " * 200, "is not expected"),
    ("{# " + "x" * 3_000 + " #}", "has more than 2000 characters"),
    ("{% raw %}" + "x" * 1_980, "is not closed"),
)


def complaints(text: str, *, expression: bool) -> list[Complaint]:
    """Check a text as a rule's parser does."""
    found: list[Complaint] = []
    check = templates.check_expression if expression else templates.check
    check(text, FIELDS, found, ("action", "by"))
    return [one for one in found if one.severity == "error"]


def refusal(text: str) -> str:
    """Return the words that refuse a template: the first complaint about it, or what its rendering says."""
    said = [one.message for one in complaints(text, expression=False)]
    if said:
        return said[0]
    with pytest.raises(templates.RenderError) as caught:
        templates.render(text, ORDER, "rule", NOW, "UTC")
    return str(caught.value)


def quickest(attempt: Any) -> float:
    """Return the shortest of three runs in seconds: the machine may be busy with something else."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        attempt()
        taken.append(time.perf_counter() - began)
    return min(taken)


EVERY: Final = [*((f"{{{{ {text} }}}}", message) for text, message in REFUSED), *TAGS, *OTHERS]


def test_the_corpus_is_no_stub() -> None:
    """The table holds the attempts that the issue asks for, each once."""
    assert len({text for text, _ in EVERY}) == len(EVERY) >= 60


@pytest.mark.parametrize(("text", "message"), EVERY)
def test_a_template_that_tries_to_escape_is_refused(text: str, message: str) -> None:
    """Every attempt ends in the message expected, soon, and with no value of the order in it."""
    said = refusal(text)
    assert message in said
    assert "the key of a buyer" not in said
    assert quickest(lambda: refusal(text)) < SOON


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_an_expression_that_tries_to_escape_matches_nothing(text: str, message: str) -> None:
    """The same texts as `expr:` are refused at check, or hold for no order: an expression is true or it is not."""
    assert message
    found = complaints(text, expression=True)

    def attempt() -> None:
        assert (
            complaints(text, expression=True) or templates.evaluate_expression(text, ORDER, NOW) is not True
        )

    attempt()
    assert all(one.code.startswith("T4") and "<" not in one.message[:1] for one in found)
    assert quickest(attempt) < SOON


@pytest.mark.parametrize(
    "text", [text for text, message in EVERY if message in {FAILS, LONG, LISTS, WHOLE, PARTS, DEEP}]
)
def test_an_attempt_takes_little_memory(text: str) -> None:
    """Nothing is built before it is measured."""
    refusal(text)  # what is imported and compiled once does not count
    tracemalloc.start()
    try:
        refusal(text)
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


def test_a_value_of_the_order_is_never_a_template() -> None:
    """What a buyer typed is written out as it stands, braces and all."""
    assert templates.render("{{ order.customer.name }}", ORDER, "r", NOW, "UTC") == "{{ order.__class__ }}"


def test_a_computed_name_is_in_no_message() -> None:
    """A name that comes from the order may be the buyer's own, so the refusal does not repeat it."""
    for text in (
        "{{ order.metadata[order.customer.phone] }}",
        "{{ order.metadata.a[order.customer.phone ~ 'a'] }}",
        "{{ order.orderlines | map(order.customer.phone) | join }}",
        "{{ order.orderlines | map(attribute=order.customer.phone) | join }}",
        "{{ order.orderlines | sum(order.customer.phone) }}",
    ):
        with pytest.raises(templates.RenderError) as caught:
            templates.render(text, ORDER, "r", NOW, "UTC")
        assert "…" in str(caught.value)
        assert "62" not in str(caught.value)


def test_what_templates_are_for_still_works() -> None:
    """The caps leave room for every template that a rule has a use for."""
    order = {**ORDER, "tags": [{"id": 7, "name": "vip"}], "notes": "x" * LONGEST_OUTPUT}
    for text, wanted in (
        ("{{ order.tags | map('name') | join(', ') }}", "vip"),
        ("{{ order.orderlines | map(attribute='quantity') | sum }}", "400"),
        ("{{ order.metadata['a']['b'] }}", "c"),
        ("{{ order.notes }}", order["notes"]),
        ("{{ 1e3 + 0.5 }}", "1000.5"),
        ("{{ order.order_id | replace('_', '-') }}", "260301AAAA"),
    ):
        assert complaints(text, expression=False) == []
        assert templates.render(text, order, "r", NOW, "UTC") == wanted
