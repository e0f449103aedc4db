from __future__ import annotations

import inspect
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tertib.errors import BodyError, BudgetExhausted, CredentialError, PagingError, ReadError, SettingsError
from tertib.model import Source
from tertib.ports import Clock, Decode, Reader
from tertib.projection import project
from tertib.scalev import bodies
from tertib.scalev.budget import RollingBudget
from tertib.scalev.client import ATTEMPTS, Client
from tertib.scalev.contract import FIELDS

MakeReads = Callable[..., Client]

ORDERS = Source()
STORE = Source("store_x")
ONE = {"data": [{"id": 1}], "is_paginated": True, "has_next": False, "next_cursor": None}


def answer(body: Any = ONE, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    """Make an answer with a JSON body."""
    return httpx.Response(status, json=body, headers=headers)


class Script:
    """A server that gives prepared answers in turn, raises prepared errors, and notes what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the next answer; the last one is given for ever."""
        self.requests.append(request)
        prepared = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(prepared, Exception):
            raise prepared
        # A response can be read once, so a repeated one is made anew.
        return httpx.Response(prepared.status_code, headers=prepared.headers, content=prepared.content)


# --- what is sent --------------------------------------------------------------------------------------------


def test_a_first_page_is_asked_for_with_its_filters_and_columns(reads: MakeReads, clock: Clock) -> None:
    """Filters travel as they are, a page has 25 orders, and the business's token goes along."""
    script = Script(answer())
    page = reads(script).page(
        ORDERS, {"status": "pending", "columns": "order_id,status", "utm_source": "a&b=c+d"}
    )
    request = script.requests[0]
    assert (request.method, request.url.path) == ("GET", "/v3/orders")
    assert dict(request.url.params) == {
        "status": "pending",
        "columns": "order_id,status",
        "utm_source": "a&b=c+d",
        "page_size": "25",
    }
    assert request.headers["authorization"] == "Bearer business-token"
    assert page.orders == ({"id": 1},)
    assert page.next_cursor is None
    assert page.read_at == clock.now()


def test_an_instant_keeps_its_plus_sign(reads: MakeReads) -> None:
    """An offset's `+` is no blank."""
    script = Script(answer())
    reads(script).page(ORDERS, {"draft_time_until": "2026-09-01T00:00:00+07:00"})
    assert b"%2B07" in script.requests[0].url.raw_path


def test_a_cursor_is_sent_back_as_it_came(reads: MakeReads) -> None:
    """Cursors are opaque."""
    script = Script(answer({**ONE, "has_next": True, "next_cursor": "a/b+c=="}), answer())
    client = reads(script)
    cursor = client.page(ORDERS, {}).next_cursor
    client.page(ORDERS, {}, cursor)
    assert script.requests[1].url.params["next_cursor"] == "a/b+c=="


def test_a_customers_orders_are_read_with_the_customers_token(reads: MakeReads) -> None:
    """The two credentials are never mixed up, whatever is read in between."""
    script = Script(answer())
    client = reads(script)
    for source in (ORDERS, STORE, ORDERS):
        client.page(source, {})
    assert [request.headers["authorization"] for request in script.requests] == [
        "Bearer business-token",
        "Bearer customer-token",
        "Bearer business-token",
    ]
    assert script.requests[1].url.path == "/v3/stores/store_x/customers/me/orders"


def test_a_stores_id_stays_within_its_place_in_the_path(reads: MakeReads) -> None:
    """Slashes and blanks in an id cannot lead to another endpoint."""
    script = Script(answer())
    reads(script).page(Source("../a b/ü"), {})
    assert script.requests[0].url.raw_path.startswith(b"/v3/stores/..%2Fa%20b%2F%C3%BC/customers/me/orders?")


@pytest.mark.parametrize("store", ["", ".", ".."])
def test_a_stores_id_that_is_a_way_up_is_refused(reads: MakeReads, store: str) -> None:
    """Dots alone would be taken out of the path."""
    script = Script(answer())
    with pytest.raises(ReadError, match="no store's id"):
        reads(script).page(Source(store), {})
    assert script.requests == []


def test_the_base_address_may_have_a_path(reads: MakeReads, clock: Clock, budget: RollingBudget) -> None:
    """A gateway's prefix stays in front, with or without a slash at its end."""
    for base in ("https://gate.example/scalev", "https://gate.example/scalev/"):
        script = Script(answer())
        template = reads(script)
        client = Client(
            base,
            token="t",
            customer_token=None,
            timeout=timedelta(seconds=1),
            budget=budget,
            clock=clock,
            rng=template._rng,
            transport=httpx.MockTransport(script),
        )
        client.page(ORDERS, {})
        assert str(script.requests[0].url).startswith("https://gate.example/scalev/v3/orders?")


@pytest.mark.parametrize(
    "base", ["api.example", "ftp://api.example", "https://", "https://me:secret@api.example", "https://a/?b"]
)
def test_a_base_address_that_is_none_is_refused(
    reads: MakeReads, clock: Clock, budget: RollingBudget, base: str
) -> None:
    """A wrong setting is named; a password in it is not repeated, and would have replaced the token."""
    with pytest.raises(SettingsError, match=r"`api\.base_url`") as refused:
        Client(
            base,
            token="t",
            customer_token=None,
            timeout=timedelta(seconds=1),
            budget=budget,
            clock=clock,
            rng=reads(Script(answer()))._rng,
        )
    assert "secret" not in str(refused.value)


def test_cookies_are_not_kept(reads: MakeReads) -> None:
    """A session of one credential must not follow the other."""
    script = Script(answer(ONE, headers={"set-cookie": "session=abc; Path=/"}), answer())
    client = reads(script)
    client.page(ORDERS, {})
    client.page(STORE, {})
    assert "cookie" not in script.requests[1].headers


def test_the_client_is_a_reader(reads: MakeReads) -> None:
    """The port fits, and `with` closes the connections."""
    with reads(Script(answer())) as client:
        reader: Reader = client
        assert reader.page(ORDERS, {}).orders
    assert client._http.is_closed


# --- credentials ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, "", "  "])
@pytest.mark.parametrize(
    ("source", "argument", "variable"),
    [(ORDERS, "token", "SCALEV_TOKEN"), (STORE, "customer_token", "SCALEV_CUSTOMER_TOKEN")],
)
def test_a_missing_token_is_asked_for_by_name(
    reads: MakeReads, source: Source, argument: str, variable: str, missing: str | None
) -> None:
    """The message says which variable to set, and nothing is sent with the other token."""
    script = Script(answer())
    with pytest.raises(CredentialError, match=f"no token: `{variable}`"):
        reads(script, **{argument: missing}).page(source, {})
    assert script.requests == []


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "kürzel"])
def test_a_token_that_cannot_be_one_is_not_repeated(reads: MakeReads, token: str) -> None:
    """A token with impossible characters is refused before anything could print it."""
    with pytest.raises(CredentialError) as refused:
        reads(Script(answer()), token=token).page(ORDERS, {})
    assert token not in str(refused.value)


