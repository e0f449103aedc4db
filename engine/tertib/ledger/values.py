"""How order values are kept: personal ones as a keyed hash, ids so that they come back as they were."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tertib.ledger.schema import plain

PERSONAL: Final = frozenset({"payment_account_holder", "payment_account_number"})
"""The action fields that hold personal data."""

UNREADABLE: Final = frozenset({"by", "rtsproof_url"})
"""The action fields that no answer shows, so that nothing can be compared with them."""


@dataclass(frozen=True, slots=True)
class Veil:
    """What is hidden before it is written, and how: `fingerprint` is a keyed hash that shows equality alone."""

    fingerprint: Callable[[Any], str]
    personal: frozenset[str] = PERSONAL
    unreadable: frozenset[str] = UNREADABLE

    def stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as they are kept: the personal ones by their fingerprint, never in clear."""
        return {name: self._stored(name, value) for name, value in values.items()}

    def _stored(self, name: str, value: Any) -> Any:
        # A plan that was read back from its file holds the fingerprint already.
        if name in self.personal and value is not None and not is_hidden(value):
            return {"fingerprint": self.fingerprint(value)}
        return plain(value)

    def readable(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored values that an answer can show, without masks: what a comparison needs."""
        stored = self.stored({name: value for name, value in values.items() if name not in self.unreadable})
        return {
            name: {"fingerprint": value["fingerprint"]} if is_hidden(value) else value
            for name, value in stored.items()
        }

    def impersonal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that are not personal: what the audit chain may hold for ever."""
        return {
            name: plain(value)
            for name, value in values.items()
            if name not in self.personal and not is_hidden(value)
        }


def keyed(key: bytes) -> Callable[[Any], str]:
    """Return a fingerprint of its own for a ledger that was given none."""

    def fingerprint(value: Any) -> str:
        text = b"tertib personal value\0" + str(value).encode("utf-8", "surrogatepass")
        return hmac.new(key, text, hashlib.sha256).hexdigest()[:12]

    return fingerprint


def is_hidden(value: Any) -> bool:
    """Tell whether a stored value is known by its fingerprint only."""
    return isinstance(value, Mapping) and "fingerprint" in value


def same(stored: Any, present: Any, fingerprint: Callable[[Any], str]) -> bool:
    """Tell whether an order's present value is the one that was stored; instants are equal in any zone."""
    if is_hidden(stored):
        return present is not None and hmac.compare_digest(str(stored["fingerprint"]), fingerprint(present))
    if stored is None or present is None:
        return stored is present
    if isinstance(stored, bool) or isinstance(present, bool):
        return stored is present
    one, other = plain(stored), plain(present)
    return str(one) == str(other) or _same_instant(one, other)


def _same_instant(one: Any, other: Any) -> bool:
    moments = [_instant(value) for value in (one, other)]
    return None not in moments and moments[0] == moments[1]


def _instant(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if moment.tzinfo is None else moment


def order_key(order_id: int | str) -> str:
    """Return the key that an order has in the ledger, whichever type its id came in."""
    return str(order_id)


def id_kind(order_id: int | str) -> str:
    """Name the JSON type of an id, to be kept beside its key."""
    return "integer" if isinstance(order_id, int) else "text"


def wire_id(key: str, kind: str) -> int | str:
    """Return an id as it came."""
    return int(key) if kind == "integer" else key
