"""A document held against its JSON Schema, and what does not fit said in our own words.

jsonschema finds the mistakes; not a word of its messages is shown. Every keyword that the schemas of this project
use has one function here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from tertib.language import flow
from tertib.language.nearest import did_you_mean, nearest
from tertib.language.wording import kind_of, one_of, quote, spelled
from tertib.model import Complaint, Path

_TYPES: Final[Mapping[str, str]] = {
    "object": "a block of keys",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}
_YES_AND_NO: Final = frozenset({"yes", "no", "on", "off", "y", "n"})


def complaints(data: Any, schema_text: str) -> list[Complaint]:
    """Return what a document has against its schema (given as JSON text), one complaint a mistake."""
    found = [one for error in _validator(schema_text).iter_errors(data) for one in _translate(error)]
    return list(dict.fromkeys(found))


def unspoken(schema_says: Iterable[Complaint], already: Sequence[Complaint]) -> Iterator[Complaint]:
    """Yield the schema's complaints about which nothing was said yet: one message a mistake.

    A complaint is covered by an error on the same value, above it or below it; those on the whole document
    (a missing key) by none.
    """
    spoken = {one.path for one in already if one.severity == "error" and one.path}
    above = {way for path in spoken for way in _ways(path)}
    for one in schema_says:
        if not one.path or (one.path not in above and spoken.isdisjoint(_ways(one.path))):
            yield one


def _ways(path: Path) -> Iterator[Path]:
    """Yield the paths from the top of a document down to `path`, without the document's own."""
    return (path[:end] for end in range(1, len(path) + 1))


@lru_cache(maxsize=8)
def _validator(schema_text: str) -> Any:
    import json  # noqa: PLC0415 - only beside jsonschema

    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    return Draft202012Validator(json.loads(schema_text))


def _translate(error: Any) -> Iterator[Complaint]:
    """Yield the complaints for one finding of jsonschema."""
    yield from _KEYWORDS.get(error.validator, _form)(error)


def _path(error: Any) -> Path:
    return tuple(error.absolute_path)


def _name(error: Any) -> str:
    """Name the value that an error is about, by its nearest key."""
    keys = [part for part in error.absolute_path if isinstance(part, str)]
    return quote(keys[-1]) if keys else "the document"


def _unknown_keys(error: Any) -> Iterator[Complaint]:
    known = list(error.schema.get("properties", ()))
    for key in error.instance:
        if key not in known:
            hint = did_you_mean(key, known) or one_of(known)
            yield Complaint((*_path(error), key), "T116", f"unknown key {quote(key)}", hint, on_key=True)


def _missing_key(error: Any) -> Iterator[Complaint]:
    for key in error.validator_value:
        if key not in error.instance and not _misspelt(key, error):
            about = error.schema.get("properties", {}).get(key, {}).get("description")
            hint = about[0].lower() + about[1:].rstrip(".") if about else None
            where = f" in {_name(error)}" if error.absolute_path else ""
            yield Complaint(_path(error), "T118", f"the key `{key}` is missing{where}", hint, on_key=True)


def _misspelt(key: str, error: Any) -> bool:
    """Tell whether a missing key stands there under another name, which is a mistake of its own."""
    known = error.schema.get("properties", {})
    unknown = [name for name in error.instance if name not in known]
    return any(nearest(name, [key]) for name in unknown) or (len(known) == 1 and bool(unknown))


def _wrong_type(error: Any) -> Iterator[Complaint]:
    allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    yield _type_complaint(error, allowed)


def _type_complaint(error: Any, allowed: Sequence[str]) -> Complaint:
    shown = [_TYPES[one] for one in allowed if one != "null"] or [_TYPES["null"]]
    message = f"{_name(error)} must be {' or '.join(shown)}, not {_seen(error.instance)}"
    return Complaint(_path(error), "T117", message, _type_hint(error.instance, allowed, error.schema))


def _seen(value: Any) -> str:
    if isinstance(value, str) and value:
        return f"the text {quote(value)}"
    return quote(value) if isinstance(value, bool | int | Decimal) else kind_of(value)


