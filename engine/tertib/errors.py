"""Everything Tertib raises on purpose.

TertibError
├── RuleError            rules that do not load: carries every problem of every file
├── SettingsError        tertib.yaml, the environment or the command's inputs do not fit
│   └── CredentialError  a token is missing, unreadable or rejected
├── ReadError            Scalev could not be read to the end
│   ├── NoSuchOrder      Scalev has no order of the number that was given
│   ├── BodyError        an answer that is not what its status promises
│   ├── PagingError      pages that do not add up: repeated cursor, no end, no `is_paginated`
│   ├── IgnoredFilter    an answer that keeps contradicting a filter that was sent
│   └── BudgetExhausted  the rate limit leaves no room before the deadline
├── PlanRefused          a plan that may not be applied: edited, too old, unknown, applied before, incomplete
└── LedgerError          the record cannot be read or written
    ├── LedgerCorrupt    the record is not a ledger, or is damaged
    ├── AlreadySettled   somebody else wrote down meanwhile what became of a change
    ├── LeaseLost        another writer holds this account
    ├── SlotLost         a scheduled time was closed, or another process has it
    ├── AccountHalted    the account waits for a person
    └── Paused           a person paused the account, or everything

Every message is for a person: it names the value, where it is and what to do, and never holds a token
or personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tertib.model import Problem


class TertibError(Exception):
    """Base of every error that Tertib raises on purpose."""

    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class RuleError(TertibError):
    """Rules that do not load; `problems` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the rules")


class SettingsError(TertibError):
    """Settings, environment or inputs that do not fit."""


class CredentialError(SettingsError):
    """A token that is missing, unreadable or rejected."""


class ReadError(TertibError):
    """Scalev could not be read to the end."""


class NoSuchOrder(ReadError):  # noqa: N818 - named for what Scalev lacks
    """Scalev has no order of the number that was given."""


class BodyError(ReadError):
    """An answer that is not what its status promises."""


class PagingError(ReadError):
    """Pages that do not add up."""


class IgnoredFilter(ReadError):  # noqa: N818 - named for what Scalev did
    """An answer that keeps contradicting a filter that was sent."""


class BudgetExhausted(ReadError):  # noqa: N818 - named for the state it reports
    """The rate limit leaves no room before the deadline."""


class PlanRefused(TertibError):  # noqa: N818 - named for the decision it reports
    """A plan that may not be applied."""


class LedgerError(TertibError):
    """The record cannot be read or written."""


class LedgerCorrupt(LedgerError):  # noqa: N818 - named for the state it reports
    """The record is not a ledger, or is damaged."""


class AlreadySettled(LedgerError):  # noqa: N818 - named for the state it reports
    """A change whose outcome somebody else wrote down meanwhile."""


class LeaseLost(LedgerError):  # noqa: N818 - named for the state it reports
    """Another writer holds this account."""


class SlotLost(LedgerError):  # noqa: N818 - named for the state it reports
    """A scheduled time that was closed, or that another process has."""


class AccountHalted(LedgerError):  # noqa: N818 - named for the state it reports
    """The account waits for a person."""


class Paused(LedgerError):  # noqa: N818 - named for the state it reports
    """A person paused the account, or everything."""
