"""The token goes to one address and no other, and no address that an order or a rule holds is ever asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

RULE: Final = """\
name: cancel-unpaid
query: {status: pending, payment_status: unpaid, payment_method: bank_transfer}
action: {status: canceled}
"""
REDIRECTS: Final = (301, 302, 303, 307, 308)
UNENCRYPTED = "unencrypted"
NO_ADDRESS = "is not an http(s) address"

ADDRESSES: Final[tuple[tuple[str, str], ...]] = (
    ("file:///etc/passwd", NO_ADDRESS),
    ("ftp://evil.example", NO_ADDRESS),
    ("gopher://127.0.0.1:6379/_FLUSHALL", NO_ADDRESS),
    ("javascript:alert(1)", NO_ADDRESS),
    ("data:application/json,{}", NO_ADDRESS),
    ("unix:///var/run/docker.sock", NO_ADDRESS),
    ("http+unix://%2Fvar%2Frun%2Fdocker.sock", NO_ADDRESS),
    ("//evil.example", NO_ADDRESS),
    ("evil.example", NO_ADDRESS),
    ("https://", NO_ADDRESS),
    ("https:///v3", NO_ADDRESS),
    ("https://evil.example /v3", NO_ADDRESS),
    ("https://api.scalev.com\n.evil.example", NO_ADDRESS),
    ("https://[::1", "is not an address"),
    ("https://api.scalev.com:99999", "is not an address"),
    ("https://user:geheim@api.scalev.com", "holds a user name or a password"),
    ("https://geheim@api.scalev.com", "holds a user name or a password"),
    ("https://api.scalev.com@evil.example", "holds a user name or a password"),
    ("https://api.scalev.com?x=geheim", "holds a query or a fragment"),
    ("https://api.scalev.com#geheim", "holds a query or a fragment"),
    ("http://api.scalev.com", UNENCRYPTED),
    ("http://localhost.evil.example", UNENCRYPTED),
    ("http://127.0.0.1.evil.example", UNENCRYPTED),
    ("http://169.254.169.254/latest/meta-data", UNENCRYPTED),
    ("http://0.0.0.0:80", UNENCRYPTED),
    ("http://10.0.0.1", UNENCRYPTED),
    ("http://2130706433", UNENCRYPTED),
    ("http://0x7f.1", UNENCRYPTED),
    ("http://[::ffff:10.0.0.1]", UNENCRYPTED),
)
"""What is given as Scalev's address, and part of the message that refuses it."""


@pytest.mark.parametrize(("address", "message"), ADDRESSES)
def test_an_odd_address_is_refused_before_anything_is_sent(
    place: Any, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    """Schemes, credentials and plain HTTP elsewhere: the message repeats no password, and nothing is asked."""
    place.write("rules/rule.yaml", RULE)
    monkeypatch.setenv("SCALEV_BASE_URL", address)
    done = place.run("plan")
    assert done.code == 1
    assert message in done.err
    assert "geheim" not in done.said
    assert place.served.business_token not in done.said


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_of_a_read_is_not_followed(
    place: Any, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The second server is never asked, so the token never reaches it."""
    place.write("rules/rule.yaml", RULE)
    first, second = stranger(), stranger()
    first.answer = lambda _method, path: (status, {"Location": second.url + path}, b"")
    second.answer = lambda _method, _path: (200, {}, json.dumps({"data": [], "is_paginated": False}).encode())
    monkeypatch.setenv("SCALEV_BASE_URL", first.url)
    done = place.run("plan")
    assert done.code == 1
    assert first.asked
    assert second.asked == []
    assert place.served.business_token not in done.said


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_of_a_change_is_not_followed(
    place: Any, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Neither the token nor the body goes on to the second server, and the change is asked for once."""
    place.write("rules/rule.yaml", RULE)
    place.add()
    place.json("plan", "--out", "plan.json")
    first, second = stranger(), stranger()
    page = json.dumps({"data": [], "is_paginated": False}).encode()
    first.answer = lambda method, path: (
        (status, {"Location": second.url + path}, b"") if method == "POST" else (200, {}, page)
    )
    monkeypatch.setenv("SCALEV_BASE_URL", first.url)
    place.write("tertib.yaml", "rules: rules/\nledger: sqlite:///tertib.db\napply: {max_read_age: 1h}\n")
    done = place.run("apply", "plan.json", "--yes")
    assert done.code in {1, 3}
    assert len([one for one in first.asked if one[0] == "POST"]) <= 1
    assert second.asked == []
    assert place.served.business_token not in done.said


def test_a_proof_is_passed_on_and_never_fetched(place: Any, stranger: Callable[[], Any]) -> None:
    """Addresses in rules, tables and orders reach Scalev as they are; nobody connects to them."""
    proofs = stranger()
    place.write("rules/proofs.csv", f"order,url\nX1,{proofs.url}/from-a-table.jpg\n")
    place.write(
        "rules/rule.yaml",
        "name: mark-paid\nquery: {status: pending}\n"
        "data: {proofs: {file: proofs.csv, key: order}}\n"
        "action:\n"
        "  payment_status: paid\n"
        "  transferproof_url: \"{{ lookup('proofs', order.order_id).url }}\"\n"
        f"  rtsproof_url: {proofs.url}/from-a-rule.jpg\n",
    )
    place.add(order_id="X1", public_order_url=f"{proofs.url}/from-an-order", invoice_url=f"{proofs.url}/i")
    place.json("plan", "--out", "plan.json")
    for words in (
        ("check", "--strict"),
        ("doctor",),
        ("apply", "plan.json", "--yes"),
        ("explain", "mark-paid", "X1"),
        ("why", "X1"),
        ("settle",),
    ):
        place.run(*words)
    assert place.served.shop.order("X1")["transferproof_url"] == f"{proofs.url}/from-a-table.jpg"
    assert proofs.asked == []


def test_a_proxy_of_the_environment_is_told_nothing(
    place: Any, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that another program set sends neither requests nor the token through a stranger."""
    place.write("rules/rule.yaml", RULE)
    proxy = stranger()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    assert place.run("plan").code == 0
    assert proxy.asked == []
