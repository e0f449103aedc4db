"""A body is read within bounds of time and size, and unpacked only as far as there is room."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.errors import BodyError
from tertib.model import Source
from tertib.ports import Clock
from tertib.scalev import bodies
from tertib.scalev.bodies import read_body
from tertib.scalev.deadline import Deadline

TEXT: Final = b'{"data": [], "is_paginated": false}'


class Pieces(httpx.SyncByteStream):
    """A body in pieces as they came."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


class Still:
    """A clock that stands."""

    def monotonic(self) -> float:
        """Return the one moment."""
        return 0.0


def read(*pieces: bytes, coding: str | None = "gzip") -> tuple[bytes, str]:
    """Read a body that comes in these pieces."""
    headers = {} if coding is None else {"Content-Encoding": coding}
    still: Any = Still()
    return read_body(
        httpx.Response(200, headers=headers, stream=Pieces(*pieces)),
        Deadline.within(still, timedelta(seconds=1)),
    )


def split(body: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut a body at these places."""
    cuts = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[start:end] for start, end in pairwise(cuts)]


@given(st.binary(max_size=5000), st.lists(st.integers(0, 10_000), max_size=20), st.booleans())
def test_a_body_is_the_same_however_it_comes(body: bytes, places: list[int], packed: bool) -> None:  # noqa: FBT001 - one of two ways
    """Packets end where they like."""
    sent = gzip.compress(body, mtime=0) if packed else body
    assert read(*split(sent, places), coding="gzip" if packed else None) == (body, "")


@pytest.mark.parametrize("coding", ["GZIP", " gzip ", "identity, gzip", "gzip,"])
def test_a_coding_is_known_however_it_is_written(coding: str) -> None:
    """Names are case-blind, and the one that means nothing counts for nothing."""
    assert read(gzip.compress(TEXT), coding=coding) == (TEXT, "")


@pytest.mark.parametrize("coding", [None, "", "identity", "Identity"])
def test_a_body_without_a_coding_is_taken_as_it_is(coding: str | None) -> None:
    """Most are small enough to come unpacked."""
    assert read(TEXT, coding=coding) == (TEXT, "")


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,gzip,gzip", "deflate", "br", "zstd", "gzip, br", "x"])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    """Nothing of the body is even looked at."""
    assert read(TEXT, coding=coding) == (b"", "came in an encoding that was not asked for")


def test_an_answer_without_a_body_need_not_be_packed() -> None:
    """Some servers name a coding where nothing follows."""
    assert read() == (b"", "")


@pytest.mark.parametrize("cut", [1, 5, 9, 12, 30])
def test_a_packed_body_that_breaks_off_is_not_whole(cut: int) -> None:
    """The end of the connection does not make a whole of half a frame."""
    body, broken = read(gzip.compress(TEXT)[:-cut])
    assert TEXT.startswith(body)
    assert broken == "was cut off"


@pytest.mark.parametrize(
    "pieces",
    [
        (gzip.compress(TEXT) + b"more",),
        (gzip.compress(TEXT), b"more"),
        (gzip.compress(TEXT), gzip.compress(TEXT)),
        (gzip.compress(TEXT) + gzip.compress(TEXT),),
        (b"no gzip at all",),
        (zlib.compress(TEXT),),
        (gzip.compress(TEXT)[:-8] + b"12345678",),
    ],
    ids=["garbage", "garbage apart", "a frame apart", "a frame", "text", "deflate", "a wrong sum"],
)
def test_a_body_that_is_not_one_frame_is_refused(pieces: tuple[bytes, ...]) -> None:
    """What does not add up is no answer."""
    assert read(*pieces)[1] == "could not be decompressed"


def test_empty_blocks_are_nothing() -> None:
    """A server may flush before it has anything to say."""
    packer = zlib.compressobj(wbits=31)
    flushed = [packer.flush(zlib.Z_FULL_FLUSH) for _ in range(100)]
    assert read(*flushed, packer.compress(TEXT) + packer.flush()) == (TEXT, "")


def test_a_body_may_be_as_large_as_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte more is too large, packed or not."""
    monkeypatch.setattr(bodies, "LARGEST_BODY", 1000)
    for size, broken in ((1000, ""), (1001, "grew too large")):
        assert read(gzip.compress(b"x" * size))[1] == broken
        assert read(b"x" * size, coding=None)[1] == broken


def test_a_few_bytes_never_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that unpacks to 64 times what is allowed is left packed where the room ends."""
    monkeypatch.setattr(bodies, "LARGEST_BODY", 1 << 20)
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 1 << 17
    tracemalloc.start()
    try:
        body, broken = read(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(body), broken) == ((1 << 20) + 1, "grew too large")
    assert peak < 8 << 20


def test_a_body_packed_twice_is_not_unpacked() -> None:
    """The second layer would multiply what the first one grew to."""
    bomb = gzip.compress(gzip.compress(bytes(64 << 20)))
    tracemalloc.start()
    try:
        assert read(bomb, coding="gzip, gzip") == (b"", "came in an encoding that was not asked for")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_empty_blocks_do_not_hide_from_the_clock(reads: Callable[..., Any], clock: Any) -> None:
    """What unpacks to nothing takes time all the same."""

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
            while True:
                clock.advance(timedelta(seconds=20))
                yield b"\x00\x00\x00\xff\xff"

    headers = {"Content-Encoding": "gzip"}
    client = reads(lambda _: httpx.Response(200, headers=headers, stream=Endless()))
    with pytest.raises(BodyError, match="took too long"):
        client.page(Source(), {})


@pytest.mark.parametrize(("status", "how"), [(200, "unknown"), (422, "refused")])
def test_a_changes_answer_that_cannot_be_unpacked_says_what_its_status_says(
    writes: Callable[..., Any], status: int, how: str
) -> None:
    """Nobody knows whose change a packed 200 confirms; a 4xx confirms none."""
    answer = httpx.Response(status, headers={"Content-Encoding": "br"}, stream=Pieces(b"x"))
    assert writes(lambda _: answer).change_status({"ids": [1], "status": "canceled"}).how == how


def test_only_what_can_be_unpacked_is_asked_for(
    reads: Callable[..., Any], writes: Callable[..., Any], clock: Clock
) -> None:
    """Reads and writes ask for the one coding."""
    asked: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces(gzip.compress(TEXT)))

    assert reads(take).page(Source(), {}).read_at == clock.now()
    assert writes(take).change_status({"ids": [1], "status": "canceled"}).how == "answered"
    assert [request.headers["accept-encoding"] for request in asked] == ["gzip", "gzip"]