def test_a_line_break_after_the_token_does_no_harm(reads: MakeReads) -> None:
    """Files and shells leave one there."""
    script = Script(answer())
    reads(script, token="business-token\n").page(ORDERS, {})
    assert script.requests[0].headers["authorization"] == "Bearer business-token"


def test_a_rejected_token_is_a_credential_error(reads: MakeReads) -> None:
    """A 401 names the variable and is not tried again."""
    script = Script(answer({"error": "Unauthorized"}, 401))
    with pytest.raises(CredentialError, match="rejected the token in `SCALEV_TOKEN`: Unauthorized"):
        reads(script).page(ORDERS, {})
    assert len(script.requests) == 1


def test_a_missing_scope_is_named(reads: MakeReads) -> None:
    """A 403 says which scope the token needs."""
    with pytest.raises(CredentialError, match="may not read this") as refused:
        reads(Script(answer({"error": "Forbidden"}, 403))).page(ORDERS, {})
    assert "order:list" in str(refused.value.hint)


def test_a_customers_token_that_is_refused_is_named(reads: MakeReads) -> None:
    """The customer endpoint's refusals are about the customer's token."""
    for status in (401, 403):
        with pytest.raises(CredentialError, match="`SCALEV_CUSTOMER_TOKEN`"):
            reads(Script(answer({"error": "no"}, status))).page(STORE, {})


