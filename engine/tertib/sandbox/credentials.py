"""Know who asks: business tokens with scopes, customer tokens of one store, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tertib.sandbox.contract import SCOPES
from tertib.sandbox.refusal import Refusal

BUSINESS_TOKEN: Final = "sandbox-business-token"  # noqa: S105 - well known on purpose; it opens an invented shop
READ_ONLY_TOKEN: Final = "sandbox-read-only-token"  # noqa: S105
NO_STATISTICS_TOKEN: Final = "sandbox-no-statistics-token"  # noqa: S105
CUSTOMER_PREFIX: Final = "sandbox-customer-token"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a token may do: scopes of the business, or one customer of one store (none named: its demo customer)."""

    kind: Literal["business", "customer"] = "business"
    scopes: frozenset[str] = frozenset(SCOPES)
    store: str | None = None
    customer_id: int | None = None


DEFAULT_TOKENS: Final[Mapping[str, Credential]] = {
    BUSINESS_TOKEN: Credential(),
    READ_ONLY_TOKEN: Credential(scopes=frozenset(("order:list",))),
    NO_STATISTICS_TOKEN: Credential(scopes=frozenset(SCOPES) - {"order:statistics:read"}),
}


def customer_token(store: str, customer_id: int | None = None) -> str:
    """Name the well-known token of a store's demo customer, or of another customer there."""
    return f"{CUSTOMER_PREFIX}-{store}" + ("" if customer_id is None else f":{customer_id}")


def credential_of(authorization: str | None, tokens: Mapping[str, Credential]) -> tuple[str, Credential]:
    """Find out whose token a request carries, or refuse it with 401."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refusal(401, "Unauthorized", headers={"WWW-Authenticate": "Bearer"})
    known = tokens.get(token) or _customer(token)
    if known is None:
        raise Refusal(401, "Invalid or expired token", headers={"WWW-Authenticate": "Bearer"})
    return token, known


def _customer(token: str) -> Credential | None:
    store, _, customer = token.removeprefix(f"{CUSTOMER_PREFIX}-").partition(":")
    if not token.startswith(f"{CUSTOMER_PREFIX}-") or not store or not (customer.isdigit() or not customer):
        return None
    return Credential("customer", frozenset(), store, int(customer) if customer else None)


def require_scope(credential: Credential, scope: str) -> None:
    """Refuse a customer, or a business token that lacks the scope, with 403."""
    if credential.kind != "business":
        raise Refusal(403, "A business token is required", code="business_token_required")
    if scope not in credential.scopes:
        raise Refusal(403, f"Missing scope: {scope}", code="insufficient_scope")


def require_customer(credential: Credential, store: str) -> None:
    """Refuse a business token, or a customer of another store, with 403."""
    if credential.kind != "customer":
        raise Refusal(403, "A customer token is required", code="customer_token_required")
    if credential.store != store:
        raise Refusal(403, "This token belongs to another store", code="wrong_store")
