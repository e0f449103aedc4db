"""Write and read the opaque cursors: a place in the list, not a page number, so it survives changes."""

from __future__ import annotations

import base64
import binascii
import zlib

from tertib.sandbox.refusal import Refusal

Place = tuple[int, int]
"""Where an order stands in the list: minus its creation in microseconds, minus its number."""


def write_cursor(place: Place, nonce: int = 0) -> str:
    """Write a place as an opaque text; another nonce gives another text for the same place."""
    payload = f"{place[0]}.{place[1]}.{nonce}"
    sealed = f"{payload}.{zlib.crc32(payload.encode()):08x}"
    return base64.urlsafe_b64encode(sealed.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Place:
    """Read a place back, or refuse a cursor that this server never wrote."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
        payload, _, checksum = sealed.rpartition(".")
        created, number, _ = payload.split(".")
        place = int(created), int(number)
    except (ValueError, binascii.Error):
        raise Refusal(400, "Invalid cursor", code="invalid_cursor") from None
    if f"{zlib.crc32(payload.encode()):08x}" != checksum:
        raise Refusal(400, "Invalid cursor", code="invalid_cursor")
    return place
