from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tertib.errors import BudgetExhausted, CredentialError
from tertib.model import Answer, Echo
from tertib.ports import Clock, Writer
from tertib.scalev.budget import RollingBudget
from tertib.scalev.client import NEVER_SENT, ChangeClient
from tertib.scalev.transport import Transport

MakeWrites = Callable[..., ChangeClient]

UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
BODY = {"ids": [1, 2], "status": "canceled", "by": "tertib/a-rule"}
DONE = {
    "data": [
        {"id": 1, "order_id": "A", "status": "canceled", "payment_status": "unpaid"},
        {"id": 2, "order_id": "B", "status": "canceled", "payment_status": "unpaid"},
    ],
    "is_paginated": False,
}


class Once:
    """A server that answers, or fails, every request the same way and keeps them."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the answer."""
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def sent(
    writes: MakeWrites, answer: httpx.Response | Exception, body: dict[str, Any] | None = None
) -> Answer:
    """Send a change to a server that answers so, and prove that it left exactly once."""
    server = Once(answer)
    result = writes(server).change_status(body or BODY)
    assert len(server.requests) == 1
    return result


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_a_change_is_one_post_with_the_body_as_it_is(writes: MakeWrites) -> None:
    """Ids keep their type and order."""
    server = Once(httpx.Response(200, json=DONE))
    writes(server).change_status({"ids": [UUID, 7], "payment_status": "paid"})
    request = server.requests[0]
    assert (request.method, str(request.url)) == ("POST", "https://api.example/v3/orders/change-status")
    assert json.loads(request.content) == {"ids": [UUID, 7], "payment_status": "paid"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer business-token"


def test_a_change_has_a_connection_of_its_own(writes: MakeWrites) -> None:
    """A kept connection that went stale would fail like a lost answer."""
    server = Once(httpx.Response(200, json=DONE))
    writes(server).change_status(BODY)
    assert server.requests[0].headers["connection"] == "close"


def test_without_a_token_there_is_no_client(writes: MakeWrites) -> None:
    """A missing token is found before anything is claimed."""
    with pytest.raises(CredentialError, match="SCALEV_TOKEN"):
        writes(Once(httpx.Response(200)), token=None)


def test_the_client_is_a_writer(writes: MakeWrites) -> None:
    """The port fits, and what was spent is counted."""
    with writes(Once(httpx.Response(200, json=DONE))) as client:
        writer: Writer = client
        writer.await_turn()
        writer.change_status(BODY)
        assert (writer.spent().writes, writer.spent().reads, writer.spent().left_hour) == (1, 0, 9999)


def test_the_turn_is_taken_before_and_not_while_sending(writes: MakeWrites, clock: Clock) -> None:
    """Between the claim and the wire nothing waits."""
    budget = RollingBudget(clock, windows=((1, 10.0),))
    client = writes(Once(httpx.Response(200, json=DONE)), budget=budget)
    client.await_turn()
    client.change_status(BODY)
    assert client.spent().waited == timedelta()
    client.await_turn()
    assert client.spent().waited >= timedelta(seconds=10)


def test_a_budget_without_room_is_told_before_anything_is_claimed(writes: MakeWrites, clock: Clock) -> None:
    """Waiting too long is an error of the turn, not of the change."""
    client = writes(Once(httpx.Response(200)), budget=RollingBudget(clock, windows=((1, 3600.0),)))
    client.await_turn()
    with pytest.raises(BudgetExhausted):
        client.await_turn()


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_success_confirms_what_it_echoes(writes: MakeWrites) -> None:
    """Each row with a usable id is an echo."""
    answer = sent(writes, httpx.Response(200, json=DONE))
    assert answer == Answer(
        "answered", 200, (Echo(1, "canceled", "unpaid"), Echo(2, "canceled", "unpaid")), ""
    )


def test_echoed_ids_are_read_like_the_lists(writes: MakeWrites) -> None:
    """Digits are their integer and a UUID stays, whichever spelling the answer chose."""
    rows = [{"id": "7", "status": "paid"}, {"id": UUID, "status": "closed", "payment_status": "settled"}]
    answer = sent(writes, httpx.Response(200, json={"data": rows}))
    assert answer.echoes == (Echo(7, "paid", None), Echo(UUID, "closed", "settled"))


def test_rows_that_say_nothing_are_reported(writes: MakeWrites) -> None:
    """They confirm nobody, and do not spoil the rest."""
    rows = [{"id": 1, "status": 5, "payment_status": None}, {"order_id": "B"}, None, {"id": True}]
    answer = sent(writes, httpx.Response(200, json={"data": rows, "is_paginated": False}))
    assert answer.how == "answered"
    assert answer.echoes == (Echo(1, None, None),)
    assert answer.message == "3 of the answer's rows could not be read"


def test_an_empty_success_confirms_nobody(writes: MakeWrites) -> None:
    """An HTTP status confirms nothing by itself."""
    assert sent(writes, httpx.Response(200, json={"data": []})).echoes == ()


@pytest.mark.parametrize("status", [201, 202, 207])
def test_another_success_is_read_the_same_way(writes: MakeWrites, status: int) -> None:
    """With the right body it is an answer."""
    assert len(sent(writes, httpx.Response(status, json=DONE)).echoes) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Budi</html>"),
        httpx.Response(200, text="OK"),
        httpx.Response(200, content=b'{"data": [{"id": 1'),
        httpx.Response(200, json={"status": "ok"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"data": {"id": 1}}),
        httpx.Response(200, json={"error": "failed"}),
        httpx.Response(202, text="queued"),
        httpx.Response(204),
    ],
)
def test_a_success_that_cannot_be_read_is_unknown(writes: MakeWrites, answer: httpx.Response) -> None:
    """Something was done, or not: it is read back later."""
    result = sent(writes, answer)
    assert (result.how, result.status, result.echoes) == ("unknown", answer.status_code, ())
    assert "Budi" not in result.message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 425, 429, 499])
