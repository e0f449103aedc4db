"""Carry a checkpoint to another machine and back, over HTTPS, without becoming a door into this network.

The address comes from a settings file, and what answers there may be anybody: so no redirect is followed, no proxy
asked, nothing of the answer is kept but its status, and every address that the name stands for must be public. The
connection then goes to the address that was looked at, not to the name again, which may lead elsewhere by then.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tertib.errors import LedgerError
from tertib.ledger.audit import Checkpoint

if TYPE_CHECKING:
    import httpx

SECONDS: Final = 10.0
"""How long each step of a request may take: a run waits for it at its end."""

LARGEST: Final = 1024 * 1024
"""Bytes of checkpoints that are read from an address; one has a few hundred."""

_LED_ELSEWHERE: Final = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")))
"""IPv6 addresses that stand for an IPv4 address, which may be a private one."""

_OK: Final = range(200, 300)


def is_url(target: str) -> bool:
    """Tell whether checkpoints go to an address, not to a file."""
    return "://" in target


def fault(target: str, *, loopback: bool) -> tuple[str, str] | None:
    """Return message and hint of what is wrong with an address as it is written, None where nothing is."""
    hint = "such as `https://checkpoints.example/tertib`"
    try:
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the address for checkpoints is none", hint
    if not host or any(letter.isspace() for letter in target):
        return "the address for checkpoints is none", hint
    if parts.username is not None or parts.password is not None:
        return "the address for checkpoints holds a user name or a password", hint
    # Within one machine nobody listens in; `_pinned` sees to it that the name leads nowhere else.
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        return "checkpoints go to a file or to an `https` address", hint
    return None


def shown(target: str) -> str:
    """Return where checkpoints go, as it may be shown: the path and query of an address may be its password."""
    return f"{urlsplit(target).scheme}://{urlsplit(target).hostname}" if is_url(target) else target


def send(target: str, checkpoint: Checkpoint, *, loopback: bool) -> None:
    """Post a checkpoint as JSON; raises `LedgerError` where it did not arrive."""
    with _answered("POST", target, json.dumps(checkpoint.document()), loopback=loopback):
        pass  # that it was taken is all that counts


def fetch(target: str, *, loopback: bool) -> Any:
    """Return the JSON document at an address; raises `LedgerError` where there is none."""
    body = b""
    with _answered("GET", target, "", loopback=loopback) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise LedgerError(f"{shown(target)} answers with more than a checkpoint")
    try:
        return json.loads(body)
    except ValueError as error:
        raise LedgerError(f"{shown(target)} does not answer with a checkpoint") from error


@contextmanager
def _answered(method: str, target: str, body: str, *, loopback: bool) -> Iterator[httpx.Response]:
    import httpx  # noqa: PLC0415 - most ledgers export to a file or nowhere, and `check` must not import it

    address, host = _pinned(target, loopback=loopback)
    parts = urlsplit(target)
    headers = {"Host": parts.netloc, "Content-Type": "application/json", "Accept": "application/json"}
    # `trust_env=False`: a proxy would look the name up again, and could be led inside.
    client = httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False)
    try:
        with (
            client,
            client.stream(
                method,
                httpx.URL(target).copy_with(host=str(address)),
                content=body,
                headers=headers,
                extensions={"sni_hostname": host},
            ) as response,
        ):
            if response.status_code not in _OK:
                raise LedgerError(f"{shown(target)} answers {response.status_code}")
            yield response
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LedgerError(f"{shown(target)} does not answer ({type(error).__name__})") from error


def _pinned(target: str, *, loopback: bool) -> tuple[IPv4Address | IPv6Address, str]:
    """Return the address to connect to, and the name that its certificate must have; raises `LedgerError`."""
    wrong = fault(target, loopback=loopback)
    if wrong is not None:
        raise LedgerError(wrong[0], hint=wrong[1])
    parts = urlsplit(target)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, parts.port or parts.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LedgerError(f"{shown(target)} cannot be found") from error
    addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        if not (_is_public(address) and parts.scheme == "https") and not (loopback and address.is_loopback):
            raise LedgerError(
                f"{shown(target)} leads into a private network",
                hint="checkpoints belong on another machine; for this one, write `allow_loopback: true`",
            )
    return addresses[0], host


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address.version == 6 and any(address in network for network in _LED_ELSEWHERE):  # noqa: PLR2004 - IPv6
        return False
    return address.is_global and not address.is_multicast
