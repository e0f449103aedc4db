"""The sandbox over real HTTP, asked the way the documents ask."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tertib.sandbox.credentials import NO_STATISTICS_TOKEN, READ_ONLY_TOKEN
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
CHANGE = "/v3/orders/change-status"
ENGINE = Path(__file__).parents[2] / "engine"


@pytest.fixture(scope="module", params=["seeds", "current"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve a seeded shop for each contract."""
    with serve(Shop(orders=150, contract=request.param, now=NOW), limits=Limits.none()) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    if "served" in request.fixturenames:
        request.getfixturevalue("served").sandbox.reset()


@pytest.fixture
def business(served: Served) -> Iterator[httpx.Client]:
    """Come in by the business door."""
    with client(served, served.business_token) as opened:
        yield opened


def client(served: Served, token: str, timeout: float = 5) -> httpx.Client:
    """Come in with a token."""
    return httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout)


def every_page(opened: httpx.Client, path: str, **params: str) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    found: list[dict[str, Any]] = []
    while True:
        body = opened.get(path, params=params).raise_for_status().json()
        found += body["data"]
        if not body["has_next"]:
            return found
        params["next_cursor"] = body["next_cursor"]


def some_id(served: Served, status: str = "pending", payment: str = "unpaid") -> Any:
    """Find an order that stands like this."""
    return next(one for one, states in served.shop.snapshot().items() if states == (status, payment))


def test_every_order_is_listed_once_newest_first(served: Served, business: httpx.Client) -> None:
    """Following the cursors gives every order, once, in the documented order."""
    found = every_page(business, "/v3/orders", page_size="20", columns="order_id")
    assert [order["id"] for order in found] == list(served.shop.snapshot())
    assert [order["created_at"] for order in found] == sorted(
        (order["created_at"] for order in found), reverse=True
    )


def test_page_has_the_documented_envelope(business: httpx.Client) -> None:
    """The first page says all that the documents promise."""
    body = business.get("/v3/orders").json()
    assert {name: body[name] for name in ("is_paginated", "has_next", "has_previous", "page_size")} == {
        "is_paginated": True,
        "has_next": True,
        "has_previous": False,
        "page_size": 25,
    }
    assert body["previous_cursor"] is None


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"page_size": "26"}, 422),
        ({"page_size": "0"}, 422),
        ({"next_cursor": "garbage"}, 400),
        ({"status": "paid"}, 422),
    ],
)
def test_bad_questions_are_refused(business: httpx.Client, params: dict[str, str], status: int) -> None:
    """A page that is too large, a cursor nobody wrote and an unknown status are errors in JSON."""
    answer = business.get("/v3/orders", params=params)
    assert answer.status_code == status
    assert "error" in answer.json()


def test_statistics_count_what_the_list_shows(served: Served, business: httpx.Client) -> None:
    """Counting by status agrees with reading every page."""
    rows = business.get("/v3/orders/statistics", params={"is_breakdown_status": "true"}).json()["data"]
    assert {row["status"]: row["count"] for row in rows} == served.shop.counts()["status"]
    only = business.get("/v3/orders/statistics", params={"status": "pending"}).json()["data"]
    assert [row["count"] for row in only] == [served.shop.counts()["status"]["pending"]]


def test_customers_see_their_own_orders_only(served: Served) -> None:
    """The customer endpoint shows one buyer of one store."""
    store = "store_rumahherbal"
    with client(served, served.customer_token(store)) as customer:
        found = every_page(customer, f"/v3/stores/{store}/customers/me/orders")
        assert {order["customer"]["id"] for order in found} == {served.shop.demo_customer(store)}
        assert {order["store"]["unique_id"] for order in found} == {store}
        assert customer.get("/v3/stores/store_ayuna/customers/me/orders").status_code == 403
        assert customer.get("/v3/orders").status_code == 403


def test_credentials_are_never_mixed_up(served: Served, business: httpx.Client) -> None:
    """Each token opens its own doors: 401 for none, 403 for a scope or a kind that is missing."""
    assert httpx.get(f"{served.url}/v3/orders").status_code == 401
    assert business.get("/v3/stores/store_ayuna/customers/me/orders").status_code == 403
    with client(served, READ_ONLY_TOKEN) as reader, client(served, NO_STATISTICS_TOKEN) as blind:
        assert reader.get("/v3/orders").status_code == 200
        refused = reader.post(CHANGE, json={"ids": [some_id(served)], "status": "canceled"})
        assert (refused.status_code, refused.json()["error_code"]) == (403, "insufficient_scope")
        assert blind.get("/v3/orders/statistics").status_code == 403


