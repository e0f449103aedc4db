"""The addresses in the settings: where Scalev lies, where the ledger lies, and what is wrong with one.

No message shows an address: it may hold a password.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_LEDGERS: Final = ("sqlite", "postgresql")


def url_fault(url: str) -> tuple[str, str, str] | None:
    """Return code, message and hint of what is wrong with a base URL; the URL itself may hold a secret."""
    hint = "such as `https://api.scalev.com`"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "T603", "the base URL is not an address", hint
    if parts.scheme not in {"http", "https"} or not host or any(letter.isspace() for letter in url):
        return "T603", "the base URL is not an http(s) address", hint
    if parts.username is not None or parts.password is not None:
        return "T603", "the base URL holds a user name or a password", "tokens stand in SCALEV_TOKEN"
    if parts.query or parts.fragment:
        return "T603", "the base URL holds a query or a fragment", hint
    if parts.scheme == "http" and not _is_loopback(host):
        return "T604", "the base URL would carry the token unencrypted", f"write `https://{host}`"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def ledger_fault(url: str) -> tuple[str, str, str] | None:
    """Return code, message and hint of what is wrong with a ledger's URL."""
    hint = "write `sqlite:///tertib.db`, or `postgresql://HOST/DATABASE`"
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in {*_LEDGERS, "postgres"}:
        return "T605", "the ledger is neither SQLite nor PostgreSQL", hint
    if scheme.startswith("sqlite") and rest.partition("?")[0] in {"", "/", "/:memory:"}:
        return "T605", "a ledger in memory forgets what was sent", hint
    if scheme.startswith("sqlite") and not rest.startswith("/"):
        return "T605", "a ledger in SQLite has three slashes before its file", hint
    return None


def checkpoints_fault(target: str, *, loopback: bool) -> tuple[str, str, str] | None:
    """Return code, message and hint of what is wrong with where checkpoints go."""
    from tertib.ledger import export  # noqa: PLC0415 - few settings name a place for checkpoints

    wrong = export.fault(target, loopback=loopback) if export.is_url(target) else None
    return None if wrong is None else ("T608", *wrong)


def ledger_at(url: str, base: Path) -> str:
    """Return a ledger's URL with its file, if it has one, resolved against `base`."""
    scheme, _, rest = url.partition("://")
    if scheme.startswith("postgres"):
        return f"postgresql{scheme.removeprefix('postgresql').removeprefix('postgres')}://{rest}"
    file, question, tail = rest[1:].partition("?")
    return f"{scheme}:///{(base / Path(file).expanduser()).resolve()}{question}{tail}"
