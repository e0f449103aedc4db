"""Judge a case: what came of its order, and what of that is not as the case expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tertib.language import durations
from tertib.model import Change, Held, Plan, Trace, Verdict
from tertib.rehearse.cases import Expected
from tertib.sayings import N_, said

WORDS: Final[Mapping[Verdict, str]] = {True: N_("true"), False: N_("false"), None: N_("unknown")}

_OUTCOMES: Final = {
    "not_matched": N_("not matched"),
    "unchanged": N_("unchanged (the order is as wanted already)"),
}

_EXPECTED: Final = {"not_matched": N_("not matched"), "unchanged": N_("unchanged")}


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an order: a change, a hold, or why there was neither."""

    what: str
    change: Change | None = None
    held: Held | None = None

    @property
    def words(self) -> str:
        """Say it in a line."""
        if self.change is not None:
            return said("planned: %(values)s", values=_listed(self.change.set))
        if self.held is not None:
            return said("held: %(code)s (%(why)s)", code=self.held.code, why=self.held.why)
        return _OUTCOMES[self.what]


def what_came(plan: Plan, rule: str, *, matched: bool) -> Came:
    """Return what a plan on one order does with it for one rule."""
    change = next((one for one in plan.changes if one.rule == rule), None)
    if change is not None:
        return Came("planned", change=change)
    held = next((one for one in plan.held if one.rule == rule), None)
    if held is not None:
        return Came("held", held=held)
    return Came("unchanged" if matched else "not_matched")


def in_words(expected: Expected) -> str:
    """Say in a line what a case expects."""
    if expected.what == "planned":
        return said("planned: %(values)s", values=_listed(expected.values))
    if expected.what == "held":
        outcome: str = said("held: %(code)s", code=expected.code)
    else:
        outcome = _EXPECTED[expected.what]
    return (
        said("%(why)s because of %(reason)s", why=outcome, reason=expected.because)
        if expected.because
        else outcome
    )


# --- what differs, in words -----------------------------------------------------------------------------


def differences(expected: Expected, came: Came, trace: Sequence[Trace]) -> Iterator[str]:
    """Yield what differs, a line each; nothing where the case went as expected."""
    if _other_outcome(expected, came):
        yield said("expected %(why)s", why=in_words(expected))
        yield said("got      %(why)s", why=came.words)
        if came.what == "not_matched":
            yield from (
                said("because  %(why)s", why=shown(node)) for node in trace if node.result is not True
            )
    elif came.change is not None:
        yield from _value_differences(expected.values, came.change.set)
    elif expected.because:
        yield from _reason_differences(expected.because, came, trace)


def _other_outcome(expected: Expected, came: Came) -> bool:
    return came.what != expected.what or (came.held is not None and came.held.code != expected.code)


def _value_differences(wanted: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    for name in _names(wanted, planned):
        if name not in planned:
            yield said(
                "`%(field)s`: expected %(wanted)s, and the change does not set it",
                field=name,
                wanted=_plain(wanted[name]),
            )
        elif name not in wanted:
            yield said(
                "`%(field)s`: the change sets %(planned)s, and the case does not expect it",
                field=name,
                planned=_plain(planned[name]),
            )
        elif not _same(wanted[name], planned[name]):
            yield said(
                "`%(field)s`: expected %(wanted)s, got %(planned)s",
                field=name,
                wanted=_plain(wanted[name]),
                planned=_plain(planned[name]),
            )


def _names(wanted: Mapping[str, Any], planned: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields to compare; who made a change may be left out of what is expected."""
    return (*wanted, *(name for name in planned if name not in wanted and name != "by"))


def _reason_differences(because: str, came: Came, trace: Sequence[Trace]) -> Iterator[str]:
    if came.held is not None:
        if because not in came.held.why:
            yield said(
                "held as expected, but not because of `%(because)s`: %(why)s",
                because=because,
                why=came.held.why,
            )
        return
    decisive = [node for node in trace if node.result is not True]
    if not any(because in text for node in decisive for text in _texts(node)):
        seen = "; ".join(shown(node) for node in decisive) or N_("nothing in the trace")
        yield said(
            "not matched as expected, but not because of `%(because)s`: %(why)s", because=because, why=seen
        )


def _texts(node: Trace) -> Iterator[str]:
    yield node.condition
    for child in node.children:
        yield from _texts(child)


def shown(node: Trace) -> str:
    """Return a node of a trace in a line: what it asks, what it saw, its verdict."""
    return said(
        "%(condition)s saw %(saw)s: %(why)s", condition=node.condition, saw=node.saw, why=WORDS[node.result]
    )


# --- what differs, as a diff ----------------------------------------------------------------------------


def diff(expected: Expected, came: Came, trace: Sequence[Trace]) -> Iterator[str]:
    """Yield what was expected (`-`) against what came (`+`), with what is the same between them.

    Nothing where the case went as expected.
    """
    if _other_outcome(expected, came):
        yield f"- {in_words(expected)}"
        yield f"+ {came.words}"
    elif came.change is not None:
        if any(_value_differences(expected.values, came.change.set)):
            yield "  planned:"
            yield from _value_diff(expected.values, came.change.set)
    elif any(_reason_differences(expected.because, came, trace)):
        yield f"  {in_words(expected).partition(' because of ')[0]}"
        yield f"- because of {expected.because}"
        decisive = (node for node in trace if node.result is not True)
        reasons = [came.held.why] if came.held is not None else [shown(node) for node in decisive]
        yield from (f"+ because of {reason}" for reason in reasons)


def _value_diff(wanted: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    for name in _names(wanted, planned):
        if name in wanted and name in planned and _same(wanted[name], planned[name]):
            yield f"    {name}: {_plain(planned[name])}"
            continue
        if name in wanted:
            yield f"-   {name}: {_plain(wanted[name])}"
        if name in planned:
            yield f"+   {name}: {_plain(planned[name])}"


def _same(wanted: Any, planned: Any) -> bool:
    if isinstance(planned, datetime) or _instant(wanted) is not None:
        return _instant(wanted) == _instant(planned)
    return str(wanted) == str(planned)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return durations.parse_timestamp(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items())
