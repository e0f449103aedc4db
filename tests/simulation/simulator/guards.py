"""The engine's guards, each with a way to take it out: by replacing it from here, for the time of a simulation.

The engine has no switch for any of them: nothing that a setting, an environment or a command could reach. A guard is
shown to matter where a scenario that is harmless with it becomes a violation without it. Guards back each other up on
purpose; one whose backup catches everything alone stands here together with its backup.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch

import httpx
from sqlalchemy import exists, select, true

from simulator.database import Bench
from tertib import apply as applying
from tertib import evaluate, means, pipeline, settling
from tertib import plan as planning
from tertib.apply import reread, sending
from tertib.apply.watch import Watch
from tertib.compile import deciding
from tertib.errors import PlanRefused
from tertib.ledger import changes, lease, requests, schema
from tertib.ledger import history as ledger_history
from tertib.ledger import settling as ledger_settling
from tertib.ledger.lease import Lessee
from tertib.ledger.trail import Writing
from tertib.model import Answer, History, Mode, Outcome, Plan, Sent, State
from tertib.plan import limits, vetoes
from tertib.plan.vetoes import Facts
from tertib.scalev import budget, client, paging, verdicts

proposing = importlib.import_module("tertib.plan.propose")  # `tertib.plan.propose` names a function as well

_INDEX: Final = "changes_one_unsettled"


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard, or guards that back each other up: what it says, and what stands in its place when it is out."""

    says: str
    without: tuple[tuple[Any, str, Any], ...]
    drops_index: bool = False


@contextmanager
def removed(name: str | None, bench: Bench) -> Iterator[None]:
    """Take a guard out while the block runs; None takes out nothing."""
    if name is None:
        yield
        return
    guard = GUARDS[name]
    with ExitStack() as stack:
        for where, what, instead in guard.without:
            stack.enter_context(patch.object(where, what, instead))
        if guard.drops_index:
            _execute(bench, f"DROP INDEX {_INDEX}")
            stack.callback(_restore_index, bench)
        yield


def _restore_index(bench: Bench) -> None:
    bench.clear()
    index = next(one for one in schema.changes.indexes if one.name == _INDEX)
    with bench.machines[0].writing() as connection:
        index.create(connection)


def _execute(bench: Bench, statement: str) -> None:
    with bench.machines[0].writing() as connection:
        connection.exec_driver_sql(statement)


# --- what stands in a guard's place ---------------------------------------------------------------------


def _nothing(*_given: Any, **_named: Any) -> None:
    return None


def _never(*_given: Any, **_named: Any) -> bool:
    return False


def _always(*_given: Any, **_named: Any) -> bool:
    return True


def _written_by_a_person(_rule: str) -> str:
    return ""


def _any_row(*_given: Any) -> Any:
    return true()


def _own_keys(_connection: Any, _account: str, orders: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {key: frozenset({key}) for key in orders}


def _settled_by_id_alone() -> Any:
    other = schema.changes.alias("other")
    return ~exists().where(
        other.c.order_key == schema.changes.c.order_key, other.c.state == schema.IS_UNSETTLED
    )


def _unfenced(writing: Writing, run_id: str) -> Any:
    return writing.connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).one()


def _all_released(_claim: Any, asked: Any) -> list[Any]:
    return list(asked)


def _confirmed_though_unnamed(change: Any, _echoes: Any, _wanted: Any) -> Outcome:
    return Outcome(change.id, change.order_id, change.rule, State.CONFIRMED, "assumed")


def _unjudged(change: Any, reading: Any, *_given: Any) -> Any:
    return replace(change, read_at=reading.read_at)


def _no_veto(*_given: Any) -> vetoes.Veto:
    return vetoes.Veto("human_change", applies=False, why="")


def _holds_alone(order_id: str | None, key: str, history: History) -> vetoes.Veto | None:
    return _RECORDED(order_id, key, replace(history, unsettled=frozenset()))


_RECORDED: Final = vetoes.recorded_veto


def _refused_if_failed(received: Any, secrets: Any, place: str) -> Answer:
    answer = _SORT(received, secrets, place)
    failed = answer.how == "unknown" and received.status >= 400
    return replace(answer, how="refused", status=503) if failed else answer


