"""Find the order that a person names: by its number or id, in capitals or not, with a `#` before it or blanks around it.

Scalev writes the number of an order in capital letters and digits, and its id as an integer or a UUID.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tertib.errors import CredentialError, ReadError, SettingsError
from tertib.evaluate import contradicts, reference
from tertib.fetch import fetch
from tertib.model import Scan, Source
from tertib.ports import Reader
from tertib.sayings import N_

if TYPE_CHECKING:
    from tertib.ledger.store import SqlLedger

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

ONLY_BY_NUMBER: Final = N_("Scalev finds orders by their number alone, and the record does not know this id")


@dataclass(frozen=True, slots=True)
class Named:
    """The order that was meant. `doubt` says why nobody could tell whether there is such an order, "" where it was found."""

    name: str
    doubt: str = ""


def bare(text: str) -> str:
    """Return what was typed without blanks around it and the `#` before it."""
    return text.strip().removeprefix("#").strip()


def spelled(text: str) -> str:
    """Return an order's number or id as Scalev writes it: a number in capitals, a UUID in small letters."""
    name = bare(text)
    return name.lower() if _UUID.fullmatch(name) else name.upper()


def among(names: Iterable[str], text: str) -> str | None:
    """Return the one of some numbers and ids that a text names, None where it names none of them."""
    return next((name for name in names if spelled(name) == spelled(text)), None)


def known_as(text: str, ledger: SqlLedger, account: str) -> str:
    """Return the number of an order as the record has it, also for its id; else the text as Scalev would write it."""
    return _in_record(text, ledger, account) or spelled(text)


def find(text: str, ledger: SqlLedger, account: str, reader: Callable[[], Reader]) -> Named:
    """Return the order that a text names, as the record or Scalev has it.

    Where Scalev cannot be asked, the order is named as Scalev would write it, with the doubt. Raises `SettingsError`
    where Scalev was asked and has no such order.
    """
    recorded = _in_record(text, ledger, account)
    if recorded is not None:
        return Named(recorded)
    name = spelled(text)
    if _UUID.fullmatch(name):
        return Named(name, ONLY_BY_NUMBER)
    try:
        found = [spelling for spelling in _spellings(text) if _at_scalev(spelling, reader())]
    except (ReadError, CredentialError) as error:
        return Named(name, str(error))
    if found:
        return Named(found[0])
    if name.isdecimal():  # it may be an id
        return Named(name, ONLY_BY_NUMBER)
    raise SettingsError(
        f"neither Scalev nor the record has an order `{name}`",
        hint="give the order's number as Scalev shows it",
    )


def _in_record(text: str, ledger: SqlLedger, account: str) -> str | None:
    for spelling in _spellings(text):
        known = ledger.changes_of(account, spelling)
        if known:
            return next((one.order_id for one in reversed(known) if one.order_id), str(known[-1].id))
    return None


def _spellings(text: str) -> tuple[str, ...]:
    """Return how the order may be written: as Scalev does it, and as it was typed."""
    return tuple(dict.fromkeys((spelled(text), bare(text))))


def _at_scalev(number: str, reader: Reader) -> bool:
    """Tell whether Scalev has an order of that number; raises `ReadError` and `CredentialError`."""
    asked = {"order_id": number, "columns": "order_id,status,payment_status"}
    scan = Scan(Source(), asked, ())
    return any(
        reference(order) == number for page in fetch(scan, reader, contradicts(scan)) for order in page.orders
    )
