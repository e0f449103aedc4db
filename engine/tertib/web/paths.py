"""The addresses of pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode


def path_of(account: str, *parts: str, **query: Any) -> str:
    """Return the address of a page of an account; query values that are empty are left out."""
    place = "/".join(quote(part, safe="") for part in ("accounts", account, *parts))
    asked = {name: value for name, value in query.items() if value not in (None, "", [])}
    return f"/{place}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")