def test_a_client_error_is_a_refusal(writes: MakeWrites, status: int) -> None:
    """Nothing was done, for certain, whatever the body looks like."""
    for answer in (httpx.Response(status, json={"error": "no"}), httpx.Response(status, text="no")):
        result = sent(writes, answer)
        assert (result.how, result.status) == ("refused", status)


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 520, 301, 302, 307, 308])
def test_what_may_have_been_done_is_unknown(writes: MakeWrites, status: int) -> None:
    """A 408, a server error and a redirect do not say what became of the request."""
    result = sent(
        writes, httpx.Response(status, json={"error": "x"}, headers={"location": "https://b.example"})
    )
    assert (result.how, result.status) == ("unknown", status)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_named_by_its_place(writes: MakeWrites, status: int) -> None:
    """One of several accounts has its token in a variable of its own."""
    server = Once(httpx.Response(status, json={}))
    assert "token in `MAWAR_TOKEN`" in writes(server, place="MAWAR_TOKEN").change_status(BODY).message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "rejected the token in `SCALEV_TOKEN`"),
        (403, "order:change_status"),
        (429, "rate limit"),
        (422, "status 422"),
    ],
)
def test_a_refusal_says_why(writes: MakeWrites, status: int, words: str) -> None:
    """The reason and the server's own words."""
    message = sent(writes, httpx.Response(status, json={"error": "not allowed", "error_code": "E1"})).message
    assert words in message
    assert message.endswith(": not allowed (E1)")


def test_older_accounts_give_details(writes: MakeWrites) -> None:
    """`details` names the fields."""
    body = {"error": "Invalid", "details": {"status": ["is invalid"], "by": "too long", "ids": [7]}}
    assert sent(writes, httpx.Response(422, json=body)).message.endswith(
        "Invalid; status: is invalid; by: too long"
    )


def test_a_refusal_never_shows_what_is_private(writes: MakeWrites) -> None:
    """Token, account, holder, phones, emails and control characters are taken out of the server's words."""
    words = "business-token Budi Santoso 0012345 +62 812-3456-7890 budi@example.com \x1b[2J\n" + "x" * 500
    body = {**BODY, "payment_account_holder": "Budi Santoso", "payment_account_number": "0012345"}
    message = sent(writes, httpx.Response(422, json={"error": words}), body).message
    for private in ("business-token", "Budi", "0012345", "812", "budi@", "\x1b", "\n"):
        assert private not in message
    assert len(message) < 300


# --- the network ------------------------------------------------------------------------------------------------------

NOT_OURS = (httpx.StreamError, httpx.CookieConflict, httpx.HTTPStatusError, httpx.TooManyRedirects)
REFUSED = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
}
UNKNOWN = {
    "CloseError",
    "DecodingError",
    "HTTPError",
    "LocalProtocolError",
    "NetworkError",
    "ProtocolError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "TimeoutException",
    "TransportError",
    "WriteError",
    "WriteTimeout",
}


