"""What `tertib doctor` looks at: each check yields what it found and, where something is wrong, what to mend."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tertib import load as loading
from tertib import settings as reading
from tertib.cli import screen
from tertib.cli.context import Session
from tertib.errors import LedgerError, TertibError

if TYPE_CHECKING:
    from tertib.ledger.notices import ChannelState
    from tertib.scalev.answers import Received

LARGEST_SKEW: Final = timedelta(seconds=30)
"""How far this machine's clock may be from Scalev's before ages are judged wrongly."""

FEW_LEFT: Final = 500
"""Below so many requests left in the hour, a long read may have to wait."""

_OK, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 200, 401, 403, 429


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `mend` says what to do where something is to be done."""

    check: str
    state: Literal["ok", "warn", "fail"]
    message: str
    mend: str = ""


def examine(opened: Session) -> Iterator[Finding]:
    """Yield what is found, part by part; settings that cannot be read end it, for all else rests on them."""
    try:
        opened.settings  # noqa: B018 - reading them is the check
    except TertibError as error:
        yield _failed("settings", error)
        return
    for name, part in _PARTS.items():
        try:
            yield from part(opened)
        except TertibError as error:
            yield _failed(name, error)
        except OSError as error:
            yield Finding(
                name, "fail", f"`{error.filename}`: {(error.strerror or '').lower()}", "mend its permissions"
            )


def _failed(check: str, error: TertibError) -> Finding:
    return Finding(check, "fail", str(error), error.hint or "")


def _settings(opened: Session) -> Iterator[Finding]:
    found = opened.settings
    if found.file is None:
        yield Finding(
            "settings", "warn", "there is no tertib.yaml here: defaults are used", "`tertib init` makes one"
        )
    else:
        yield Finding("settings", "ok", f"`{found.file}`")
    yield Finding(
        "settings", "ok", f"asks {found.base_url}, contract {found.contract}, times in {found.timezone}"
    )


# --- rules ----------------------------------------------------------------------------------------------


def _rules(opened: Session) -> Iterator[Finding]:
    missing = [one for one in opened.settings.rules if not Path(one).exists()]
    if missing:
        yield Finding(
            "rules", "fail", f"`{missing[0]}` does not exist", "`tertib init`, or set `rules` in tertib.yaml"
        )
        return
    loaded = loading.load(opened.settings.rules, opened.settings)
    warnings = len(loaded.problems) - len(loaded.errors)
    if loaded.errors:
        yield Finding(
            "rules", "fail", f"{screen.many(len(loaded.errors), 'error')}", "`tertib check` lists them"
        )
        return
    acting = sum(rule.mode == "apply" and rule.enabled for rule in loaded.rules)
    said = f"{screen.many(len(loaded.rules), 'rule')}, {acting} in mode apply"
    if warnings:
        yield Finding(
            "rules", "warn", f"{said}; {screen.many(warnings, 'warning')}", "`tertib check` lists them"
        )
    else:
        yield Finding("rules", "ok", said)


# --- Scalev ---------------------------------------------------------------------------------------------


def _scalev(opened: Session) -> Iterator[Finding]:
    """Ask for one order, once, and learn from the answer's status and headers."""
    if opened.settings.credentials is not None:
        reading.refuse_shared(opened.environ, opened.project.accounts)
    token = reading.token(opened.environ, "SCALEV_TOKEN", opened.settings)
    yield Finding(
        "token", "ok", f"{reading.place_of(opened.environ, 'SCALEV_TOKEN', opened.settings)} is set"
    )
    before = datetime.now(UTC)
    answer = _ask(
        opened, token, "/v3/orders", {"page_size": "1", "columns": "order_id,status,payment_status"}
    )
    if isinstance(answer, str):
        yield Finding("scalev", "fail", answer, "check `api.base_url`, the network and the proxy")
        return
    yield _listing(answer)
    yield from _skew(answer, before)
    yield from _left(answer)
    if answer.status == _OK:
        yield _statistics(_ask(opened, token, "/v3/orders/statistics", {"status": "pending"}))
        yield Finding(
            "scope order:change_status",
            "ok",
            "cannot be tried without changing an order; the first apply shows it",
        )


