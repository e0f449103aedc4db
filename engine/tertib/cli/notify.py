"""`tertib notify`: try the channels that people are told by, and send what is to be told now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import click

from tertib.cli import accounts, context, exits, options, screen, speech, watching
from tertib.errors import SettingsError, TertibError
from tertib.language.nearest import did_you_mean
from tertib.model import Channel
from tertib.sayings import N_, said

PATIENCE: Final = 30.0
"""How long (seconds) a channel may take to send a test message."""

AFTERWARDS: Final = 60.0
"""How long (seconds) `send` waits for messages to leave."""


@click.group("notify")
def command() -> None:
    """Try the channels of `notify` in tertib.yaml, or send what is to be told now."""


@command.command("test")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@options.json_output
def test(channels: tuple[str, ...], *, as_json: bool) -> int:
    """Send a test message to each CHANNEL, or to all."""
    return accounts.each(lambda opened: _tested(opened, channels), as_json=as_json, some_failed=exits.FAILED)


def _tested(opened: context.Session, names: Sequence[str]) -> accounts.Said:
    found = [_outcome(opened, one) for one in _chosen(opened, names)]
    failed = any(not one["ok"] for one in found)
    return accounts.Said({"channels": found}, lambda: _show(found), exits.FAILED if failed else 0)


def _chosen(opened: context.Session, names: Sequence[str]) -> Iterator[Channel]:
    """Yield the channels that are meant; raises `SettingsError` where there are none, or none of that name."""
    known = {one.name: one for one in opened.settings.notify.channels}
    if not known:
        raise SettingsError(
            "there are no channels to try",
            hint="`notify: {channels: [{url: {env: TELEGRAM_URL}}]}` in tertib.yaml",
        )
    for name in names or known:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {context.listed(list(known))}"
            raise SettingsError(f"there is no channel `{name}`", hint=hint)
        yield known[name]


def _outcome(opened: context.Session, channel: Channel) -> dict[str, Any]:
    """Send a test message and return how that went, in words that never hold the address."""
    from tertib.notify import notifier, texts  # noqa: PLC0415 - only for who sends messages

    settings = opened.settings
    try:
        send = notifier.of_channel(channel, opened.environ)
        several = len(opened.project.accounts) > 1
        own = texts.own(settings.notify.texts, channel.language)
        written = texts.write_test(channel.language, notifier.frame(settings, several=several), own)
    except TertibError as error:
        return {"name": channel.name, "ok": False, "why": str(error), "hint": error.hint}
    why = _within(lambda: send(*written))
    return {"name": channel.name, "ok": why is None, "why": why, "hint": None}


def _within(send: Callable[[], bool]) -> str | None:
    """Return why nothing was sent, None where it was; a service that hangs is not waited for longer than `PATIENCE`."""
    ended: list[str | None] = []

    def work() -> None:
        try:
            ended.append(None if send() else N_("the service did not take the message"))
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its words may hold the address
            ended.append(type(error).__name__)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return ended[0] if ended else said("no answer within %(seconds)s seconds", seconds=f"{PATIENCE:.0f}")


def _show(found: Sequence[dict[str, Any]]) -> None:
    for one in found:
        click.echo(screen.clean(_told(one)))
        if one["hint"]:
            hint = speech.gettext("hint: %(hint)s", hint=speech.say(one["hint"]))
            click.echo(f"  {screen.clean(hint)}")


def _told(one: Mapping[str, Any]) -> str:
    if one["ok"]:
        return speech.gettext("%(channel)s: sent", channel=one["name"])
    return speech.gettext("%(channel)s: not sent: %(why)s", channel=one["name"], why=speech.say(one["why"]))


@command.command("send")
@options.json_output
def send(*, as_json: bool) -> int:
    """Tell now what is to be told: for projects that run `tertib run` from cron instead of `tertib serve`."""
    return accounts.each(_sent, as_json=as_json)


def _sent(opened: context.Session) -> accounts.Said:
    failures: list[str] = []
    told = watching.notifier(opened, _Collected(failures))
    if told is not None:
        told.look(opened.time.now())
        told.close(AFTERWARDS)
    elif not failures:
        failures.append("there are no channels in `notify`")
    document = {"ok": not failures, "failures": failures}
    return accounts.Said(document, lambda: _complain(failures), exits.FAILED if failures else 0)


def _complain(failures: Sequence[str]) -> None:
    for one in failures:
        click.echo(screen.clean(one), err=True)


class _Collected:
    """Keeps what would be logged, for the command to say."""

    def __init__(self, kept: list[str]) -> None:
        self._kept = kept

    def info(self, event: str, **_fields: Any) -> None:
        """Keep nothing of what went well."""

    def warning(self, event: str, **fields: Any) -> None:
        """Keep what did not."""
        self._kept.append(
            ": ".join(str(one) for one in (event, fields.get("channel"), fields.get("why")) if one)
        )

    error = warning
