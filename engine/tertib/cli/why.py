"""`tertib why`: every rule's word on one order, and all that was ever done or decided about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from tertib import naming, pipeline
from tertib.cli import context, judgement, options, screen, speech
from tertib.errors import ReadError
from tertib.explain import Explanation
from tertib.ledger.runs import ChangeRecord
from tertib.ledger.schema import plain
from tertib.model import Hold, Rule, Unsettled
from tertib.sayings import N_
from tertib.telling import changes, waiting
from tertib.telling.states import WAITED


@click.command("why")
@click.argument("order")
@judgement.from_option
@judgement.at_option
@options.json_output
def command(order: str, *, file: Path | None, at: str | None, as_json: bool) -> int:
    """Ask every rule of the project about ORDER, and show what would act, what keeps the others, and what was done."""
    opened = context.session()
    order = naming.known_as(order, opened.ledger, opened.settings.account)
    rules = [one for one in context.rules(opened, ()) if one.enabled]
    explained, unread = _explained(opened, rules, order, file, at)
    past = _past(opened, order, explained)
    if unread is not None and not past.known:
        raise unread
    if as_json:
        screen.emit(_document(order, explained, past))
        return 0
    console, zone = opened.console(), opened.settings.timezone
    if unread is not None:
        console.print(speech.say(str(unread)), style="yellow")
    for one in sorted(explained, key=_rank):
        if _rank(one) < _LAST:
            judgement.show(one, console, zone)
    for line in (*_rest(explained, rules), *_told(past, opened)):
        console.print(line, soft_wrap=True)
    return 0


def _explained(
    opened: context.Session, rules: Sequence[Rule], order: str, file: Path | None, at: str | None
) -> tuple[tuple[Explanation, ...], ReadError | None]:
    """Return every rule's explanation, or none of them and why the order could not be found."""
    given = None if file is None else judgement.from_file(file, order)
    try:
        found = pipeline.why(
            rules,
            order,
            opened.settings,
            reader=opened.reader if given is None else None,
            ledger=opened.ledger,
            clock=judgement.clock_at(at, opened.time, opened.settings.timezone),
            mask=opened.mask,
            order=given,
        )
    except ReadError as error:
        if "has no order" not in str(error):
            raise
        return (), error
    return found, None


# --- the rules ------------------------------------------------------------------------------------------

_LAST = 3


def _rank(one: Explanation) -> int:
    """Return where an explanation stands: what acts first, then what is held, then what is coming, then the rest."""
    if one.change is not None:
        return 0
    return 1 if one.matched else 2 if one.coming is not None else _LAST


def _rest(explained: Sequence[Explanation], rules: Sequence[Rule]) -> Iterator[str]:
    """Yield a line for each rule that has nothing to do with the order, with the first thing that says so."""
    for one in explained:
        if _rank(one) == _LAST:
            decisive = [node for node in one.trace if node.result is False]
            decisive = decisive or [node for node in one.trace if node.result is None]
            because = judgement.line(decisive[0]) if decisive else ""
            said = speech.gettext("rule %(rule)s: %(why)s", rule=one.rule, why=because)
            yield f"{judgement.MARKS[one.verdict]} {said}"
    for name in [one.name for one in rules] if explained else []:
        if name not in {one.rule for one in explained}:
            lacks = speech.gettext(
                "rule %(rule)s: the orders that it reads lack this one, or could not be read", rule=name
            )
            yield f"? {lacks}"


# --- the record -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Past:
    """What the record has about one order: `changes` as it tells of them, `told` as they stand by now."""

    changes: tuple[ChangeRecord, ...]
    told: tuple[ChangeRecord, ...]
    holds: tuple[Hold, ...]
    unsettled: tuple[Unsettled, ...]

    @property
    def known(self) -> bool:
        """Tell whether the record knows the order at all."""
        return bool(self.changes or self.holds or self.unsettled)


