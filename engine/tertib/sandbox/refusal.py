"""Say no the way Scalev does: a status, an error and, by contract, details or a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tertib.sandbox.contract import Contract

ERROR_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    422: "validation_error",
    429: "rate_limited",
}


class Refusal(Exception):  # noqa: N818 - it is an answer, no failure of ours
    """A request that the documents do not allow."""

    def __init__(
        self,
        status: int,
        error: str,
        *,
        code: str | None = None,
        details: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.code = code or ERROR_CODES.get(status, "error")
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def body(self, contract: Contract) -> dict[str, Any]:
        """Render the error body: older accounts list the fields, later ones give a code."""
        if contract == "seeds" and self.details:
            return {"error": self.error, "details": self.details}
        return {"error": _with_details(self.error, self.details), "error_code": self.code}


def _with_details(error: str, details: Mapping[str, list[str]]) -> str:
    if not details:
        return error
    return error + ": " + "; ".join(f"{field} {', '.join(said)}" for field, said in details.items())


def invalid(field: str, said: str) -> Refusal:
    """Refuse one field of a request with 422."""
    return Refusal(422, "Validation failed", details={field: [said]})
