"""The report: one file that needs nothing else, tells all of a plan or a run, and obeys nobody whom it quotes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import httpx
import pytest

from canaries import told_of
from pages import POISON, World
from tertib import pipeline, record
from tertib.cli import main
from tertib.cli.showcase import Showcase
from tertib.compile import compile_rules
from tertib.evaluate import Evaluated
from tertib.ledger import AuditVerdict
from tertib.ledger.runs import RunDetails
from tertib.load import load
from tertib.model import Change, Held, Mode, Pick, Plan, RuleTally, Trace, Web
from tertib.plan import _warnings as warnings
from tertib.plan.holds import HOLDS
from tertib.telling.tongue import LANGUAGES, tongue
from tertib.web.render import STATIC
from tertib.web.report import ROWS, report
from tertib.web.subjects import OfNothing, OfPlan, OfRun, plan_to_tell, run_to_tell

AT_SCALEV: Final = "https://app.scalev.com/orders/"
REACHING: Final = frozenset({"src", "href", "srcset", "action", "data", "background", "poster", "xlink:href"})
ACTIVE: Final = frozenset(
    {"script", "iframe", "object", "embed", "link", "form", "img", "base", "video", "audio"}
)
HOSTILE: Final = (
    POISON,
    "</style><script>alert(1)</script>",
    "\"onmouseover='alert(1)' x=\"",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202e\u2066\u200f\x1b[31m\x00",
    "<!--",
    "]]>",
    "&lt;b&gt;",
)
"""What a buyer may type; none of it may be obeyed by whatever opens the report."""

READ_BACK: Final = "confirmed_by_readback"

BIG: Final = 50_000
LARGEST: Final = 3_000_000
"""Bytes of a report on the largest plan."""


class Reading(HTMLParser):
    """What a browser would make of a file: its elements, whatever reaches out, its words, and its style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str]]] = []
        self.style = self.said = ""
        self._within: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element; a cell of a table ends a word."""
        self.said += " " if tag in {"dt", "dd", "td", "th", "li"} else ""
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note what an element says."""
        if "style" in self._within:
            self.style += data
        else:
            self.said += data

    @property
    def words(self) -> str:
        """Return what stands in it, as somebody reads it."""
        return " ".join(self.said.split())

    def reached(self) -> Iterator[str]:
        """Yield every address that it leads to, or loads."""
        for _, attributes in self.elements:
            yield from (value for name, value in attributes.items() if name in REACHING)


