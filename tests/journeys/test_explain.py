"""Whole journeys of an explanation: asked of Scalev, of a file, and of the record long after the rule is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib import cli
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

RULE = """\
name: cancel-unpaid
query: {status: pending, payment_status: unpaid}
conditions:
  - pending_time: {older_than: 3d}
  - any:
      - payment_method: bank_transfer
      - payment_method: qris
  - customer.phone: {exists: true}
action: {status: canceled}
mode: apply
"""
SPAM = "name: spam\nquery: {status: pending, is_probably_spam: true}\nconditions: []\naction: {status: canceled}\n"
OTHER = "name: shipped\nquery: {status: shipped}\nconditions: [{shipped_time: {older_than: 30d}}]\naction: {status: closed}\n"

Run = Callable[..., Any]


@pytest.fixture
def scalev() -> Iterator[Served]:
    """Serve an empty shop."""
    with serve(Shop.empty()) as served:
        yield served


@pytest.fixture
def place(tmp_path: Path, scalev: Served, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a project of two rules in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCALEV_TOKEN", scalev.business_token)
    monkeypatch.setenv("SCALEV_BASE_URL", scalev.url)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "cancel.yaml").write_text(RULE, "utf-8")
    (tmp_path / "rules" / "other.yaml").write_text(OTHER, "utf-8")
    (tmp_path / "tertib.yaml").write_text("rules: rules/\n", "utf-8")
    return tmp_path


@pytest.fixture
def tertib(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a way to run a command in the project: its text, or its document where it says `--json`."""

    def run(*words: str, code: int = 0) -> Any:
        assert place == Path.cwd()
        assert cli.main(list(words)) == code, capsys.readouterr().err
        shown = capsys.readouterr()
        return json.loads(shown.out) if "--json" in words else shown.out + shown.err

    return run


def add(scalev: Served, hours: float = 120, **more: Any) -> dict[str, Any]:
    """Add an order that has been pending for so many hours, and return it as the shop has it."""
    since = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    made = scalev.shop.add(
        {
            "status": "pending",
            "payment_status": "unpaid",
            "payment_method": "bank_transfer",
            "pending_time": since,
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
            "customer": {
                "id": 1,
                "name": "Siti Rahayu",
                "phone": "628123456789",
                "email": "siti@example.com",
            },
            **more,
        }
    )
    return dict(scalev.shop.order(made["id"]))


def test_the_trace_of_an_acted_on_order_is_kept(tertib: Run, place: Path, scalev: Served) -> None:
    """The same tree, filters and parts of groups included, comes from the record after rule and order are gone."""
    name = add(scalev)["order_id"]
    before = tertib("explain", "cancel-unpaid", name, "--json")
    run = tertib("run", "--json")
    assert run["confirmed"] == 1
    (place / "rules" / "cancel.yaml").unlink()

    kept = tertib("explain", "cancel-unpaid", name, "--run", run["run_id"], "--json")

    def shape(nodes: list[dict[str, Any]]) -> list[Any]:
        return [(node["condition"], node["result"], shape(node["children"])) for node in nodes]

    assert shape(kept["trace"]) == shape(before["trace"])
    assert len(kept["trace"][3]["children"]) == 2
    assert [node["saw"] for node in kept["trace"][:2]] == ["status pending", "payment_status unpaid"]
    assert (kept["matched"], kept["verdict"], kept["matches_in"]) == (True, "true", None)
    assert (kept["run"]["state"], kept["run"]["before"]["status"]) == ("confirmed", "pending")
    assert kept["change"] == {"status": "canceled", "by": "tertib/cancel-unpaid"}
    said = tertib("explain", "cancel-unpaid", name, "--run", run["run_id"])
    assert f"in run {run['run_id']} it ended as confirmed" in said
    for secret in ("628123456789", "Siti", "siti@"):
        assert secret not in said + json.dumps(kept) + json.dumps(before)
        assert secret.encode() not in (place / "tertib.db").read_bytes()


def test_what_a_run_held_can_be_asked_too(tertib: Run, place: Path, scalev: Served) -> None:
    """An order that a veto or a limit kept is explained with the reason, over a limit with its whole trace."""
    rule = place / "rules" / "cancel.yaml"
    names = [add(scalev)["order_id"] for _ in range(2)]
    proof = add(scalev, transferproof_url="https://cdn.example/1.jpg")["order_id"]
    plenty = tertib("run", "--json", code=0)
    held = tertib("explain", "cancel-unpaid", proof, "--run", plenty["run_id"], "--json")
    assert [veto["code"] for veto in held["vetoes"]] == ["transfer_proof"]

    rule.write_text(RULE + "limits: {orders: 1}\n", "utf-8")
    names = [add(scalev)["order_id"] for _ in range(2)]
    run = tertib("run", "--json", code=3)
    over = tertib("explain", "cancel-unpaid", names[0], "--run", run["run_id"], "--json")
    assert [veto["code"] for veto in over["vetoes"]] == ["limit_orders"]
    assert [node["result"] for node in over["trace"]] == ["true"] * 5

    lost = tertib("explain", "shipped", names[0], "--run", run["run_id"], code=1)
    assert "decided nothing about order" in lost
    assert "there is no run `nope`" in tertib("explain", "shipped", names[0], "--run", "nope", code=1)


