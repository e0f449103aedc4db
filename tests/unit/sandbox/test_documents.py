from __future__ import annotations

import json
from pathlib import Path

import pytest

from tertib.sandbox import contract
from tertib.sandbox.filters import FILTERS

PAGES = json.loads((Path(__file__).parents[2] / "published" / "pages.json").read_text())
"""What the published reference pages show: both examples, the columns, the query parameters."""


def test_full_answer_has_the_fields_of_the_business_example() -> None:
    """The full field set is the published example's, no more and no less."""
    shown = PAGES["business_order"]
    assert set(contract.FULL_FIELDS) == set(shown)


def test_customer_answer_has_the_fields_of_the_customer_example() -> None:
    """The customer's field set is the published example's."""
    assert set(contract.CUSTOMER_FIELDS) == set(PAGES["customer_order"])


def test_columns_are_the_published_ones() -> None:
    """The columns are exactly those that the page lists."""
    assert set(contract.COLUMNS) == set(PAGES["columns"])


@pytest.mark.parametrize(
    ("name", "text_money", "number_money"),
    [
        ("business_order", contract.BUSINESS_TEXT_MONEY, contract.BUSINESS_NUMBER_MONEY),
        ("customer_order", contract.CUSTOMER_TEXT_MONEY, frozenset()),
    ],
)
def test_money_has_the_json_types_of_the_examples(
    name: str, text_money: set[str], number_money: set[str]
) -> None:
    """Each amount is text or a number as its page shows it."""
    shown = PAGES[name]
    assert all(shown[field] == "<string>" for field in text_money)
    assert all(shown[field] == 123 for field in number_money)


def test_every_published_filter_is_known() -> None:
    """No query parameter of the page is forgotten."""
    named = PAGES["parameters"]
    paging = {"page_size", "next_cursor", "previous_cursor", "columns", "search_field"}
    assert set(named) - paging == FILTERS - {"search"}


def test_both_contracts_name_their_payment_methods() -> None:
    """`va` became one method a bank, `payment_link` came and `indomaret` went."""
    assert {"va", "indomaret"} <= set(contract.SEEDS_METHODS)
    assert not {"va", "indomaret"} & set(contract.CURRENT_METHODS)
    assert {"va_bca", "va_artajasa", "payment_link"} <= set(contract.CURRENT_METHODS)


@pytest.mark.parametrize("status", ["canceled", "closed", "shipped_rts", "paid", None])
def test_undocumented_statuses_have_no_arrow(status: str | None) -> None:
    """Where nothing is documented, nothing is allowed but staying."""
    assert not any(
        contract.arrow_exists(status, after) for after in contract.TARGET_STATUSES if after != status
    )


def test_completed_is_reached_from_shipped_only() -> None:
    """The flow leads to `completed` through `shipped` alone."""
    assert [before for before, after in contract.FLOW.items() if "completed" in after] == ["shipped"]
