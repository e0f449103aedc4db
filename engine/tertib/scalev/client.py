"""Read orders from Scalev, and change their status in bulk: two clients, so that a preview is never handed the second.

Reads are safe to repeat and are retried; a write is sent exactly once however it ends, and its answer is sorted into
what is known to be done, known not to be done, and unknown.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from tertib.errors import BodyError, BudgetExhausted, ReadError
from tertib.model import Answer, Page, Source, Spent
from tertib.ports import Budget, Clock, Decode
from tertib.sayings import N_, said
from tertib.scalev import answers
from tertib.scalev.answers import Received
from tertib.scalev.budget import DEFAULT_LONGEST_WAIT, rest, show
from tertib.scalev.connection import address, bearer, exchange, open_http, why
from tertib.scalev.verdicts import (
    CUSTOMER_TOKEN,
    FORBIDDEN,
    NOT_FOUND,
    OK,
    TOKEN,
    Again,
    Endpoint,
    judge,
    sort_change,
)
from tertib.tracing import traced

T = TypeVar("T")

PAGE_SIZE: Final = 25
ATTEMPTS: Final = 5

STATISTICS_PARAMETERS: Final = frozenset(
    (
        "search",
        "search_field",
        "status",
        "payment_status",
        "business_id",
        "store_id",
        "shipped_time_since",
        "shipped_time_until",
    )
)
"""The filters that the statistics endpoint documents; another might be ignored, and the count be of something else."""

_PLACES: Final = {TOKEN: TOKEN, CUSTOMER_TOKEN: CUSTOMER_TOKEN}

# Backoff in seconds: the span doubles with each attempt, up to the longest.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""Errors that end a request before its first byte left: no connection, no place in the pool, no tunnel."""

_NEVER_WELL_FORMED: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


