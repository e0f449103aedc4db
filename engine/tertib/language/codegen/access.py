"""Where an order's values lie: in a plain mapping, or in the attributes of a projected struct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tertib.language.codegen.names import Names, attribute_of


@dataclass(frozen=True, slots=True)
class Access:
    """How source reads raw values. `types` are the struct classes by path, "" for the order's; empty for mappings."""

    names: Names
    types: Mapping[str, type]
    root: str = ""

    def kind_of_root(self) -> type | None:
        """Return the class that the root must have, None for a mapping."""
        return self.types.get(self.root.rstrip("."))

    def variable(self, path: str) -> str:
        """Return the variable that holds the raw value at a path."""
        return self.names.variable(("raw", self.root + path), path.replace(".", "_"))

    def load(self, path: str, root: str) -> str:
        """Return an expression for the raw value at a path, whose parent's variable is set."""
        parent, _, key = path.rpartition(".")
        return self.step(parent, key, self.variable(parent) if parent else root)

    def step(self, parent: str, key: str, source: str) -> str:
        """Return an expression for what lies under `key` of the object at `parent`, which `source` names."""
        kind = self.types.get((self.root + parent).rstrip("."))
        name = self.names.path(key)
        if kind is None:
            plain = f"{source}.get({name}, MISSING)"
            return (
                plain if not parent else f"{plain} if {source}.__class__ is dict else below({source}, {name})"
            )
        attribute = attribute_of(key)
        if attribute not in getattr(kind, "__struct_fields__", ()):
            msg = f"the projection does not hold `{self.root}{parent}{'.' if parent else ''}{key}`"
            raise ValueError(msg)
        plain = f"{source}.{attribute}"
        if not parent:
            return plain
        bound = self.names.constant(kind, f"type {parent}", key=("type", kind))
        return f"{plain} if {source}.__class__ is {bound} else below({source}, {name})"
