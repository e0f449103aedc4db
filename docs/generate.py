"""Write the reference, `docs/reference/*.md` and `docs/codes.md`, from the tables in the code.

    python docs/generate.py

What the pages say of a verdict, of a filter that is sent, or of a message was asked of the engine itself. A test
fails where the committed pages are not these.
"""  # noqa: INP001 - a script, no package

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from tertib import check, settings, shipped
from tertib.cli.exits import EXIT_CODES, OUTCOMES
from tertib.cli.problems import as_text
from tertib.compile import compile_rules
from tertib.language import conditions, document
from tertib.language.codes import CODES
from tertib.language.kinds import KINDS, UNREADABLE_AS
from tertib.language.operators import GROUPS, OPERATORS, Example, Operator, Shape
from tertib.load import load, loads
from tertib.model import MISSING, Field, Kind, Parameter, Problem, Recheck, Settings, State
from tertib.plan.holds import HOLDS
from tertib.plan.vetoes import LIFTABLE
from tertib.scalev import contract
from tertib.scalev.meanings import MEANINGS

HERE: Final = Path(__file__).resolve().parent
BAD: Final = HERE.parent / "tests" / "bad"
NOW: Final = datetime(2026, 11, 21, 3, tzinfo=UTC)
"""The moment of the examples: ten in the morning in Jakarta."""

ZONE: Final = ZoneInfo("Asia/Jakarta")
VERDICTS: Final = {True: "true", False: "false", None: "unknown"}
PROSE: Final[dict[str, Any]] = yaml.safe_load((HERE / "prose.yaml").read_text("utf-8"))
NOTE: Final = (
    "<!-- written by docs/generate.py from the tables in the code; change those, and run it again -->\n\n"
)


def main() -> None:
    """Write the pages that differ from what the tables say."""
    (HERE / "reference").mkdir(exist_ok=True)
    for name, text in pages().items():
        file = HERE / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")


def pages() -> dict[str, str]:
    """Return every generated page by its path below `docs`."""
    return {name: NOTE + body().rstrip() + "\n" for name, body in PAGES.items()}


