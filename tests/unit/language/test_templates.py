from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import templates
from tertib.language.templates import RenderError
from tertib.model import Complaint
from tertib.scalev.contract import FIELDS

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
ORDER: dict[str, Any] = {
    "id": 7,
    "order_id": "250130/A B",
    "gross_revenue": "168724.00",
    "shipping_cost": Decimal("1E+4"),
    "notes": "",
    "customer": None,
    "store": {"name": "Toko Ü"},
    "is_repeat": True,
    "total_weight": 0,
    "pending_time": "2026-11-20T00:00:00Z",
    "confirmed_time": "2026-11-20T07:30:00+07:00",
    "tags": [{"id": 1, "name": "hold"}, {"id": 2, "name": "vip"}],
    "final_variants": {"E-book Ü": 2},
    "transferproof_url": "https://files.example/a b.jpg?x=1",
}


def render(text: str, *, percent_encode: bool = False) -> str:
    """Render a template for the order above, in the shop's zone."""
    return templates.render(text, ORDER, "my-rule", NOW, "Asia/Jakarta", percent_encode=percent_encode)


def said(text: str) -> list[Complaint]:
    """Return what is said against a template."""
    complaints: list[Complaint] = []
    templates.check(text, FIELDS["orders"], complaints, ("action", "by"))
    return complaints


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ order.order_id }}", "250130/A B"),
        ("{{ order['order_id'] }}", "250130/A B"),
        ("{{ order.store.name | upper }}", "TOKO Ü"),
        ("{{ order.gross_revenue }}", "168724.00"),
        ("{{ order.gross_revenue | int }}", "168724"),
        ("{{ order.gross_revenue + 1 }}", "168725.00"),
        ("{{ order.gross_revenue * 0.1 }}", "16872.400"),
        ("{{ order.shipping_cost }}", "10000"),
        ("{{ order.total_weight }}", "0"),
        ("{{ order.is_repeat }}", "true"),
        ("{{ order.order_id ~ '-' ~ order.shipping_cost }}", "250130/A B-10000"),
        ("{{ order.order_id[:6] }}", "250130"),
        ("{{ order.tags[1].name }}", "vip"),
        ("{{ order.tags | map(attribute='name') | join(', ') }}", "hold, vip"),
        ("{{ order.tags | length }}", "2"),
        ("{{ order.final_variants['E-book Ü'] }}", "2"),
        ("{% if order.is_repeat %}lama{% else %}baru{% endif %}", "lama"),
        ("{{ 'lama' if order.is_repeat else 'baru' }}", "lama"),
        ("{{ rule }} {{ rule.name }}", "my-rule my-rule"),
        ("{{ now }}", "2026-11-21T10:04:05+07:00"),
        ("{{ now.date }}", "2026-11-21"),
        ("{{ order.pending_time }}", "2026-11-20T00:00:00Z"),
        ("{{ 0.1 + 0.2 }}", "0.3"),
    ],
)
def test_a_template_is_filled_in(template: str, text: str) -> None:
    """Prove what templates can do: fields, lists, numbers that stay exact, texts, the rule and the time."""
    assert render(template) == text
    assert [one for one in said(template) if one.severity == "error"] == []


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ order.missing }}", "the order has no `missing`"),
        ("{{ order.notes }}", "the order has no `notes`"),
        ("{{ order.customer.name }}", "the order has no `customer`"),
        ("{{ order.missing or 'y' }}", "the order has no `missing`"),
        ("{{ order.notes | default('y') }}", "the order has no `notes`"),
        ("{{ 'a' if order.missing is defined else 'b' }}", "the order has no `missing`"),
        ("{{ order.tags }}", "the template gives a list or an object, not one value"),
        ("{{ 'a' if not order.is_repeat }}", "the template gives nothing"),
        ("{% if not order.is_repeat %}a{% endif %}", "the template gives nothing"),
        ("{{ order.tags[9].name }}", "the template does not work with the order's values"),
        ("{{ order.order_id | int }}", "the template does not work with the order's values"),
        ("{{ 'a' * 1000 }}", "the template does not work with the order's values"),
        ("{{ 1 / 0 }}", "the template does not work with the order's values"),
        ("{{ 10 ** 10 }}", "the template does not work with the order's values"),
        ("{{ order.order_id.__class__ }}", "the template does not work with the order's values"),
        ("{{ order.values }}", "the order has no `values`"),
        ("{{ rule.upper() }}", "the template does not work with the order's values"),
        ("{{ ''.join }}", "the template does not work with the order's values"),
        ("{{ cycler }}", "the template gives nothing"),
        ("{{ order.order_id | replace('', 'xx') }}", "the template does not work with the order's values"),
    ],
)
def test_what_is_missing_or_odd_holds_the_order(template: str, why: str) -> None:
    """Prove that nothing makes up for a missing value, that nothing of Python is in reach, and that it is said."""
    with pytest.raises(RenderError) as raised:
        render(template)
    assert str(raised.value) == why


def test_no_value_of_the_order_is_in_an_error() -> None:
    """Prove that the reason of a hold never shows what the order holds."""
    order = {"customer": {"name": "Siti Rahayu"}}
    with pytest.raises(RenderError) as raised:
        templates.render("{{ order.customer.name | int }}", order, "r", NOW, UTC)
    assert "Siti" not in str(raised.value)