def test_one_order_can_be_read_by_its_id(served: Served, business: httpx.Client) -> None:
    """The later documents' single read knows status and orderlines; unknown ids are 404."""
    one = some_id(served)
    order = business.get(f"/v3/orders/{one}").json()["data"]
    assert (order["id"], order["status"]) == (one, "pending")
    assert order["orderlines"]
    assert business.get("/v3/orders/424242").status_code == 404


def test_bulk_change_is_done_and_echoed(served: Served, business: httpx.Client) -> None:
    """What the answer says is what the shop holds, in the contract's shape."""
    ids = [one for one, states in served.shop.snapshot().items() if states == ("pending", "unpaid")][:5]
    answer = business.post(CHANGE, json={"ids": ids, "status": "canceled", "by": "tertib"})
    assert answer.status_code == 200
    assert answer.json()["is_paginated"] is False
    assert [(row["id"], row["status"]) for row in answer.json()["data"]] == [(one, "canceled") for one in ids]
    assert ("payment_url" in answer.json()["data"][0]) is (served.shop.contract == "current")
    assert {served.shop.snapshot()[one][0] for one in ids} == {"canceled"}


def test_bulk_change_is_all_or_nothing(served: Served, business: httpx.Client) -> None:
    """One unknown id, one missing arrow or one id too many, and nothing is done."""
    good, closed = some_id(served), some_id(served, "closed", "paid")
    before = served.shop.snapshot()
    for ids, status in (([good, 5], 404), ([good, closed], 422), ([good] * 51, 422)):
        assert business.post(CHANGE, json={"ids": ids, "status": "canceled"}).status_code == status
    assert business.post(CHANGE, content=b"{not json").status_code == 400
    assert served.shop.snapshot() == before


def test_payment_only_change_follows_the_contract(served: Served, business: httpx.Client) -> None:
    """The older contract demands the status, the later one does not."""
    one = some_id(served)
    answer = business.post(CHANGE, json={"ids": [one], "payment_status": "paid"})
    expected = 422 if served.shop.contract == "seeds" else 200
    assert answer.status_code == expected
    assert ("details" in answer.json()) is (expected == 422)


def test_what_is_written_but_never_listed_is_in_the_state_view(
    served: Served, business: httpx.Client
) -> None:
    """`by` and `rtsproof_url` are kept, and only the state view shows them."""
    one = some_id(served)
    business.post(
        CHANGE,
        json={
            "ids": [one],
            "status": "confirmed",
            "by": "kasir-ani-7",
            "rtsproof_url": "https://x.example/r",
        },
    )
    behind = httpx.get(f"{served.url}/_sandbox/orders/{one}").json()
    assert (behind["order"]["by"], behind["history"][0]["by"]) == ("kasir-ani-7", "kasir-ani-7")
    assert "kasir-ani-7" not in business.get(f"/v3/orders/{one}").text


def test_limits_are_kept_and_told() -> None:
    """The request over the limit gets 429 with a time to come back, and is not carried out."""
    with (
        serve(Shop.empty(now=NOW), limits=Limits(short=2)) as running,
        client(running, running.business_token) as opened,
    ):
        left = [opened.get("/v3/orders").headers["X-Ratelimit-Remaining"] for _ in range(2)]
        refused = opened.get("/v3/orders")
        assert left == ["1", "0"]
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 10


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("plain_429", {}, (429, "text/plain")),
        ("error_before_apply", {"status": 503}, (503, "application/json")),
        ("html_502", {}, (502, "text/html")),
        ("redirect", {}, (307, "")),
        ("slow", {"delay_ms": 1}, (200, "application/json")),
    ],
)
def test_faults_replace_the_answer_once(
    served: Served, business: httpx.Client, name: str, options: dict[str, Any], expected: tuple[int, str]
) -> None:
    """A fault strikes one request, as it says, and the next one is answered as ever."""
    served.faults.add(name, **options)
    answer = business.get("/v3/orders")
    assert answer.status_code == expected[0]
    assert answer.headers.get("content-type", "").startswith(expected[1])
    assert business.get("/v3/orders").status_code == 200
    assert [entry.faults for entry in served.journal] == [[name], []]