# --- pieces of a page -----------------------------------------------------------------------------------


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(headings)]
    lines += [["---"] * len(lines[0])] + [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n\n"


def _words(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _title(name: str, text: str) -> str:
    return f"# {name}\n\n{text.rstrip()}\n\n"


def _values(name: str, values: Iterable[str]) -> str:
    """List the values of an enumeration, with what they mean where that is said anywhere."""
    said = MEANINGS.get(name, {})
    plain = [value for value in sorted(values) if value not in said]
    text = "".join(f"- `{value}`: {said[value]}\n" for value in said if value in values)
    return text + (f"- {'also ' if text else ''}{_words(plain)}\n" if plain else "") + "\n"


def _index() -> str:
    return _title("Reference", PROSE["index"]) + "".join(
        f"- [{text}]({page})\n" for page, text in PROSE["pages"].items()
    )


# --- operators ------------------------------------------------------------------------------------------


def _operators() -> str:
    text = _title("Operators", PROSE["operators"]) + "## Kinds of fields\n\n"
    text += _table(
        ("kind", "what it is", "operators"),
        ((f"`{kind}`", KINDS[kind], _words(_fitting(kind))) for kind in Kind),
    )
    text += "## Groups\n\n" + _table(
        ("key", "holds where"), ((f"`{name}`", words) for name, words in GROUPS.items())
    )
    text += PROSE["connectives"] + "\n"
    return text + "## Operators\n\n" + "".join(_operator(one) for one in OPERATORS.values())


def _fitting(kind: Kind) -> Iterator[str]:
    return (row.name for row in OPERATORS.values() if kind in row.kinds)


def _operator(row: Operator) -> str:
    text = f"### `{row.name}`\n\n{_sentence(row.help)}\n\n"
    text += f"- takes {row.shape}\n- fits {_words(kind for kind in Kind if kind in row.kinds)}\n"
    text += f"- {_pushdown(row)}\n\n"
    text += _block("yaml conditions", f"- {row.example.condition}")
    return text + _table(("the order has", "verdict"), _truth(row.example))


def _truth(example: Example) -> Iterator[tuple[str, str]]:
    """Yield what the field may hold, and what the engine's own verdict on the example is then."""
    field = contract.FIELDS["orders"][example.condition.partition(":")[0]]
    (written,) = document.parse(example.condition.encode()).documents
    (condition,) = conditions.parse([written[1].data], contract.FIELDS["orders"], ZONE, [])
    unreadable = UNREADABLE_AS[field.kind]
    held = {_held(raw): raw for raw in (example.holds, example.fails, None, "")}
    held |= {f"unreadable: {_held(unreadable)}": unreadable, "no such field in the answer": MISSING}
    for shown, raw in held.items():
        order = {} if raw is MISSING else {field.path: raw}
        yield shown, VERDICTS[conditions.evaluate(condition, order, NOW)]


def _held(raw: Any) -> str:
    return f"`{json.dumps(raw)}`" + (" (empty text)" if raw == "" else "")


def _pushdown(row: Operator) -> str:
    """Say which filters the compiler makes of the operator, as it does for a sample of every field that has one."""
    sent = {name for condition in _probes(row) for name in _sent(condition)}
    if not sent or row.pushdown is None:
        return "never becomes a filter: it is judged here, on every order that came back"
    named = _words(name for name in contract.PARAMETERS if name in sent)
    return f"where the condition must hold, becomes a filter too (sent: {row.pushdown.sends}): {named}"


def _probes(row: Operator) -> Iterator[str]:
    for parameter in contract.PARAMETERS.values():
        for field in (contract.FIELDS["orders"].get(path) for path in parameter.checks):
            if field is not None and field.kind in row.kinds and row.shape is not Shape.OBJECT:
                yield f"{field.path}: {{{row.name}: {_sample(row.shape, field)}}}"


def _sample(shape: Shape, field: Field) -> str:
    """Return an operand of a shape that fits a field."""
    by_kind = {Kind.BOOLEAN: "true", Kind.TIME: '"2026-11-10T00:00:00+07:00"', Kind.TEXT: "abc"}
    one = min(field.values) if field.values else by_kind.get(field.kind, "7")
    by_shape = {Shape.SEVERAL: f"[{one}]", Shape.RANGE: f"[{one}, {one}]", Shape.FLAG: "true"}
    by_shape |= {Shape.DURATION: "3d", Shape.NAME: "vip", Shape.NAMES: "[vip]"}
    return by_shape.get(shape, one)


def _sent(condition: str) -> set[str]:
    text = f"name: probe\nquery: {{}}\nconditions:\n  - {condition}\naction: {{payment_status: paid}}\n"
    program = compile_rules(loads(text, Settings()).rules, Settings(), NOW)
    return {name for scan in program.scans for name in scan.params} - {"columns"}


# --- fields, filters, action ----------------------------------------------------------------------------


def _fields() -> str:
    business, customer = contract.FIELDS["orders"], contract.FIELDS["customer_orders"]
    both = [field for field in business.values() if len(field.sources) > 1]
    text = _title("Fields of an order", PROSE["fields"]) + "## In both sources\n\n" + _field_table(both)
    text += "## Only in orders of the business\n\n"
    text += _field_table(field for field in business.values() if len(field.sources) == 1)
    text += "## Only in customer orders\n\n"
    text += _field_table(field for field in customer.values() if len(field.sources) == 1)
    text += "## Known values\n\nOther values may come; they equal none of these.\n\n"
    enums = {field.path: field for field in (*business.values(), *customer.values()) if field.values}
    return text + "".join(f"### `{path}`\n\n{_values(path, field.values)}" for path, field in enums.items())


def _field_table(fields: Iterable[Field]) -> str:
    rows = (
        (f"`{one.path}`", f"{one.kind}{f' ({one.unit})' if one.unit else ''}", _asked_for(one), _about(one))
        for one in fields
    )
    return _table(("field", "kind", "asked for", "what it is"), rows)


def _asked_for(field: Field) -> str:
    if field.column is None:
        return "never"
    return f"`{field.column}`" if field.column else ""


def _about(field: Field) -> str:
    later = " Only in the later documents." if field.later else ""
    return field.help + (" *Personal.*" if field.personal else "") + later


def _query() -> str:
    text = _title("Filters of `query`", PROSE["query"])
    rows = ((f"`{one.name}`", one.kind, _recheck(one), one.help) for one in contract.PARAMETERS.values())
    text += _table(("filter", "kind", "checked again", "what it asks for"), rows)
    text += "## Examples\n\n" + "".join(_block("yaml query", one) for one in PROSE["query examples"])
    enums = [one for one in contract.PARAMETERS.values() if one.kind == "enum"]
    return (
        text
        + "## Values\n\n"
        + "".join(f"### `{one.name}`\n\n{_values(one.name, one.values)}" for one in enums)
    )


def _recheck(parameter: Parameter) -> str:
    if parameter.recheck is Recheck.NONE:
        return "none"
    return f"{parameter.recheck}, by {_words(parameter.checks)}"


def _action() -> str:
    text = _title("What an action sets", PROSE["action"])
    rows = (
        (f"`{one.name}`", one.kind, f"`{one.reads_as}`" if one.reads_as else "not readable", one.help)
        for one in contract.ACTION_FIELDS.values()
    )
    text += _table(("field", "kind", "read back as", "what it sets"), rows)
    text += "## Examples\n\n" + "".join(_block("yaml action", one) for one in PROSE["action examples"])
    text += "## Scalev's status flow\n\nAn order that cannot make the step is held with `status_flow`.\n\n"
    flow = contract.STATUS_FLOW.items()
    text += _table(
        ("from", "to"), ((f"`{one}`", _words(sorted(targets)) or "nothing") for one, targets in flow)
    )
    text += "## Values\n\n"
    for one in contract.ACTION_FIELDS.values():
        if one.values:
            text += f"### `{one.name}`\n\n{_values(one.name, one.values)}"
    seeds, current = contract.PAYMENT_METHODS["seeds"], contract.PAYMENT_METHODS["current"]
    text += f"Contract `seeds` alone has {_words(sorted(seeds - current))}; contract `current` alone has "
    return text + f"{_words(sorted(current - seeds))}. An order is written in the contract of its own id.\n"


# --- holds, keys, exit codes ----------------------------------------------------------------------------


def _holds() -> str:
    headings = ("code", "what is so", "what to do")
    rows = {code: (f"`{code}`", one.help, _sentence(one.mend)) for code, one in HOLDS.items()}
    text = _title("What keeps an order as it is", PROSE["holds"]) + "## Vetoes that a rule can lift\n\n"
    text += _table(headings, (row for code, row in rows.items() if code in LIFTABLE))
    text += "## Everything else\n\n"
    return text + _table(headings, (row for code, row in rows.items() if code not in LIFTABLE))


ELSEWHERE: Final = ("query", "action")


def _rule() -> str:
    return _title("The keys of a rule", PROSE["rule"]) + _schema("rule")


def _settings() -> str:
    schema = json.loads((shipped.schemas() / "settings.schema.json").read_text("utf-8"))
    text = _title("Settings", PROSE["settings"]) + _schema("settings")
    text += f"\n## One of several accounts\n\n{PROSE['account']}\n"
    about = {key: _found(one, schema) for key, one in schema["$defs"]["account"]["properties"].items()}
    rows = ((f"`{key}`", one["description"]) for key, one in about.items())
    return text + _table(("key below `accounts.NAME`", "what it says"), rows)


def _found(about: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a part of a schema says, or what the part that it refers to says."""
    for step in about.get("$ref", "#").split("/")[1:]:
        schema = schema[step]
    return schema if "$ref" in about else about


def _schema(name: str) -> str:
    schema = json.loads((shipped.schemas() / f"{name}.schema.json").read_text("utf-8"))
    return _table(("key", "left out", "what it says"), _keys(schema, ""))


def _keys(schema: Mapping[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    """Yield each key of a schema, those of mappings inside it under their dotted path."""
    for part in (schema, *schema.get("anyOf", ())):
        for key, about in part.get("properties", {}).items():
            default = f"`{json.dumps(about['default'])}`" if "default" in about else ""
            plain = about["anyOf"][0] if "anyOf" in about else about  # beside it stands a variable
            listed = plain.get("enum") or plain.get("items", {}).get("enum") or ()
            values = f" One of {_words(listed)}." if listed and len(listed) < 9 else ""  # noqa: PLR2004 - more would drown the sentence
            yield f"`{above}{key}`", default, about.get("description", "") + values
            if key not in ELSEWHERE:
                yield from _keys(about, f"{above}{key}.")


def _exits() -> str:
    text = _title("Exit codes and outcomes", PROSE["exit-codes"])
    text += _table(("code", "what it says"), ((str(code), said) for code, said in EXIT_CODES.items()))
    text += "## Outcomes\n\nWhat became of one change, in `outcomes` of `apply --json` and `run --json`.\n\n"
    return text + _table(("state", "what it says"), ((f"`{one}`", OUTCOMES[one]) for one in State))


# --- codes ----------------------------------------------------------------------------------------------


def _codes() -> str:
    mending = yaml.safe_load((HERE / "mending.yaml").read_text("utf-8"))
    golden = _golden()
    text = _title("Message codes", PROSE["codes"])
    for chapter, title in PROSE["chapters"].items():
        codes = [code for code in CODES if code.startswith(chapter)]
        text += f"## {title}\n\n" if codes else ""
        text += "".join(_code(code, mending.get(code, {}), golden.get(code)) for code in codes)
    return text


def _code(code: str, mending: Mapping[str, Any], golden: str | None) -> str:
    text = f"### {code}\n\n{CODES[code]}\n\n"
    if "mend" in mending:
        text += f"{mending['mend']}\n\n"
    if "settings" in mending:
        _, problems = settings.inspect(mending["settings"].encode(), "tertib.yaml")
        return text + _block("yaml wrongsettings", mending["settings"]) + _said(code, problems)
    if "checked" in mending:
        return text + _block("yaml careless", mending["checked"]) + _said(code, _checked(mending["checked"]))
    rule = _example(mending) or golden
    if rule is None:
        return text
    # beside the broken files of the tests lie the tables that some of them name
    place = str(BAD / "example.yaml")
    problems = (replace(one, file="rules/example.yaml") for one in loads(rule, Settings(), place).problems)
    return text + _block("yaml wrong", rule) + _said(code, problems).replace(place, "rules/example.yaml")


def _said(code: str, problems: Iterable[Problem]) -> str:
    found = [problem for problem in problems if problem.code == code]
    if not found:
        raise ValueError(f"the example of {code} does not give {code}")
    return _block("text", as_text(found))


def _checked(rules: str) -> list[Problem]:
    """Return what `tertib check` says of a file of rules; the static checks read the file for its places."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "example.yaml"
        file.write_text(rules, "utf-8")
        loaded = load([file], Settings())
        found = (*loaded.problems, *check.problems(loaded, Settings(), NOW))
    name = "rules/example.yaml"
    hints = [one.hint and one.hint.replace(str(file), name) for one in found]
    return [replace(one, file=name, hint=hint) for one, hint in zip(found, hints, strict=True)]


def _example(mending: Mapping[str, Any]) -> str | None:
    """Return the whole rule around a part that mending.yaml gives."""
    if "conditions" in mending:
        inside = "".join(f"  {line}\n" for line in mending["conditions"].splitlines())
        return (
            f"name: example\nquery: {{status: pending}}\nconditions:\n{inside}action: {{status: canceled}}\n"
        )
    if "action" in mending:
        inside = "".join(f"  {line}\n" for line in mending["action"].splitlines())
        return f"name: example\nquery: {{status: pending}}\naction:\n{inside}"
    return mending.get("rule")


def _golden() -> dict[str, str]:
    """Return for each code the shortest broken file of the tests that gives it, best with no other mistake."""
    found: dict[str, tuple[int, int, str]] = {}
    for expected in sorted(BAD.glob("*.txt")):
        rule = _readable_text(expected.with_suffix(".bad.yaml"))
        codes = re.findall(r"\[(T\d{3})\]$", expected.read_text("utf-8"), re.MULTILINE)
        for code in codes if rule else ():
            candidate = (len(set(codes)), len(rule), rule)
            found[code] = min(found.get(code, candidate), candidate)
    return {code: rule for code, (_, _, rule) in found.items()}


def _readable_text(file: Path) -> str:
    """Return a file's text, empty where a page cannot show it: other encodings, characters that nobody sees."""
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.replace("\n", "").isprintable() and "```" not in text else ""


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "reference/README.md": _index,
    "reference/operators.md": _operators,
    "reference/fields.md": _fields,
    "reference/query.md": _query,
    "reference/action.md": _action,
    "reference/holds.md": _holds,
    "reference/rule.md": _rule,
    "reference/settings.md": _settings,
    "reference/exit-codes.md": _exits,
    "codes.md": _codes,
}

if __name__ == "__main__":
    main()