def test_no_error_shows_a_token(reads: MakeReads) -> None:
    """A server that repeats the token in its message does not get it printed."""
    for status in (400, 401, 403, 422):
        script = Script(answer({"error": "bad token business-token", "error_code": "business-token"}, status))
        with pytest.raises((CredentialError, ReadError)) as refused:
            reads(script).page(ORDERS, {})
        assert "business-token" not in "".join(traceback.format_exception(refused.value))


def test_a_client_does_not_show_its_token(reads: MakeReads) -> None:
    """Nor does its repr."""
    assert "token" not in repr(reads(Script(answer()))).replace("business_token", "")


def test_addresses_are_not_logged(reads: MakeReads, caplog: pytest.LogCaptureFixture) -> None:
    """A query may hold the phone number that was searched for."""
    with caplog.at_level(logging.INFO):
        reads(Script(answer())).page(ORDERS, {"search": "6281234567890", "search_field": "customer_phone"})
    assert "6281234567890" not in caplog.text


# --- redirects and refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_never_followed(reads: MakeReads, status: int) -> None:
    """It would carry the token to another host; the message says what to set instead."""
    script = Script(answer({}, status, {"location": "https://elsewhere.example/v3/orders"}))
    with pytest.raises(ReadError, match="redirects") as refused:
        reads(script).page(ORDERS, {})
    assert "api.base_url" in str(refused.value.hint)
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refused_request_shows_the_servers_words(reads: MakeReads, status: int) -> None:
    """A client error is final and carries the cleaned message."""
    script = Script(answer({"error": "bad\x1b[31m cursor", "error_code": "E7"}, status))
    with pytest.raises(ReadError, match=rf"status {status}\): bad \[… cursor \(E7\)"):
        reads(script).page(ORDERS, {})
    assert len(script.requests) == 1


def test_an_address_that_is_not_there_points_at_the_setting(reads: MakeReads) -> None:
    """A 404 for the list means a wrong base address, for a store also a wrong store."""
    with pytest.raises(ReadError) as refused:
        reads(Script(httpx.Response(404, text="<html>"))).page(ORDERS, {})
    assert refused.value.hint == "check `api.base_url`"
    with pytest.raises(ReadError) as refused:
        reads(Script(httpx.Response(404))).page(STORE, {})
    assert "store's id" in str(refused.value.hint)


@pytest.mark.parametrize("status", [501, 505, 204, 206])
def test_a_status_that_no_document_has_is_final(reads: MakeReads, status: int) -> None:
    """It is described and not tried again."""
    script = Script(httpx.Response(status))
    with pytest.raises(BodyError, match=f"status {status}"):
        reads(script).page(ORDERS, {})
    assert len(script.requests) == 1


# --- bodies -----------------------------------------------------------------------------------------------------

PRIVATE = "Budi Santoso 081234567890"
DECODERS = [
    pytest.param(None, id="dicts"),
    pytest.param(project(["id"], FIELDS["orders"]).decode, id="projected"),
]


def test_money_is_read_exactly(reads: MakeReads) -> None:
    """Fractions become decimals, whole numbers stay whole."""
    script = Script(
        httpx.Response(200, content=b'{"data": [{"a": 168724.10, "b": 7}], "is_paginated": false}')
    )
    order = reads(script).page(ORDERS, {}).orders[0]
    assert str(order["a"]) == "168724.10"
    assert isinstance(order["a"], Decimal)
    assert isinstance(order["b"], int)


