"""Which orders people mean, who name them by order number or by id."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tertib.errors import PlanRefused
from tertib.model import Change, Done
from tertib.sayings import N_, said


def meant(orders: Iterable[Change | Done], names: Collection[str]) -> frozenset[str]:
    """Return the ids (`str(id)`) of the orders that names mean, each the number or the id of one.

    Raises `PlanRefused` for a name that means two orders: it is the id of one and the number of another.
    """
    wanted, found = frozenset(names), dict[str, tuple[str, str]]()
    for order in orders:
        this = (str(order.id), order.order_id)
        for name in wanted.intersection(this):
            other = found.setdefault(name, this)
            if other[0] != this[0]:
                raise _ambiguous(name, other, this)
    return frozenset(key for key, _ in found.values())


def _ambiguous(name: str, one: tuple[str, str], other: tuple[str, str]) -> PlanRefused:
    told = said(
        "`%(name)s` means two orders: `%(one)s` with the id `%(one_id)s`, and `%(other)s` with the id `%(other_id)s`",
        name=name,
        one=one[1],
        one_id=one[0],
        other=other[1],
        other_id=other[0],
    )
    return PlanRefused(told, hint=N_("name each order by what is its own alone: its number, or its id"))
