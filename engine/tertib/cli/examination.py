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
from tertib.cli.context import Session
from tertib.errors import LedgerError, TertibError
from tertib.sayings import N_, said, said_many
from tertib.telling import text

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
                name,
                "fail",
                f"`{error.filename}`: {(error.strerror or '').lower()}",
                N_("mend its permissions"),
            )


def _failed(check: str, error: TertibError) -> Finding:
    return Finding(check, "fail", str(error), error.hint or "")


def _settings(opened: Session) -> Iterator[Finding]:
    found = opened.settings
    if found.file is None:
        yield Finding(
            "settings",
            "warn",
            N_("there is no tertib.yaml here: defaults are used"),
            N_("`tertib init` makes one"),
        )
    else:
        yield Finding("settings", "ok", f"`{found.file}`")
    yield Finding(
        "settings",
        "ok",
        said(
            "asks %(url)s, contract %(contract)s, times in %(timezone)s",
            url=found.base_url,
            contract=found.contract,
            timezone=found.timezone,
        ),
    )


# --- rules ----------------------------------------------------------------------------------------------


def _rules(opened: Session) -> Iterator[Finding]:
    missing = [one for one in opened.settings.rules if not Path(one).exists()]
    if missing:
        yield Finding(
            "rules",
            "fail",
            said("`%(file)s` does not exist", file=missing[0]),
            N_("`tertib init`, or set `rules` in tertib.yaml"),
        )
        return
    loaded = loading.load(opened.settings.rules, opened.settings)
    warnings, lists = len(loaded.problems) - len(loaded.errors), N_("`tertib check` lists them")
    if loaded.errors:
        errors = said_many("%(count)s error", "%(count)s errors", len(loaded.errors))
        yield Finding("rules", "fail", errors, lists)
        return
    acting = sum(rule.mode == "apply" and rule.enabled for rule in loaded.rules)
    found = said_many(
        "%(count)s rule, %(acting)s in mode apply",
        "%(count)s rules, %(acting)s in mode apply",
        len(loaded.rules),
        acting=acting,
    )
    if warnings:
        warned = said_many("%(count)s warning", "%(count)s warnings", warnings)
        yield Finding("rules", "warn", said("%(rules)s; %(warnings)s", rules=found, warnings=warned), lists)
    else:
        yield Finding("rules", "ok", found)


# --- Scalev ---------------------------------------------------------------------------------------------