@pytest.mark.parametrize("fields", [{}, {"has_next": False, "next_cursor": "x"}, {"next_cursor": None}])
def test_an_unpaginated_answer_is_one_page(reads: MakeReads, fields: dict[str, Any]) -> None:
    """It need not say more; a cursor means nothing where no page follows."""
    body = {"data": [], "is_paginated": False, **fields}
    assert reads(Script(answer(body))).page(ORDERS, {}).next_cursor is None


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"is_paginated": True}, BodyError, "no list `data`"),
        ({"data": None, "is_paginated": True}, BodyError, "no list `data`"),
        ({"data": {"id": 1}, "is_paginated": True}, BodyError, "no list `data`"),
        ([{"id": 1}], BodyError, "no list `data`"),
        ({"data": [{"id": 1}, None], "is_paginated": True}, BodyError, "no object"),
        ({"data": []}, PagingError, "`is_paginated`"),
        ({"data": [], "is_paginated": "true"}, PagingError, "`is_paginated`"),
        ({"data": [], "is_paginated": None}, PagingError, "`is_paginated`"),
        ({"data": [], "is_paginated": True, "has_next": "yes"}, PagingError, "`has_next`"),
        ({"data": [], "is_paginated": True, "has_next": True}, PagingError, "no `next_cursor`"),
        (
            {"data": [], "is_paginated": True, "has_next": True, "next_cursor": ""},
            PagingError,
            "no `next_cursor`",
        ),
        (
            {"data": [], "is_paginated": True, "has_next": True, "next_cursor": 7},
            PagingError,
            "`next_cursor` is no text",
        ),
        (
            {"data": [], "is_paginated": False, "has_next": True, "next_cursor": "x"},
            PagingError,
            "not paginated, but that more pages follow",
        ),
        (
            {"data": [], "is_paginated": False, "next_cursor": "x"},
            PagingError,
            "not paginated, but that more pages follow",
        ),
        ({"data": [], "is_paginated": False, "has_next": True}, PagingError, "no `next_cursor`"),
        ({"data": [], "is_paginated": False, "has_next": "yes"}, PagingError, "`has_next`"),
    ],
)
@pytest.mark.parametrize("decode", DECODERS)
def test_a_body_of_another_shape_is_an_error(
    reads: MakeReads, body: Any, error: type[Exception], words: str, decode: Decode | None
) -> None:
    """Nothing is guessed, however it is decoded; what is there in full is not asked for again."""
    script = Script(answer(body))
    with pytest.raises(error, match=words):
        reads(script).page(ORDERS, {}, decode=decode)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("fields", "cursor"),
    [
        ({"has_next": False, "next_cursor": "x"}, None),
        ({"has_next": True, "next_cursor": "x"}, "x"),
        ({"next_cursor": "x"}, "x"),
        ({"has_next": None, "next_cursor": None}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("decode", DECODERS)
def test_the_last_page_is_told_by_has_next(
    reads: MakeReads, fields: dict[str, Any], cursor: str | None, decode: Decode | None
) -> None:
    """Where `has_next` is missing, a cursor is followed rather than orders lost."""
    body = {"data": [], "is_paginated": True, **fields}
    assert reads(Script(answer(body))).page(ORDERS, {}, decode=decode).next_cursor == cursor


def test_orders_are_what_decoding_makes_of_them(reads: MakeReads) -> None:
    """Who reads pages may leave out what nobody looks at."""
    script = Script(answer({**ONE, "data": [{"id": 1, "status": "pending", "notes": PRIVATE}]}))
    (order,) = (
        reads(script).page(ORDERS, {}, decode=project(["id", "status"], FIELDS["orders"]).decode).orders
    )
    assert dict(order) == {"id": 1, "status": "pending"}


UNREADABLE = [
    httpx.Response(200, html=f"<html><body>{PRIVATE}</body></html>"),
    httpx.Response(200, text=PRIVATE),
    httpx.Response(200, content=json.dumps({"data": [{"name": PRIVATE}]})[:-5].encode()),
    httpx.Response(200, content=b""),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, content=b'{"data": [{"a": 1e999999999999999999999}], "is_paginated": false}'),
    httpx.Response(200, content=b'{"data": [{"name": "\xff"}], "is_paginated": false}'),
]


@pytest.mark.parametrize("broken", UNREADABLE[:5], ids=["html", "text", "truncated", "empty", "deep"])
def test_a_body_that_is_no_json_is_none_for_a_projection(reads: MakeReads, broken: httpx.Response) -> None:
    """What is left out is skipped, not overlooked: it too is asked for again."""
    script = Script(broken, answer())
    page = reads(script).page(ORDERS, {}, decode=project(["id"], FIELDS["orders"]).decode)
    assert [dict(order) for order in page.orders] == [{"id": 1}]
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "broken", UNREADABLE, ids=["html", "text", "truncated", "empty", "deep", "number", "bytes"]
)
def test_a_body_that_is_no_json_is_asked_for_again(reads: MakeReads, broken: httpx.Response) -> None:
    """It may have been cut off on the way; a good second answer is enough."""
    script = Script(broken, answer())
    assert reads(script).page(ORDERS, {}).orders == ({"id": 1},)
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "broken", UNREADABLE, ids=["html", "text", "truncated", "empty", "deep", "number", "bytes"]
)
def test_a_body_that_stays_unreadable_is_described_and_not_shown(
    reads: MakeReads, broken: httpx.Response
) -> None:
    """Status, content type and length say enough; what is in it may be a buyer's."""
    with pytest.raises(BodyError, match=rf"status 200, .*, {len(broken.content)} bytes") as refused:
        reads(Script(broken)).page(ORDERS, {})
    assert "Budi" not in "".join(traceback.format_exception(refused.value))