_SORT: Final = verdicts.sort_change


def _not_applied(change: Any, _order: Any, _name: str) -> Outcome:
    return Outcome(change.id, change.order_id, change.rule, State.NOT_APPLIED, "read back: not as wanted")


def _sent_again(self: client.ChangeClient, body: Mapping[str, Any]) -> Answer:
    answer = _SEND(self, body)
    return _SEND(self, body) if answer.how == "unknown" else answer


_SEND: Final = client.ChangeClient.change_status


def _old_alone(state: Any, _claim: Any, going: Any, _sent_at: Any) -> str | None:
    return None if all(applying._young(state, one) for one in going) else "the reading grew too old"


def _all_satisfy(*_given: Any) -> tuple[bool, tuple[str, ...]]:
    return True, ()


def _no_pins(_rule: Any) -> dict[str, Any]:
    return {}


def _taken_by_anyone(writing: Writing, _lessee: Lessee, now: Any) -> None:
    del writing, now


def _not_paid(order: Any) -> Iterator[vetoes.Veto]:
    del order
    yield from ()


def _of_any_age(plan: Plan, *given: Any) -> None:
    _fit_but_for("too old to apply", plan, *given)


def _of_any_reading(plan: Plan, *given: Any) -> None:
    _fit_but_for("did not finish", plan, *given)


def _fit_but_for(reason: str, *given: Any) -> None:
    try:
        _REFUSE_UNFIT(*given)
    except PlanRefused as error:
        if reason not in str(error):
            raise


_REFUSE_UNFIT: Final = pipeline._refuse_unfit


def _begun_without_slot(*given: Any, slots: Sequence[str], **named: Any) -> str:
    del slots
    return _BEGIN(*given, slots=(), **named)


_BEGIN: Final = lease.begin


def _nothing_sent(*_given: Any) -> Sent:
    return Sent()


def _caps_alone(*given: Any) -> Any:
    return None if _is_of_a_rule(given) else _OVER_LIMIT(*given)


def _rules_alone(*given: Any) -> Any:
    return _OVER_LIMIT(*given) if _is_of_a_rule(given) else None


def _is_of_a_rule(given: tuple[Any, ...]) -> bool:
    """Tell by what was handed over: a share of the orders is a rule's limit, and no cap."""
    return len(given) == 4


_OVER_LIMIT: Final = limits.over_limit


def _not_on_hold(order_id: str | None, key: str, history: History) -> vetoes.Veto | None:
    return _RECORDED(order_id, key, replace(history, holds={}))


def _none_on_hold(*_given: Any) -> frozenset[str]:
    return frozenset()


def _unprotected(settings: Any, _protect: Any, history: History, **named: Any) -> Facts:
    return Facts(settings, (), history, **named)


def _known_veto_alone(*given: Any) -> vetoes.Veto | None:
    found = _FIRST_VETO(*given)
    return None if found is not None and found.code == "cannot_tell" else found


_FIRST_VETO: Final = vetoes.first_veto


def _young_is_enough(state: Any, change: Any) -> bool:
    return not applying._changed_since(state, change) and applying._young(state, change)


def _all_live(decided: Plan) -> Iterator[tuple[Mode, Plan]]:
    yield Mode.APPLY, decided


def _moved_unnoticed(shown: Any, change: Any, scan: Any, reading: Any) -> None:
    _NOTE(shown, change, scan, reading)
    shown.moved.clear()


_NOTE: Final = reread._note


def _unknown_is_halved(answer: Answer, changes: Any, wanted: Any) -> tuple[Outcome, ...]:
    found = _OUTCOMES_OF(answer, changes, wanted)
    return tuple(replace(one, state=State.PLANNED) if one.state is State.SENT else one for one in found)


_OUTCOMES_OF: Final = sending.outcomes_of


_FENCES: Final = ((requests, "fence", _unfenced), (changes, "fence", _unfenced), (lease, "fence", _unfenced))
_LEASE: Final = ((lease, "is_held", _never), (ledger_settling, "is_held", _never))
_UNSETTLED_VETO: Final = ((vetoes, "recorded_veto", _holds_alone), (applying, "recorded_veto", _holds_alone))

