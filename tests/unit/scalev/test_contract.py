# ruff: noqa: SIM905 - lists of names read better as paragraphs
from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.model import Recheck
from tertib.scalev.contract import (
    ACTION_FIELDS,
    FIELDS,
    PARAMETERS,
    PAYMENT_METHODS,
    PAYMENT_STATUSES,
    STATUS_FLOW,
    STATUS_TARGETS,
    STATUSES_READ,
    Contract,
    change_body,
    contract_of,
    wire_id,
)

UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"

# The parameters of *List business orders*, without the engine's own; the page lost the name of `search`.
DOCUMENTED = """
    search search_field is_probably_spam business_role draft_time_until confirmed_time_since confirmed_time_until
    shipped_time_since shipped_time_until completed_time_since completed_time_until is_from_form is_repeat tags
    product_id is_transferproof_exist order_id awb_ca_status status payment_status payment_method shipment_status
    business_id store_id warehouse_id courier_id handler_id advertiser_id platform financial_entity_id page_id
    external_id affiliate_business_id utm_source
""".split()
ENUMERATED = {
    "search_field": "order_id shipment_receipt external_id pg_reference_id gross_revenue customer_name "
    "customer_email customer_phone",
    "business_role": "retailer fulfillment_provider",
    "awb_ca_status": "unavailable pending waiting failed created canceled",
    "status": "draft pending confirmed in_process ready canceled shipped shipped_rts completed rts closed",
    "payment_status": "paid unpaid conflict settled",
    "platform": "scalev tiktokshop tokopedia shopee lazada blibli bukalapak orderonline berdu",
    "is_probably_spam": "true false",
    "is_from_form": "true false",
    "is_repeat": "true false",
    "is_transferproof_exist": "true false",
}
SEEDS_METHODS = (
    "va qris card invoice alfamart indomaret ovo dana shopeepay linkaja gopay no_payment bank_transfer marketplace cod"
).split()
NEW_METHODS = (
    "va_bca va_bni va_bri va_mandiri va_permata va_cimb va_bsi va_maybank va_bnc va_danamon va_artha_graha "
    "va_muamalat va_btn va_ocbc va_bjb va_sahabat_sampoerna va_artajasa payment_link"
).split()


# --- tables ------------------------------------------------------------------------------------------------


def test_every_documented_parameter_is_there() -> None:
    """The table has the page's parameters, and none of its own."""
    assert set(PARAMETERS) == set(DOCUMENTED)
    assert all(parameter.name == name for name, parameter in PARAMETERS.items())


@pytest.mark.parametrize("name", sorted(ENUMERATED))
def test_parameters_take_the_documented_values(name: str) -> None:
    """An enumerated parameter takes what its page lists."""
    assert PARAMETERS[name].values == set(ENUMERATED[name].split())


def test_the_payment_method_filter_knows_both_contracts() -> None:
    """A query may name an old method or a new one."""
    assert PARAMETERS["payment_method"].values == {*SEEDS_METHODS, *NEW_METHODS}


def test_what_cannot_be_checked_again_is_what_the_design_says() -> None:
    """Six filters have no field in a narrowed answer; for the rest the fields to read are named."""
    none = {name for name, parameter in PARAMETERS.items() if parameter.recheck is Recheck.NONE}
    assert none == {
        "is_probably_spam",
        "is_from_form",
        "business_role",
        "affiliate_business_id",
        "search",
        "search_field",
    }
    for name, parameter in PARAMETERS.items():
        assert (parameter.comparison == "none") == (name in none)
        assert bool(parameter.checks) == (name not in none)


def test_what_a_recheck_reads_can_be_asked_for() -> None:
    """Every field that a recheck reads is in the business list, under a column that narrows in."""
    for parameter in PARAMETERS.values():
        assert all(FIELDS["orders"][path].column for path in parameter.checks), parameter.name


def test_time_parameters_are_only_the_documented_ones() -> None:
    """There is no `draft_time_since`, no `pending_time_*`, no `created_at_*`."""
    times = {name for name, parameter in PARAMETERS.items() if parameter.kind == "time"}
    pairs = {
        f"{field}_time_{end}"
        for field, end in product(("confirmed", "shipped", "completed"), ("since", "until"))
    }
    assert times == pairs | {"draft_time_until"}


def test_action_fields_are_those_of_the_bulk_change() -> None:
    """Every field of the body but `ids` is there, with the field that shows it again."""
    assert {name: field.reads_as for name, field in ACTION_FIELDS.items()} == {
        "status": "status",
        "payment_status": "payment_status",
        "payment_method": "payment_method",
        "by": None,
        "financial_entity_id": "financial_entity.id",
        "payment_account_holder": "payment_account_holder",
        "payment_account_number": "payment_account_number",
        "rtsproof_url": None,
        "transfer_time": "transfer_time",
        "transferproof_url": "transferproof_url",
    }
    for field in ACTION_FIELDS.values():
        assert field.reads_as is None or field.reads_as in FIELDS["orders"]
    personal = {name for name, field in ACTION_FIELDS.items() if field.personal}
    assert personal == {"payment_account_holder", "payment_account_number"}


