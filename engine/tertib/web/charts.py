"""Charts as inline SVG: no script and no style in them, a title and a description for whoever hears them read.

Colours come from the style sheet, by class, so that they follow light and dark; every value also stands in a title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

from tertib.telling.text import clean
from tertib.telling.tongue import Tongue

_WIDTH: Final = 640
_HEIGHT: Final = 180
_FOOT: Final = 22
_HEAD: Final = 14
_SERIES: Final = 6
"""So many colours the style sheet has for rules; those with the fewest orders share one more, that of all others."""

_OTHERS: Final = "series-others"


@dataclass(frozen=True, slots=True)
class Bar:
    """One rule's part of one day: how many orders, and their money in rupiah."""

    rule: str
    orders: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Column:
    """One day of a bar chart, by the name that stands below it."""

    label: str
    bars: tuple[Bar, ...]

    @property
    def orders(self) -> int:
        """Return the day's orders together."""
        return sum(one.orders for one in self.bars)

    @property
    def value(self) -> Decimal:
        """Return the day's money together."""
        return sum((one.value for one in self.bars), Decimal(0))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel."""

    label: str
    orders: int
    look: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One slot on a timeline: which part of the day has passed (0 to 1), and what is to be said of it.

    `until` makes a bar of it, for many slots that follow each other closely.
    """

    at: float
    look: str
    label: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One rule's day on a timeline."""

    label: str
    marks: tuple[Mark, ...]


# --- bars -----------------------------------------------------------------------------------------------


def bars(columns: Sequence[Column], title: str, tongue: Tongue) -> Markup:
    """Draw the orders of each day as a bar, a colour a rule, those of the smallest rules on top in one together."""
    colours = _colours(columns)
    most = max((column.orders for column in columns), default=0)
    scale = _Scale(len(columns), most, colours)
    pieces = [piece for place, one in enumerate(columns) for piece in _column(one, place, scale, tongue)]
    total = sum(column.orders for column in columns)
    money = sum((column.value for column in columns), Decimal(0))
    told = tongue.ngettext(
        "%(count)s order changed, %(money)s",
        "%(count)s orders changed, %(money)s",
        total,
        money=tongue.rupiah(money),
    )
    drawn = _figure(f"0 0 {_WIDTH} {_HEIGHT}", title, told, pieces)
    return _wide(drawn, title, "wide newest") + _legend(colours, tongue)


def _colours(columns: Sequence[Column]) -> dict[str, str]:
    """Return the class of each rule's colour, first of the rules with the most orders, as they come, then of the others."""
    orders: Counter[str] = Counter()
    for bar in (bar for column in columns for bar in column.bars):
        orders[bar.rule] += bar.orders
    own = {rule for rule, _ in orders.most_common(_SERIES)}
    named = [rule for rule in orders if rule in own]
    others = [rule for rule in orders if rule not in own]
    return {
        **{rule: f"series-{place}" for place, rule in enumerate(named)},
        **dict.fromkeys(others, _OTHERS),
    }


@dataclass(frozen=True, slots=True)
class _Scale:
    """What all columns of a chart share: how many there are, the most orders of any, and each rule's colour."""

    columns: int
    most: int
    colours: Mapping[str, str]