def test_a_long_result_is_refused() -> None:
    """Prove that a template cannot grow beyond 2,000 characters."""
    with pytest.raises(RenderError, match=r"too long|more than"):
        templates.render("{{ order.notes }}{{ order.notes }}", {"notes": "x" * 1500}, "r", NOW, UTC)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("https://cdn.example/{{ order.order_id }}.jpg", "https://cdn.example/250130%2FA%20B.jpg"),
        ("https://cdn.example/{{ order.store.name | lower }}", "https://cdn.example/toko%20%C3%BC"),
        ("{{ order.transferproof_url }}", "https://files.example/a%20b.jpg?x=1"),
        ("{{ order.order_id }}", "250130%2FA%20B"),
        (
            "https://cdn.example/?u={{ order.transferproof_url }}",
            "https://cdn.example/?u=https%3A%2F%2Ffiles.example%2Fa%20b.jpg%3Fx%3D1",
        ),
    ],
)
def test_order_values_are_encoded_in_addresses(template: str, text: str) -> None:
    """Prove that an order's value cannot change an address but where it is the address."""
    assert render(template, percent_encode=True) == text


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ order.order_id", "T410"),
        ("{{ order.order_id }", "T410"),
        ("{{ 1 + }}", "T410"),
        ("{% if order.is_repeat %}", "T410"),
        ("{{ order.order_id @ 2 }}", "T410"),
        ("{% exec %}", "T411"),
        ("{{ range(9) }}", "T411"),
        ("{{ 9 ** 9 }}", "T411"),
        ("{% set x = 1 %}{{ x }}", "T411"),
        ("{% for tag in order.tags %}{% endfor %}", "T411"),
        ("{% include 'x' %}", "T411"),
        ("{{ order.order_id | attr('x') }}", "T411"),
        ("{{ order.order_id is callable }}", "T411"),
        ("{{ order._x }}", "T411"),
        ("{{ order['__class__'] }}", "T411"),
        ("{{ self }}", "T412"),
        ("{{ order_id }}", "T412"),
        ("{{ now.year }}", "T412"),
        ("{{ order.ordr_id }}", "T413"),
        ("{{ order.tags.name }}", "T413"),
        ("{{ order.customer.name.first }}", "T413"),
        ("{{ order }}", "T417"),
        ("{{ order.tags }}", "T417"),
        ("{{ 'x' ~ order.customer }}", "T417"),
        ("{{ " + "(" * 900 + "1" + ")" * 900 + " }}", "T416"),
        ("{{ 1" + " + 1" * 100 + " }}", "T416"),
        ("x" * 2001 + "{{ rule }}", "T416"),
    ],
)
def test_a_mistake_is_found_when_the_rule_is_loaded(template: str, code: str) -> None:
    """Prove that each kind of mistake is one error with its own code."""
    assert [(one.code, one.severity) for one in said(template)] == [(code, "error")]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ order.notes | default('x') }}", "T415"),
        ("{{ order.notes or 'x' }}", "T415"),
        ("{{ 'a' if order.notes is defined else 'b' }}", "T415"),
        ("{{ order.metadata.photo }}", "T414"),
        ("{{ order.is_probably_spam }}", "T418"),
    ],
)
def test_what_may_go_wrong_is_a_warning(template: str, code: str) -> None:
    """Prove that doubtful templates are allowed, with a warning that says what will happen."""
    assert [(one.code, one.severity) for one in said(template)] == [(code, "warning")]


def test_a_complaint_points_at_the_word() -> None:
    """Prove that the offset and width of a complaint are those of the wrong word, on later lines too."""
    text = "first\n{{ order.order_id }} {{ order.ordr_id }}"
    (complaint,) = said(text)
    assert complaint.width is not None
    assert text[complaint.offset : complaint.offset + complaint.width] == "order.ordr_id"
    assert complaint.hint == "did you mean `order_id`?"


def test_reads_are_the_paths_that_a_template_names() -> None:
    """Prove that fetching learns every field a template needs, without indexes and the order's other names."""
    assert templates.reads("{{ order.tags[0].name }}{{ order.store.name ~ rule }}{{ now }}") == {
        "tags",
        "store.name",
    }
    assert templates.expression_reads("order.a.b > order.c") == {"a.b", "c"}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("order.gross_revenue > 100000", True),
        ("order.gross_revenue == 168724", True),
        ("order.gross_revenue < order.shipping_cost", False),
        ("order.gross_revenue * 0.5 > 84362", False),
        ("order.shipping_cost == 10000.0", True),
        ("order.pending_time < order.confirmed_time", True),
        ("order.pending_time < now", True),
        ("'vip' in order.tags | map(attribute='name')", True),
        ("order.store.name | lower == 'toko ü'", True),
        ("order.missing == 1", None),
        ("order.notes == 'x' or true", None),
        ("true or order.notes == 'x'", True),
        ("not order.is_repeat", False),
        ("order.order_id", None),
        ("order.order_id > 3", None),
        ("order.total_weight", None),
        ("1 / 0 == 1", None),
    ],
)
def test_an_expression_says_yes_no_or_unknown(text: str, verdict: bool | None) -> None:  # noqa: FBT001 - the expected verdict
    """Prove that only a plain yes or no counts, and that what is missing or odd is unknown."""
    assert templates.evaluate_expression(text, ORDER, NOW) is verdict


def test_an_expression_has_no_braces() -> None:
    """Prove that braces round an expression are an error that shows the right form."""
    complaints: list[Complaint] = []
    templates.check_expression("{{ order.status }}", FIELDS["orders"], complaints, ("expr",))
    assert [one.code for one in complaints] == ["T410"]


@given(st.text(alphabet="{}%|()[]'\"._ abcorderule.now+-*/~<>=!,0123456789\n", max_size=80))
def test_whatever_is_written_is_judged(text: str) -> None:
    """Prove that checking never raises, and that what passes renders or holds, never raising anything else."""
    complaints = said(text)
    if any(one.severity == "error" for one in complaints):
        return
    with suppress(RenderError):
        assert render(text).strip()
