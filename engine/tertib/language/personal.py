"""Personal data made showable: a mask that people recognise, and a keyed hash that records can compare."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

_HIDDEN = "•••"
_DIGITS_TO_SHOW_SOME = 10
_LETTERS_TO_SHOW_ONE = 8
_FINGERPRINT_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides personal values under one project's key; the key itself is in no repr."""

    key: bytes = field(repr=False)

    def show(self, value: Any) -> str:
        """Return a mask such as `6281•••89` for long numbers, `B•••` for long texts, `•••` for the rest.

        At most six of ten or more digits are shown, and at most the first letter of a text.
        """
        text = value if isinstance(value, str) else str(value) if _is_number(value) else ""
        bare = text.strip().lstrip("+")
        if len(bare) >= _DIGITS_TO_SHOW_SOME and bare.isascii() and bare.isdigit():
            return f"{bare[:4]}{_HIDDEN}{bare[-2:]}"
        if len(bare) >= _LETTERS_TO_SHOW_ONE and bare[0].isalpha():
            return f"{bare[0]}{_HIDDEN}"
        return _HIDDEN

    def fingerprint(self, value: Any) -> str:
        """Return 12 hex digits of an HMAC-SHA256 over the value: equal for equal values under one key.

        A number and the same number as text have one fingerprint, since the API gives ids as either.
        """
        digest = hmac.new(self.key, _canonical(value), hashlib.sha256)
        return digest.hexdigest()[:_FINGERPRINT_LENGTH]


def _is_number(value: Any) -> bool:
    # the bound keeps `str` below the length at which Python refuses to write an integer
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64  # noqa: PLR2004


def _canonical(value: Any) -> bytes:
    if isinstance(value, str):
        text = value
    elif _is_number(value):
        text = str(value)
    else:
        text = "\0" + _structure(value)
    return text.encode("utf-8", "surrogatepass")


def _structure(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:x}"  # hexadecimal, since Python refuses to write huge integers in decimal
    try:
        return json.dumps(value, sort_keys=True, default=repr, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return "?"  # no JSON that a person sends; it must not stop a trace
