"""A rule's variables: declared under `vars`, written as `{var: NAME}` or `vars.NAME`, given by the settings.

They are put in before anything else of a rule is read, so that every stage, every plan and the rule's hash know only
what the rule comes to. A complaint about a value that was put in keeps the place in the rule, and says whose value it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from tertib.language.document import Document
from tertib.language.nearest import did_you_mean
from tertib.language.wording import one_of, quote
from tertib.model import Complaint, Given, Path

VARS: Final = "vars"
_AS_WRITTEN: Final = frozenset({"name", "description", "data", VARS})
"""Keys of a rule that hold no variables: what names the rule, and files."""

_ESCAPED: Final = str.maketrans(
    # braces too: no text that is put into a template may end what it stands in
    {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "{": r"\x7b", "}": r"\x7d"}
)


@dataclass(slots=True)
class Resolved:
    """A rule's data with the values of its variables in place, and where each of them came from.

    `sources` say in words whose value stands at a path; None where there is no value, so that nothing that is said of
    it means anything.
    """

    data: Any
    declared: frozenset[str] = frozenset()
    complaints: list[Complaint] = field(default_factory=list)
    sources: dict[Path, str | None] = field(default_factory=dict)

    def told(self, complaints: Iterable[Complaint]) -> Iterator[Complaint]:
        """Yield complaints about the data; those about a variable's value say whose it is."""
        for one in complaints:
            within = next((way for way in _ways(one.path) if way in self.sources), None)
            if within is None:
                yield one
            elif (source := self.sources[within]) is not None:
                # a reference is shown by its name; the text that a word was found in is not the one in the file
                place = (*within, "var")
                yield replace(one, path=place, message=f"{one.message} ({source})", offset=0, width=None)


def _ways(path: Path) -> Iterator[Path]:
    return (path[:end] for end in range(1, len(path) + 1))


def resolve(one: Document, given: Mapping[str, Given], account: str) -> Resolved:
    """Return a rule's data with its variables' values, and everything that is wrong with its variables."""
    if not isinstance(one.data, dict):
        return Resolved(one.data)
    written = one.data.get(VARS)
    declared = written if isinstance(written, dict) else {}
    resolving = _Resolving(one, declared, given, account)
    data = {
        key: value if key in _AS_WRITTEN else resolving.value(value, (key,))
        for key, value in one.data.items()
    }
    resolving.unused()
    return Resolved(data, frozenset(declared), resolving.complaints, resolving.sources)


