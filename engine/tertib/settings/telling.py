"""What the settings say of telling people: the channels of messages, and where metrics and health are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, Final, get_args

from tertib.language import options
from tertib.language.wording import quote
from tertib.model import Channel, Complaint, Listen, Notify, NotifyEvent, Path, Secret
from tertib.settings.credentials import fault

_EVENTS: Final[tuple[NotifyEvent, ...]] = get_args(NotifyEvent)
_MOST_PORTS: Final = 65535
_LISTEN_HINT: Final = "such as `127.0.0.1:9464`"


def notify(written: Any, complaints: list[Complaint]) -> Notify:
    """Read `notify`; what has another shape than it should is for the schema to complain of."""
    plain = Notify()
    if not isinstance(written, Mapping):
        return plain
    remind = None if "remind" in written and written["remind"] is None else plain.remind
    if remind is not None:
        remind = options.duration(written, "remind", remind, complaints, ("notify",), code="T606")
    slots = written.get("idle_slots")
    return Notify(
        channels=tuple(_channels(written.get("channels"), complaints)),
        remind=remind,
        idle_slots=slots if isinstance(slots, int) and slots > 1 else plain.idle_slots,
        texts=_text(written.get("texts")),
        link=_text(written.get("link")),
    )


def _channels(written: Any, complaints: list[Complaint]) -> Iterator[Channel]:
    listed = written if isinstance(written, list) else []
    names = Counter(_name(one) for one in listed)
    for index, one in enumerate(listed):
        name = _name(one)
        if name is None or fault(one["url"]) is not None:
            continue  # the schema, or what looks for secrets, says why
        place: Path = ("notify", "channels", index)
        if names[name] > 1:
            hint = "give each channel a `name` of its own: people say `tertib notify test NAME`"
            complaints.append(Complaint(place, "T613", f"two channels are named {quote(name)}", hint))
        yield _channel(name, one, place, complaints)


def _name(one: Any) -> str | None:
    """Return what a channel is called: its `name`, else after where its address is; None for what is no channel."""
    if not isinstance(one, Mapping) or not isinstance(one.get("url"), Mapping):
        return None
    kept = one["url"].get("env") or one["url"].get("file") or ""
    plain = str(kept).rpartition("/")[2].lower().removesuffix("_url").replace("_", "-")
    return _text(one.get("name")) or plain or None


def _channel(name: str, one: Mapping[str, Any], place: Path, complaints: list[Complaint]) -> Channel:
    on, least = one.get("on"), one.get("min_money")
    chosen = tuple(event for event in _EVENTS if isinstance(on, list) and event in on)
    if isinstance(least, int | float | Decimal) and not isinstance(least, bool) and least < 0:
        complaints.append(Complaint((*place, "min_money"), "T613", "`min_money` must not be below 0"))
    money = None if least is None or isinstance(least, bool | str | list | dict) else Decimal(str(least))
    language = one.get("language")
    return Channel(
        name=name,
        url=Secret(env=one["url"].get("env"), file=one["url"].get("file")),
        on=_EVENTS if on is None else chosen,
        language="en" if language == "en" else "id",
        min_money=money,
    )


def listen(written: Any, complaints: list[Complaint]) -> Listen | None:
    """Read `listen`: an address and a port, or a block with `allow_remote`."""
    section = written if isinstance(written, Mapping) else {"at": written}
    at, remote = section.get("at"), section.get("allow_remote") is True
    if not isinstance(at, str):
        return None
    found = listen_at(at, remote=remote)
    if isinstance(found, Listen):
        return found
    complaints.append(Complaint(("listen",), "T614", *found))
    return None


def listen_at(at: str, *, remote: bool) -> Listen | tuple[str, str]:
    """Return where to listen, or message and hint of what is wrong with it.

    Metrics show what a shop turns over: another machine may ask only where somebody said so.
    """
    host, colon, port = at.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or not port.isascii() or int(port) > _MOST_PORTS or not bare:
        return f"{quote(at)} is not an address and a port", _LISTEN_HINT
    try:
        address = ip_address("127.0.0.1" if bare == "localhost" else bare)
    except ValueError:
        return f"{quote(bare)} is not an address of this machine", _LISTEN_HINT
    if not address.is_loopback and not remote:
        hint = "say `listen: {at: ADDRESS, allow_remote: true}`, or `--allow-remote-metrics`, where that is meant"
        return "other machines could read the shop's figures there", hint
    return Listen(str(address), int(port), remote)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
