"""RE2 patterns for `matches`: linear time, bounded size, bounded memory."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

LONGEST = 1000
"""The longest pattern that a rule may hold, in characters."""

_MEMORY = 1 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")


class PatternError(ValueError):
    """A pattern that RE2 does not take; the message is RE2's own."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Return a compiled RE2 pattern; raises `PatternError` where it is none, or needs too much memory."""
    import re2  # noqa: PLC0415 - a C++ library, loaded only for the rules that have a pattern

    if len(pattern) > LONGEST:
        msg = f"longer than {LONGEST} characters"
        raise PatternError(msg)
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(_encodable(pattern), options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(message) from None


def search(pattern: str, text: str) -> bool:
    """Tell whether the pattern matches anywhere in `text`."""
    return compiled(pattern).search(_encodable(text)) is not None


def _encodable(text: str) -> str:
    """Replace lone surrogates, which JSON can smuggle into a text and UTF-8 cannot hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
