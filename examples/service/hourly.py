"""A shop's own service: look once an hour, tell people, and act only where nobody has to be asked.

    SCALEV_TOKEN=… python hourly.py path/to/tertib.yaml

It plans all rules of the project. A plan that only reaches a few orders and takes nothing away is applied at once; any
other is reported with the command that a person uses to approve it.
"""  # noqa: INP001 - a script, no package

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import tertib
from tertib.errors import RuleError, TertibError

if TYPE_CHECKING:
    from tertib.model import Plan, Run

HOUR = 3600
FEW = 20
log = logging.getLogger("shop")


def harmless(plan: Plan) -> bool:
    """Tell whether a plan is small and can be undone as a whole."""
    return len(plan.changes) <= FEW and all(change.reversible for change in plan.changes)


def once(config: str) -> None:
    """Plan, tell, and apply what is harmless."""
    with tertib.open_shop(config) as shop:
        plan = shop.plan(shop.load())
        for change in plan.changes:
            log.info("%s: %s would set %s", change.order_id, change.rule, sorted(change.set))
        for held in plan.held:
            log.info("%s: held, %s", held.order_id or held.rule, held.why)
        if not plan.changes:
            return
        if not harmless(plan):
            log.warning("%d orders wait for you: tertib apply %s", len(plan.changes), plan.plan_id)
            return
        run = shop.apply(plan)
        log.info("run %s: %d of %d confirmed", run.run_id, confirmed(run), len(plan.changes))


def confirmed(run: Run) -> int:
    """Count the changes that Scalev confirmed; whatever else happened is in the record."""
    return sum(outcome.state == "confirmed" for outcome in run.outcomes)


def main() -> None:
    """Look once an hour; a failure is told and tried again, since nothing is ever sent twice."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    while True:
        try:
            once(sys.argv[1])
        except RuleError as error:
            for problem in error.problems:
                log.error("%s:%d: %s", problem.file, problem.line, problem.message)  # noqa: TRY400 - as below
        except TertibError as error:
            log.error("%s", error)  # noqa: TRY400 - the message is for a person; a traceback would tell nothing more
        time.sleep(HOUR)


if __name__ == "__main__":
    main()
