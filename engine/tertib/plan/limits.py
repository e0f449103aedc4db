"""Hold what would change more than a rule, or the whole project, may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tertib.model import Change, Held, Limits, Sent
from tertib.plan.holds import LIMITS
from tertib.sayings import N_, Said, said, said_many

SMALLEST_SHARED = 20
"""Below this many orders a share says nothing, and is not judged."""


UNCOUNTED: Final = N_("its `gross_revenue` cannot be read, so the limit on money cannot count it")


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a set of changes goes over."""

    code: str
    why: str


def over_limit(
    changes: Sequence[Change], limits: Limits, sent: Sent, satisfied: int | None = None
) -> Breach | None:
    """Return the first limit that these changes go over, None where they stay within all.

    `sent` is what was sent since the local day began; `satisfied` how many orders satisfy the query as
    written, None where nobody counted.
    """
    orders = len(changes)
    value = sum((change.value or Decimal(0) for change in changes), Decimal(0))
    if limits.orders is not None and orders > limits.orders:
        return Breach(
            "limit_orders",
            said("%(orders)s orders, and the limit is %(limit)s", orders=orders, limit=limits.orders),
        )
    if limits.value is not None and value > limits.value:
        return Breach(
            "limit_value",
            said("Rp %(value)s in all, and the limit is Rp %(limit)s", value=value, limit=limits.value),
        )
    if limits.orders_per_day is not None and sent.orders + orders > limits.orders_per_day:
        why = said(
            "%(sent)s orders sent today and %(now)s now, and the limit is %(limit)s a day",
            sent=sent.orders,
            now=orders,
            limit=limits.orders_per_day,
        )
        return Breach("limit_per_day", why)
    if limits.value_per_day is not None and sent.value + value > limits.value_per_day:
        why = said(
            "Rp %(sent)s sent today and Rp %(now)s now, and the limit is Rp %(limit)s a day",
            sent=sent.value,
            now=value,
            limit=limits.value_per_day,
        )
        return Breach("limit_per_day", why)
    return _over_share(orders, limits.share, satisfied)


def _over_share(orders: int, share: Decimal | None, satisfied: int | None) -> Breach | None:
    if share is None or satisfied is None or satisfied < SMALLEST_SHARED:
        return None
    if orders <= share * satisfied:
        return None
    why = said(
        "%(orders)s of %(satisfied)s orders that satisfy the query, and the limit is %(limit)s%%",
        orders=orders,
        satisfied=satisfied,
        limit=f"{share * 100:f}".removesuffix(".00"),
    )
    return Breach("limit_share", why)


def unvalued(changes: Sequence[Change], limits: Limits, caps: Limits) -> list[Held]:
    """Return holds for the changes whose money is unknown while a money limit must count it."""
    if all(one is None for one in (limits.value, limits.value_per_day, caps.value, caps.value_per_day)):
        return []
    return [
        Held(change.order_id, change.rule, "value_unknown", UNCOUNTED, change.id)
        for change in changes
        if change.value is None
    ]


def of_all_rules(breach: Breach) -> Breach:
    """Return a breach of what all rules together may do."""
    return Breach("cap", said("all rules together: %(why)s", why=breach.why))


def held_for(breach: Breach, changes: Sequence[Change]) -> list[Held]:
    """Return a hold a change, with the limit that caused it."""
    return [Held(change.order_id, change.rule, breach.code, breach.why, change.id) for change in changes]


def waiting(held: Iterable[Held]) -> Iterator[Said]:
    """Yield a sentence for each limit that holds changes back: whose they are, how many, and what the limit is."""
    counted = Counter((one.rule, one.why) for one in held if one.code in LIMITS)
    for (rule, why), count in counted.items():
        yield said_many(
            "%(count)s change of rule `%(rule)s` waits, held by a limit: %(why)s",
            "%(count)s changes of rule `%(rule)s` wait, held by a limit: %(why)s",
            count,
            rule=rule,
            why=why,
        )


def sent_by(rule: str, sent_today: Mapping[str, Sent]) -> Sent:
    """Return what a rule, or all of them for the name ``""``, has sent since the local day began."""
    return sent_today.get(rule, Sent())
