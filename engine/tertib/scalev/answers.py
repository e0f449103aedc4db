"""Read what Scalev answers: a body by its status, never guessed, and nothing of it in an error but its own message.

Bodies hold buyers' names and numbers, so an unreadable one is described by status, content type and length. The one
thing shown is the `error` of a 4xx, and of it only words that are known to be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from tertib.errors import BodyError, PagingError
from tertib.model import Echo, Order, Page
from tertib.ports import Decode
from tertib.sayings import N_, said
from tertib.scalev.ids import wire_id
from tertib.scalev.vocabulary import known_words

_LONGEST_MESSAGE: Final = 200
_MASK: Final = "•••"

# Numbers of nine digits and more are phones and accounts; order keys are shorter or have letters.
_EMAIL: Final = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}")
_LONG_NUMBER: Final = re.compile(r"\+?\d(?:[ .-]?\d){8,}")

_ERROR_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


class Undecodable(Exception):  # noqa: N818 - a state of a body, made into an error by whoever knows the request
    """A body that is no JSON: cut off, HTML, plain text."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer: its status, its headers (names in lower case) and its body.

    `broken` says why the body did not arrive whole, and is "" where it did. `asked_at` is when the request was
    sent: nothing in the answer is younger than that for certain.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    broken: str = ""
    asked_at: datetime | None = None

    def describe(self) -> str:
        """Say what came without saying what was in it."""
        kind = clean(self.headers.get("content-type", "").partition(";")[0]) or "no content type"
        ending = f", then {self.broken}" if self.broken else ""
        return f"status {self.status}, {kind}, {len(self.body)} bytes{ending}"


def clean(text: str, secrets: Collection[str] = ()) -> str:
    """Make a server's words fit to be shown: one line, short, without secrets and personal data."""
    text = text[: 10 * _LONGEST_MESSAGE]
    for secret in secrets:
        if secret:
            text = text.replace(secret, _MASK)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = _LONG_NUMBER.sub(_MASK, _EMAIL.sub(_MASK, text))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 1]}…"


def decode(received: Received, how: Decode | None = None) -> Any:
    """Decode a JSON body, fractions as `Decimal`, into dicts or `how` it is wanted; raises `Undecodable`."""
    if received.broken:
        raise Undecodable(received.describe())
    try:
        return (how or _DECODER.decode)(received.body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
        raise Undecodable(received.describe()) from error


def complaint(received: Received, secrets: Collection[str] = ()) -> str:
    """Return the server's own words about a refusal, those known to be harmless; "" where the body has none."""
    try:
        body = decode(received)
    except Undecodable:
        return ""
    if not isinstance(body, Mapping):
        return ""
    words = [body.get("error"), *_details(body.get("details"))]
    text = known_words(clean("; ".join(word for word in words if isinstance(word, str) and word), secrets))
    code = body.get("error_code")
    if isinstance(code, str) and _ERROR_CODE.fullmatch(clean(code, secrets)):
        text = f"{text} ({code})" if text else code
    return text


def _details(details: object) -> Iterator[str]:
    """Yield `field: message` for the older accounts' details."""
    for name, messages in details.items() if isinstance(details, Mapping) else ():
        for message in messages if isinstance(messages, list) else (messages,):
            if isinstance(message, str):
                yield f"{name}: {message}"


# --- lists ------------------------------------------------------------------------------------------------


def read_page(received: Received, now: datetime, how: Decode | None = None) -> Page:
    """Read one page of orders, decoded into dicts or `how` they are wanted.

    Raises `Undecodable` where the body is no JSON (reading again may help), `BodyError` where it is no list of orders,
    and `PagingError` where it does not say whether and how more follow.
    """
    body = decode(received, how)
    orders = _objects(body, received)
    return Page(orders, _next_cursor(body), now)


def _objects(body: object, received: Received) -> tuple[Order, ...]:
    """Return `data`, a list of objects."""
    data = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(data, list):
        raise BodyError(said("the answer holds no list `data` (%(answer)s)", answer=received.describe()))
    if not all(isinstance(item, Mapping) for item in data):
        raise BodyError(
            said(
                "the answer's `data` holds something that is no object (%(answer)s)",
                answer=received.describe(),
            )
        )
    return tuple(data)


def _next_cursor(body: Mapping[str, Any]) -> str | None:
    """Return the cursor of the page that follows, None where this is the last."""
    if not isinstance(body.get("is_paginated"), bool):
        raise PagingError(
            N_("the answer does not say whether it is paginated: `is_paginated` is missing or no boolean")
        )
    cursor, has_next = body.get("next_cursor"), body.get("has_next")
    if not isinstance(cursor, str | None):
        raise PagingError(N_("the answer's `next_cursor` is no text"))
    if not isinstance(has_next, bool | None):
        raise PagingError(N_("the answer's `has_next` is no boolean"))
    if has_next and not cursor:
        raise PagingError(N_("the answer says that more pages follow, but gives no `next_cursor`"))
    # `has_next` is documented as false by default; a cursor beside none speaks against that, and one page too many
    # does no harm.
    following = None if has_next is False else cursor or None
    if following is not None and not body["is_paginated"]:
        raise PagingError(N_("the answer says that it is not paginated, but that more pages follow"))
    return following


# --- statistics -------------------------------------------------------------------------------------------


def read_count(received: Received) -> int | None:
    """Return the sum of the statistics rows' counts, None where the body has no such rows."""
    try:
        rows = _objects(decode(received), received)
    except (Undecodable, BodyError):
        return None
    counts = [row.get("count") for row in rows]
    whole = [
        count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count >= 0
    ]
    return sum(whole) if counts and len(whole) == len(counts) else None


# --- changes ----------------------------------------------------------------------------------------------


def read_echoes(received: Received) -> tuple[tuple[Echo, ...], int] | None:
    """Return what a change's answer says of each order, and how many of its rows say nothing readable.

    None where the body is not the documented list at all.
    """
    try:
        rows = decode(received)
    except Undecodable:
        return None
    data = rows.get("data") if isinstance(rows, Mapping) else None
    if not isinstance(data, list):
        return None
    echoes = tuple(echo for echo in map(_echo, data) if echo is not None)
    return echoes, len(data) - len(echoes)


def _echo(row: object) -> Echo | None:
    """Read one row, None where it names no order."""
    if not isinstance(row, Mapping):
        return None
    key = wire_id(row.get("id"))
    if key is None:
        return None
    return Echo(key, _text(row.get("status")), _text(row.get("payment_status")))


def _text(value: object) -> str | None:
    """Return a text as it is, anything else as nothing."""
    return value if isinstance(value, str) else None
