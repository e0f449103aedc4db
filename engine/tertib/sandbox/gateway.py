"""Let a request in, note it, count it, and answer it, with what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from tertib.sandbox import endpoints
from tertib.sandbox.catalogue import Fields
from tertib.sandbox.changes import BulkChange
from tertib.sandbox.clock import iso
from tertib.sandbox.credentials import credential_of
from tertib.sandbox.distortions import distorted
from tertib.sandbox.faults import Fault
from tertib.sandbox.journal import Entry, masked
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.state import Call, Sandbox, sandbox_of

TRANSPORT: Final = "sandbox.transport"
"""The key under which the server hands over the connection, so that a fault can cut it."""
LONGEST_HANG: Final = 600.0
_log = logging.getLogger(__name__)

Answerer = Callable[[Sandbox, Call], Fields]


def door(endpoint: str, answer: Answerer) -> Callable[[Request], Awaitable[Response]]:
    """Make the handler of one documented endpoint."""

    async def handle(request: Request) -> Response:
        sandbox = sandbox_of(request.app.state)
        params = dict(request.query_params)
        entry = sandbox.journal.begin(
            iso(sandbox.shop.clock.now()), request.method, request.url.path, endpoint, params
        )
        headers: dict[str, str] = {}
        try:
            response = await _let_in(sandbox, request, entry, answer, headers)
        except Refusal as refusal:
            headers.update(refusal.headers)
            response = JSONResponse(refusal.body(sandbox.shop.contract), refusal.status)
        if response is not None:
            response.headers.update(headers)
            entry.status = response.status_code
        return response or Response(status_code=500)

    return handle


async def _let_in(
    sandbox: Sandbox, request: Request, entry: Entry, answer: Answerer, headers: dict[str, str]
) -> Response | None:
    """Check the token, count the request, draw its faults and answer; None where the connection was cut."""
    raw = await request.body()
    token, credential = credential_of(request.headers.get("authorization"), sandbox.tokens)
    secrets = frozenset((*sandbox.tokens, token))
    entry.path = masked(entry.path, secrets)
    entry.params = masked(entry.params, secrets)
    body = _parsed(raw) if request.method == "POST" else None
    entry.body = masked(_text(raw) if body is _NO_JSON else body, secrets)
    headers.update(sandbox.meter.spend(token))
    faults = sandbox.faults.draw(entry.endpoint, dict(request.query_params), _ids(body))
    entry.faults = list(faults)
    if body is _NO_JSON:
        raise Refusal(400, "Request body is not valid JSON")
    params = _unignored(dict(request.query_params), faults.get("ignore_filter"))
    return await _answer(
        sandbox, request, Call(params, request.path_params, body, credential, faults), answer
    )


async def _answer(sandbox: Sandbox, request: Request, call: Call, answer: Answerer) -> Response | None:
    faults = call.faults
    if "slow" in faults:
        await asyncio.sleep(faults["slow"].options["delay_ms"] / 1000)
    if "reset_before_apply" in faults:
        return await cut(request)
    response = _instead(faults)
    if response is not None:
        return response
    if "late_apply" in faults:
        return await _answer_late(sandbox, request, call, faults["late_apply"])
    body = answer(sandbox, call)
    if "reset_after_apply" in faults:
        return await cut(request)
    return _afterwards(faults) or _written(faults, distorted(sandbox, call, body))


def _instead(faults: Mapping[str, Fault]) -> Response | None:
    """Answer something else and do nothing."""
    if "plain_429" in faults:
        after = faults["plain_429"].options["retry_after"]
        return PlainTextResponse(
            "Too Many Requests", 429, {"Retry-After": str(after)} if after is not None else None
        )
    if "redirect" in faults:
        return Response(status_code=307, headers={"Location": str(faults["redirect"].options["location"])})
    if "error_before_apply" in faults:
        return _error(faults["error_before_apply"])
    if "html_502" in faults and not faults["html_502"].options["applied"]:
        return _bad_gateway()
    return None


def _afterwards(faults: Mapping[str, Fault]) -> Response | None:
    """Answer something else although it was done."""
    if "error_after_apply" in faults:
        return _error(faults["error_after_apply"])
    return _bad_gateway() if "html_502" in faults else None


def _written(faults: Mapping[str, Fault], body: Fields) -> Response:
    if "endless_body" in faults:
        return StreamingResponse(
            _endless(faults["endless_body"].options["seconds"]), media_type="application/json"
        )
    if "truncated_json" in faults:
        raw = json.dumps(body).encode()
        return Response(raw[: len(raw) * 2 // 3], media_type="application/json")
    return JSONResponse(body)


async def _answer_late(sandbox: Sandbox, request: Request, call: Call, fault: Fault) -> Response | None:
    """Accept a change, leave the client without its answer, and carry the change out later."""
    change = endpoints.read_change(sandbox, call)
    number = sandbox.late.put(lambda: _carry_out(sandbox, change))
    delay, answer = fault.options["delay_ms"], fault.options["answer"]
    if delay is not None:
        asyncio.get_running_loop().call_later(delay / 1000, sandbox.late.carry_out, number)
    if answer == "hang":
        return await _hang(request)
    return await cut(request) if answer == "reset" else _error(fault, int(answer))


def _carry_out(sandbox: Sandbox, change: BulkChange) -> None:
    try:
        sandbox.shop.change(change)
    except Refusal as refusal:
        _log.info("a late change was refused: %s", refusal.error)


def _error(fault: Fault, status: int | None = None) -> Response:
    status = status if status is not None else int(fault.options["status"])
    return JSONResponse({"error": "Something went wrong", "error_code": "server_error"}, status)


def _bad_gateway() -> Response:
    return HTMLResponse("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", 502)


async def _hang(request: Request) -> Response | None:
    """Answer nothing until the client has gone."""
    try:
        await asyncio.wait_for(_gone(request), LONGEST_HANG)
    except TimeoutError:
        return Response(status_code=504)
    return None


async def cut(request: Request) -> Response | None:
    """Reset the connection; the client cannot tell what became of its request."""
    transport = request.scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("a fault cut the connection")
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(request)
    return None


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _endless(seconds: float) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    yield b'{"data": ['
    while loop.time() < end:
        yield b" " * 1024
        await asyncio.sleep(0.02)


_NO_JSON: Final = object()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return _NO_JSON


def _text(raw: bytes) -> str:
    return raw[:2000].decode(errors="replace")


def _ids(body: Any) -> list[Any]:
    ids = body.get("ids") if isinstance(body, dict) else None
    return ids if isinstance(ids, list) else []


def _unignored(params: dict[str, str], fault: Fault | None) -> dict[str, str]:
    ignored = None if fault is None else fault.options["filter"]
    return {name: value for name, value in params.items() if name != ignored}