def _column(column: Column, place: int, scale: _Scale, tongue: Tongue) -> Iterator[Markup]:
    slot = _WIDTH / max(scale.columns, 1)
    left, width = place * slot + slot * 0.15, slot * 0.7
    floor = float(_HEIGHT - _FOOT)
    for bar in sorted(column.bars, key=lambda one: scale.colours[one.rule] == _OTHERS):
        height = (floor - _HEAD) * bar.orders / scale.most if scale.most else 0
        floor -= height
        told = f"{column.label}, {bar.rule}: {tongue.number(bar.orders)}, {tongue.rupiah(bar.value)}"
        yield _tag(
            "rect",
            told,
            x=left,
            y=floor,
            width=width,
            height=height,
            cls=scale.colours[bar.rule],
        )
    if column.orders and slot > 28:  # noqa: PLR2004 - narrower, numbers would touch
        yield _text(tongue.number(column.orders), x=left + width / 2, y=floor - 4, anchor="middle")
    if place % max(1, scale.columns // 7) == 0:
        yield _text(column.label, x=left + width / 2, y=_HEIGHT - 6, anchor="middle")


def _legend(colours: Mapping[str, str], tongue: Tongue) -> Markup:
    if len(colours) < 2:  # noqa: PLR2004 - one colour needs no key
        return Markup()
    shared = sum(colour == _OTHERS for colour in colours.values()) > 1
    names = {
        colour: tongue.gettext("others") if shared and colour == _OTHERS else clean(rule)
        for rule, colour in colours.items()
    }
    items = (
        Markup(
            '<li><svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" height="10"/></svg>{}</li>'
        ).format(colour, name)
        for colour, name in names.items()
    )
    return Markup('<ul class="legend">') + Markup().join(items) + Markup("</ul>")


# --- funnel ---------------------------------------------------------------------------------------------


def funnel(steps: Sequence[Step], title: str, tongue: Tongue) -> Markup:
    """Draw what became of a run's orders, from all that were read to those that were confirmed."""
    most = max((one.orders for one in steps), default=0)
    pieces: list[Markup] = []
    for place, one in enumerate(steps):
        top = place * 30
        # a root: of ten thousand orders read, the ten that were changed are to be seen
        width = max(2.0 if one.orders else 0.0, 360 * (one.orders / most) ** 0.5 if most else 0)
        pieces.append(_text(one.label, x=150, y=top + 19, anchor="end"))
        pieces.append(
            _tag(
                "rect",
                f"{one.label}: {tongue.number(one.orders)}",
                x=160,
                y=top + 4,
                width=width,
                height=22,
                cls=f"step {one.look}",
            )
        )
        pieces.append(_text(tongue.number(one.orders), x=168 + width, y=top + 19))
    told = ", ".join(f"{one.label} {tongue.number(one.orders)}" for one in steps)
    return _figure(f"0 0 {_WIDTH} {len(steps) * 30 + 4}", title, told, pieces, cls="chart funnel")


# --- timeline -------------------------------------------------------------------------------------------


def timeline(rows: Sequence[Row], title: str, told: str, now: float | None = None) -> Markup:
    """Draw a day's slots, a line a rule; `now` is which part of the day has passed."""
    left, width = 170, _WIDTH - 180
    height = len(rows) * 24 + 26
    pieces = []
    for hour in range(0, 25, 3):
        x = left + width * hour / 24
        pieces.append(_tag("line", "", x1=x, x2=x, y1=18, y2=height, cls="grid"))
        pieces.append(_text(f"{hour:02}", x=x, y=12, anchor="middle"))
    for place, row in enumerate(rows):
        middle = 34 + place * 24
        pieces.append(_text(_short(row.label), x=left - 10, y=middle + 4, anchor="end"))
        pieces += [_mark(mark, left, width, middle) for mark in row.marks]
    if now is not None:
        x = left + width * now
        pieces.append(_tag("line", "", x1=x, x2=x, y1=18, y2=height, cls="now"))
    return _wide(_figure(f"0 0 {_WIDTH} {height}", title, told, pieces), title, "wide")


def _mark(mark: Mark, left: float, width: float, middle: float) -> Markup:
    x, look = left + width * mark.at, f"slot {mark.look}"
    if mark.until is None:
        return _tag("circle", mark.label, cx=x, cy=middle, r=4, cls=look)
    wide = width * (mark.until - mark.at)
    return _tag("rect", mark.label, x=x - 4, y=middle - 4, width=wide + 8, height=8, rx=4, cls=look)


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


# --- pieces ---------------------------------------------------------------------------------------------


def _figure(box: str, title: str, told: str, pieces: Iterable[Markup], *, cls: str = "chart") -> Markup:
    return (
        Markup('<svg class="{}" viewBox="{}" role="img"><title>{}</title><desc>{}</desc>').format(
            cls, box, clean(title), clean(told)
        )
        + Markup("\n").join(pieces)
        + Markup("</svg>")
    )


def _wide(drawn: Markup, title: str, cls: str) -> Markup:
    """Return a drawing that a narrow screen shows a part of, to be moved by finger or by arrow keys."""
    return Markup('<figure class="{}" tabindex="0" aria-label="{}">{}</figure>').format(
        cls, clean(title), drawn
    )


def _tag(name: str, told: str, *, cls: str, **numbers: float) -> Markup:
    """Return a shape with what it stands for as its own title."""
    attributes = Markup(" ").join(
        Markup('{}="{}"').format(key, f"{value:.1f}".removesuffix(".0")) for key, value in numbers.items()
    )
    inner = Markup("<title>{}</title>").format(clean(told)) if told else Markup()
    return Markup('<{0} class="{1}" {2}>{3}</{0}>').format(Markup(name), cls, attributes, inner)  # noqa: S704 - our own names


def _text(words: str, *, x: float, y: float, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", anchor, escape(clean(words))
    )
