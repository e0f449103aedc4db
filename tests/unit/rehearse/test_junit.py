"""Prove that the JUnit report is XML whatever stands in a test, and counts what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tertib import rehearse
from tertib.model import Problem, Settings, Trace
from tertib.rehearse import CaseResult, Rehearsal, junit
from tertib.rehearse.coverage import Coverage
from tertib.rehearse.sources import Source, Step

RULE = (
    "name: late\nquery: {status: pending}\nconditions: [{payment_method: qris}]\naction: {status: canceled}\n"
)
TEST = """\
now: 2026-11-21
cases:
  - {name: "<goes> & \\"stays\\"", order: {payment_method: qris}, planned: {status: canceled}}
  - {name: wrong, order: {payment_method: cod}, planned: {status: canceled}}
  - {name: bad, order: {tagz: []}, held: paid}
"""


def test_a_run_is_reported(tmp_path: Path) -> None:
    """Each case is a testcase, a failure holds the diff and the trace with its places, a mistake is an error."""
    (tmp_path / "late.yaml").write_text(RULE, "utf-8")
    (tmp_path / "late.test.yaml").write_text(TEST, "utf-8")
    root = ET.fromstring(junit.document(rehearse.run([tmp_path], Settings())))  # noqa: S314 - as above

    assert (root.tag, root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == (
        "testsuites",
        "3",
        "1",
        "1",
    )
    cases = root.findall("testsuite/testcase")
    assert [case.attrib["name"] for case in cases][:2] == ['<goes> & "stays"', "wrong"]
    assert [case.attrib["classname"] for case in cases] == ["late", "late", "T201"]
    failure = cases[1].find("failure")
    assert failure is not None
    assert "- planned: status canceled\n+ not matched" in str(failure.text)
    assert f"saw cod: false  ({tmp_path / 'late.yaml'}:3)" in str(failure.text)
    error = cases[2].find("error")
    assert error is not None
    assert error.attrib == {"message": "unknown field `tagz`", "type": "T201"}
    for suite in root.findall("testsuite"):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


@given(st.text(), st.text())
def test_any_text_is_valid_xml(one: str, other: str) -> None:
    """Control characters, half a character, markup: what XML cannot hold is left out, the rest comes back."""
    step = Step(Trace(one, other, result=False), Source(other, 1, 1))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    case = CaseResult(one, 1, other, one, now, one, other, (one, other), (f"- {one}",), (), (), (step,))
    run = Rehearsal((case,), (Problem(other, 1, 1, "T101", one, hint=other),), (), Coverage(()))

    root = ET.fromstring(junit.document(run).encode("utf-8"))  # noqa: S314 - as above
    named = root.findall("testsuite/testcase")[0].attrib["name"]
    assert named == "".join(letter for letter in other if letter in "\t\n\r" or is_xml(letter))


def is_xml(letter: str) -> bool:
    """Tell whether XML 1.0 has a way to write a character."""
    code = ord(letter)
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