@pytest.mark.parametrize("name", ["truncated_json", "endless_body"])
def test_broken_bodies_are_no_json(served: Served, business: httpx.Client, name: str) -> None:
    """A body that was cut, or only ever begins, comes with 200 all the same."""
    options: dict[str, Any] = {"seconds": 0.05} if name == "endless_body" else {}
    served.faults.add(name, **options)
    answer = business.get("/v3/orders")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        answer.json()


def test_ignored_filter_widens(served: Served, business: httpx.Client) -> None:
    """The filter is forgotten without a word."""
    served.faults.add("ignore_filter", filter="status")
    found = business.get("/v3/orders", params={"status": "closed", "columns": "status"}).json()["data"]
    assert {order["status"] for order in found} != {"closed"}


def test_odd_paging_can_be_met(served: Served, business: httpx.Client) -> None:
    """A missing flag, a repeated cursor and pages without end."""
    served.faults.add("no_is_paginated")
    assert "is_paginated" not in business.get("/v3/orders").json()
    first = business.get("/v3/orders").json()["next_cursor"]
    served.faults.add("repeated_cursor")
    assert business.get("/v3/orders", params={"next_cursor": first}).json()["next_cursor"] == first
    served.faults.add("endless_pages", times=None)
    cursors = [
        business.get("/v3/orders", params={"status": "closed"}).json()["next_cursor"] for _ in range(3)
    ]
    assert len(set(cursors)) == 3
    assert business.get("/v3/orders", params={"next_cursor": cursors[-1]}).json()["data"]


def test_bulk_answers_can_lie(served: Served, business: httpx.Client) -> None:
    """An echo can be missing, foreign or other than what was done."""
    one, two = [one for one, states in served.shop.snapshot().items() if states == ("pending", "unpaid")][:2]
    body = {"ids": [one, two], "status": "confirmed"}
    served.faults.add("missing_echo")
    assert [row["id"] for row in business.post(CHANGE, json=body).json()["data"]] == [one]
    assert served.shop.snapshot()[two][0] == "confirmed"
    served.faults.add("missing_echo", ids=[one], applied=False)
    assert [row["id"] for row in business.post(CHANGE, json={**body, "status": "ready"}).json()["data"]] == [
        two
    ]
    assert served.shop.snapshot()[one][0] == "confirmed"
    served.faults.add("foreign_id")
    assert len(business.post(CHANGE, json={"ids": [two], "status": "ready"}).json()["data"]) == 2
    served.faults.add("changed_echo", set={"status": "draft"})
    assert (
        business.post(CHANGE, json={"ids": [two], "status": "ready"}).json()["data"][0]["status"] == "draft"
    )


def test_one_bad_id_refuses_its_batch(served: Served, business: httpx.Client) -> None:
    """A real order can be made unwritable; the rest of the batch goes alone."""
    good, bad = [one for one, states in served.shop.snapshot().items() if states == ("pending", "unpaid")][:2]
    served.faults.add("bad_id", id=bad, times=None)
    assert business.post(CHANGE, json={"ids": [good, bad], "status": "canceled"}).status_code == 422
    assert served.shop.snapshot()[good][0] == "pending"
    assert business.post(CHANGE, json={"ids": [good], "status": "canceled"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("reset_before_apply", "pending"),
        ("reset_after_apply", "canceled"),
    ],
)
def test_connections_break_before_or_after(
    served: Served, business: httpx.Client, name: str, status: str
) -> None:
    """The client sees the same reset, whatever became of its change."""
    one = some_id(served)
    served.faults.add(name)
    with pytest.raises(httpx.TransportError):
        business.post(CHANGE, json={"ids": [one], "status": "canceled"})
    assert served.shop.snapshot()[one][0] == status
    assert [entry.status for entry in served.journal] == [None]
    assert business.get("/v3/orders").status_code == 200


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("error_before_apply", {}, (500, "pending")),
        ("error_after_apply", {"status": 504}, (504, "canceled")),
        ("html_502", {"applied": True}, (502, "canceled")),
    ],
)
def test_errors_come_before_or_after(
    served: Served, business: httpx.Client, name: str, options: dict[str, Any], expected: tuple[int, str]
) -> None:
    """An error says nothing about whether the change was made."""
    one = some_id(served)
    served.faults.add(name, **options)
    answer = business.post(CHANGE, json={"ids": [one], "status": "canceled"})
    assert (answer.status_code, served.shop.snapshot()[one][0]) == expected


