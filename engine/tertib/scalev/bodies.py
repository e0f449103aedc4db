"""Read an answer's body within bounds: of time, and of size after decompression.

Compressed bytes are unpacked only as far as there is room, so a few of them never fill the memory. One layer of gzip is
asked for, and nothing else is unpacked.
"""

from __future__ import annotations

import zlib
from typing import Final, Protocol, cast

import httpx

from tertib.sayings import N_
from tertib.scalev.deadline import Deadline

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of one answer, after decompression; a page of 25 orders has a few hundred thousand at the most."""

CODING: Final = "gzip"
"""The one compression that is asked for."""

_GZIP_FRAMES: Final = 16 + zlib.MAX_WBITS


def read_body(response: httpx.Response, deadline: Deadline) -> tuple[bytes, str]:
    """Return the body, and in words what kept it from arriving whole, "" where nothing did."""
    body = bytearray()
    try:
        broken = _fill(body, response, deadline)
    except httpx.TimeoutException:
        broken = N_("timed out")
    except zlib.error:
        broken = "could not be decompressed"
    except httpx.HTTPError:
        broken = "was cut off"
    return bytes(body), broken


def _fill(body: bytearray, response: httpx.Response, deadline: Deadline) -> str:
    """Take in what arrives, and say what ended it too early."""
    unpacking = _unpacking(response)
    if unpacking is None:
        return "came in an encoding that was not asked for"
    # Not `iter_bytes`, which unpacks without bounds, nor `iter_raw`, which an answer made in a test does not have.
    for chunk in cast("httpx.SyncByteStream", response.stream):
        body += unpacking.take(chunk, LARGEST_BODY + 1 - len(body))
        if len(body) > LARGEST_BODY:
            return "grew too large"
        if deadline.left() <= 0:
            return "took too long"
    return "" if unpacking.is_over() else "was cut off"


class _Unpacking(Protocol):
    """What makes the body of what arrives."""

    def take(self, chunk: bytes, room: int) -> bytes:
        """Return what a chunk holds, `room` bytes of it at the most."""
        ...

    def is_over(self) -> bool:
        """Tell whether nothing is missing at the end."""
        ...


def _unpacking(response: httpx.Response) -> _Unpacking | None:
    """Choose how the body is unpacked; None where it was packed twice, or in a way that was not asked for."""
    named = response.headers.get("content-encoding", "").lower().split(",")
    codings = [coding for name in named if (coding := name.strip()) not in ("", "identity")]
    if not codings:
        return _Plain()
    return _Gzip() if codings == [CODING] else None


class _Plain:
    """A body that is not packed."""

    def take(self, chunk: bytes, room: int) -> bytes:
        """Return the chunk, as far as there is room."""
        return chunk[:room]

    def is_over(self) -> bool:
        """Say that nothing is missing: the connection tells where a plain body ends."""
        return True


class _Gzip:
    """A body in one gzip frame, behind which nothing follows."""

    def __init__(self) -> None:
        self._frame = zlib.decompressobj(_GZIP_FRAMES)
        self._begun = False

    def take(self, chunk: bytes, room: int) -> bytes:
        """Unpack a chunk as far as there is room, which is at least one byte; raises `zlib.error`."""
        self._begun = self._begun or bool(chunk)
        follows = chunk if self._frame.eof else b""
        unpacked = self._frame.decompress(chunk, room)
        if follows or self._frame.unused_data:
            raise zlib.error("something follows the end")
        return unpacked

    def is_over(self) -> bool:
        """Tell whether the frame has ended; an answer without a body has none."""
        return self._frame.eof or not self._begun
