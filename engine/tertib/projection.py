"""Decode of a page only what is read: structs whose fields are the fields that rules, vetoes and actions name.

Nothing else of an answer is ever built. Most pages decode in one go with the JSON types that the documents promise.
A page with any other value is decoded again with types that take anything, so that a value is never lost, never an
error, and reads exactly as it does in a dict: as missing, null, or unreadable. What has the wrong type can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, TypeAlias

import msgspec

from tertib.language.codegen import attribute_of
from tertib.language.values import UNREADABLE, elements, find, read_as
from tertib.model import MISSING, Field, Kind

_LISTS: Final = frozenset({Kind.OBJECTS, Kind.TAGS})
_WHOLE: Final = frozenset({Kind.OPEN, Kind.QUANTITIES, Kind.TEXTS})
_ENVELOPE: Final = ("is_paginated", "has_next", "next_cursor")


class Projected(msgspec.Struct, gc=False, omit_defaults=True):
    """An object of an answer, holding the keys that were asked for: to its readers a mapping like any other.

    A key that the answer lacks is absent here too, and so is a key that nobody asked for.
    """

    attributes_by_key: ClassVar[Mapping[str, str]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under a key, `default` where there is none."""
        name = self.attributes_by_key.get(key)
        value = MISSING if name is None else getattr(self, name)
        return default if value is MISSING else value

    def __getitem__(self, key: str) -> Any:
        value = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key, MISSING) is not MISSING

    def __iter__(self) -> Iterator[str]:
        return (key for key in self.attributes_by_key if self.get(key, MISSING) is not MISSING)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def keys(self) -> tuple[str, ...]:
        """Return the keys that are there."""
        return tuple(self)

    def values(self) -> tuple[Any, ...]:
        """Return their values."""
        return tuple(self[key] for key in self)

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Return both."""
        return tuple((key, self[key]) for key in self)

    def __reduce__(self) -> tuple[Any, ...]:
        # its class is made anew in every process, so elsewhere it is the dict that it stands for
        return dict, (self.items(),)

    def __repr__(self) -> str:
        # values may be personal
        return f"<{type(self).__name__} of {len(tuple(self))} keys>"


Mapping.register(Projected)


def plain(value: Any) -> Any:
    """Return a value with every projected object in it as a dict."""
    if isinstance(value, Projected):
        return {key: plain(below) for key, below in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


# --- what is read ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Branch:
    """What is read at a path: `whole` keeps the value as it came, `read` asks for it without what lies below."""

    path: str
    kind: Kind | None
    whole: bool = False
    read: bool = False
    below: dict[str, _Branch] = field(default_factory=dict)


def _branches(reads: Iterable[str], whole: Iterable[str], fields: Mapping[str, Field]) -> _Branch:
    root = _Branch("", Kind.OBJECT)
    for path in sorted(set(reads)):
        _reach(root, path, fields).read = True
    for path in sorted(set(whole)):
        _reach(root, path, fields).whole = True
    return root


def _reach(root: _Branch, path: str, fields: Mapping[str, Field]) -> _Branch:
    """Return the branch at a path; a value whose shape nobody documents is kept whole from where it begins."""
    branch = root
    for key in path.split("."):
        if branch.whole:
            return branch
        below = f"{branch.path}.{key}" if branch.path else key
        tag = branch.kind is Kind.TAGS and key == "name"
        if not tag and (below not in fields or not _nameable(key)):
            return _undocumented(branch, key)
        kind = Kind.TEXT if tag else fields[below].kind
        branch = branch.below.setdefault(key, _Branch(below, kind))
        branch.whole |= kind in _WHOLE
    return branch


def _undocumented(branch: _Branch, key: str) -> _Branch:
    """Keep whole what no field table describes: the object that holds it, or the value if that is the order."""
    if branch.path:
        branch.whole = True
        return branch
    if not _nameable(key):
        msg = f"{key!a} cannot be read: a struct has no such key"
        raise ValueError(msg)
    return branch.below.setdefault(key, _Branch(key, None, whole=True))


def _nameable(key: str) -> bool:
    """Tell whether a struct can have this key: msgspec writes it into JSON as it is."""
    return not any(letter < " " or letter in '"\\' or "\ud800" <= letter <= "\udfff" for letter in key)


# --- types ----------------------------------------------------------------------------------------------

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_LEAVES: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: str | None,
    Kind.ENUM: str | None,
    Kind.TIME: str | None,
    Kind.BOOLEAN: bool | None,
    Kind.ID: int | str | None,
    Kind.TEXTS: list[_Name] | None,
    Kind.QUANTITIES: dict[_Name, Any] | None,
}
_Other: TypeAlias = str | int | float | bool | list[Any] | None


@dataclass(frozen=True, slots=True)
class _Types:
    """Builds the struct classes; `strict` ones take only what the documents promise. `made` collects them by path."""

    strict: bool
    made: dict[str, type]

    def page_of(self, order: _Branch) -> Any:
        """Return the type of a page of orders."""
        one: Any = self.of_object(order, "Order")
        if self.strict:
            return _envelope(list[one])
        return _envelope(list[one | _Other] | dict[str, Any] | str | int | float | bool | None) | _Other

    def of_object(self, branch: _Branch, name: str) -> Any:
        """Build the class of an order, or of an object in it, and note it under its path."""
        below = dict(branch.below)
        attributes = {key: attribute_of(key) for key in below}
        members: list[Any] = [(attributes[key], self._of_branch(one), MISSING) for key, one in below.items()]
        if branch.kind is Kind.TAGS:
            # a tag is its name: one without a name is not what the documents promise
            attributes["name"] = "name"
            named = ("name", _Name) if self.strict else ("name", Any, MISSING)
            members = [named, *(member for member in members if member[0] != "name")]
        made = msgspec.defstruct(
            name,
            members,
            bases=(Projected,),
            namespace={"attributes_by_key": attributes, "__repr__": Projected.__repr__},
            rename={attribute: key for key, attribute in attributes.items()},
            gc=False,
            omit_defaults=True,
        )
        self.made[branch.path] = made
        return made

    def _of_branch(self, branch: _Branch) -> Any:
        """Return the type of the value at a branch."""
        if _as_it_came(branch):
            return Any
        if branch.kind in _LISTS:
            return self._of_list(branch)
        if branch.kind is Kind.OBJECT or branch.below:
            one = self.of_object(branch, _title(branch.path))
            return one | None if self.strict else one | _Other
        if not self.strict:
            return Any
        return _LEAVES.get(branch.kind or Kind.OPEN, Any)

    def _of_list(self, branch: _Branch) -> Any:
        one: Any = self.of_object(branch, _title(branch.path))
        if not self.strict:
            return list[one | _Other] | dict[str, Any] | str | int | float | bool | None
        return (list[one | _Name] if branch.kind is Kind.TAGS else list[one]) | None


def _as_it_came(branch: _Branch) -> bool:
    """Tell whether a value is kept with all that is in it, whatever that is."""
    return branch.kind is None or (branch.whole and branch.kind not in _LEAVES)


def _title(path: str) -> str:
    letters = "".join(letter for letter in path.title() if letter.isascii() and letter.isalnum())
    return letters or "Part"


# --- pages ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Projection:
    """How pages of one source are decoded. `types` are the struct classes by path, "" for the order's."""

    types: Mapping[str, type]
    _readings: tuple[tuple[str, Kind], ...]
    _lists: tuple[tuple[str, Kind, tuple[tuple[str, Kind], ...]], ...]
    _strict: msgspec.json.Decoder[Any]
    _tolerant: msgspec.json.Decoder[Any]
    _anything: msgspec.json.Decoder[Any]

    def decode(self, body: bytes) -> Any:
        """Decode an answer: a mapping with `data` and the paging keys, whose orders are projected.

        A body of another shape comes as whatever JSON it is. Raises `msgspec.DecodeError` for what is no JSON.
        """
        try:
            return self._strict.decode(body)
        except msgspec.ValidationError:
            return self._decode_anything(body)

    def _decode_anything(self, body: bytes) -> Any:
        try:
            page = self._tolerant.decode(body)
        except msgspec.ValidationError:
            return self._anything.decode(body)
        return page if isinstance(page, Projected) else self._anything.decode(body)

    def misfits_of(self, orders: Iterable[Any]) -> Iterator[str]:
        """Yield `misfits` of each order; one that was decoded as the documents promise has none."""
        promised = self.types[""]
        for order in orders:
            if order.__class__ is not promised:
                yield from self.misfits(order)

    def misfits(self, order: Any) -> Iterator[str]:
        """Yield each path under which an order holds a value of the wrong JSON type, each path once."""
        yield from dict.fromkeys(self._misfits(order))

    def _misfits(self, order: Any) -> Iterator[str]:
        if isinstance(order, Mapping):
            yield from (path for path, kind in self._readings if _misfit(find(order, path), kind))
            for path, kind, below in self._lists:
                yield from _misfits_in(path, elements(find(order, path), kind), below)