def test_statuses_are_the_documented_ones() -> None:
    """An order can be moved to ten statuses; an eleventh can only be read."""
    targets = "draft pending confirmed in_process ready shipped completed canceled rts closed"
    assert set(targets.split()) == STATUS_TARGETS
    assert {*STATUS_TARGETS, "shipped_rts"} == STATUSES_READ
    assert set("unpaid paid conflict settled".split()) == PAYMENT_STATUSES
    assert PAYMENT_METHODS["seeds"] == set(SEEDS_METHODS)
    assert PAYMENT_METHODS["current"] == {*SEEDS_METHODS, *NEW_METHODS} - {"va", "indomaret"}


ARROWS = """
    draft: pending canceled
    pending: confirmed in_process ready canceled shipped
    confirmed: pending in_process ready canceled shipped
    in_process: pending confirmed ready canceled shipped
    ready: pending confirmed in_process canceled shipped
    shipped: pending confirmed in_process ready completed rts closed
    completed: shipped
    rts: shipped
    canceled:
    closed:
    shipped_rts:
"""


def test_the_status_flow_is_the_order_guides() -> None:
    """Each status has the arrows of the guide's table; none leaves where nothing is documented."""
    rows = (line.split(":") for line in ARROWS.strip().splitlines())
    assert {start.strip(): set(ends.split()) for start, ends in rows} == STATUS_FLOW


def test_the_contract_needs_no_http_client() -> None:
    """`tertib check` reads these tables, and must not pay for httpx or a database."""
    code = "import sys, tertib.scalev.contract; print(sorted({'httpx', 'httpcore', 'sqlalchemy'} & sys.modules.keys()))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


# --- ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "key", "contract"),
    [
        (168724, 168724, "seeds"),
        ("168724", 168724, "seeds"),
        (UUID, UUID, "current"),
        (UUID.upper(), UUID.upper(), "current"),
        (None, None, None),
        ("", None, None),
        (True, None, None),
        (12.0, None, None),
        ("12.0", None, None),
        (" 12", None, None),
        ("+12", None, None),
        ("١٢", None, None),
        ("²", None, None),
        ("250130JQHFZG", None, None),
        (UUID + "\n", None, None),
        (f"{{{UUID}}}", None, None),
        (UUID.replace("-", ""), None, None),
        ("9" * 5000, None, None),
        ([1], None, None),
    ],
)
def test_an_id_goes_back_as_it_came_or_not_at_all(raw: object, key: object, contract: str | None) -> None:
    """Integers, digits and UUIDs are keys; nothing else is guessed into one."""
    assert wire_id(raw) == key
    assert type(wire_id(raw)) is type(key)
    assert contract_of(raw) == contract


@given(st.integers(min_value=0, max_value=10**18))
def test_a_string_of_digits_is_its_integer(number: int) -> None:
    """Both spellings of a legacy id are one key, so that an echo is recognised."""
    assert wire_id(str(number)) == wire_id(number) == number


# --- bodies ------------------------------------------------------------------------------------------------


def test_a_status_change_is_the_same_body_in_both_contracts() -> None:
    """`ids` and `status` suffice for either."""
    contracts: tuple[Contract, ...] = ("seeds", "current")
    for contract in contracts:
        assert change_body(contract, [1, 2], {"status": "canceled", "by": "x"}, "pending") == {
            "ids": [1, 2],
            "status": "canceled",
            "by": "x",
        }


def test_seeds_repeats_the_present_status_for_a_payment_only_change() -> None:
    """`status` is required there, so staying where it is has to be said."""
    body = change_body("seeds", [1], {"payment_status": "paid"}, "confirmed")
    assert body == {"ids": [1], "status": "confirmed", "payment_status": "paid"}


def test_current_sends_a_payment_only_change_alone() -> None:
    """No status is written that nobody asked for."""
    body = change_body("current", [UUID], {"payment_status": "paid"}, "confirmed")
    assert body == {"ids": [UUID], "payment_status": "paid"}


@pytest.mark.parametrize("present", [None, "shipped_rts", "paid"])
def test_seeds_refuses_a_present_status_that_is_no_target(present: str | None) -> None:
    """Such an order is held by the caller; a body for it must not come to be."""
    with pytest.raises(ValueError, match="needs a status"):
        change_body("seeds", [1], {"payment_status": "paid"}, present)


def test_seeds_refuses_a_uuid() -> None:
    """The published contract takes integers."""
    with pytest.raises(ValueError, match="integer"):
        change_body("seeds", [1, UUID], {"status": "canceled"}, None)


@pytest.mark.parametrize(
    ("ids", "values"),
    [([], {"status": "canceled"}), ([1], {"by": "x"}), ([1], {"status": "canceled", "note": "x"})],
)
def test_a_body_that_no_contract_allows_is_refused(ids: list[int | str], values: dict[str, str]) -> None:
    """No ids, nothing to change, or an unknown field: nothing of it may be sent."""
    with pytest.raises(ValueError, match="a change"):
        change_body("current", ids, values, "pending")


def test_an_instant_keeps_its_offset() -> None:
    """`transfer_time` travels as ISO 8601."""
    instant = datetime(2026, 9, 1, 9, 30, tzinfo=timezone(timedelta(hours=7)))
    body = change_body("current", [1], {"payment_status": "paid", "transfer_time": instant}, None)
    assert body["transfer_time"] == "2026-09-01T09:30:00+07:00"
