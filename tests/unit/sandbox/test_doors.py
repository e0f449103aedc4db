from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tertib.sandbox.clock import Clock
from tertib.sandbox.credentials import (
    BUSINESS_TOKEN,
    DEFAULT_TOKENS,
    READ_ONLY_TOKEN,
    Credential,
    credential_of,
    customer_token,
    require_customer,
    require_scope,
)
from tertib.sandbox.faults import KINDS, Faults
from tertib.sandbox.journal import Journal, masked
from tertib.sandbox.limits import Limits, Meter
from tertib.sandbox.refusal import Refusal

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer nobody", "Basic " + BUSINESS_TOKEN, "Bearer sandbox-customer-token-"],
)
def test_unknown_callers_are_unauthorized(header: str | None) -> None:
    """No token, a wrong scheme and a wrong token are all 401."""
    with pytest.raises(Refusal) as refused:
        credential_of(header, DEFAULT_TOKENS)
    assert refused.value.status == 401


def test_scopes_and_kinds_are_kept_apart() -> None:
    """A missing scope and the other kind of token are 403 with a code."""
    reader, customer = DEFAULT_TOKENS[READ_ONLY_TOKEN], Credential("customer", store="s")
    refusals: list[Callable[[], None]] = [
        lambda: require_scope(reader, "order:change_status"),
        lambda: require_scope(customer, "order:list"),
        lambda: require_customer(reader, "s"),
        lambda: require_customer(customer, "other"),
    ]
    for refuse in refusals:
        with pytest.raises(Refusal) as refused:
            refuse()
        assert refused.value.status == 403
        assert set(refused.value.body("seeds")) == {"error", "error_code"}


def test_customer_tokens_name_store_and_buyer() -> None:
    """A customer token is read back into whose it is."""
    _, known = credential_of(f"bearer {customer_token('store_ayuna', 7)}", DEFAULT_TOKENS)
    assert (known.kind, known.store, known.customer_id) == ("customer", "store_ayuna", 7)


def test_short_window_slides() -> None:
    """The hundred-and-first request waits until the oldest one is ten seconds old."""
    clock = Clock(NOW)
    meter = Meter(Limits(short=2), clock)
    assert meter.spend("t")["X-Ratelimit-Remaining"] == "1"
    clock.advance(timedelta(seconds=4))
    meter.spend("t")
    with pytest.raises(Refusal) as refused:
        meter.spend("t")
    assert refused.value.headers["Retry-After"] == "6"
    assert meter.spend("other")["X-Ratelimit-Remaining"] == "1"
    clock.advance(timedelta(seconds=6))
    assert meter.spend("t")["X-Ratelimit-Limit"] == "2"


def test_long_window_takes_over() -> None:
    """The headers speak of the window that has less left."""
    meter = Meter(Limits(short=5, long=3), Clock(NOW))
    told = [meter.spend("t") for _ in range(3)]
    assert [one["X-Ratelimit-Limit"] for one in told] == ["3"] * 3
    with pytest.raises(Refusal) as refused:
        meter.spend("t")
    assert int(refused.value.headers["Retry-After"]) == pytest.approx(3600, abs=2)


def test_headers_have_their_other_forms() -> None:
    """A date instead of seconds, an instant instead of a distance, or no headers at all."""
    meter = Meter(Limits(short=1, retry_after="date", reset="epoch"), Clock(NOW))
    assert int(meter.spend("t")["X-Ratelimit-Reset"]) == int(NOW.timestamp()) + 10
    with pytest.raises(Refusal) as refused:
        meter.spend("t")
    assert refused.value.headers["Retry-After"] == "Sat, 21 Nov 2026 03:00:10 GMT"
    assert Meter(Limits(headers=False), Clock(NOW)).spend("t") == {}


def test_faults_strike_as_often_as_they_should() -> None:
    """A fault lets some requests through, strikes the next ones and is gone."""
    faults = Faults()
    faults.add("slow", times=2, after=1, target="list", when={"status": "draft"})
    asked = [
        {"status": "draft"},
        {"status": "draft"},
        {"status": "ready"},
        {"status": "draft"},
        {"status": "draft"},
    ]
    assert ["slow" in faults.draw("list", params, []) for params in asked] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert faults.active() == []


def test_faults_strike_only_what_they_are_meant_for() -> None:
    """A bulk fault leaves reads alone, an ignored filter needs its parameter, a bad id its order."""
    faults = Faults()
    faults.add("missing_echo")
    faults.add("ignore_filter", filter="tags")
    faults.add("bad_id", id=5, times=None)
    assert faults.draw("list", {}, []) == {}
    assert set(faults.draw("list", {"tags": "x"}, [])) == {"ignore_filter"}
    assert set(faults.draw("change", {}, [4])) == {"missing_echo"}
    assert set(faults.draw("change", {}, [5])) == {"bad_id"}
    faults.clear("bad_id")
    assert faults.active() == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sloow", {}),
        ("slow", {"colour": 1}),
        ("slow", {"times": 0}),
        ("missing_echo", {"target": "list"}),
        ("bad_id", {"status": 404}),
        ("late_apply", {"answer": "maybe"}),
    ],
)
def test_mistaken_faults_are_refused(name: str, options: dict[str, object]) -> None:
    """A slip in a fault's name, target or options never passes silently."""
    with pytest.raises(ValueError, match=r"fault|option|times|target|needs"):
        Faults().add(name, **options)  # type: ignore[arg-type]


def test_every_fault_says_what_it_does() -> None:
    """The list that people read is complete."""
    assert all(kind.says and kind.targets for kind in KINDS.values())


def test_journal_holds_no_token() -> None:
    """A token that slipped into a request is blotted out."""
    assert masked({"q": ["x secret y"], "n": 1}, frozenset(("secret",))) == {"q": ["x ••• y"], "n": 1}


def test_journal_counts_requests() -> None:
    """Requests are counted by endpoint and status."""
    journal = Journal()
    journal.begin("t", "GET", "/v3/orders", "list", {}).status = 200
    journal.begin("t", "POST", "/v3/orders/change-status", "change", {})
    assert journal.requests() == {
        "total": 2,
        "by_endpoint": {"list": 1, "change": 1},
        "by_status": {"200": 1, "dropped": 1},
    }
    assert [entry["endpoint"] for entry in journal.shown(1)] == ["change"]
    assert journal.shown(0) == []