def _past(opened: context.Session, order: str, explained: Sequence[Explanation]) -> _Past:
    account = opened.settings.account
    names = {order, *(one.order_id for one in explained if one.order_id)}
    found = {one.change_id: one for name in names for one in opened.ledger.changes_of(account, name)}
    changes = sorted(found.values(), key=lambda one: one.planned_at)
    names |= {name for one in changes for name in (one.order_id, str(one.id)) if name}
    return _Past(
        changes=tuple(changes),
        told=waiting.as_it_stands(
            changes, opened.ledger.approvals, account, opened.time.now(), opened.settings.timezone
        ),
        holds=tuple(one for one in opened.ledger.holds(account, opened.time.now()) if one.ref in names),
        unsettled=tuple(
            one for one in opened.ledger.unsettled(account) if names & {one.order_id, str(one.id)}
        ),
    )


def _told(past: _Past, opened: context.Session) -> Iterator[str]:
    """Yield what the record knows, in words."""
    zone = opened.settings.timezone
    if not past.known:
        yield speech.gettext(
            "the record has nothing about this order: no rule ever acted on it, and nobody put it on hold"
        )
        return
    for hold in past.holds:
        yield screen.clean(_on_hold(hold, zone))
    for change in past.told:
        yield f"{screen.moment(change.planned_at, zone)}  {_did(change)}"
    for one in past.unsettled:
        yield speech.gettext(
            "what became of run %(run)s is not known; `tertib settle` can read it back from %(at)s on",
            run=one.run_id,
            at=screen.moment(one.due_at, zone),
        )
    if past.changes:
        last = past.changes[-1]
        asking = f"`tertib explain {last.rule} {last.order_id or last.id} --run {last.run_id}`"
        yield speech.gettext("what it saw then: %(command)s", command=asking)


def _on_hold(hold: Hold, zone: str) -> str:
    since, why = screen.moment(hold.since, zone), speech.say(hold.why)
    if hold.until is None:
        return speech.gettext(
            "on hold since %(since)s: %(why)s (`tertib release` ends it)", since=since, why=why
        )
    return speech.gettext(
        "on hold since %(since)s until %(until)s: %(why)s (`tertib release` ends it)",
        since=since,
        until=screen.moment(hold.until, zone),
        why=why,
    )


_ENDS: Mapping[str, str] = {
    "previewed": N_("rule %(rule)s would have set %(set)s (its mode is `preview`)"),
    "awaiting_approval": N_("rule %(rule)s wants to set %(set)s, and waits for approval"),
    WAITED: N_("rule %(rule)s wanted to set %(set)s, and waited for approval"),
    "planned": N_("rule %(rule)s is about to set %(set)s"),
    "sent": N_("rule %(rule)s sent %(set)s, and the outcome is not known"),
    "confirmed": N_("rule %(rule)s set %(set)s, which Scalev confirmed"),
    "confirmed_by_readback": N_("rule %(rule)s set %(set)s, which reading back confirmed"),
    "not_applied": N_("rule %(rule)s tried to set %(set)s, and Scalev did not do it"),
    "held": N_("rule %(rule)s wanted to set %(set)s, and was kept from it"),
    "stale": N_("rule %(rule)s wanted to set %(set)s, and dropped it when the order was read again"),
    "abandoned": N_("rule %(rule)s wanted to set %(set)s, and never sent it"),
}
"""What each state of a change means in words."""


def _did(change: ChangeRecord) -> str:
    values = ", ".join(
        f"{name} {_from(change, name)}{changes.value(value)}"
        for name, value in change.set.items()
        if name != "by"
    )
    said = speech.gettext(_ENDS[change.state], rule=change.rule, set=values or speech.gettext("nothing"))
    why = f": {screen.clean(speech.say(change.why))}" if change.why and change.state != "previewed" else ""
    run = speech.gettext("run %(run)s", run=change.run_id)
    return f"{said}{why} ({run})"


def _from(change: ChangeRecord, name: str) -> str:
    before = change.before.get(name)
    return "" if before is None or isinstance(before, Mapping) else f"{screen.clean(before)} → "


# --- for machines ---------------------------------------------------------------------------------------


def _document(order: str, explained: Sequence[Explanation], past: _Past) -> dict[str, Any]:
    names = [one.order_id for one in explained if one.order_id] + [one.order_id for one in past.changes]
    return {
        "order_id": next(iter(names), order),
        "rules": [one.document() for one in explained],
        "changes": waiting.documents(past.changes, past.told),
        "holds": [plain(asdict(one)) for one in past.holds],
        "unsettled": [plain(asdict(one)) for one in past.unsettled],
    }
