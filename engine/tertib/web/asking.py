"""How often the pages may ask Scalev: explaining, asking why and planning an undo share one measure an account."""

from __future__ import annotations

from tertib.sayings import N_, said_many
from tertib.web.attempts import ASK_SCALEV
from tertib.web.site import Refusal, Visit


def count_question(visit: Visit) -> None:
    """Count one question to Scalev; raises `Refusal` where the account asked too many of late."""
    allowed = ("scalev", visit.desk.account, ASK_SCALEV)
    wait = visit.site.attempts.wait([allowed], visit.site.clock.monotonic())
    if wait > 0:
        told = said_many(
            "too many questions: wait %(count)s second",
            "too many questions: wait %(count)s seconds",
            int(wait) + 1,
        )
        raise Refusal(told, N_("each reads from Scalev"), status=429)