GUARDS: Final[Mapping[str, Guard]] = {
    # --- who may write
    "fence": Guard("a process that lost the account writes nothing more", _FENCES),
    "lease+fence+claim": Guard(
        "one process at a time has the account: its lease, the fence, and the claim's own look at run and change",
        (
            *_LEASE,
            *_FENCES,
            (requests, "_is_planned", _any_row),
            (requests, "_is_ours", _any_row),
            (requests, "_refuse_lost", _nothing),
        ),
    ),
    "interrupted": Guard(
        "what a dead run had planned is abandoned", ((lease, "close_interrupted", _nothing),)
    ),
    "settle takes over+open": Guard(
        "settling shuts out a holder whose lease is over, and an end is never written over",
        (
            (ledger_settling, "_claim_account", _taken_by_anyone),
            (requests, "_is_open", _any_row),
            (ledger_settling, "_is_open", _any_row),
        ),
    ),
    "settled once": Guard(
        "of two processes that read a change back, one writes it down",
        ((ledger_settling, "_is_open", _any_row),),
    ),
    # --- what may go on the wire
    "unsettled": Guard(
        "an order whose last change has no known outcome gets no other: veto, claim, and the database's own index",
        (*_UNSETTLED_VETO, (requests, "_is_settled", _any_row)),
        drops_index=True,
    ),
    "numbers": Guard(
        "an order is known by its number too, so that a new id makes no new order of it: when planning, and in the claim",
        (
            (ledger_history, "keys_of", _own_keys),
            (requests, "keys_of", _own_keys),
            (requests, "_is_settled", _settled_by_id_alone),
        ),
    ),
    "released+unsettled veto": Guard(
        "only the ids that the claim returned are sent",
        (*_UNSETTLED_VETO, (applying, "_released", _all_released)),
    ),
    "planned+ours": Guard(
        "only what is still planned, by the run that has the account, can be claimed",
        (
            (requests, "_is_planned", _any_row),
            (requests, "_is_ours", _any_row),
            (requests, "_refuse_lost", _nothing),
            *_FENCES,
        ),
    ),
    "applied once+changed since": Guard(
        "a plan is applied once, and an order that we changed since it was read is read again",
        ((lease, "_refuse_applied", _nothing), (applying, "_changed_since", _never)),
    ),
    "slot": Guard(
        "a scheduled time has one run: the run's own look, and the database's constraint",
        ((lease, "begin", _begun_without_slot),),
    ),
    "halted": Guard(
        "a stopped account starts no run, and its claims find nothing",
        ((lease, "refuse_halted", _nothing), (requests, "_is_ours", _any_row)),
    ),
    "plan ttl": Guard("a preview that is too old is refused", ((pipeline, "_refuse_unfit", _of_any_age),)),
    "whole plan": Guard(
        "a plan whose reading did not finish is refused", ((pipeline, "_refuse_unfit", _of_any_reading),)
    ),
    "modes": Guard("a rule that only shows itself does not act", ((pipeline, "by_mode", _all_live),)),
    "changed since": Guard(
        "an order that we changed since it was read is read again", ((applying, "_changed_since", _never),)
    ),
    "stop after unknown": Guard(
        "nothing is sent after an unknown outcome", ((applying, "must_stop", _nothing),)
    ),
    "halves": Guard(
        "only a definite refusal is tried again in halves, and the ledger takes no other for one",
        ((applying, "outcomes_of", _unknown_is_halved), (requests, "_refuse_impossible", _nothing)),
    ),
    "no second try": Guard("a write is sent once", ((client.ChangeClient, "change_status", _sent_again),)),
    # --- how old knowledge may be
    "too late": Guard("age and lease are looked at beside the socket", ((applying, "_too_late", _nothing),)),
    "deadline": Guard("nothing is sent once the lease is over", ((applying, "_too_late", _old_alone),)),
    "re-read+too late": Guard(
        "what was read too long ago is read again",
        ((applying, "_fresh", _always), (applying, "_too_late", _nothing)),
    ),
    "judged again": Guard("what was read again is judged again", ((applying, "judge_again", _unjudged),)),
    "status read again": Guard(
        "a status that is written back is read under the run's own lease, however young the plan's reading",
        ((applying, "_fresh", _young_is_enough),),
    ),
    "moved while planning": Guard(
        "an order that another scan shows changed is not decided on", ((evaluate, "_outdate", _nothing),)
    ),
    "moved while read again": Guard(
        "an order that another rule's scan shows changed is not sent", ((reread, "_note", _moved_unnoticed),)
    ),
    "watch": Guard("a clock that was set back makes every reading old", ((Watch, "set_back", _never),)),
    # --- what an answer proves
    "5xx is unknown": Guard(
        "a failing server may have done it", ((client, "sort_change", _refused_if_failed),)
    ),
    "lost is unknown": Guard(
        "a lost connection may have done it", ((client, "NEVER_SENT", (httpx.HTTPError,)),)
    ),
    "echoed values": Guard(
        "an echo with other values proves nothing", ((sending, "_differing", lambda *_: []),)
    ),
    "named orders": Guard(
        "an order that the answer leaves out is unknown", ((sending, "_echoed", _confirmed_though_unnamed),)
    ),
    "foreign ids": Guard(
        "an answer that names orders nobody sent stops the account",
        ((requests, "_foreign_ids", lambda *_: []),),
    ),
    # --- reading back
    "settle window": Guard(
        "nothing is read back before it can no longer arrive: asked when choosing, when writing, and by the database",
        (
            (settling, "_is_due", _always),
            (ledger_settling, "_refuse_early", _nothing),
            (ledger_settling, "_is_due", _any_row),
        ),
    ),
    "touched since": Guard(
        "an order that somebody changed since it was sent may have had our change",
        ((settling, "_not_as_wanted", _not_applied),),
    ),
    "human change": Guard(
        "what a person took back is not done again by the rule", ((vetoes, "_human_change", _no_veto),)
    ),
    "undone": Guard(
        "what an undo took back is not done again by any rule",
        ((vetoes, "undone_run", _written_by_a_person),),
    ),
    # --- what may be decided
    "limits at apply": Guard(
        "limits are counted again when a plan is applied", ((applying, "_hold_over_limits", _nothing),)
    ),
    "sent today": Guard(
        "what was sent since midnight counts towards the limits of a day",
        ((planning, "sent_by", _nothing_sent), (applying, "sent_by", _nothing_sent)),
    ),
    "rule limits": Guard(
        "a rule's limits are counted when planning, and again when applying",
        ((planning, "over_limit", _caps_alone), (applying, "over_limit", _caps_alone)),
    ),
    "caps": Guard(
        "the caps of all rules together are counted when planning, and again when applying",
        ((planning, "over_limit", _rules_alone), (applying, "over_limit", _rules_alone)),
    ),
    "holds": Guard(
        "an order that a person put on hold is left alone: by plans, by what applies them, and by the claim",
        (
            (vetoes, "recorded_veto", _not_on_hold),
            (applying, "recorded_veto", _not_on_hold),
            (requests, "orders_on_hold", _none_on_hold),
        ),
    ),
    "holds under way": Guard(
        "an order that a person puts on hold during a run is left alone: before each request, and by the claim",
        ((applying, "_heed_holds", _nothing), (requests, "orders_on_hold", _none_on_hold)),
    ),
    "held at last": Guard(
        "an order that is put on hold at the last moment is not let out",
        ((requests, "orders_on_hold", _none_on_hold),),
    ),
    "protect": Guard("what the project protects is left alone", ((means, "Facts", _unprotected),)),
    "unknown holds": Guard(
        "a veto that cannot be told holds the order", ((proposing, "first_veto", _known_veto_alone),)
    ),
    "unread rules": Guard(
        "rules whose orders were not read to the end decide nothing",
        ((planning, "_unread_rules", lambda *_: frozenset()),),
    ),
    "paid orders": Guard(
        "paid orders and conflicts are not cancelled", ((vetoes, "_against_cancelling", _not_paid),)
    ),
    "filters+query": Guard(
        "every filter that was sent is checked again on what came back",
        (
            (paging, "_contradicted", _nothing),
            (evaluate, "satisfies_query", _all_satisfy),
            (reread, "satisfies_query", _all_satisfy),
            (deciding, "_pins", _no_pins),
        ),
    ),
    "rate": Guard("the rate limit is kept", ((budget.RollingBudget, "take", _nothing),)),
}