class _Resolving:
    """One rule whose variables are being put in."""

    def __init__(
        self, one: Document, declared: Mapping[str, Any], given: Mapping[str, Given], account: str
    ) -> None:
        self.document = one
        self.declared = declared
        self.given = given
        self.account = account
        self.complaints: list[Complaint] = []
        self.sources: dict[Path, str | None] = {}
        self.used: set[str] = set()

    def value(self, node: Any, path: Path) -> Any:
        """Return a value with every variable in it put in."""
        if isinstance(node, dict):
            if node.keys() == {"var"}:
                return self.reference(node, path)
            return {key: self.value(below, (*path, key)) for key, below in node.items()}
        if isinstance(node, list):
            return [self.value(below, (*path, index)) for index, below in enumerate(node)]
        if isinstance(node, str) and VARS in node and (path[0] == "action" or path[-1] == "expr"):
            return self.text(node, path)
        return node

    def reference(self, node: Mapping[str, Any], path: Path) -> Any:
        """Return the value of `{var: NAME}`, the reference itself where there is none."""
        name, spot = node["var"], (*path, "var")
        if not isinstance(name, str):
            message = f"`var` must be the name of a variable, not {quote(name)}"
            return self.without_value(node, path, Complaint(spot, "T516", message))
        if not self.known(name, path, Complaint(spot, "T512", "")):
            return node
        value = self.value_of(name)
        if value is None:
            return self.without_value(node, path)
        if isinstance(value, list) and isinstance(path[-1], int):
            hint = f"write `{{var: {name}}}` in place of the whole list"
            message = f"{quote(name)} is a list, and stands in a list"
            return self.without_value(node, path, Complaint(spot, "T516", message, hint))
        self.sources[path] = self.source(name)
        return value

    def text(self, text: str, path: Path) -> str:
        """Return a template or an expression with the value of each `vars.NAME` in its place."""
        from tertib.language import jinja  # noqa: PLC0415 - Jinja2 is imported only where a rule has a template

        whole, end, named = "", 0, []
        for name, start, stop in jinja.members(text, VARS, expression=path[-1] == "expr"):
            about = Complaint(path, "T512", "", offset=start, width=stop - start)
            value = self.value_of(name) if self.known(name, path, about) else None
            if value is None:
                self.sources[path] = None
                return text
            named.append(name)
            whole, end = f"{whole}{text[end:start]}{_literal(value)}", stop
        if named:
            self.sources[path] = "with " + " and ".join(self.source(name) for name in dict.fromkeys(named))
        return whole + text[end:]

    def known(self, name: str, path: Path, about: Complaint) -> bool:
        """Tell whether the rule declares a variable; complain where it does not."""
        if name in self.declared:
            self.used.add(name)
            return True
        near = did_you_mean(name, self.declared)
        hint = near or (one_of(self.declared) if self.declared else f"declare it: `vars: {{{name}: null}}`")
        message = f"the rule declares no variable {quote(name)}"
        self.without_value(None, path, replace(about, message=message, hint=hint))
        return False

    def without_value(self, node: Any, path: Path, complaint: Complaint | None = None) -> Any:
        """Note that nothing can be said about what stands at a path."""
        self.sources[path] = None
        if complaint is not None:
            self.complaints.append(complaint)
        return node

    def value_of(self, name: str) -> Any:
        """Return a variable's value: the given one, else the rule's default; None where there is none that fits."""
        default, given = self.declared[name], self.given.get(name)
        if given is None and default is None:
            hint = (
                f"give it one under `vars` in tertib.yaml, for account `{self.account}` "
                "(in a rule test: under the test's own `vars`), or write a default here"
            )
            self.once(Complaint((VARS, name), "T513", f"the variable {quote(name)} has no value", hint))
        elif given is None:
            return default
        elif default is None or _kind(default) == _kind(given.value):
            return given.value
        else:
            message = f"{quote(name)} is {_kind(default)} here, and {_kind(given.value)} in {_of(given)}"
            listed = f"write `[{given.value}]` there" if isinstance(default, list) else None
            self.once(Complaint((VARS, name), "T514", message, listed))
        return None

    def once(self, complaint: Complaint) -> None:
        """Complain of a variable, however often it is used."""
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def source(self, name: str) -> str:
        """Say whose value of a variable is used."""
        given = self.given.get(name)
        if given is None:
            return f"the default of `{name}`, line {self.document.spot((VARS, name)).line}"
        return f"`{name}` of {_of(given)}"

    def unused(self) -> None:
        """Complain of variables that the rule declares and does not use."""
        for name in self.declared:
            if name not in self.used:
                message = f"the variable {quote(name)} is declared and not used"
                self.complaints.append(Complaint((VARS, name), "T515", message, None, "warning", on_key=True))


def _of(given: Given) -> str:
    place = f"{given.file}:{given.line}"
    return f"account `{given.account}`, {place}" if given.account else place


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "`true` or `false`"
    if isinstance(value, int | Decimal):
        return "a number"
    return "a list" if isinstance(value, list) else "a text"


def _literal(value: Any) -> str:
    """Spell a value as Jinja2 reads it."""
    if isinstance(value, list):
        return f"[{', '.join(_literal(one) for one in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        spelled = format(value, "f") if isinstance(value, Decimal) else str(value)
        return f"({spelled})" if value < 0 else spelled
    return f"'{str(value).translate(_ESCAPED)}'"