def project(reads: Iterable[str], fields: Mapping[str, Field], whole: Iterable[str] = ()) -> Projection:
    """Build the projection of a source, whose documented `fields` are given, for the field paths that are `reads`.

    Paths below lists reach into the objects of the list. `whole` paths keep their value as it came, with everything
    below it: for templates, and for whatever else looks at values by itself.
    """
    root = _branches(reads, whole, fields)
    strict, tolerant = _Types(strict=True, made={}), _Types(strict=False, made={})
    orders = strict.page_of(root), tolerant.page_of(root)
    lists = [one for one in _walk(root) if one.kind in _LISTS and not one.whole]
    inside = tuple(f"{one.path}." for one in lists)
    own = [
        one for one in _walk(root) if one.read and not _as_it_came(one) and not one.path.startswith(inside)
    ]
    return Projection(
        types=strict.made,
        _readings=tuple((one.path, one.kind) for one in own if one.kind is not None),
        _lists=tuple((one.path, one.kind, _inside(one)) for one in lists if one.kind is not None),
        _strict=_decoder(orders[0]),
        _tolerant=_decoder(orders[1]),
        _anything=_decoder(Any),
    )


def _envelope(data: Any) -> Any:
    names = ("data", *_ENVELOPE)
    return msgspec.defstruct(
        "Answer",
        [("data", data, MISSING), *((name, Any, MISSING) for name in _ENVELOPE)],
        bases=(Projected,),
        namespace={"attributes_by_key": {name: name for name in names}, "__repr__": Projected.__repr__},
        gc=False,
        omit_defaults=True,
    )


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=Decimal)