def _ask(opened: Session, token: str, path: str, params: dict[str, str]) -> Received | str:
    """Send one read and return its answer, or in words why there is none."""
    import httpx  # noqa: PLC0415 - only here; `check` must not import it

    from tertib.scalev import connection  # noqa: PLC0415 - brings httpx

    timeout = opened.settings.timeout
    with connection.open_http(timeout, None) as http:
        headers = {"Authorization": connection.bearer(token, "SCALEV_TOKEN")}
        url = f"{connection.address(opened.settings.base_url)}{path}"
        try:
            return connection.exchange(
                http, http.build_request("GET", url, params=params, headers=headers), opened.clock, timeout
            )
        except httpx.HTTPError as error:
            return f"{opened.settings.base_url} does not answer: {connection.why(error)}"


def _listing(answer: Received) -> Finding:
    if answer.status == _OK:
        return Finding("scope order:list", "ok", "orders can be read")
    if answer.status == _UNAUTHORIZED:
        return Finding(
            "token", "fail", "Scalev does not accept the token", "make a new one, and set it in its place"
        )
    if answer.status == _FORBIDDEN:
        return Finding(
            "scope order:list", "fail", "the token may not read orders", "give it the scope `order:list`"
        )
    if answer.status == _TOO_MANY:
        return Finding("rate limit", "warn", "nothing is left of the rate limit now", "try again in a while")
    return Finding("scalev", "fail", f"the order list answers {answer.status}", "check `api.base_url`")


def _skew(answer: Received, before: datetime) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        yield Finding("clock", "ok", "Scalev does not say its time; nothing to compare with")
        return
    after = datetime.now(UTC)
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    # the answer was written between the two, and its Date is cut to the second
    skew = max(before - there - timedelta(seconds=1), there - after, timedelta())
    if skew > LARGEST_SKEW:
        yield Finding("clock", "warn", f"this machine's clock is {screen.age(skew)} off", "set it by NTP")
    else:
        yield Finding("clock", "ok", "agrees with Scalev's")


def _left(answer: Received) -> Iterator[Finding]:
    left = answer.headers.get("x-ratelimit-remaining", "")
    if not left.isdecimal():
        return
    # Scalev does not say which of its two windows it speaks of; the short one never has more than a hundred
    said = f"{screen.number(int(left))} requests left in the window that Scalev reports"
    limit = answer.headers.get("x-ratelimit-limit", "")
    scarce = limit.isdecimal() and int(limit) > FEW_LEFT > int(left)
    if scarce:
        yield Finding("rate limit", "warn", said, "another program may be using the same token")
    else:
        yield Finding("rate limit", "ok", said)


def _statistics(answer: Received | str) -> Finding:
    if not isinstance(answer, str) and answer.status == _OK:
        return Finding("scope order:statistics:read", "ok", "scans can be counted beforehand")
    return Finding(
        "scope order:statistics:read", "ok", "not there, and not needed: scans are not counted beforehand"
    )


def _customer(opened: Session) -> Iterator[Finding]:
    name = "SCALEV_CUSTOMER_TOKEN"
    if reading.is_set(opened.environ, name, opened.settings):
        reading.token(opened.environ, name, opened.settings)
        place = reading.place_of(opened.environ, name, opened.settings)
        yield Finding("customer token", "ok", f"{place} is set")


# --- the record -----------------------------------------------------------------------------------------


def _ledger(opened: Session) -> Iterator[Finding]:
    from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `context`

    file = ledger_file(opened.settings.ledger)
    if file is not None and not file.exists():
        if not file.parent.is_dir():
            raise LedgerError(f"the ledger's directory `{file.parent}` does not exist", hint="make it")
        yield Finding("ledger", "ok", f"none yet; the first plan makes `{file}`")
        return
    faults = opened.ledger.integrity()
    for fault in faults:
        yield Finding("ledger", "fail", fault, "restore the ledger from a copy")
    if not faults:
        yield Finding("ledger", "ok", f"whole: `{file}`" if file else "whole")
    yield from _permissions(file)
    yield from _audit(opened)
    yield from _account(opened)


