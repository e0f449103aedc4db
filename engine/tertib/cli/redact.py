"""Tracebacks and messages of unforeseen errors, with every credential taken out."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SECRETS: Final = ("SCALEV_TOKEN", "SCALEV_CUSTOMER_TOKEN", "TERTIB_AUDIT_KEY")
"""The variables that hold a secret; each may be given as a file too, by a `_FILE` at the name's end."""

_PACKAGE: Final = f"{Path(__file__).resolve().parents[1]}/"
_LONGEST_FILE: Final = 16 * 1024
_STAND_IN = "[secret]"
_BEARER = re.compile(r"(bearer\s+)[^\s'\",]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]+:)[^@\s/]+@")


def traceback_without_secrets(error: BaseException, environ: Mapping[str, str]) -> str:
    """Return the error's traceback as Python prints it, credentials replaced."""
    return without_secrets("".join(traceback.format_exception(error)), environ)


def place(error: BaseException) -> str:
    """Return where an error arose, by the last line of our own that it went through: `plan/propose.py:42`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE)]
    if not ours:
        return "no line of its own"
    return f"{ours[-1].filename.removeprefix(_PACKAGE)}:{ours[-1].lineno}"


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with every credential of the environment, and whatever looks like one, replaced.

    A library's error may quote a header or a connection string, as httpx does with a header that it refuses.
    """
    for secret in _known(environ):
        text = text.replace(secret, _STAND_IN)
    text = _BEARER.sub(rf"\1{_STAND_IN}", text)
    return _URL_PASSWORD.sub(rf"\1{_STAND_IN}@", text)


def _known(environ: Mapping[str, str]) -> Iterator[str]:
    from tertib.settings import seen  # noqa: PLC0415 - only after a fault, or where settings were read anyway

    yield from seen()
    for name in SECRETS:
        for value in (environ.get(name, ""), _content(environ.get(f"{name}_FILE"))):
            # a repr writes a line break or a quote in another way: its plain stretches are hidden as well
            yield from (part for part in {value, *value.split()} if part.strip())


def _content(file: str | None) -> str:
    if not file or not Path(file).is_file():
        return ""
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as opened:
            return opened.read(_LONGEST_FILE)
    except OSError:
        return ""
