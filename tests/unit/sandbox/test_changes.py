from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tertib.sandbox.changes import BulkChange, read_bulk_body
from tertib.sandbox.contract import Contract
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.shop import Shop

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
UUID = "0192f3a0-0000-7c11-9a00-000000000001"


def refusal_of(body: Any, contract: Contract = "seeds") -> Refusal:
    """Read a body and catch why it is refused."""
    with pytest.raises(Refusal) as refused:
        read_bulk_body(body, contract, 50)
    return refused.value


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"status": "canceled"}, "ids"),
        ({"ids": [], "status": "canceled"}, "ids"),
        ({"ids": ["1"], "status": "canceled"}, "ids"),
        ({"ids": [True], "status": "canceled"}, "ids"),
        ({"ids": [UUID], "status": "canceled"}, "ids"),
        ({"ids": [1, 1], "status": "canceled"}, "ids"),
        ({"ids": list(range(51)), "status": "canceled"}, "ids"),
        ({"ids": [1], "payment_status": "paid"}, "status"),
        ({"ids": [1], "status": "shipped_rts"}, "status"),
        ({"ids": [1], "status": None}, "status"),
        ({"ids": [1], "status": ["draft"]}, "status"),
        ({"ids": [1], "status": "draft", "payment_status": "open"}, "payment_status"),
        ({"ids": [1], "status": "draft", "payment_method": "va_bca"}, "payment_method"),
        ({"ids": [1], "status": "draft", "by": 7}, "by"),
        ({"ids": [1], "status": "draft", "financial_entity_id": "1"}, "financial_entity_id"),
        ({"ids": [1], "status": "draft", "financial_entity_id": 999}, "financial_entity_id"),
        ({"ids": [1], "status": "draft", "transfer_time": "2026-11-21T10:00:00"}, "transfer_time"),
    ],
)
def test_bodies_outside_the_documents_are_refused(body: Any, wrong: str) -> None:
    """Each rule of the published body is kept, and the answer names the field."""
    refused = refusal_of(body)
    assert refused.status == 422
    assert list(refused.details) == [wrong]
    assert refused.body("seeds") == {"error": "Validation failed", "details": refused.details}


def test_a_body_that_is_no_object_is_a_bad_request() -> None:
    """A list or a number is not a body."""
    assert refusal_of([1]).status == 400


def test_current_contract_takes_uuids_and_a_lone_payment_status() -> None:
    """The later documents take either id and either status."""
    change = read_bulk_body({"ids": [UUID.upper(), 5], "payment_status": "paid"}, "current", 50)
    assert change == BulkChange((UUID, 5), {"payment_status": "paid"})
    assert refusal_of({"ids": [UUID]}, "current").body("current")["error_code"] == "validation_error"
    assert (
        refusal_of({"ids": [UUID], "payment_status": "paid", "payment_method": "va"}, "current").status == 422
    )


def test_a_change_sets_what_follows_from_it() -> None:
    """Status, its time, payment, method, entity, proof: all are set, and the update time moves."""
    shop = Shop.empty(now=NOW)
    before = shop.add({"id": 1, "status": "pending"})
    values = {
        "status": "confirmed",
        "payment_status": "paid",
        "payment_method": "bank_transfer",
        "financial_entity_id": 3,
        "payment_account_holder": "SITI",
        "transfer_time": "2026-11-20T01:00:00Z",
        "transferproof_url": "https://cdn.example/1.jpg",
        "rtsproof_url": "https://cdn.example/r.jpg",
        "by": "tertib/x",
    }
    shop.change(BulkChange((1,), values))
    after = shop.order(1)
    assert (after["status"], after["payment_status"]) == ("confirmed", "paid")
    assert after["confirmed_time"] == after["paid_time"] == after["last_updated_at"] == "2026-11-21T03:00:00Z"
    assert after["last_updated_at"] > before["last_updated_at"]
    assert after["financial_entity"]["code"] == "bri"
    assert (after["by"], after["rtsproof_url"]) == ("tertib/x", "https://cdn.example/r.jpg")
    assert after["status_history"][-1] == {"status": "confirmed", "timestamp": "2026-11-21T03:00:00Z"}


def test_history_says_who_changed_what() -> None:
    """Every change of an order is kept with its before and after."""
    shop = Shop.empty(now=NOW)
    shop.add({"id": 1})
    shop.edit(1, {"payment_status": "paid"}, by="buyer")
    shop.change(BulkChange((1,), {"status": "confirmed", "by": "bot"}))
    told = [(entry["how"], entry["by"], entry["before"], entry["after"]) for entry in shop.history(1)]
    assert told == [
        ("person", "buyer", {"payment_status": "unpaid"}, {"payment_status": "paid"}),
        ("bulk", "bot", {"status": "pending"}, {"status": "confirmed"}),
    ]


def test_staying_moves_no_stamp() -> None:
    """Repeating the present status is allowed and leaves its time alone."""
    shop = Shop.empty(now=NOW)
    stamp = shop.add({"id": 1, "status": "canceled"})["canceled_time"]
    shop.change(BulkChange((1,), {"status": "canceled", "payment_status": "paid"}))
    assert shop.order(1)["canceled_time"] == stamp
    assert shop.snapshot()[1] == ("canceled", "paid")


@pytest.mark.parametrize("ids", [(1, 404), (1, 2)])
def test_one_bad_order_refuses_the_whole_request(ids: tuple[int, ...]) -> None:
    """An unknown id or a missing arrow leaves every order of the request as it was."""
    shop = Shop.empty(now=NOW)
    shop.add({"id": 1, "status": "pending"})
    shop.add({"id": 2, "status": "closed"})
    before = shop.snapshot()
    with pytest.raises(Refusal) as refused:
        shop.change(BulkChange(ids, {"status": "canceled"}))
    assert refused.value.status in (404, 422)
    assert shop.snapshot() == before
    assert shop.history(1) == []


def test_migrated_orders_can_be_written_by_their_old_id() -> None:
    """A legacy integer and the UUID mean the same order, and not twice in one request."""
    shop = Shop.empty("current", now=NOW)
    uuid = shop.add({"legacy_id": 77})["id"]
    shop.change(BulkChange((77,), {"status": "canceled"}))
    assert shop.order(uuid)["status"] == "canceled"
    with pytest.raises(Refusal):
        shop.change(BulkChange((77, uuid), {"status": "canceled"}))


def test_the_clock_can_be_moved() -> None:
    """Time stands still until a test moves it."""
    shop = Shop.empty(now=NOW)
    shop.add({"id": 1})
    shop.clock.advance(timedelta(days=2))
    assert shop.edit(1, {"notes": "halo"})["last_updated_at"] == "2026-11-23T03:00:00Z"