def _permissions(file: Path | None) -> Iterator[Finding]:
    mode = 0 if file is None else stat.S_IMODE(file.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(
            "permissions", "warn", f"others can write to `{file}` (mode {mode:04o})", f"chmod 600 {file}"
        )


def _audit(opened: Session) -> Iterator[Finding]:
    verdict = opened.ledger.verify_audit(opened.settings.account)
    if verdict.ok:
        yield Finding("audit", "ok", f"{screen.many(verdict.records, 'record')}, unbroken")
    else:
        yield Finding("audit", "fail", verdict.why, "find out who changed the ledger; restore it from a copy")
    yield from _checkpoints(opened)


def _checkpoints(opened: Session) -> Iterator[Finding]:
    account, zone = opened.settings.account, opened.settings.timezone
    for one in opened.ledger.ahead(account):
        seen = screen.moment(datetime.fromisoformat(one.at), zone)
        yield Finding(
            "checkpoint",
            "fail",
            f"the ledger is older than its checkpoint of {seen}, so nothing is sent: it was restored, or is another one",
            f"bring the newer ledger back; where it is lost, see at Scalev what was changed until {seen}, then"
            " `tertib ledger accept --why '…'`",
        )
    exported = opened.witness.exported(account)
    if exported is not None and exported.failed:
        yield Finding("checkpoint", "warn", exported.failed, "correct `checkpoints` in tertib.yaml")
    elif exported is not None:
        yield Finding("checkpoint", "ok", f"record {exported.seq} was exported to {exported.to}")


def _account(opened: Session) -> Iterator[Finding]:
    halted = opened.ledger.halted(opened.settings.account)
    if halted is not None:
        yield Finding(
            "account",
            "fail",
            f"nothing is sent for account `{opened.settings.account}`: {halted}",
            "look at these orders at Scalev, then `tertib doctor --clear-halt --why '…'`",
        )
    for pause in opened.ledger.pauses(opened.settings.account, opened.time.now()):
        yield Finding("pause", "warn", pause.told, f"when it may go on: {pause.way_out}")
    unsettled = opened.ledger.unsettled(opened.settings.account)
    if unsettled:
        due = screen.moment(min(one.due_at for one in unsettled), opened.settings.timezone)
        many = screen.many(len(unsettled), "change")
        yield Finding("unsettled", "warn", f"{many} of unknown outcome", f"`tertib settle`, from {due} on")
    else:
        yield Finding("unsettled", "ok", "no change of unknown outcome")
    quarantined = {str(one.id) for one in opened.ledger.quarantined(opened.settings.account)}
    if quarantined:
        said = f"rules leave {screen.many(len(quarantined), 'order')} alone that a person changed after them"
        yield Finding(
            "quarantine", "ok", said, "`tertib hold --list` names them; `tertib release ORDER` hands one back"
        )


# --- messages -------------------------------------------------------------------------------------------


def _messages(opened: Session) -> Iterator[Finding]:
    """Look at the channels that people are told by, and how they fared; sends nothing."""
    settings = opened.settings
    if not settings.notify.channels:
        return
    from tertib.notify import notifier  # noqa: PLC0415 - only where there are channels

    faulty = dict(notifier.faults(settings, opened.environ))
    fared = {one.name: one for one in _channels(opened)}
    for channel in settings.notify.channels:
        name, state = f"channel {channel.name}", fared.get(channel.name)
        if channel.name in faulty:
            yield _failed(name, faulty[channel.name])
        elif state is not None and state.failing_since is not None:
            since = screen.moment(state.failing_since, settings.timezone)
            said = f"messages do not leave since {since}: {state.why}"
            yield Finding(
                name, "warn", said, f"`tertib notify test {channel.name}` shows whether it works again"
            )
        else:
            sent = 0 if state is None else state.sent
            yield Finding(name, "ok", f"{screen.many(sent, 'message')} sent, for {', '.join(channel.on)}")


def _channels(opened: Session) -> Iterator[ChannelState]:
    from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `context`

    file = ledger_file(opened.settings.ledger)
    if file is None or file.exists():
        yield from opened.ledger.notices.channels(opened.settings.account)


_PARTS: Final[dict[str, Callable[[Session], Iterator[Finding]]]] = {
    "settings": _settings,
    "rules": _rules,
    "token": _scalev,
    "customer token": _customer,
    "ledger": _ledger,
    "messages": _messages,
}
