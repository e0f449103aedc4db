"""Decide what an answer's status means: read on, try again, give up, or, for a write, done, not done or unknown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tertib.errors import BodyError, BudgetExhausted, CredentialError, ReadError
from tertib.model import Answer
from tertib.ports import Budget
from tertib.sayings import N_, said
from tertib.scalev import answers
from tertib.scalev import headers as rate
from tertib.scalev.answers import Received

TOKEN: Final = "SCALEV_TOKEN"  # noqa: S105 - the variable's name, not a token
CUSTOMER_TOKEN: Final = "SCALEV_CUSTOMER_TOKEN"  # noqa: S105 - the same

OK: Final = 200
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_REQUEST_TIMEOUT: Final = 408
_TOO_MANY: Final = 429
# Server errors that another attempt cannot mend: not implemented, HTTP version not supported.
_LASTING: Final = frozenset((501, 505))

_SUCCESS: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)
_CLIENT_ERROR: Final = range(400, 500)
_SERVER_ERROR: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a read goes: its address, its credential's variable and budget, and what to say when it is refused.

    `place` is where people put the credential: the variable itself, or another, or a file. `scope` is what the token needs, "" where none is documented; `mend` is the hint for an address that is not there.
    """

    url: str
    variable: str
    place: str
    scope: str
    mend: str
    budget: Budget


class Again(Exception):  # noqa: N818 - an instruction to the loop of attempts, never seen outside
    """An attempt failed as another need not. `asked` is the wait in seconds that the server asked for."""

    def __init__(self, error: ReadError, asked: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.asked = asked


# --- reads ------------------------------------------------------------------------------------------------


def judge(endpoint: Endpoint, received: Received, now: datetime, secrets: Collection[str]) -> None:
    """Let a 200 pass; raise `Again` where another attempt may help, and the fitting error where none can."""
    status = received.status
    if status == OK:
        return
    if status == _TOO_MANY:
        raise Again(BudgetExhausted(N_("Scalev's rate limit was reached")), _asked(received, now))
    if status == _REQUEST_TIMEOUT or (status in _SERVER_ERROR and status not in _LASTING):
        raise Again(
            ReadError(said("Scalev failed (%(answer)s)", answer=received.describe())),
            rate.retry_after(received.headers, now),
        )
    raise _refusal(endpoint, received, secrets)


def _asked(received: Received, now: datetime) -> float | None:
    """Return the wait in seconds that a 429 asks for."""
    pause = rate.retry_after(received.headers, now)
    if pause is not None or rate.whole(received.headers, "x-ratelimit-remaining"):
        # With requests left in it, the window that resets is not the one that was exceeded.
        return pause
    return rate.reset_in(received.headers, now)


def _refusal(endpoint: Endpoint, received: Received, secrets: Collection[str]) -> CredentialError | ReadError:
    """Make the error for an answer that another attempt would not change."""
    status, place = received.status, endpoint.place
    complaint = answers.complaint(received, secrets)
    if status == _UNAUTHORIZED:
        hint: str = said(
            "check that `%(variable)s` holds a valid token, and that `api.base_url` is the address it is for",
            variable=place,
        )
        return CredentialError(
            _with(said("Scalev rejected the token in `%(variable)s`", variable=place), complaint),
            hint=hint,
        )
    if status == FORBIDDEN:
        hint = (
            said("give the token the scope `%(scope)s`", scope=endpoint.scope)
            if endpoint.scope
            else endpoint.mend
        )
        return CredentialError(
            _with(said("the token in `%(variable)s` may not read this", variable=place), complaint),
            hint=hint,
        )
    if status in _REDIRECT:
        return ReadError(
            said(
                "Scalev redirects to another address (status %(status)s), and a token is never taken there",
                status=status,
            ),
            hint=N_("set `api.base_url` to the address that answers itself"),
        )
    if status in _CLIENT_ERROR:
        hint = endpoint.mend if status == NOT_FOUND else ""
        refused = said("Scalev refused the request (status %(status)s)", status=status)
        return ReadError(_with(refused, complaint), hint=hint or None)
    return BodyError(
        said("Scalev gave an answer that is not documented (%(answer)s)", answer=received.describe())
    )


def _with(why: str, complaint: str) -> str:
    """Return a sentence with what Scalev said of it, in Scalev's own words."""
    return said("%(why)s: %(scalev)s", why=why, scalev=complaint) if complaint else why


# --- writes -----------------------------------------------------------------------------------------------


def sort_change(received: Received, secrets: Collection[str], place: str = TOKEN) -> Answer:
    """Sort a change's answer into what is known to be done, known not to be done, and unknown.

    `place` is where people put the token.
    A 4xx says that nothing was done; a 408 does not, because whatever gave up waiting may have passed the request on.
    Nor does a redirect, though it is not followed, or a success whose body cannot be read.
    """
    status = received.status
    if status in _SUCCESS:
        return _echoed(received)
    if status in _CLIENT_ERROR and status != _REQUEST_TIMEOUT:
        complaint = answers.complaint(received, secrets) or received.describe()
        return Answer("refused", status, message=_with(_refused(status, place), complaint))
    if status in _REDIRECT:
        why = said(
            "Scalev redirects to another address (status %(status)s), which is not followed; check `api.base_url`",
            status=status,
        )
        return Answer("unknown", status, message=why)
    return Answer("unknown", status, message=said("Scalev failed (%(answer)s)", answer=received.describe()))


def _refused(status: int, place: str) -> str:
    """Say what a refusal of a change means."""
    if status == _UNAUTHORIZED:
        return said("Scalev rejected the token in `%(variable)s`", variable=place)
    if status == FORBIDDEN:
        return said(
            "the token in `%(variable)s` may not change orders (scope `order:change_status`)", variable=place
        )
    if status == _TOO_MANY:
        return N_("Scalev's rate limit was reached")
    return said("Scalev refused the change (status %(status)s)", status=status)


def _echoed(received: Received) -> Answer:
    """Read which orders a success confirms; a body that cannot be read confirms nothing and denies nothing."""
    found = answers.read_echoes(received)
    if found is None:
        unreadable = said("the answer could not be read (%(answer)s)", answer=received.describe())
        return Answer("unknown", received.status, message=unreadable)
    echoes, unread = found
    why = said("%(count)s of the answer's rows could not be read", count=unread) if unread else ""
    return Answer("answered", received.status, echoes, why)