def test_scalev_is_asked_about_filters_that_no_answer_shows(tertib: Run, place: Path, scalev: Served) -> None:
    """Whether an order is spam is not in an answer; one request with the filter tells."""
    (place / "rules" / "spam.yaml").write_text(SPAM, "utf-8")
    ham, spam = add(scalev, 1), add(scalev, 1, is_probably_spam=True)

    out = tertib("explain", "spam", ham["order_id"], "--json")
    assert (out["verdict"], out["excluded_by"]) == ("false", ["is_probably_spam"])
    assert tertib("explain", "spam", spam["order_id"], "--json")["verdict"] == "true"


def test_why_tells_the_rules_and_the_record(tertib: Run, scalev: Served) -> None:
    """What would act, what would soon, what has nothing to do with it; then all that was done, in words."""
    name = add(scalev, 71.5)["order_id"]
    said = tertib("why", name)
    assert "will match in 30m" in said or "will match in 29m" in said
    assert ", unless paid, " in said
    assert "✗ rule shipped: ✗ query status: shipped  (saw status pending)" in said
    assert "the record has nothing about this order" in said

    old = add(scalev)
    tertib("hold", old["order_id"], "--why", "the buyer called")
    assert "on hold since" in tertib("why", old["order_id"])
    tertib("release", old["order_id"])
    run = tertib("run", "--json")
    told = tertib("why", old["order_id"])
    assert "rule cancel-unpaid set status pending → canceled, which Scalev confirmed" in told
    assert f"`tertib explain cancel-unpaid {old['order_id']} --run {run['run_id']}`" in told

    before = scalev.journal.entries.__len__()
    document = tertib("why", str(old["id"]), "--json")  # by its id, which the record knows
    assert document["order_id"] == old["order_id"]
    assert len(scalev.journal.entries) - before == 1  # read once for all rules
    assert [one["state"] for one in document["changes"]] == ["confirmed"]


def test_a_source_that_cannot_be_read_hides_no_other(tertib: Run, place: Path, scalev: Served) -> None:
    """Without a customer's token the business's rules still answer, and the other rule says that it cannot."""
    rule = "name: theirs\nsource: {customer_orders: {store: s}}\nconditions: [{status: pending}]\naction: {status: canceled}\n"
    (place / "rules" / "theirs.yaml").write_text(rule, "utf-8")
    said = tertib("why", add(scalev)["order_id"])

    assert "✓ rule cancel-unpaid" in said
    assert "? rule theirs: the orders that it reads lack this one, or could not be read" in said
    assert tertib("explain", "theirs", "A1", "--json", code=1)["error"].startswith("no token")


def test_an_order_that_scalev_lacks_is_still_in_the_record(tertib: Run, scalev: Served) -> None:
    """A reference that only a hold knows shows the hold; one that nobody knows is an error."""
    order = add(scalev)
    tertib("hold", order["order_id"], "--why", "asked by phone")
    scalev.shop.remove(order["id"])

    assert "on hold since" in tertib("why", order["order_id"])
    assert "Scalev has no order `NEVER`" in tertib("why", "NEVER", code=1)
    assert scalev.journal.of("change") == []


def test_an_order_from_a_file_at_another_moment(
    tertib: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """YAML or JSON, one order or many; judged as of then; neither token nor network is needed."""
    monkeypatch.delenv("SCALEV_TOKEN")
    (place / "one.yaml").write_text(
        "order_id: A1\nid: 7\nstatus: pending\npayment_status: unpaid\npayment_method: qris\n"
        "pending_time: 2026-11-18T15:12:00+07:00\ncustomer: {phone: '628123456789'}\n",
        "utf-8",
    )
    words = ("explain", "cancel-unpaid", "A1", "--from", "one.yaml", "--json", "--at")

    assert tertib(*words, "2026-11-21T10:00:00+07:00")["matches_in"] == "5h12m"
    assert tertib(*words, "2026-11-22")["matched"] is True
    assert "is not a date and time" in tertib(*words, "yesterday", code=2)["error"]
    assert "neither `--from` nor `--at`" in tertib(*words, "2026-11-22", "--run", "x", code=2)["error"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"order_id": "B"', "neither as JSON nor as YAML"),
        ("[1, 2]", "holds no order `A1`"),
        ('{"data": [{"order_id": "B"}, {"order_id": "C"}]}', "it holds `B`, `C`"),
        ("a: &x 1\n", "neither as JSON nor as YAML"),
        ("[" * 100_000, "neither as JSON nor as YAML"),
    ],
)
def test_a_file_without_the_order_is_refused(tertib: Run, place: Path, text: str, said: str) -> None:
    """What is no order, or another one, is a message and exit code 1."""
    (place / "f.json").write_text(text, "utf-8")

    assert said in tertib("explain", "cancel-unpaid", "A1", "--from", "f.json", code=1)
