"""What a condition can name where it stands: the fields in reach, and where complaints about it go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final, Literal

from tertib.language.nearest import nearest
from tertib.language.operators import LISTS
from tertib.model import Calendar, Complaint, Field, Kind, Parameter, Path, Table

_INSIDE: Final[Mapping[Kind, tuple[Field, ...]]] = {
    Kind.QUANTITIES: (
        Field("name", Kind.TEXT, "The product's name.", frozenset(), "", element=True),
        Field("quantity", Kind.NUMBER, "How many of it.", frozenset(), "", element=True),
    ),
    Kind.TAGS: (
        Field("name", Kind.TEXT, "The tag's name.", frozenset(), "", element=True),
        Field("id", Kind.ID, "The tag's id.", frozenset(), "", element=True),
    ),
}
"""Fields of the objects in a list that the tables of the API need not spell out."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The fields that paths start from, and the list that they stand in (`inside`, empty for the order itself).

    `tables` are the rule's lookup tables by name, None for one that could not be read and was complained about.
    `calendar` says which days are working days; where none is given those are Monday to Friday.

    `outside` are the order's fields where paths start in a list, `elsewhere` those of the other source, `parameters`
    the query's: all three only for hints.
    """

    fields: Mapping[str, Field]
    zone: tzinfo
    complaints: list[Complaint]
    inside: str = ""
    open: bool = False
    depth: int = 0
    outside: Mapping[str, Field] | None = None
    elsewhere: Mapping[str, Field] | None = None
    parameters: Mapping[str, Parameter] | None = None
    tables: Mapping[str, Table | None] | None = None
    calendar: Calendar | None = None

    def complain(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        hint: str | None = None,
        on_key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Add one complaint to the list."""
        self.complaints.append(Complaint(path, code, message, hint, severity, on_key))

    def deeper(self) -> Scope:
        """Return the same scope one level of nesting further in."""
        return replace(self, depth=self.depth + 1)

    def of_objects_in(self, field: Field) -> Scope:
        """Return the scope of the objects in a list field, whose paths start at the object."""
        start = f"{field.path}."
        rooted = (
            replace(one, path=path.removeprefix(start))
            for path, one in self.fields.items()
            if path.startswith(start)
        )
        found = {one.path: one for one in (*_INSIDE.get(field.kind, ()), *rooted)}
        inside = f"{self.inside}.{field.path}" if self.inside else field.path
        inner = replace(self.deeper(), fields=found, inside=inside, open=not found)
        return replace(inner, elsewhere=None, outside=self.outside or self.fields)

    def resolve(self, name: str, path: Path, *, in_operand: bool = False) -> Field | None:
        """Return the field of that name, or None after a complaint; below an open object a kind-less one.

        `path` is where the name stands: as a key, or as an operand.
        """
        known, above = self.fields.get(name), self._above(name)
        if above is not None and above.kind in LISTS:
            self._complain_of_crossing(name, above, path, on_key=not in_operand)
        elif known is not None:
            self._warn_of_absence(known, path, on_key=not in_operand)
            return known
        elif self.open or (above is not None and above.kind is Kind.OPEN):
            self._warn_of_openness(name, above, path, on_key=not in_operand)
            return Field(name, Kind.OPEN, "", frozenset(), "" if above is None else above.column)
        else:
            self._complain_of_unknown(name, path, in_operand=in_operand)
        return None

    def _above(self, name: str) -> Field | None:
        """Return the outermost known list or open object that a path runs through."""
        parts = name.split(".")
        ways = (self.fields.get(".".join(parts[:length])) for length in range(1, len(parts)))
        return next(
            (way for way in ways if way is not None and (way.kind in LISTS or way.kind is Kind.OPEN)), None
        )

    def _warn_of_absence(self, field: Field, path: Path, *, on_key: bool) -> None:
        if field.column is not None:
            return
        parameters = self.parameters or {}
        names = [name for name, one in parameters.items() if name == field.path or field.path in one.checks]
        hint = f"`query` has a filter for it: `{names[0]}`" if names else None
        message = f"`{field.path}` is in no answer that Tertib asks for, so this is always unknown"
        self.complain("T215", message, path, hint=hint, on_key=on_key, severity="warning")

    def _complain_of_crossing(self, name: str, above: Field, path: Path, *, on_key: bool) -> None:
        rest = name.removeprefix(f"{above.path}.")
        message = f"`{name}` runs through `{above.path}`, which is a list"
        if above.kind is Kind.QUANTITIES:
            hint = f"write `{above.path}: {{any: {{name: …, quantity: …}}}}`"
        elif above.kind is Kind.TEXTS:
            hint = f"write `{above.path}: {{includes: …}}`"
        else:
            hint = f"write `{above.path}: {{any: {{{rest}: …}}}}`"
        self.complain("T211", message, path, hint=hint, on_key=on_key)

    def _warn_of_openness(self, name: str, above: Field | None, path: Path, *, on_key: bool) -> None:
        owner = self.inside if above is None else above.path
        message = f"`{name}` cannot be checked: nobody says what `{owner}` holds"
        hint = "where an order lacks it, the condition is unknown and does not match"
        self.complain("T212", message, path, hint=hint, on_key=on_key, severity="warning")

    def _complain_of_unknown(self, name: str, path: Path, *, in_operand: bool) -> None:
        where = f" in `{self.inside}`" if self.inside else ""
        code = "T210" if in_operand else "T201"
        self.complain(
            code, f"unknown field `{name}`{where}", path, hint=self._hint(name), on_key=not in_operand
        )

    def _hint(self, name: str) -> str | None:
        other = (self.elsewhere or {}).get(name)
        if other is not None:
            source = "customer orders" if "customer_orders" in other.sources else "the business's orders"
            return f"only {source} have this field"
        if self.outside and name in self.outside:
            return f"`{name}` is a field of the order: put it beside this condition, not inside it"
        if not self.inside and name in (self.parameters or {}):
            return f"`{name}` is a filter of `query`, and no field shows it"
        close = near_fields(name, self.fields)
        if close:
            return f"did you mean {' or '.join(f'`{one}`' for one in close)}?"
        return f"its objects have {', '.join(f'`{one}`' for one in self.fields)}" if self.inside else None


def near_fields(name: str, fields: Mapping[str, Field], most: int = 3) -> tuple[str, ...]:
    """Name the fields that a wrong name may have meant: spelled alike, or the same word inside an object."""
    names = reachable(fields)
    last = name.rsplit(".", 1)[-1]
    alike = nearest(name, names, most=most)
    same_word = (path for path in names if path.rsplit(".", 1)[-1] == last)
    return tuple(dict.fromkeys((*alike, *same_word)))[:most]


def reachable(fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Name the fields that a path reaches without running through a list."""
    lists = tuple(f"{path}." for path, field in fields.items() if field.kind in LISTS)
    return tuple(path for path in fields if not path.startswith(lists))