def refuse_what_reaches_out(text: str, order_url: str = AT_SCALEV) -> Reading:
    """Check that a report needs nothing else, obeys nothing in it, and says so to the browser; return it read."""
    read = Reading(text)
    assert {tag for tag, _ in read.elements} & ACTIVE == set()
    assert [one for one in read.reached() if not one.startswith(order_url)] == []
    assert [name for _, given in read.elements for name in given if name.startswith("on")] == []
    assert [one for _, one in read.elements if "style" in one] == []
    assert not re.search(r"@import|url\(|expression", read.style)
    policy = next(one["content"] for _, one in read.elements if "http-equiv" in one)
    digest = base64.b64encode(hashlib.sha256(read.style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    return read


def of_run(world: World, run_id: str) -> OfRun:
    """Return a run of the small shop to report on."""
    found = world.session.ledger.run_details(run_id)
    assert found is not None
    session = world.session
    verdict = session.ledger.verify_audit("default")
    return run_to_tell(found, session.ledger, session.settings, verdict, session.clock.now())


def of_plan(world: World, plan: Plan) -> OfPlan:
    """Return a plan of the small shop to report on, as it was recorded."""
    kept = record.as_recorded(record.document(plan, world.session.mask))
    session = world.session
    return plan_to_tell(kept, session.ledger, session.settings, plan.plan_id, session.clock.now())


def told(world: World, *subjects: OfPlan | OfRun | OfNothing, language: str = "en") -> Reading:
    """Return a report, checked and read."""
    return refuse_what_reaches_out(report(subjects, tongue(language), world.session.clock.now()))


# --- a plan ---------------------------------------------------------------------------------------------


def test_a_plan_tells_what_would_change_and_why(world: World) -> None:
    """When, which account, what was read, each order with its states, what was seen, its money, and how to do it."""
    words = told(world, of_plan(world, world.plan)).words
    assert "Plan: cancel-unpaid" in words
    assert "4 orders, Rp 550.000; buyers may be messaged; cannot be undone" in words
    assert "account default" in words
    assert "5 orders, 1 request" in words
    assert "pending → canceled" in words
    assert "pending_time 5d" in words
    assert f"tertib apply {world.plan.plan_id}; until" in words
    assert "status=pending" in words


def test_what_is_held_is_told_with_what_the_code_means(world: World) -> None:
    """The code, what is so, what a person can do about it, and the very order."""
    words = told(world, of_plan(world, world.plan)).words
    reason = HOLDS["transfer_proof"]
    assert f"transfer_proof {reason.help}" in words
    assert reason.mend in words
    assert str(world.plan.held[0].order_id) in words


def test_orders_lead_to_scalev_and_nowhere_else(world: World) -> None:
    """Each order has its link, the poisoned number in it as a path and nothing more."""
    read = told(world, of_plan(world, world.plan))
    links = set(read.reached())
    assert {AT_SCALEV + str(one.order_id) for one in world.plan.changes if "<" not in one.order_id} < links
    assert len(links) == len(world.plan.changes) + len(world.plan.held)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_buyer_typed_is_shown_and_not_obeyed(world: World, hostile: str) -> None:
    """In an order's number, a value, a reason, a hold, a rule's name, a warning, and an account's name."""
    plan = made(rows=2, text=hostile)
    subject = OfPlan(plan, "Asia/Jakarta", replace(of_plan(world, world.plan).web), plan.now, hostile)
    text = report([subject, OfNothing(hostile, hostile)], tongue("en"), plan.now - timedelta(days=1))
    read = refuse_what_reaches_out(text)
    assert "49" not in read.words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200f\x1b\x00]", text)
    assert text.count("<style>") == text.count("</style>") == 1


def test_a_plan_that_cannot_be_applied_says_why(world: World) -> None:
    """One that rests on an unfinished reading, one without changes, one that is too old."""
    whole = of_plan(world, world.plan)
    unread = replace(whole, plan=replace(whole.plan, complete=False))
    assert "not everything could be read, so this plan cannot be applied" in told(world, unread).words
    empty = replace(whole, plan=replace(whole.plan, changes=()))
    assert "nothing to do" in told(world, empty).words
    old = replace(whole, expires_at=world.session.clock.now())
    assert "too old: it could be applied until" in told(world, old).words
    assert "tertib apply" not in told(world, old).words


def approve(world: World) -> None:
    """Say yes to two orders of the plan that waits."""
    part = Pick(only=tuple(str(one.id) for one in world.plan.changes[:2]))
    approvals, now = world.session.ledger.approvals, world.session.clock.now()
    approvals.approve("default", world.waits, who="siti", now=now, part=part)


def reject(world: World) -> None:
    """Say no to the plan that waits."""
    approvals, now = world.session.ledger.approvals, world.session.clock.now()
    approvals.reject("default", world.waits, who="siti", now=now)


def replace_it(world: World) -> None:
    """Let the rule ask again."""
    rules = load(world.session.settings.rules, world.session.settings).rules
    pipeline.run(rules, world.session.means(), world.session.writer)


def refuse(world: World) -> None:
    """Say yes, and let it come too late."""
    approve(world)
    approvals, now = world.session.ledger.approvals, world.session.clock.now()
    approvals.refuse("default", world.waits, "the table changed", now)


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (approve, ("approved by siti", "(2 of 4 orders, Rp", "it is applied as soon as whoever serves")),
        (reject, ("rejected by siti", "not possible any more: plan again")),
        (replace_it, ("replaced by a newer plan", "not possible any more: plan again")),
        (refuse, ("could not be applied", "the table changed", "not possible any more: plan again")),
    ],
)
def test_a_plan_that_was_decided_is_not_offered_again(
    world: World, decide: Callable[[World], None], said: Sequence[str]
) -> None:
    """Its report says what became of it, and names no command to apply it."""
    place = f"{world.at}/report"
    offered = f"tertib apply {world.waits}"
    assert offered in refuse_what_reaches_out(world.browser.get(place).text).words
    decide(world)
    words = refuse_what_reaches_out(world.browser.get(place).text).words
    assert [one for one in said if one not in words] == []
    assert offered not in words