def _type_hint(value: Any, allowed: Sequence[str], schema: Mapping[str, Any]) -> str | None:
    if "boolean" in allowed and spelled(value).lower() in {*_YES_AND_NO, "true", "false"}:
        return "write `true` or `false`, in small letters and without quotes"
    if "array" in allowed and isinstance(value, str):
        return f"write a list: `[{value}]`"
    if "string" in allowed and isinstance(value, bool | int):
        return f'put it in quotes: `"{spelled(value)}"`'
    if "integer" in allowed and isinstance(value, str) and value.strip().isdecimal():
        return "write the number without quotes and without leading zeros"
    return _example_hint(schema)


def _example_hint(schema: Mapping[str, Any]) -> str | None:
    """Return the schema's first example as a hint; a block of keys is spelled in braces, on one line."""
    examples = schema.get("examples", ())
    if not examples or isinstance(examples[0], list):
        return None
    first = examples[0]
    return (
        f"for example `{{{flow.spell(first)}}}`"
        if isinstance(first, dict)
        else f"for example `{spelled(first)}`"
    )


def _none_of_these(error: Any) -> Iterator[Complaint]:
    names = error.validator_value if error.validator == "enum" else [error.validator_value]
    words = [spelled(name) for name in names if name is not None]
    if not isinstance(error.instance, str | int | bool):
        yield Complaint(
            _path(error),
            "T117",
            f"{_name(error)} must be one value, not {kind_of(error.instance)}",
            one_of(words),
        )
        return
    hint = did_you_mean(spelled(error.instance), words) or one_of(words)
    yield Complaint(_path(error), "T119", f"{_name(error)} cannot be {quote(error.instance)}", hint)


def _too_few(error: Any) -> Iterator[Complaint]:
    yield Complaint(_path(error), "T122", f"{_name(error)} is empty", _form_hint(error))


def _too_long(error: Any) -> Iterator[Complaint]:
    yield Complaint(_path(error), "T123", f"{_name(error)} is longer than {error.validator_value} characters")


def _out_of_range(error: Any) -> Iterator[Complaint]:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    hint = f"from {low} to {high}" if low is not None and high is not None else None
    hint = hint or (f"at least {low}" if low is not None else f"at most {high}")
    yield Complaint(_path(error), "T124", f"{_name(error)} cannot be {quote(error.instance)}", hint)


def _repeated(error: Any) -> Iterator[Complaint]:
    seen: list[Any] = []
    for index, value in enumerate(error.instance):
        if value in seen:
            yield Complaint((*_path(error), index), "T125", f"{quote(value)} stands twice in {_name(error)}")
        seen.append(value)


def _form(error: Any) -> Iterator[Complaint]:
    yield Complaint(
        _path(error), "T125", f"{_name(error)} cannot be {quote(error.instance)}", _form_hint(error)
    )


def _form_hint(error: Any) -> str | None:
    about = error.schema.get("description")
    return about[0].lower() + about[1:].rstrip(".") if about else None


def _branches(error: Any) -> Iterator[Complaint]:
    """Translate the mistakes of the one branch that has the value's type; without one, name all types."""
    by_branch: dict[int, list[Any]] = {}
    for below in error.context:
        by_branch.setdefault(below.schema_path[0], []).append(below)
    fitting = [
        found for found in by_branch.values() if not any(_is_about_type(error, below) for below in found)
    ]
    if len(fitting) == 1:
        for below in fitting[0]:
            yield from _translate(below)
        return
    allowed = [branch["type"] for branch in error.validator_value if isinstance(branch.get("type"), str)]
    yield _type_complaint(error, allowed) if not fitting and allowed else next(_form(error))


def _is_about_type(error: Any, below: Any) -> bool:
    return bool(below.validator == "type" and below.absolute_path == error.absolute_path)


_KEYWORDS: Final[Mapping[str, Callable[[Any], Iterator[Complaint]]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _none_of_these,
    "const": _none_of_these,
    "minItems": _too_few,
    "minLength": _too_few,
    "minProperties": _too_few,
    "maxLength": _too_long,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "uniqueItems": _repeated,
    "pattern": _form,
    "anyOf": _branches,
    "oneOf": _branches,
}
