"""What people are told of the states, kinds and modes of the record: one table each, for pages and terminal.

Each word stands beside how it looks on a page: `good`, `bad`, `wait` for what asks for attention, `quiet` for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tertib.sayings import N_

WAITED: Final = "waited_for_approval"
"""How a change stands whose plan waits no longer; the record keeps `awaiting_approval`, and `telling.waiting` decides."""

CHANGES: Final[Mapping[str, tuple[str, str]]] = {
    "previewed": (N_("previewed only"), "quiet"),
    "awaiting_approval": (N_("waits for approval"), "wait"),
    WAITED: (N_("waited for approval"), "quiet"),
    "planned": (N_("about to be sent"), "wait"),
    "sent": (N_("outcome unknown"), "bad"),
    "confirmed": (N_("confirmed"), "good"),
    "confirmed_by_readback": (N_("confirmed by reading back"), "good"),
    "not_applied": (N_("not applied"), "bad"),
    "held": (N_("held"), "wait"),
    "stale": (N_("dropped: the order had changed"), "quiet"),
    "abandoned": (N_("never sent"), "quiet"),
}
"""What became of a change, and how it looks."""

APPROVALS: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": (N_("waits for approval"), "wait"),
    "approved": (N_("approved, about to run"), "wait"),
    "applied": (N_("applied"), "good"),
    "rejected": (N_("rejected"), "quiet"),
    "replaced": (N_("replaced by a newer plan"), "quiet"),
    "expired": (N_("expired"), "quiet"),
    "refused": (N_("approved, but could not be applied"), "bad"),
}
"""Where a plan stands that was asked about."""

RUNS: Final[Mapping[str, tuple[str, str]]] = {
    "running": (N_("at work"), "wait"),
    "ended": (N_("ended"), "good"),
    "interrupted": (N_("interrupted"), "bad"),
}

KINDS: Final[Mapping[str, str]] = {
    "slot": N_("on schedule"),
    "run": N_("started by hand"),
    "apply": N_("a plan was applied"),
    "approved": N_("an approved plan"),
    "undo": N_("a run was taken back"),
    "settle": N_("outcomes were read back"),
}
"""Why there was a run."""

SLOTS: Final[Mapping[str, tuple[str, str]]] = {
    "running": (N_("at work"), "wait"),
    "done": (N_("done"), "good"),
    "missed": (N_("missed"), "quiet"),
    "skipped": (N_("skipped"), "quiet"),
    "held": (N_("held"), "wait"),
    "failed": (N_("failed"), "bad"),
}
"""What became of a scheduled time."""