def test_a_plan_that_was_applied_in_part_says_so(showcase: Showcase) -> None:
    """Who said yes to how many orders worth how much, which run applied them and when; no command to do it again."""
    session = showcase.session
    now = session.clock.now()
    listed = session.ledger.approvals.listed("default", now, 200)
    part = next(one for one in listed if one.state == "applied" and one.part.only)
    text = httpx.get(f"{showcase.url}/accounts/default/plans/{part.asked.plan_id}/report").text
    words = Reading(text).words
    assert f"applied approved by {part.decided_by}" in words
    assert f"({len(part.part.only)} of {part.asked.changes} orders, Rp" in words
    assert f"nothing more: run `{part.run_id}` applied it" in words
    assert "tertib apply" not in words


def test_the_command_can_be_typed_as_it_stands(world: World) -> None:
    """A file whose name a shell would take apart is quoted."""
    subject = replace(of_plan(world, world.plan), apply="rencana hari ini; rm.json")
    assert "tertib apply 'rencana hari ini; rm.json';" in told(world, subject).words


def test_a_filter_that_nothing_can_verify_is_told(world: World) -> None:
    """What the plan rests on without a proof stands in it."""
    warning = "rule `spam`: filter `is_probably_spam` is trusted: no answer shows whether it was heeded"
    subject = of_plan(world, replace(world.plan, warnings=(warning,)))
    assert warning in told(world, subject).words


@pytest.mark.parametrize("count", [1, 2])
def test_readings_that_failed_are_counted_as_readings(world: World, count: int) -> None:
    """An order is read once for each scan that shows it, so neither language calls them orders."""
    evaluated = Evaluated(unreadable=Counter({"pending_time": count}))
    rules = load(world.session.settings.rules, world.session.settings).rules
    program = compile_rules(rules, world.session.settings, world.session.clock.now())
    (warning,) = warnings(evaluated, program)
    subject = of_plan(world, replace(world.plan, warnings=(str(warning),)))
    held = "1 reading held" if count == 1 else "2 readings held"
    assert f"field `pending_time`: {held} a value" in told(world, subject).words
    in_indonesian = told(world, subject, language="id").words
    assert f"kolom `pending_time`: {count} pembacaan berisi nilai" in in_indonesian


def test_a_masked_value_is_all_there_is_of_a_buyer(world: World) -> None:
    """What a template took of an order stands as its mask."""
    change = replace(
        world.plan.changes[0],
        set={"payment_status": "paid", "payment_account_holder": "Siti Rahayu"},
        personal=frozenset({"payment_account_holder"}),
    )
    subject = of_plan(world, replace(world.plan, changes=(change,)))
    text = report([subject], tongue("en"), world.session.clock.now())
    assert told_of(text.encode()) == []
    assert "payment_account_holder" in text


def made(rows: int, text: str = "", rules: int = 1) -> Plan:
    """Return a plan of so many rows, held ones and ones over a limit among them; `text` stands wherever text can."""
    now = datetime.fromisoformat("2026-11-21T10:00:00+07:00")
    names = [f"rule-{number}{text}" for number in range(rules)]
    reason = Trace(f"notes: {text}", text, result=True)
    changes = [
        Change(
            id=number,
            order_id=f"N{number}{text}",
            rule=names[number % rules],
            before={"status": f"pending{text}", "payment_status": "unpaid"},
            set={"status": f"canceled{text}", "payment_method": text, "by": text},
            value=Decimal(1000),
            reversible=False,
            reasons=(reason,),
            read_at=now,
            since=now - timedelta(days=4),
        )
        for number in range(rows)
    ]
    held = [Held(one.order_id, one.rule, "paid", f"it is paid{text}", f"h{one.id}") for one in changes]
    return Plan(
        plan_id="0" * 32,
        created_at=now,
        now=now,
        account=f"toko{text}",
        contract="seeds",
        complete=True,
        requests=1,
        orders_read=rows,
        scans=(),
        rules=tuple(
            RuleTally(name, "hash", Mode.PREVIEW, rows, rows, Decimal(1000) * rows) for name in names
        ),
        changes=tuple(changes),
        held=tuple(held),
        warnings=(f"beware{text}",) if text else (),
        definitions=tuple({"name": name, "description": f"What it does{text}"} for name in names),
        over_limit=tuple(replace(one, id=f"o{one.id}") for one in changes[:2]),
    )


