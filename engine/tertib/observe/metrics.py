"""What Prometheus is told: totals of the record since it began, and how the loop stands.

Totals come from the ledger, not from this process: they are right after a restart and whoever else worked on it. Labels
are names of accounts, rules, channels and our own words; none comes from an order, and each set has a bound.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from tertib import __version__
from tertib.errors import LedgerError
from tertib.ledger.figures import BOUNDS, Figures, Totals
from tertib.ledger.notices import DONE
from tertib.ledger.tallies import HELD, MATCHED, NO_RULE, PLANNED, READ
from tertib.model import State
from tertib.observe.pulse import Pulse, Standing

MOST_RULES: Final = 500
"""How many rules of an account have series of their own; what the others did stands under `other`."""

SLOT_STATES: Final = ("done", "missed", "skipped", "held", "failed")
LEFT_ALONE: Final = (State.NOT_APPLIED, State.HELD, State.STALE, State.ABANDONED)
"""The ends of changes that were planned and did not happen."""

_UNDO: Final = "undo:"


class Summed(Protocol):
    """A ledger that says what it adds up to."""

    @property
    def figures(self) -> Figures:
        """Return what the record adds up to."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """An account whose figures are shown."""

    account: str
    ledger: Summed


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one scrape goes by: each account's totals (None where its ledger did not answer) and standing."""

    totals: Mapping[str, Totals | None]
    standings: Mapping[str, Standing]
    now: datetime

    def known(self) -> Iterator[tuple[str, Totals]]:
        """Yield the accounts whose ledger answered."""
        yield from ((account, one) for account, one in self.totals.items() if one is not None)


class Figured(Collector):
    """Collects all metrics of Tertib's own at the moment they are asked for."""

    def __init__(self, watched: Iterable[Watched], pulse: Pulse, now: Callable[[], datetime]) -> None:
        """Take the accounts, the loop's signs of life and the clock."""
        self._watched, self._pulse, self._now = tuple(watched), pulse, now
        self._before: dict[str, Totals] = {}
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; a ledger that does not answer shows as down, and the others go on."""
        with self._lock:
            seen = self._look()
        yield GaugeMetricFamily(
            "tertib_last_turn_age_seconds", "Seconds since the loop last moved.", self._pulse.age
        )
        yield _gauge("tertib_build_info", "The version that runs.", ("version",), [((__version__,), 1)])
        for family in FAMILIES:
            yield family(seen)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: being registered must not ask the ledger."""
        return ()

    def _look(self) -> _Seen:
        now = self._now()
        totals = {one.account: self._totals(one, now) for one in self._watched}
        return _Seen(totals, {account: self._pulse.of(account) for account in totals}, now)

    def _totals(self, one: Watched, now: datetime) -> Totals | None:
        try:
            found = one.ledger.figures.totals(one.account, now, self._before.get(one.account))
        except LedgerError:
            return None
        self._before[one.account] = found
        return found


def registry(figured: Figured) -> CollectorRegistry:
    """Return what is exposed: our metrics, and memory, processor time and open files of the process."""
    made = CollectorRegistry(auto_describe=False)
    made.register(figured)
    ProcessCollector(registry=made)
    return made


def exposition(from_registry: CollectorRegistry) -> bytes:
    """Return the metrics in Prometheus's text format."""
    return generate_latest(from_registry)


# --- one function a metric ------------------------------------------------------------------------------

Rows = Iterable[tuple[Sequence[str], float]]


def _counter(name: str, about: str, labels: Sequence[str], rows: Rows) -> CounterMetricFamily:
    made = CounterMetricFamily(name, about, labels=labels)
    for values, number in rows:
        made.add_metric(values, number)
    return made


def _gauge(name: str, about: str, labels: Sequence[str], rows: Rows) -> GaugeMetricFamily:
    made = GaugeMetricFamily(name, about, labels=labels)
    for values, number in rows:
        made.add_metric(values, number)
    return made


def label(rule: str, shown: frozenset[str]) -> str:
    """Return the label of a rule: undoing a run has one for all runs, and rules beyond the bound share one."""
    return "undo" if rule.startswith(_UNDO) else rule if rule in shown else "other"


def _shown(totals: Totals, standing: Standing) -> frozenset[str]:
    """Return the rules that have series of their own: those with a schedule first."""
    known = {rule for rule, _ in (*totals.slots, *totals.changes, *totals.tallies) if rule != NO_RULE}
    ordered = [*sorted(standing.rules), *sorted(one for one in known if not one.startswith(_UNDO))]
    return frozenset([*dict.fromkeys(ordered)][:MOST_RULES])


def _by_rule(
    seen: _Seen, counts: Callable[[Totals], Iterable[tuple[tuple[str, str], float]]], words: Sequence[str]
) -> Rows:
    """Yield counts of (rule, word) for the words asked for, noughts for every rule with a schedule."""
    for account, totals in seen.known():
        standing = seen.standings[account]
        shown, summed = _shown(totals, standing), Counter[tuple[str, str]]()
        for rule in standing.rules:
            summed.update({(label(rule, shown), word): 0 for word in words})
        for (rule, word), number in counts(totals):
            if word in words:
                summed[label(rule, shown), word] += number  # type: ignore[assignment]  # counters add up fractions too
        yield from (((account, rule, word), number) for (rule, word), number in summed.items())


def _plain(rows: Rows) -> Rows:
    """Yield rows without their last label, those that then have the same labels added up."""
    summed: dict[tuple[str, ...], float] = {}
    for values, number in rows:
        place = tuple(values[:-1])
        summed[place] = summed.get(place, 0) + number
    return list(summed.items())


