"""A plan's rows: narrowed, searched and sorted here, so that a page works without scripts and never holds all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from starlette.datastructures import QueryParams

from tertib.model import Change, Held, Plan
from tertib.telling import changes
from tertib.telling.text import clean
from tertib.telling.tongue import ENGLISH, tongue
from tertib.web.digits import whole
from tertib.web.paths import path_of

PAGE: Final = 50
_LONGEST_SEARCH: Final = 100
_NO_MONEY: Final = Decimal(-1)

Shown: TypeAlias = Literal["changes", "over_limit", "held"]

SORTS: Final[Mapping[str, Callable[[Change], Any]]] = {
    "order": lambda one: one.order_id or str(one.id),
    "rule": lambda one: one.rule,
    "change": changes.step,
    "money": lambda one: _NO_MONEY if one.value is None else one.value,
    "age": lambda one: "" if one.since is None else one.since.isoformat(),
}
"""What changes can be sorted by. Ages run against times: the oldest order has the earliest one."""


@dataclass(frozen=True, slots=True)
class View:
    """How a visitor looks at a plan: what they search for, which rule, which rows, in which order, which page.

    `picked` are the ids (`str(id)`) that they ticked so far, on whichever page.
    """

    search: str = ""
    rule: str = ""
    shown: Shown = "changes"
    sort: str = ""
    page: int = 1
    picked: tuple[str, ...] = ()

    def query(self, **other: Any) -> dict[str, Any]:
        """Return the view, with what differs, as it stands in an address."""
        one = replace(self, **other)
        return {
            "q": one.search,
            "rule": one.rule,
            "show": "" if one.shown == "changes" else one.shown,
            "sort": one.sort,
            "page": "" if one.page == 1 else one.page,
            "pick": list(one.picked),
        }


def view_of(query: QueryParams) -> View:
    """Read a view from an address; what makes no sense in it is left out."""
    shown = query.get("show", "")
    sort = query.get("sort", "")
    return View(
        search=query.get("q", "").strip()[:_LONGEST_SEARCH],
        rule=query.get("rule", ""),
        shown="held" if shown == "held" else "over_limit" if shown == "over_limit" else "changes",
        sort=sort if sort.removeprefix("-") in SORTS else "",
        page=whole(query.get("page", "")) or 1,
        picked=tuple(dict.fromkeys(query.getlist("pick"))),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a plan's rows, as a visitor wants to see them. Either `changes` or `held` has rows."""

    view: View
    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    fitting: int
    of: int
    money: Decimal
    counts: Mapping[Shown, int]
    rules: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def pages(self) -> int:
        """Return how many pages there are, one at least."""
        return max(1, -(-self.fitting // PAGE))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Return the ids that were ticked and are not on this page."""
        here = {str(one.id) for one in self.changes}
        return tuple(one for one in self.view.picked if one not in here)


def table(plan: Plan, view: View) -> Table:
    """Return the rows of a plan that a view shows; where a limit holds all that is to change, those rows at once."""
    if view.shown == "changes" and not plan.changes and plan.over_limit:
        view = replace(view, shown="over_limit")
    counts: dict[Shown, int] = {
        "changes": len(plan.changes),
        "over_limit": len(plan.over_limit),
        "held": len(plan.held) - len(plan.over_limit),
    }
    found = fitting(plan, view)
    kept = held(plan, view)
    rows = len(kept) if view.shown == "held" else len(found)
    view = replace(view, page=min(view.page, max(1, -(-rows // PAGE))))
    start = (view.page - 1) * PAGE
    return Table(
        view=view,
        changes=tuple(found[start : start + PAGE]),
        held=tuple(kept[start : start + PAGE]),
        fitting=rows,
        of=counts[view.shown],
        money=sum((one.value or Decimal(0) for one in found), Decimal(0)),
        counts=counts,
        rules=tuple(tally.name for tally in plan.rules),
        limits=limits(plan),
    )


def limits(plan: Plan) -> tuple[str, ...]:
    """Return the limits that changes of a plan go over, in words, each once."""
    over = {(one.rule, str(one.id)) for one in plan.over_limit}
    return tuple(dict.fromkeys(one.why for one in plan.held if (one.rule, str(one.id)) in over))


def fitting(plan: Plan, view: View) -> list[Change]:
    """Return the changes that a view searches for and narrows to, in its order; none where it shows what is held."""
    pool: Sequence[Change] = {"changes": plan.changes, "over_limit": plan.over_limit, "held": ()}[view.shown]
    found = [one for one in pool if view.rule in {"", one.rule} and _fits(view.search, _texts(one))]
    if view.sort:
        name = view.sort.removeprefix("-")
        found.sort(key=SORTS[name], reverse=view.sort.startswith("-"))
    return found


def held(plan: Plan, view: View) -> list[Held]:
    """Return the orders that something holds, but for those over a limit, which have rows of their own."""
    if view.shown != "held":
        return []
    over = {(one.rule, str(one.id)) for one in plan.over_limit}
    return [
        one
        for one in plan.held
        if view.rule in {"", one.rule}
        and (one.rule, str(one.id)) not in over
        and _fits(view.search, (one.order_id or "", str(one.id or ""), one.rule, one.code, one.why))
    ]


def _texts(one: Change) -> Iterator[str]:
    yield from (
        one.order_id,
        str(one.id),
        one.rule,
        changes.step(one),
        changes.why(one.reasons, tongue(ENGLISH)),
    )


def _fits(search: str, texts: Iterator[str] | Sequence[str]) -> bool:
    """Tell whether every word of a search stands in one of the texts."""
    if not search:
        return True
    said = "\n".join(clean(text) for text in texts).casefold()
    return all(word in said for word in search.casefold().split())


def pick(plan: Plan, ids: Sequence[str]) -> tuple[Change, ...]:
    """Return the changes of these ids (`str(id)`), in the plan's order."""
    wanted = set(ids)
    return tuple(one for one in (*plan.changes, *plan.over_limit) if str(one.id) in wanted)


def place(account: str, plan: Plan, view: View, **other: Any) -> str:
    """Return the address of a view of a plan."""
    return path_of(account, "plans", plan.plan_id, **view.query(**other))
