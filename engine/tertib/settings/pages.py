"""What the settings say of the pages: where they are served, under which names, and when approving asks again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from tertib.language.wording import quote
from tertib.model import Complaint, Web

_MOST_PORTS: Final = 65535
_HINT: Final = "such as `127.0.0.1:8787`"
_ORDER: Final = "{order_id}"
_Fault = tuple[str, str]


def web(written: Any, complaints: list[Complaint]) -> Web | None:
    """Read `web`; None where it does not stand there. Of another shape than it should be, the schema complains."""
    if not isinstance(written, Mapping):
        return None
    plain = Web()
    listen = _text(written, "listen", plain.listen)
    url = _text(written, "url", "")
    order_url = _text(written, "order_url", plain.order_url)
    faults = {
        "listen": _fault_of(listen_at(listen)),
        "url": url_fault(url) if url else None,
        "order_url": order_url_fault(order_url),
    }
    for key, fault in faults.items():
        if fault is not None:
            complaints.append(Complaint(("web", key), "T615", *fault))
    hosts = written.get("hosts")
    return Web(
        listen=listen,
        hosts=tuple(one for one in hosts if isinstance(one, str)) if isinstance(hosts, list) else (),
        url=url.rstrip("/") or None,
        order_url=order_url,
        ask_again_above=_money(written, "ask_again_above", plain.ask_again_above),
    )


def _text(written: Mapping[str, Any], key: str, default: str) -> str:
    found = written.get(key)
    return found if isinstance(found, str) else default


def _money(written: Mapping[str, Any], key: str, default: Decimal) -> Decimal:
    found = written.get(key)
    is_number = isinstance(found, int | float | Decimal) and not isinstance(found, bool)
    return Decimal(str(found)) if is_number else default


def _fault_of(found: tuple[str, int] | str) -> _Fault | None:
    return (found, _HINT) if isinstance(found, str) else None


def listen_at(at: str) -> tuple[str, int] | str:
    """Return the address and the port to listen on, or what is wrong with what names them."""
    try:
        parts = urlsplit(f"//{at}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None or parts.path or not 0 < port <= _MOST_PORTS:
        return f"{quote(at)} is no address with a port"
    if host == "localhost":
        return "127.0.0.1", port
    try:
        ip_address(host)
    except ValueError:
        return f"{quote(host)} is no address of this machine"
    return host, port


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address or a name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def url_fault(url: str) -> _Fault | None:
    """Return message and hint of what is wrong with the address at which people open the pages."""
    hint = "such as `https://tertib.example`"
    parts = _split(url)
    if parts is None:
        return "the pages' address is not an http(s) address", hint
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        return "the pages' address has more than a host and a port", hint
    return None


def order_url_fault(url: str) -> _Fault | None:
    """Return message and hint of what is wrong with the address of an order at Scalev."""
    hint = f"such as `https://app.scalev.com/orders/{_ORDER}`"
    if _split(url.replace(_ORDER, "x")) is None:
        return "an order's address is not an http(s) address", hint
    if _ORDER not in url.partition("://")[2].partition("/")[2]:
        return f"an order's address needs `{_ORDER}` behind its host", hint
    return None


def _split(url: str) -> SplitResult | None:
    """Return an http(s) address in its parts, None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and not any(letter.isspace() for letter in url) else None