def _slots(seen: _Seen) -> Metric:
    rows = _by_rule(seen, lambda one: one.slots.items(), SLOT_STATES)
    return _counter("tertib_slots", "Scheduled times by how they ended.", ("account", "rule", "state"), rows)


def _lag(seen: _Seen) -> Metric:
    rows = []
    for account, totals in seen.known():
        waiting = [
            one for one in (totals.running_since, seen.standings[account].next_starts) if one is not None
        ]
        rows.append(((account,), max((seen.now - min(waiting, default=seen.now)).total_seconds(), 0.0)))
    about = "Seconds since the oldest slot was due that has not ended; 0 where none is late."
    return _gauge("tertib_slot_lag_seconds", about, ("account",), rows)


def _requests_left(seen: _Seen) -> Metric:
    rows = [
        ((account, credential), left)
        for account, standing in seen.standings.items()
        for credential, left in standing.requests_left.items()
    ]
    about = "Requests that the hour's window still allows, as far as this process knows."
    return _gauge("tertib_requests_left", about, ("account", "credential"), rows)


def _read(seen: _Seen) -> Metric:
    rows = [((account,), totals.tallies.get((NO_RULE, READ), 0)) for account, totals in seen.known()]
    return _counter("tertib_orders_read", "Orders read for plans on record.", ("account",), rows)


def _matched(seen: _Seen) -> Metric:
    rows = _plain(_by_rule(seen, lambda one: one.tallies.items(), (MATCHED,)))
    return _counter("tertib_orders_matched", "Orders that fitted a rule.", ("account", "rule"), rows)


def _planned(seen: _Seen) -> Metric:
    rows = _plain(_by_rule(seen, lambda one: one.tallies.items(), (PLANNED,)))
    return _counter("tertib_orders_planned", "Orders that plans were to change.", ("account", "rule"), rows)


def _held(seen: _Seen) -> Metric:
    codes = {what for _, totals in seen.known() for _, what in totals.tallies if what.startswith(HELD)}
    rows = [
        ((account, rule, what.removeprefix(HELD)), number)
        for (account, rule, what), number in _by_rule(seen, lambda one: one.tallies.items(), sorted(codes))
        if number
    ]
    about = "Orders, or whole rules, that plans held, by the code of the hold."
    return _counter("tertib_orders_held", about, ("account", "rule", "code"), rows)


def _changed(seen: _Seen) -> Metric:
    rows = _plain(_by_rule(seen, lambda one: one.changes.items(), DONE))
    return _counter("tertib_orders_changed", "Orders that were certainly changed.", ("account", "rule"), rows)


def _left_alone(seen: _Seen) -> Metric:
    rows = _by_rule(seen, lambda one: one.changes.items(), tuple(one.value for one in LEFT_ALONE))
    about = "Planned changes that did not happen, by how they ended."
    return _counter("tertib_orders_not_changed", about, ("account", "rule", "state"), rows)


def _unknown(seen: _Seen) -> Metric:
    rows = _plain(_by_rule(seen, lambda one: one.changes.items(), (State.SENT.value,)))
    return _gauge(
        "tertib_orders_unknown", "Changes whose outcome is not known now.", ("account", "rule"), rows
    )


def _money(seen: _Seen) -> Metric:
    rows = _plain(_by_rule(seen, lambda one: one.money.items(), DONE))
    about = "Rupiah of the orders that were certainly changed."
    return _counter("tertib_money_changed_rupiah", about, ("account", "rule"), rows)


def _durations(seen: _Seen) -> Metric:
    made = HistogramMetricFamily("tertib_run_duration_seconds", "How long runs took.", labels=("account",))
    for account, totals in seen.known():
        took = totals.durations
        buckets = [(str(bound), float(count)) for bound, count in zip(BOUNDS, took.within, strict=True)]
        made.add_metric((account,), [*buckets, ("+Inf", float(took.runs))], took.seconds)
    return made


def _waiting(seen: _Seen) -> Metric:
    rows = [((account,), totals.waiting) for account, totals in seen.known()]
    return _gauge("tertib_approvals_waiting", "Plans that wait for a person.", ("account",), rows)


def _halted(seen: _Seen) -> Metric:
    rows = [((account,), float(totals.halted)) for account, totals in seen.known()]
    about = "1 where an account is stopped until a person has looked."
    return _gauge("tertib_account_halted", about, ("account",), rows)


def _token(seen: _Seen) -> Metric:
    rows = [((account,), float(totals.token_refused)) for account, totals in seen.known()]
    about = "1 where the last slot could not run for want of a token that works."
    return _gauge("tertib_token_rejected", about, ("account",), rows)


def _ledger_up(seen: _Seen) -> Metric:
    rows = [((account,), float(totals is not None)) for account, totals in seen.totals.items()]
    return _gauge("tertib_ledger_up", "1 where the ledger answers.", ("account",), rows)


def _told(seen: _Seen) -> Metric:
    rows = [((account, one.name), one.sent) for account, totals in seen.known() for one in totals.channels]
    about = "Messages that a channel took."
    return _counter("tertib_notifications_sent", about, ("account", "channel"), rows)


def _untold(seen: _Seen) -> Metric:
    rows = [((account, one.name), one.failed) for account, totals in seen.known() for one in totals.channels]
    about = "Messages that a channel did not take."
    return _counter("tertib_notifications_failed", about, ("account", "channel"), rows)


FAMILIES: Final[tuple[Callable[[_Seen], Metric], ...]] = (
    _slots,
    _lag,
    _requests_left,
    _read,
    _matched,
    _planned,
    _held,
    _changed,
    _left_alone,
    _unknown,
    _money,
    _durations,
    _waiting,
    _halted,
    _token,
    _ledger_up,
    _told,
    _untold,
)
"""Every metric of an account, in the order in which they are shown."""