class Breaking(httpx.SyncByteStream):
    """A body that fails in its middle."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"data": [{"id": 1}'
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        httpx.RemoteProtocolError("peer closed connection"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("timed out"),
        httpx.DecodingError("not gzip"),
    ],
)
def test_a_body_that_breaks_off_is_asked_for_again(reads: MakeReads, error: Exception) -> None:
    """A status line without its body is no answer to a read."""
    answers = iter([httpx.Response(200, stream=Breaking(error)), answer()])
    client = reads(lambda _: next(answers))
    assert client.page(ORDERS, {}).orders == ({"id": 1},)
    assert client.spent().retries == 1


class Endless(httpx.SyncByteStream):
    """A body that does not end; each piece takes its time."""

    def __init__(self, clock: Any, piece: bytes, seconds: float) -> None:
        self.clock, self.piece, self.seconds = clock, piece, seconds

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.clock.advance(timedelta(seconds=self.seconds))
            yield self.piece


def test_a_body_without_end_is_cut(reads: MakeReads, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer fills the memory."""
    monkeypatch.setattr(bodies, "LARGEST_BODY", 1000)
    with pytest.raises(BodyError, match="grew too large"):
        reads(lambda _: httpx.Response(200, stream=Endless(clock, b"x" * 400, 0))).page(ORDERS, {})


def test_a_body_that_trickles_is_cut(reads: MakeReads, clock: Any) -> None:
    """Each piece may come in time and the whole still never: `timeout` bounds them all together."""
    with pytest.raises(BodyError, match="took too long"):
        reads(lambda _: httpx.Response(200, stream=Endless(clock, b" ", 20))).page(ORDERS, {})


# --- trying again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 524])
def test_a_passing_fault_is_tried_again(reads: MakeReads, status: int, slept: list[float]) -> None:
    """HTML, plain text or nothing beside the status: it decides alone, and the second attempt counts as a retry."""
    script = Script(httpx.Response(status, html="<h1>Bad Gateway</h1>"), answer())
    client = reads(script)
    assert client.page(ORDERS, {}).orders == ({"id": 1},)
    assert (client.spent().reads, client.spent().retries) == (1, 1)
    assert len(slept) == 1


def test_attempts_end(reads: MakeReads, slept: list[float]) -> None:
    """Five attempts, each wait within its doubled span, and then the fault with a hint."""
    script = Script(httpx.Response(503, text=PRIVATE))
    with pytest.raises(ReadError, match="Scalev failed") as refused:
        reads(script).page(ORDERS, {})
    assert len(script.requests) == ATTEMPTS
    assert len(slept) == ATTEMPTS - 1
    assert all(0 <= seconds <= 2**attempt for attempt, seconds in enumerate(slept))
    assert len(set(slept)) == len(slept)
    assert "try it again" in str(refused.value.hint)
    assert "Budi" not in str(refused.value)