def _walk(branch: _Branch) -> Iterator[_Branch]:
    """Yield what is built below a branch; a value that is kept as it came is not looked into."""
    for one in branch.below.values():
        yield one
        if not _as_it_came(one):
            yield from _walk(one)


def _inside(branch: _Branch) -> tuple[tuple[str, Kind], ...]:
    """Return what is read of each object in a list: the path from the object, and its kind."""
    below = (one for one in _walk(branch) if one.read and one.kind is not None)
    return tuple(
        (one.path.removeprefix(f"{branch.path}."), one.kind) for one in below if one.kind is not None
    )


# --- what does not fit ----------------------------------------------------------------------------------


def _misfit(raw: Any, kind: Kind) -> bool:
    """Tell whether a value has a JSON type that its kind does not come in.

    What a text says of a time or number, and whether a number is one, is told by whoever comes to compare it.
    """
    if raw is UNREADABLE:
        return True
    value = read_as(raw, kind)
    if value is UNREADABLE:
        return kind not in {Kind.NUMBER, Kind.MONEY} and not (kind is Kind.TIME and isinstance(raw, str))
    return isinstance(value, tuple) and kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES} and None in value


def _misfits_in(path: str, found: Any, below: tuple[tuple[str, Kind], ...]) -> Iterator[str]:
    """Yield what does not fit in the objects of a list, each path once."""
    if not isinstance(found, tuple):
        return
    if None in found:
        yield path
    yield from (
        f"{path}.{inner}"
        for inner, kind in below
        if any(one is not None and _misfit(find(one, inner), kind) for one in found)
    )