@pytest.mark.parametrize("rules", [1, 40])
def test_a_large_plan_still_opens_and_says_what_it_leaves_out(rules: int) -> None:
    """Of fifty thousand orders some are listed, the others counted, with where all of them are."""
    plan = made(BIG, rules=rules)
    subject = OfPlan(plan, "Asia/Jakarta", Web(), plan.now + timedelta(hours=24), "plan.json")
    text = report([subject], tongue("en"), plan.now)
    assert len(text.encode()) < LARGEST
    read = Reading(text)
    listed = sum(tag == "tr" for tag, _ in read.elements)
    assert listed < 3 * ROWS
    assert f"{BIG:,}".replace(",", ".") in read.words
    left = sum(int(one.replace(".", "")) for one in re.findall(r"([\d.]+) further orders? ", read.words))
    of_changes = sum(attributes.get("data-label") == "change" for _, attributes in read.elements) - len(
        plan.over_limit
    )
    of_held = sum(attributes.get("data-label") == "what keeps it" for _, attributes in read.elements)
    assert left + of_changes + of_held == len(plan.changes) + len(plan.held)
    assert "the plan's file and `--json` have all of them" in read.words


# --- runs -----------------------------------------------------------------------------------------------


def test_a_run_that_only_asked_tells_what_waits(world: World) -> None:
    """Its orders wait for a person, with their money, and why it asked."""
    words = told(world, of_run(world, world.run.run_id)).words
    assert f"Run {world.run.run_id}" in words
    assert "4 waits for approval Rp 550.000" in words
    assert "the rule is in mode `approve`" in words
    assert "sent 0" in words


def test_a_broken_audit_log_is_told(world: World) -> None:
    """A report never vouches for a run whose record was tampered with."""
    subject = of_run(world, world.run.run_id)
    verdict = AuditVerdict(ok=False, records=7, first_bad=3, why="record 3 was changed")
    broken = replace(subject, seal=replace(subject.seal, verdict=verdict, records=()))
    words = told(world, broken).words
    assert "the audit log is broken: record 3 was changed" in words
    assert "the audit log is whole" not in words


KINDS: Final[Mapping[str, Sequence[str]]] = {
    "slot": ("on schedule", "nobody: its schedule"),
    "approved": ("an approved plan", "approved by siti"),
    "apply": ("a plan was applied", "somebody at the command line"),
    "run": ("started by hand", "somebody at the command line"),
    "undo": ("a run was taken back", "completed → shipped"),
}
"""What the report of each kind of run says, beside what all of them say."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_can_be_reported(showcase: Showcase, kind: str) -> None:
    """Who started it, what became of each order, every request, and its place in the audit log."""
    found = max(runs_of(showcase, kind), key=lambda one: sum(row.sent_at is not None for row in one.changes))
    read = refuse_what_reaches_out_of(showcase, found)
    for said in (*KINDS[kind], "the audit log is whole", "records of this run", "confirmed Rp"):
        assert said in read.words, said
    for change in found.changes:
        assert change.order_id in read.words
    assert read.words.count("Scalev answered (200)") == len(found.requests) > 0


def test_an_outcome_that_was_lost_and_read_back_is_told_so(showcase: Showcase) -> None:
    """What happened to the request, what was read back, and what was never sent."""
    (found,) = (
        one for one in runs_of(showcase, "slot") if any(row.state == READ_BACK for row in one.changes)
    )
    words = refuse_what_reaches_out_of(showcase, found).words
    assert "Scalev may have done it or not" in words
    assert "confirmed by reading back" in words
    assert "an outcome is unknown; nothing more is sent" in words


def test_no_buyer_stands_in_any_report(showcase: Showcase) -> None:
    """Of all that the shop knows of its buyers, no report of any run says a word."""
    shop = showcase.served.shop
    with shop.lock:
        customers = [one.fields.get("customer") or {} for one in shop.shelf]
    names = {customer[name] for customer in customers for name in ("name", "phone", "email") if customer}
    for kind in KINDS:
        for found in runs_of(showcase, kind):
            text = written(showcase, found)
            assert [one for one in names if one and one in text] == []
            assert told_of(text.encode()) == []


def runs_of(showcase: Showcase, kind: str) -> list[RunDetails]:
    """Return the runs of a kind that changed something, or meant to."""
    ledger = showcase.session.ledger
    found = [ledger.run_details(one.run_id) for one in ledger.runs("default", 300) if one.kind == kind]
    return [one for one in found if one is not None and one.changes]


def written(showcase: Showcase, found: RunDetails) -> str:
    """Return a run's report."""
    session = showcase.session
    verdict = session.ledger.verify_audit("default")
    now = session.clock.now()
    subject = run_to_tell(found, session.ledger, session.settings, verdict, now)
    return report([subject], tongue("en"), now)