class _Closing:
    """What both clients share: connections that a `with` block closes."""

    _http: httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Client(_Closing):
    """Reads of one account; implements `ports.Reader`, and may be used from several threads.

    `token` is the business's, `customer_token` a store's signed-in customer's: each goes to its own endpoints only,
    and either may be None until it is needed. They count against separate allowances at Scalev, so
    `customer_budget` may be given; without it both draw on `budget`. `places` says where people put each token, for
    messages, by the variable of a project with one account.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None,
        customer_token: str | None,
        timeout: timedelta,
        budget: Budget,
        clock: Clock,
        rng: random.Random,
        transport: httpx.BaseTransport | None = None,
        customer_budget: Budget | None = None,
        longest_wait: timedelta = DEFAULT_LONGEST_WAIT,
        places: Mapping[str, str] = _PLACES,
    ) -> None:
        self._base = address(base_url)
        self._tokens = {TOKEN: token, CUSTOMER_TOKEN: customer_token}
        self._places = {**_PLACES, **places}
        self._timeout = timeout
        self._budget = budget
        self._customer_budget = customer_budget or budget
        self._clock = clock
        self._rng = rng
        self._longest_wait = longest_wait.total_seconds()
        self._http = open_http(timeout, transport)
        self._lock = threading.Lock()
        self._reads = self._retries = 0
        self._waited = 0.0
        self._may_count = True

    @traced("tertib.page")
    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return one page of at most 25 orders: the first where `cursor` is None; plain dicts without a `decode`.

        Raises CredentialError where the token is missing, rejected or lacks its scope, and ReadError otherwise.
        """
        endpoint = self._orders() if source.store is None else self._customer_orders(source.store)
        sent = {**params, "page_size": str(PAGE_SIZE)}
        if cursor is not None:
            sent["next_cursor"] = cursor
        return self._get(
            endpoint,
            sent,
            lambda received: answers.read_page(received, received.asked_at or self._clock.now(), decode),
        )

    def count(self, params: Mapping[str, str]) -> int | None:
        """Return how many orders fit, by the statistics endpoint.

        None where the credential may not ask, where the answer cannot be read, or where a filter is not among those
        that the endpoint documents. `columns` is left out. A refusal is remembered and not asked for again.
        """
        asked = {name: value for name, value in params.items() if name != "columns"}
        if not self._may_count or not asked.keys() <= STATISTICS_PARAMETERS:
            return None
        url = f"{self._base}/v3/orders/statistics"
        endpoint = Endpoint(url, TOKEN, self._places[TOKEN], "order:statistics:read", "", self._budget)
        return self._get(endpoint, asked, self._read_count, accepted=frozenset((FORBIDDEN, NOT_FOUND)))

    def spent(self) -> Spent:
        """Return what reading has cost so far; a request's further attempts count as retries."""
        with self._lock:
            reads, retries, waited = self._reads, self._retries, timedelta(seconds=self._waited)
        return Spent(reads=reads, retries=retries, waited=waited, left_hour=self._budget.left_hour())

    # --- endpoints ----------------------------------------------------------------------------------------

    def _orders(self) -> Endpoint:
        """Return the business's order list."""
        return Endpoint(
            f"{self._base}/v3/orders",
            TOKEN,
            self._places[TOKEN],
            "order:list",
            N_("check `api.base_url`"),
            self._budget,
        )

    def _customer_orders(self, store: str) -> Endpoint:
        """Return the order list of a store's signed-in customer; `store` is the store's `unique_id`."""
        if not store.strip("."):
            # Such a path would lead to another endpoint.
            raise ReadError(said("`%(store)s` is no store's id", store=store))
        url = f"{self._base}/v3/stores/{quote(store, safe='')}/customers/me/orders"
        mend = N_("check the store's id in `source`, and `api.base_url`")
        return Endpoint(url, CUSTOMER_TOKEN, self._places[CUSTOMER_TOKEN], "", mend, self._customer_budget)

    def _read_count(self, received: Received) -> int | None:
        """Read the statistics, or remember that they are not to be had."""
        if received.status != OK:
            self._may_count = False
            return None
        return answers.read_count(received)

    # --- attempts -----------------------------------------------------------------------------------------

    def _get(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        read: Callable[[Received], T],
        accepted: frozenset[int] = frozenset(),
    ) -> T:
        """Ask until `read` has an answer of status 200 (or an `accepted` one), within the bounds of patience."""
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                received = self._send(endpoint, params, attempt)
                if received.status not in accepted:
                    judge(endpoint, received, self._clock.now(), self._secrets())
                return _understood(read, received)
            except Again as fault:
                if attempt == ATTEMPTS:
                    raise _gave_up(fault) from None
                waited += self._pause(fault, attempt, waited)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, endpoint: Endpoint, params: Mapping[str, str], attempt: int) -> Received:
        """Make one attempt, as soon as the budget has room for it."""
        headers = {"Authorization": bearer(self._tokens[endpoint.variable], endpoint.variable)}
        self._take(endpoint.budget)
        with self._lock:
            self._reads += attempt == 1
            self._retries += attempt > 1
        try:
            request = self._http.build_request("GET", endpoint.url, params=dict(params), headers=headers)
            asked_at = self._clock.now()
            received = replace(exchange(self._http, request, self._clock, self._timeout), asked_at=asked_at)
        except _NEVER_WELL_FORMED as error:
            raise ReadError(N_("the request could not be made"), hint=N_("check `api.base_url`")) from error
        except httpx.HTTPError as error:
            raise Again(
                ReadError(
                    said(
                        "could not read from `%(address)s`: %(why)s",
                        address=self._base.netloc.decode(),
                        why=why(error),
                    )
                )
            ) from error
        endpoint.budget.observe(received.status, received.headers)
        return received

    def _take(self, budget: Budget) -> None:
        """Wait for the budget, and count the wait."""
        begun = self._clock.monotonic()
        try:
            budget.take()
        finally:
            self._count_wait(self._clock.monotonic() - begun)

    def _count_wait(self, seconds: float) -> None:
        """Add to what was waited."""
        with self._lock:
            self._waited += seconds

    def _pause(self, fault: Again, attempt: int, waited: float) -> float:
        """Wait before another attempt and return for how long; raise the fault's error where that would be too long."""
        seconds = self._patience(fault, attempt)
        if waited + seconds > self._longest_wait:
            raise _gave_up(fault) from None
        whole = rest(self._clock, seconds)
        self._count_wait(seconds)
        if not whole:
            raise ReadError(N_("stopped while waiting to read again")) from None
        return seconds

    def _patience(self, fault: Again, attempt: int) -> float:
        """Choose a wait in seconds: what the server asked for, else one that grows, and always some jitter."""
        span = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (attempt - 1))
        if fault.asked is not None:
            return fault.asked + self._rng.uniform(0, _FIRST_PAUSE)
        jitter = self._rng.uniform(0, span)
        # A rate limit that does not say how long is waited out: the attempts together outlast the 10 second window.
        return span + jitter if isinstance(fault.error, BudgetExhausted) else jitter

    def _secrets(self) -> tuple[str, ...]:
        """Return what no message may hold."""
        return tuple(token.strip() for token in self._tokens.values() if token)