def test_a_plain_text_429_is_a_rate_limit(reads: MakeReads, slept: list[float]) -> None:
    """Without any header the attempts together outlast the ten second window."""
    script = Script(httpx.Response(429, text="Too many requests"))
    with pytest.raises(BudgetExhausted, match="rate limit"):
        reads(script).page(ORDERS, {})
    assert len(script.requests) == ATTEMPTS
    assert sum(slept) >= 10


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "Sat, 21 Nov 2026 03:00:12 GMT"}, 12),
        ({"X-Ratelimit-Reset": "12"}, 12),
        ({"X-Ratelimit-Reset": "1795230012"}, 12),
        ({"X-Ratelimit-Reset": "12", "X-Ratelimit-Remaining": "0"}, 12),
        ({"Retry-After": "12", "X-Ratelimit-Reset": "3000", "X-Ratelimit-Remaining": "20"}, 12),
    ],
)
def test_a_429_is_waited_out_as_it_says(
    reads: MakeReads, slept: list[float], headers: dict[str, str], seconds: float
) -> None:
    """Both forms of both headers are heeded, with a little jitter on top."""
    reads(Script(httpx.Response(429, headers=headers), answer())).page(ORDERS, {})
    assert seconds <= sum(slept) <= seconds + 1


def test_the_reset_of_another_window_is_no_wait(reads: MakeReads, slept: list[float]) -> None:
    """With requests left in the hour, it was the ten seconds that were exceeded."""
    headers = {"X-Ratelimit-Reset": "800", "X-Ratelimit-Remaining": "20"}
    reads(Script(httpx.Response(429, headers=headers), answer())).page(ORDERS, {})
    assert sum(slept) <= 2


def test_a_503_may_say_how_long(reads: MakeReads, slept: list[float]) -> None:
    """`Retry-After` is heeded whatever the status."""
    reads(Script(httpx.Response(503, headers={"Retry-After": "40"}), answer())).page(ORDERS, {})
    assert 40 <= sum(slept) <= 41


@pytest.mark.parametrize(("status", "error"), [(429, BudgetExhausted), (503, ReadError)])
def test_a_wait_that_is_too_long_is_not_begun(
    reads: MakeReads, slept: list[float], status: int, error: type[ReadError]
) -> None:
    """The error says when to come back."""
    script = Script(httpx.Response(status, headers={"Retry-After": "3000"}))
    with pytest.raises(error) as refused:
        reads(script).page(ORDERS, {})
    assert "in 50 minutes" in str(refused.value.hint)
    assert slept == []
    assert len(script.requests) == 1


def test_waits_add_up_to_no_more_than_the_bound(reads: MakeReads, slept: list[float]) -> None:
    """Four waits of six minutes are too long as well."""
    with pytest.raises(ReadError):
        reads(Script(httpx.Response(503, headers={"Retry-After": "360"}))).page(ORDERS, {})
    assert sum(slept) <= 900