def httpx_errors() -> dict[str, type[Exception]]:
    """Return every exception class that httpx exports, but those of calls that the client does not make."""
    found = {name: thing for name, thing in vars(httpx).items() if inspect.isclass(thing)}
    return {
        name: thing
        for name, thing in found.items()
        if issubclass(thing, Exception) and not issubclass(thing, NOT_OURS)
    }


def test_every_error_of_httpx_is_sorted() -> None:
    """An error that a later httpx adds has to be sorted here before it can surprise anyone."""
    assert set(httpx_errors()) == REFUSED | UNKNOWN
    assert {error.__name__ for error in NEVER_SENT} == REFUSED


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_never_left_is_refused(writes: MakeWrites, name: str) -> None:
    """Without a connection nothing was done."""
    result = sent(writes, httpx_errors()[name]("words"))
    assert (result.how, result.status) == ("refused", None)
    assert result.message.startswith("not sent: ")


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_may_have_arrived_is_unknown(writes: MakeWrites, name: str) -> None:
    """A request that began to be sent is never sent again."""
    result = sent(writes, httpx_errors()[name]("words with business-token"))
    assert (result.how, result.status) == ("unknown", None)
    assert "business-token" not in result.message


@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("odd"), ValueError("odd")])
def test_an_error_nobody_foresaw_is_unknown(writes: MakeWrites, error: Exception) -> None:
    """Whatever broke, the request may have arrived."""
    assert sent(writes, error).how == "unknown"


class Breaking(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"data": ['
        raise httpx.RemoteProtocolError("peer closed connection")


@pytest.mark.parametrize(("status", "how"), [(200, "unknown"), (422, "refused"), (503, "unknown")])
def test_the_status_counts_though_the_body_broke_off(writes: MakeWrites, status: int, how: str) -> None:
    """The status line of a 4xx says that nothing was done; that of a 200 does not say for whom."""
    result = sent(writes, httpx.Response(status, stream=Breaking()))
    assert (result.how, result.status) == (how, status)


def test_an_answer_is_not_lost_over_its_headers(writes: MakeWrites) -> None:
    """A budget that fails to learn does not turn a confirmed change into an unknown one."""

    class Failing(RollingBudget):
        def observe(self, status: int, headers: Any) -> None:
            raise OSError(status, headers)

    client = writes(Once(httpx.Response(200, json=DONE)))
    client._budget = Failing(client._clock)
    assert client.change_status(BODY).how == "answered"


def test_answers_teach_the_budget(writes: MakeWrites, budget: RollingBudget) -> None:
    """The next request waits as a refused one was told to."""
    headers = {"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "5", "x-ratelimit-reset": "600"}
    sent(writes, httpx.Response(429, text="slow down", headers=headers))
    assert budget.left_hour() == 5


# --- over a real socket ---------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Serve on loopback: count connections, offer to keep them, and answer every change alike."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.server.connections.append(self.client_address)  # type: ignore[attr-defined] # set below

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.server.posts.append(self.headers)  # type: ignore[attr-defined] # set below
            body = json.dumps(DONE).encode()
            self.send_response(307 if self.server.redirect else 200)  # type: ignore[attr-defined] # set below
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    served = HTTPServer(("127.0.0.1", 0), Handler)
    served.connections, served.posts, served.redirect = [], [], False  # type: ignore[attr-defined] # notes
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def over_socket(server: HTTPServer, clock: Clock) -> ChangeClient:
    """Make a client with httpx's own transport."""
    return ChangeClient(
        f"http://127.0.0.1:{server.server_port}",
        token="business-token",
        timeout=timedelta(seconds=10),
        budget=RollingBudget(clock),
        clock=clock,
    )


def test_two_changes_use_two_connections(server: Any, clock: Clock) -> None:
    """Even where the server would keep the first one."""
    with over_socket(server, clock) as client:
        assert [client.change_status(BODY).how for _ in range(2)] == ["answered", "answered"]
    assert len(server.connections) == 2


def test_a_redirect_over_the_wire_is_not_followed(server: Any, clock: Clock) -> None:
    """The one POST stays the only one."""
    server.redirect = True
    with over_socket(server, clock) as client:
        assert client.change_status(BODY).how == "unknown"
    assert len(server.posts) == 1


def test_the_transport_itself_tries_nothing_twice(server: Any, clock: Clock) -> None:
    """A pool of httpcore can repeat a connection by itself; it is told not to."""
    with over_socket(server, clock) as client:
        transport = client._http._transport
        assert isinstance(transport, Transport)
        assert transport._straight._retries == 0
        assert transport._straight._max_keepalive_connections == 0
