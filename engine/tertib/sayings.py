"""Texts for people, made where nobody knows yet in which language they will be read.

The code speaks English. `N_` marks a text that stands in a table; `said` makes a sentence of a text and values. Whoever
shows one to a person says it again in their language (`telling.tongue.Tongue.say`); everybody else reads plain English.
This module imports nothing of ours, so that the lowest layers and the quickest commands may use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find texts in tables
    """Mark a text that is looked up in the catalogue later."""
    return message


class Said(str):
    """An English sentence that remembers how it was made.

    It is a `str` to everything that compares, prints or stores it, and a plain one once it was stored. `template` and
    `values` made it; `many` is the template for other counts than one, of which `values["count"]` tells.
    """

    __slots__ = ("many", "template", "values")

    template: str
    many: str | None
    values: dict[str, object]

    def __new__(cls, template: str, values: dict[str, object], many: str | None = None) -> Self:
        """Fill the values into the template; raises `KeyError` where one is missing."""
        chosen = template if many is None or values["count"] == 1 else many
        made = super().__new__(cls, chosen % values)
        made.template, made.values, made.many = template, values, many
        return made

    def __reduce__(self) -> tuple[type[Said], tuple[str, dict[str, object], str | None]]:
        """Return what another process makes it of again."""
        return Said, (self.template, self.values, self.many)


def said(template: str, /, **values: object) -> Said:
    """Return a sentence: `said("plan `%(plan)s` has expired", plan=plan_id)`.

    A value that is itself a sentence is called `why`, and what a condition saw `saw`: they are said again too, also after
    the record gave them back.
    """
    return Said(template, values)


def said_many(one: str, many: str, count: int, /, **values: object) -> Said:
    """Return a sentence about so many: `%(count)s` is the count."""
    return Said(one, {"count": count, **values}, many)