@pytest.mark.parametrize("answer", ["hang", "reset", 408])
def test_a_change_can_be_late(served: Served, answer: Any) -> None:
    """The client goes without an answer, and the change comes afterwards."""
    one = some_id(served)
    served.faults.add("late_apply", answer=answer, delay_ms=None)
    with client(served, served.business_token, timeout=0.2) as hasty:
        if answer == 408:
            assert hasty.post(CHANGE, json={"ids": [one], "status": "canceled"}).status_code == 408
        else:
            with pytest.raises(httpx.TransportError):
                hasty.post(CHANGE, json={"ids": [one], "status": "canceled"})
    assert served.shop.snapshot()[one][0] == "pending"
    assert served.apply_late() == 1
    assert served.shop.snapshot()[one][0] == "canceled"


def test_people_can_work_behind_the_counter(served: Served, business: httpx.Client) -> None:
    """Over HTTP a buyer pays, an order comes in, time passes, a fault is set, and all is reset."""
    with httpx.Client(base_url=served.url) as person:
        one = some_id(served)
        assert (
            person.post(f"/_sandbox/orders/{one}", json={"payment_status": "paid", "by": "buyer"}).status_code
            == 200
        )
        added = person.post("/_sandbox/orders", json={"status": "draft", "without": ["tags"]}).json()["order"]
        assert served.shop.snapshot()[one] == ("pending", "paid")
        assert (
            "tags"
            not in business.get(
                "/v3/orders", params={"order_id": added["order_id"], "columns": "tags"}
            ).json()["data"][0]
        )
        assert (
            person.post("/_sandbox/faults", json={"name": "plain_429", "times": 2}).json()["fault"]["times"]
            == 2
        )
        assert person.post("/_sandbox/faults", json={"name": "nonsense"}).status_code == 400
        state = person.get("/_sandbox/state", params={"journal": "5"}).json()
        assert state["faults"][0]["name"] == "plain_429"
        assert state["requests"]["total"] == 1
        assert person.delete("/_sandbox/faults").json() == {"faults": []}
        assert person.delete(f"/_sandbox/orders/{one}").status_code == 200
        assert person.get(f"/_sandbox/orders/{one}").status_code == 404
        assert person.post("/_sandbox/reset").json()["counts"]["orders"] == 150
        assert served.shop.snapshot()[one] == ("pending", "unpaid")


def test_page_for_people_is_escaped(served: Served) -> None:
    """Whatever a shop contains, the page shows it as text."""
    served.shop.edit(some_id(served), {"notes": "<script>alert(1)</script>"}, by="<b>ani</b>")
    answer = httpx.get(served.url)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text
    assert "&lt;b&gt;ani&lt;/b&gt;" in answer.text


@pytest.mark.parametrize(
    "headers", [{"Host": "shop.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_control_is_for_this_machine(served: Served, headers: dict[str, str]) -> None:
    """A foreign name for this host or a page of another site gets nowhere."""
    assert httpx.post(f"{served.url}/_sandbox/reset", headers=headers).status_code == 403


def test_no_token_is_ever_written_down(served: Served, business: httpx.Client) -> None:
    """The state view shows requests, never who was let in by what."""
    business.get("/v3/orders", params={"token": served.business_token})
    business.post(CHANGE, json={"ids": [1], "status": "draft", "by": served.business_token})
    httpx.get(f"{served.url}/v3/orders", headers={"Authorization": "Bearer not-this-one"})
    shown = httpx.get(f"{served.url}/_sandbox/state").text
    assert served.business_token not in shown
    assert "not-this-one" not in shown
    assert [entry.status for entry in served.journal.of("list")] == [200, 401]


def test_unknown_paths_are_refused_in_json(business: httpx.Client) -> None:
    """A path or a method that is not served is told as everything else."""
    assert business.get("/v3/shoes").json()["error_code"] == "not_found"
    assert business.put("/v3/orders").status_code == 405


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_for_ever_ends_cleanly(number: signal.Signals) -> None:
    """The command's server stops on either signal and exits with success."""
    program = (
        "from tertib.sandbox.server import run_forever\n"
        "from tertib.sandbox.shop import Shop\n"
        "run_forever(Shop(orders=5), on_ready=lambda served: print(served.url, flush=True))\n"
        "print('stopped')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert httpx.get(f"{url}/v3/orders").status_code == 401
        process.send_signal(number)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0