def _scalev(opened: Session) -> Iterator[Finding]:
    """Ask for one order, once, and learn from the answer's status and headers."""
    if opened.settings.credentials is not None:
        reading.refuse_shared(opened.environ, opened.project.accounts)
    token = reading.token(opened.environ, "SCALEV_TOKEN", opened.settings)
    place = reading.place_of(opened.environ, "SCALEV_TOKEN", opened.settings)
    yield Finding("token", "ok", said("%(place)s is set", place=place))
    before = datetime.now(UTC)
    answer = _ask(
        opened, token, "/v3/orders", {"page_size": "1", "columns": "order_id,status,payment_status"}
    )
    if isinstance(answer, str):
        yield Finding("scalev", "fail", answer, N_("check `api.base_url`, the network and the proxy"))
        return
    yield _listing(answer)
    yield from _skew(answer, before)
    yield from _left(answer)
    if answer.status == _OK:
        yield _statistics(_ask(opened, token, "/v3/orders/statistics", {"status": "pending"}))
        yield Finding(
            "scope order:change_status",
            "ok",
            N_("cannot be tried without changing an order; the first apply shows it"),
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
            url, why = opened.settings.base_url, connection.why(error)
            return said("%(url)s does not answer: %(why)s", url=url, why=why)


def _listing(answer: Received) -> Finding:
    if answer.status == _OK:
        return Finding("scope order:list", "ok", N_("orders can be read"))
    if answer.status == _UNAUTHORIZED:
        return Finding(
            "token",
            "fail",
            N_("Scalev does not accept the token"),
            N_("make a new one, and set it in its place"),
        )
    if answer.status == _FORBIDDEN:
        return Finding(
            "scope order:list",
            "fail",
            N_("the token may not read orders"),
            N_("give it the scope `order:list`"),
        )
    if answer.status == _TOO_MANY:
        return Finding(
            N_("rate limit"),
            "warn",
            N_("nothing is left of the rate limit now"),
            N_("try again in a while"),
        )
    answers = said("the order list answers %(status)s", status=answer.status)
    return Finding("scalev", "fail", answers, N_("check `api.base_url`"))


def _skew(answer: Received, before: datetime) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        yield Finding(N_("clock"), "ok", N_("Scalev does not say its time; nothing to compare with"))
        return
    after = datetime.now(UTC)
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    # the answer was written between the two, and its Date is cut to the second
    skew = max(before - there - timedelta(seconds=1), there - after, timedelta())
    if skew > LARGEST_SKEW:
        off = said("this machine's clock is %(age)s off", age=text.age(skew))
        yield Finding("clock", "warn", off, N_("set it by NTP"))
    else:
        yield Finding("clock", "ok", N_("agrees with Scalev's"))


def _left(answer: Received) -> Iterator[Finding]:
    left = answer.headers.get("x-ratelimit-remaining", "")
    if not left.isdecimal():
        return
    # Scalev does not say which of its two windows it speaks of; the short one never has more than a hundred
    requests = said_many(
        "%(count)s request left in the window that Scalev reports",
        "%(count)s requests left in the window that Scalev reports",
        int(left),
    )
    limit = answer.headers.get("x-ratelimit-limit", "")
    scarce = limit.isdecimal() and int(limit) > FEW_LEFT > int(left)
    if scarce:
        yield Finding("rate limit", "warn", requests, N_("another program may be using the same token"))
    else:
        yield Finding("rate limit", "ok", requests)


def _statistics(answer: Received | str) -> Finding:
    if not isinstance(answer, str) and answer.status == _OK:
        return Finding("scope order:statistics:read", "ok", N_("scans can be counted beforehand"))
    return Finding(
        "scope order:statistics:read",
        "ok",
        N_("not there, and not needed: scans are not counted beforehand"),
    )


def _customer(opened: Session) -> Iterator[Finding]:
    name = "SCALEV_CUSTOMER_TOKEN"
    if reading.is_set(opened.environ, name, opened.settings):
        reading.token(opened.environ, name, opened.settings)
        place = reading.place_of(opened.environ, name, opened.settings)
        yield Finding("customer token", "ok", said("%(place)s is set", place=place))


# --- the record -----------------------------------------------------------------------------------------


def _ledger(opened: Session) -> Iterator[Finding]:
    from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `context`

    file = ledger_file(opened.settings.ledger)
    if file is not None and not file.exists():
        if not file.parent.is_dir():
            raise LedgerError(f"the ledger's directory `{file.parent}` does not exist", hint="make it")
        yield Finding("ledger", "ok", said("none yet; the first plan makes `%(file)s`", file=file))
        return
    faults = opened.ledger.integrity()
    for fault in faults:
        yield Finding("ledger", "fail", fault, N_("restore the ledger from a copy"))
    if not faults:
        yield Finding("ledger", "ok", said("whole: `%(file)s`", file=file) if file else N_("whole"))
    yield from _permissions(file)
    yield from _audit(opened)
    yield from _account(opened)


def _permissions(file: Path | None) -> Iterator[Finding]:
    mode = 0 if file is None else stat.S_IMODE(file.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding(
            N_("permissions"),
            "warn",
            said("others can write to `%(file)s` (mode %(mode)s)", file=file, mode=f"{mode:04o}"),
            f"chmod 600 {file}",
        )


def _audit(opened: Session) -> Iterator[Finding]:
    verdict = opened.ledger.verify_audit(opened.settings.account)
    if verdict.ok:
        whole = said_many("%(count)s record, unbroken", "%(count)s records, unbroken", verdict.records)
        yield Finding("audit", "ok", whole)
    else:
        mend = N_("find out who changed the ledger; restore it from a copy")
        yield Finding("audit", "fail", verdict.why, mend)
    yield from _checkpoints(opened)


def _checkpoints(opened: Session) -> Iterator[Finding]:
    account, zone = opened.settings.account, opened.settings.timezone
    for one in opened.ledger.ahead(account):
        seen = text.moment(datetime.fromisoformat(one.at), zone)
        yield Finding(
            "checkpoint",
            "fail",
            said(
                "the ledger is older than its checkpoint of %(at)s, so nothing is sent: it was restored, or is another one",
                at=seen,
            ),
            said(
                "bring the newer ledger back; where it is lost, see at Scalev what was changed until %(at)s, then"
                " `tertib ledger accept --why '…'`",
                at=seen,
            ),
        )
    exported = opened.witness.exported(account)
    if exported is not None and exported.failed:
        yield Finding("checkpoint", "warn", exported.failed, N_("correct `checkpoints` in tertib.yaml"))
    elif exported is not None:
        told = said("record %(record)s was exported to %(place)s", record=exported.seq, place=exported.to)
        yield Finding("checkpoint", "ok", told)


def _account(opened: Session) -> Iterator[Finding]:
    halted = opened.ledger.halted(opened.settings.account)
    if halted is not None:
        yield Finding(
            "account",
            "fail",
            said(
                "nothing is sent for account `%(account)s`: %(why)s",
                account=opened.settings.account,
                why=halted,
            ),
            N_("look at these orders at Scalev, then `tertib doctor --clear-halt --why '…'`"),
        )
    for pause in opened.ledger.pauses(opened.settings.account, opened.time.now()):
        yield Finding("pause", "warn", pause.told, said("when it may go on: %(why)s", why=pause.way_out))
    unsettled = opened.ledger.unsettled(opened.settings.account)
    if unsettled:
        due = text.moment(min(one.due_at for one in unsettled), opened.settings.timezone)
        found = said_many(
            "%(count)s change of unknown outcome", "%(count)s changes of unknown outcome", len(unsettled)
        )
        yield Finding(N_("unsettled"), "warn", found, said("`tertib settle`, from %(at)s on", at=due))
    else:
        yield Finding("unsettled", "ok", N_("no change of unknown outcome"))
    quarantined = {str(one.id) for one in opened.ledger.quarantined(opened.settings.account)}
    if quarantined:
        alone = said_many(
            "rules leave %(count)s order alone that a person changed after them",
            "rules leave %(count)s orders alone that a person changed after them",
            len(quarantined),
        )
        mend = N_("`tertib hold --list` names them; `tertib release ORDER` hands one back")
        yield Finding(N_("quarantine"), "ok", alone, mend)


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
        name, state = said("channel %(name)s", name=channel.name), fared.get(channel.name)
        if channel.name in faulty:
            yield _failed(name, faulty[channel.name])
        elif state is not None and state.failing_since is not None:
            since = text.moment(state.failing_since, settings.timezone)
            stuck = said("messages do not leave since %(since)s: %(why)s", since=since, why=state.why)
            tries = said("`tertib notify test %(name)s` shows whether it works again", name=channel.name)
            yield Finding(name, "warn", stuck, tries)
        else:
            sent = said_many(
                "%(count)s message sent, for %(events)s",
                "%(count)s messages sent, for %(events)s",
                0 if state is None else state.sent,
                events=", ".join(channel.on),
            )
            yield Finding(name, "ok", sent)


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