def test_a_stop_ends_the_waiting(reads: MakeReads, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sleep that returns early means stop: no further attempt is made."""
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    script = Script(httpx.Response(503, headers={"Retry-After": "5"}))
    with pytest.raises(ReadError, match="stopped"):
        reads(script).page(ORDERS, {})
    assert len(script.requests) == 1


FINAL = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
# Raised only by calls that the client does not make.
NOT_OURS = (httpx.StreamError, httpx.CookieConflict, httpx.HTTPStatusError, httpx.TooManyRedirects)


def httpx_errors() -> list[type[Exception]]:
    """Return every exception class that httpx exports and that has no other below it but its own."""
    found = [
        thing for thing in vars(httpx).values() if inspect.isclass(thing) and issubclass(thing, Exception)
    ]
    return [error for error in found if not issubclass(error, NOT_OURS)]


def made(error: type[Exception]) -> Exception:
    """Make an instance, with words that no message may repeat."""
    return error("words with business-token in them")


@pytest.mark.parametrize("error", httpx_errors())
def test_every_network_error_is_a_read_error(reads: MakeReads, error: type[Exception]) -> None:
    """Each is tried again, but those that another attempt cannot mend; none comes out as httpx's own."""
    script = Script(made(error))
    with pytest.raises(ReadError) as refused:
        reads(script).page(ORDERS, {})
    assert len(script.requests) == (1 if issubclass(error, FINAL) else ATTEMPTS)
    assert refused.value.hint


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_network_that_recovers_is_no_error(reads: MakeReads, error: type[Exception]) -> None:
    """Reads are safe to repeat."""
    assert reads(Script(made(error), answer())).page(ORDERS, {}).orders


def test_an_unreachable_host_is_named(reads: MakeReads) -> None:
    """The message says where and why."""
    with pytest.raises(ReadError, match=r"`api\.example`: Connection refused"):
        reads(Script(httpx.ConnectError("Connection refused"))).page(ORDERS, {})


# --- budget and spending -------------------------------------------------------------------------------------------


def test_every_attempt_takes_its_turn(reads: MakeReads, budget: RollingBudget) -> None:
    """Retries count against the allowance like any request."""
    reads(Script(httpx.Response(503), httpx.Response(503), answer())).page(ORDERS, {})
    assert budget.left_hour() == 9997


def test_an_exhausted_budget_stops_before_sending(reads: MakeReads, clock: Clock) -> None:
    """Nothing is sent that the allowance has no room for."""
    spent_up = RollingBudget(clock, windows=((1, 3600.0),))
    script = Script(answer())
    client = reads(script, budget=spent_up)
    client.page(ORDERS, {})
    with pytest.raises(BudgetExhausted):
        client.page(ORDERS, {})
    assert len(script.requests) == 1


def test_answers_teach_the_budget(reads: MakeReads, budget: RollingBudget) -> None:
    """What the server says is left is believed, error or not."""
    headers = {"X-Ratelimit-Limit": "10000", "X-Ratelimit-Remaining": "77", "X-Ratelimit-Reset": "1800"}
    reads(Script(answer(ONE, headers=headers))).page(ORDERS, {})
    assert budget.left_hour() == 77


def test_the_customers_token_has_its_own_allowance(
    reads: MakeReads, clock: Clock, budget: RollingBudget
) -> None:
    """A budget given for it is the one that its reads draw on."""
    customers = RollingBudget(clock)
    client = reads(Script(answer()), customer_budget=customers)
    client.page(STORE, {})
    assert (budget.left_hour(), customers.left_hour()) == (10_000, 9999)


def test_spending_is_counted(reads: MakeReads, slept: list[float]) -> None:
    """Reads, retries, waits and what the hour has left."""
    client = reads(Script(answer(), httpx.Response(503, headers={"Retry-After": "10"}), answer()))
    client.page(ORDERS, {})
    client.page(ORDERS, {})
    spent = client.spent()
    assert (spent.reads, spent.retries, spent.rereads, spent.writes, spent.left_hour) == (2, 1, 0, 0, 9997)
    assert spent.waited == timedelta(seconds=sum(slept))


# --- statistics ------------------------------------------------------------------------------------------------------


def test_statistics_count_what_fits(reads: MakeReads) -> None:
    """One request, the filters without `columns`, the rows' counts added up."""
    script = Script(answer({"data": [{"count": 40}, {"count": 2}], "is_paginated": False}))
    assert reads(script).count({"status": "pending", "columns": "order_id"}) == 42
    assert script.requests[0].url.path == "/v3/orders/statistics"
    assert dict(script.requests[0].url.params) == {"status": "pending"}


@pytest.mark.parametrize("status", [403, 404])
def test_statistics_that_may_not_be_asked_are_done_without(reads: MakeReads, status: int) -> None:
    """Not every credential has the scope; it is asked for once."""
    script = Script(answer({"error": "Forbidden"}, status))
    client = reads(script)
    assert client.count({}) is None
    assert client.count({}) is None
    assert len(script.requests) == 1


def test_statistics_are_not_asked_with_a_filter_they_do_not_document(reads: MakeReads) -> None:
    """An ignored filter would make the count too large, and a limited share too small."""
    script = Script(answer({"data": [{"count": 40}]}))
    assert reads(script).count({"status": "pending", "tags": "vip"}) is None
    assert script.requests == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": [{"count": "40"}]},
        {"data": [{"count": -1}]},
        {"data": [{"count": True}]},
        {},
        [1],
    ],
)
def test_statistics_that_cannot_be_read_are_done_without(reads: MakeReads, body: Any) -> None:
    """They are a helper: what they do not say plainly is not known."""
    assert reads(Script(answer(body))).count({}) is None


def test_statistics_reject_a_wrong_token(reads: MakeReads) -> None:
    """A token that is no good is no missing scope."""
    with pytest.raises(CredentialError):
        reads(Script(answer({"error": "no"}, 401))).count({})