def _understood(read: Callable[[Received], T], received: Received) -> T:
    """Read an answer's body; one that is no JSON may have been cut off, so it is asked for again."""
    try:
        return read(received)
    except answers.Undecodable as error:
        raise Again(BodyError(said("the answer is no JSON (%(error)s)", error=error))) from error


def _gave_up(fault: Again) -> ReadError:
    """Return the fault's error with a hint that says when to come back."""
    error = fault.error
    error.hint = f"try it again {'later' if fault.asked is None else f'in {show(fault.asked)}'}"
    return error


class ChangeClient(_Closing):
    """The one write, sent exactly once; implements `ports.Writer`.

    Every write has a connection of its own. A kept connection that the server has closed in the meantime fails just
    like one that broke after the request was read, and nothing could tell whether the change was made. Raises
    CredentialError at once where the token is missing. `place` says where people put the token, for messages.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None,
        timeout: timedelta,
        budget: Budget,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        place: str = TOKEN,
    ) -> None:
        self._url = f"{address(base_url)}/v3/orders/change-status"
        self._authorization = bearer(token, TOKEN)
        self._place = place
        self._timeout = timeout
        self._budget = budget
        self._clock = clock
        self._http = open_http(timeout, transport, keep_alive=False)
        self._writes = 0
        self._waited = 0.0

    def await_turn(self) -> None:
        """Wait until the budget has room for one write; raises BudgetExhausted where that would be too long."""
        begun = self._clock.monotonic()
        try:
            self._budget.take()
        finally:
            self._waited += self._clock.monotonic() - begun

    def spent(self) -> Spent:
        """Return what writing has cost so far."""
        waited = timedelta(seconds=self._waited)
        return Spent(writes=self._writes, waited=waited, left_hour=self._budget.left_hour())

    @traced("tertib.change_status")
    def change_status(self, body: Mapping[str, Any]) -> Answer:
        """Send `body` at once and exactly once, and say how it was answered; never raises for what the network does.

        It takes no turn of the budget: `await_turn` came before the claim.
        """
        content = msgspec.json.encode(body)
        self._writes += 1
        try:
            received = exchange(self._http, self._request(content), self._clock, self._timeout)
        except NEVER_SENT as error:
            return Answer("refused", None, message=said("not sent: %(why)s", why=why(error)))
        except Exception as error:  # noqa: BLE001 - whatever broke, the request may have arrived
            return Answer("unknown", None, message=said("no answer: %(why)s", why=why(error)))
        # An answer that is lost over its rate-limit headers would be worse than headers not learnt from.
        with suppress(Exception):
            self._budget.observe(received.status, received.headers)
        return sort_change(received, self._secrets(body), self._place)

    def _request(self, content: bytes) -> httpx.Request:
        """Build the request."""
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Connection": "close",
        }
        return self._http.build_request("POST", self._url, content=content, headers=headers)

    def _secrets(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what no message may hold: the token, and the personal values that were sent."""
        personal = (body.get("payment_account_holder"), body.get("payment_account_number"))
        return (self._authorization.partition(" ")[2], *(str(value) for value in personal if value))
