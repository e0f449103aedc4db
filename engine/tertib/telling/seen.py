"""What a condition saw, said in a language: a trace tells it in English, as one line."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from tertib.sayings import N_


class Speech(Protocol):
    """A language, as far as it is needed here: `tongue.Tongue` is one, and says by this module what a sentence saw."""

    @property
    def language(self) -> str:
        """Return its code."""
        ...

    def gettext(self, message: str, /, **values: Any) -> str:
        """Return a text in it, its values filled in."""
        ...

    def ngettext(self, one: str, many: str, count: int, /, **values: Any) -> str:
        """Return the text for so many."""
        ...

    def again(self, written: str) -> str:
        """Write an age anew."""
        ...


_TOLD: Final = re.compile(
    r"\b(?P<past>\d+[dhms](?: \d+[dhms])?) old\b|\bin (?P<coming>\d+[dhms](?: \d+[dhms])?)(?=\))"
)
_VALUES: Final = (
    N_("not readable: its parent is no object"),
    N_("not in an answer"),
    N_("as Scalev says"),
    N_("not an object"),
    N_("an object"),
    N_("missing"),
)
"""What a trace says where there is no value to show, alone or behind a field's name; none ends in a later one."""

_NO_VALUE: Final = re.compile(rf"(?:^|(?<= ))(?:{'|'.join(_VALUES)})(?=$|; |, )")
_UNREADABLE: Final = re.compile(r"\(not readable as (?P<kind>\w+)\)")
_OBJECTS: Final = re.compile(r"\b(?P<count>\d+) objects?\b")


def seen(saw: str, tongue: Speech) -> str:
    """Return what a condition saw, as a trace tells it in English, with its ages and missing values in a language."""
    if tongue.language == "en":
        return saw
    told = _TOLD.sub(lambda found: _aged(found, tongue), saw)
    told = _NO_VALUE.sub(lambda found: tongue.gettext(found[0]), told)
    told = _UNREADABLE.sub(
        lambda found: tongue.gettext("(not readable as %(kind)s)", kind=found["kind"]), told
    )
    return _OBJECTS.sub(
        lambda found: tongue.ngettext("%(count)s object", "%(count)s objects", int(found["count"])), told
    )


def _aged(found: re.Match[str], tongue: Speech) -> str:
    """Write an age anew that a trace wrote as `4d 3h old`, or `in 4d 3h` for what lies ahead."""
    if found["past"]:
        return tongue.gettext("%(age)s old", age=tongue.again(found["past"]))
    return tongue.gettext("in %(age)s", age=tongue.again(found["coming"]))