def refuse_what_reaches_out_of(showcase: Showcase, found: RunDetails) -> Reading:
    """Return a run's report, read, after checking that it leads to the shop's orders alone."""
    session = showcase.session
    order_url = (session.settings.web or Web()).order_url.partition("{")[0]
    return refuse_what_reaches_out(written(showcase, found), order_url)


# --- as a file ------------------------------------------------------------------------------------------


def test_both_commands_write_it_for_their_owner_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`plan --html` and `runs show --html` beside what they show anyway; in JSON nothing but the document is said."""
    go_there(world, monkeypatch)
    assert main(["plan", "--html", "plan.html", "--out", "plan.json"]) == 0
    assert "the report is in plan.html" in capsys.readouterr().out
    assert main(["runs", "show", world.run.run_id, "--html", "run.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == world.run.run_id
    for name, said in (("plan.html", "tertib apply plan.json"), ("run.html", world.run.run_id)):
        file = world.place / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert said in refuse_what_reaches_out(file.read_text(encoding="utf-8")).words


def test_two_files_under_one_name_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report must not take the place of the plan that it tells of, nor stand where nothing can be written."""
    go_there(world, monkeypatch)
    assert main(["plan", "--html", "same", "--out", "same"]) == 2
    assert "name the same file" in capsys.readouterr().err
    assert main(["plan", "--html", "nowhere/plan.html"]) == 1
    assert "cannot use `nowhere/plan.html`" in capsys.readouterr().err
    assert not (world.place / "same").exists()


def go_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in the project, with its environment."""
    monkeypatch.chdir(world.place)
    monkeypatch.setenv("SCALEV_BASE_URL", world.served.url)
    monkeypatch.setenv("SCALEV_TOKEN", world.served.business_token)


def test_several_accounts_stand_in_one_file(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A section for each account, also for one of which nothing could be planned: that is said, and is no silence."""
    (tmp_path / "tertib.yaml").write_text(
        f"rules: {world.place / 'rules'}\n"
        "accounts:\n  melati: {token: {env: MELATI}}\n  kenanga: {token: {env: KENANGA}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCALEV_BASE_URL", world.served.url)
    monkeypatch.setenv("MELATI", world.served.business_token)
    monkeypatch.setenv("KENANGA", "no-token-of-the-shop")
    assert main(["plan", "--html", "plans.html", "--json"]) == 3
    words = refuse_what_reaches_out((tmp_path / "plans.html").read_text(encoding="utf-8")).words
    assert "account melati" in words
    assert "4 orders, Rp 550.000" in words
    assert "kenanga" in words
    assert "no-token-of-the-shop" not in words


def test_the_pages_give_it_as_a_file(world: World) -> None:
    """A link on the plan and on the run; what comes is the file that the commands write."""
    for place in (f"/accounts/default/plans/{world.waits}", f"/accounts/default/runs/{world.run.run_id}"):
        assert f'href="{place}/report"' in world.browser.get(place).text
        answer = world.browser.get(f"{place}/report")
        assert re.fullmatch(
            r'attachment; filename="[A-Za-z0-9-]+\.html"', answer.headers["content-disposition"]
        )
        refuse_what_reaches_out(answer.text)
    assert world.browser.get("/accounts/default/runs/nope/report").status == 404
    assert world.browser.get("/accounts/default/plans/nope/report").status == 404


# --- how it looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_in_which_language_it_is(world: World, language: str) -> None:
    """Whoever has it read aloud hears the right words."""
    read = told(world, of_plan(world, world.plan), language=language)
    assert dict(read.elements)["html"] == {"lang": language}


def test_it_is_made_for_paper_and_for_the_dark() -> None:
    """Each part on a page of its own, tables with their heads on every page, light whatever the screen is."""
    css = (STATIC / "tertib.css").read_text(encoding="utf-8")
    paper = css.partition("@media print")[2]
    for rule in (
        "break-before: page",
        "table-header-group",
        "break-inside: avoid",
        "overflow-wrap: anywhere",
    ):
        assert rule in paper
    assert "a { color: inherit; text-decoration: none; }" in paper
    assert "@media screen and (prefers-color-scheme: dark)" in css
    assert "@media screen and (max-width" in css


def test_writing_one_brings_no_web_server() -> None:
    """A report is a file: the library that serves pages stays out of it, and `plan` without `--html` brings no page."""
    program = (
        "import sys, tertib.cli.plan, tertib.cli.runs; early = 'tertib.web' in sys.modules;"
        "import tertib.web.report; print(early, *sorted({'starlette', 'uvicorn'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (shown.stderr, shown.stdout.strip()) == ("", "False")
