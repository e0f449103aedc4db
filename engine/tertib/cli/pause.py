"""`tertib pause`: stop rules, an account, or everything for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from tertib import load as loading
from tertib.cli import accounts, context, options, screen, speech, until
from tertib.errors import SettingsError
from tertib.language.nearest import did_you_mean
from tertib.model import Pause

everything = click.option("--all", "everything", is_flag=True, help="Everything that works on this ledger.")
"""`--all`, as the parameter `everything`."""


@click.command("pause")
@click.argument("rules", nargs=-1, metavar="[RULE]...")
@everything
@click.option(
    "--until", "ends", metavar="TIME", help="When it ends: `3d`, `2026-12-24` or a full time; else never."
)
@click.option("--why", required=True, help="The reason, which whoever is stopped by it is told.")
@options.json_output
def command(rules: tuple[str, ...], *, everything: bool, ends: str | None, why: str, as_json: bool) -> int:
    """Stop each RULE, the accounts that `--account` names, or `--all`, until the pause ends or `tertib resume` ends it.

    It holds from now on, also for runs that are under way: they stop before their next request. Slots of what is
    paused end as skipped. Do not write names or numbers of buyers into the reason: it is kept for good.
    """
    opened = chosen(rules, everything=everything)

    def work(one: context.Session) -> accounts.Said:
        now, account = one.time.now(), one.settings.account
        to = until.read(ends, now, one.settings.timezone)
        pausing, who = one.ledger.pausing, context.person()
        if everything:
            pausing.pause_everything(account, who=who, why=why, until=to, now=now)
        for rule in () if everything else rules or (None,):
            pausing.pause(account, rule, who=who, why=why, until=to, now=now)
        return _said(one, now)

    return accounts.each(work, as_json=as_json, opened=opened)


def chosen(rules: Sequence[str], *, everything: bool) -> tuple[context.Session, ...]:
    """Return the accounts that a pause is for: with rules, those that have them.

    Raises `UsageError` where nothing, or too much, was named, and `SettingsError` for a rule that no account has.
    """
    opened = context.sessions()
    if everything and rules:
        raise click.UsageError("`--all` means every rule: name rules, or say `--all`")
    if everything:
        return _one_a_ledger(opened)
    if not rules:
        if not opened[0].choices.accounts:
            raise click.UsageError("say what is meant: the name of a RULE, `--account NAME`, or `--all`")
        return opened
    having = tuple(one for one in opened if set(rules) <= set(_names(one, rules)))
    if not having:
        known = {name for one in opened for name in _names(one, ())}
        strange = next((rule for rule in rules if rule not in known), rules[0])
        hint = did_you_mean(strange, known) or "`tertib schedule` lists the rules that run by themselves"
        raise SettingsError(f"there is no rule `{strange}`", hint=hint)
    return having


def _one_a_ledger(opened: Iterable[context.Session]) -> tuple[context.Session, ...]:
    """Return one session for each ledger: everything that works on it is stopped at once."""
    return tuple({one.settings.ledger: one for one in reversed(tuple(opened))}.values())[::-1]


def _names(opened: context.Session, asked: Sequence[str]) -> Iterator[str]:
    """Yield the names of an account's rules, of those too that do not load, and of any that it once ran."""
    loaded = loading.load(opened.settings.rules, opened.settings)
    yield from (rule.name for rule in loaded.rules)
    yield from (problem.rule for problem in loaded.problems if problem.rule)
    account = opened.settings.account
    yield from (name for name in asked if opened.ledger.slots(account, name, 1))


def _said(opened: context.Session, now: datetime) -> accounts.Said:
    standing = opened.ledger.pauses(opened.settings.account, now)
    return accounts.Said({"pauses": documents(standing)}, lambda: show(standing, opened))


def documents(standing: Iterable[Pause]) -> list[dict[str, Any]]:
    """Return pauses as JSON shows them."""
    return [
        {
            "what": "everything" if one.account is None else "account" if one.rule is None else "rule",
            "rule": one.rule,
            "who": one.who,
            "why": one.why,
            "since": one.since.isoformat(),
            "until": None if one.until is None else one.until.isoformat(),
        }
        for one in standing
    ]


def show(standing: Iterable[Pause], opened: context.Session) -> None:
    """Print a line for every pause that stands."""
    console, zone = opened.console(), opened.settings.timezone
    for one in standing:
        console.print(screen.clean(_told(one, zone)), style="yellow")


def _told(one: Pause, zone: str) -> str:
    told, since = speech.say(one.told), screen.moment(one.since, zone)
    if one.until is None:
        return speech.gettext("%(pause)s (since %(since)s)", pause=told, since=since)
    until = screen.moment(one.until, zone)
    return speech.gettext(
        "%(pause)s (since %(since)s, until %(until)s)", pause=told, since=since, until=until
    )


def standing(opened: context.Session) -> Sequence[Pause]:
    """Return the pauses that an account is under now; looking makes no ledger where there is none yet."""
    from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `context`

    file = ledger_file(opened.settings.ledger)
    if file is not None and not file.exists():
        return ()
    return opened.ledger.pauses(opened.settings.account, opened.time.now())
