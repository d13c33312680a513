"""Bar charts as SVG, without a library; their colours follow the reader's light or dark theme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.outcome import NODE, PARLOUR

WIDTH, LEFT, RIGHT = 760, 250, 90
TOP, BAR, GAP = 56, 18, 14
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 15px; }
.small { font-size: 12px; fill: #59636e; }
.Parlour { fill: #0969da; } .Node { fill: #8c959f; }
.series0 { fill: #0969da; } .series1 { fill: #1a7f37; }
.series2 { fill: #bc4c00; } .series3 { fill: #8250df; }
.line { stroke: #d1d9e0; } .range { stroke: #1f2328; stroke-width: 1.5; }
.target { stroke: #cf222e; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .small { fill: #9198a1; }
  .Parlour { fill: #4493f8; } .Node { fill: #6e7681; }
  .series0 { fill: #4493f8; } .series1 { fill: #3fb950; }
  .series2 { fill: #db6d28; } .series3 { fill: #ab7df8; }
  .line { stroke: #3d444d; } .range { stroke: #f0f6fc; } .target { stroke: #ff7b72; }
}
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row of the chart of ratios: `low` and `high` are its quartiles, `target` the most it may be."""

    title: str
    median: float
    low: float
    high: float
    target: float


def ratios(title: str, rows: Sequence[Ratio]) -> str:
    """Draw a bar for each ratio, a thin line for its spread, a red mark for its target."""
    longest = max([1.1, *(max(row.high, row.target) for row in rows)])
    parts = [_line("line", _x(1.0, longest), TOP - 8, _x(1.0, longest), _height(len(rows), 1) - 12)]
    parts.append(_text(_x(1.0, longest), TOP - 14, "as Node", "small", "middle"))
    for place, row in enumerate(rows):
        y = TOP + place * (BAR + GAP)
        middle = y + BAR / 2
        relation = "≤" if row.median <= row.target else ">"
        parts += [
            _text(LEFT - 10, middle + 4, row.title, "", "end"),
            _bar(PARLOUR, y, _x(row.median, longest), BAR),
            _line("range", _x(row.low, longest), middle, _x(row.high, longest), middle),
            _line("target", _x(row.target, longest), y - 4, _x(row.target, longest), y + BAR + 4),
            _text(WIDTH - RIGHT + 14, middle + 4, f"{row.median:.2f} {relation} {row.target:g}", "small"),
        ]
    return _svg(title, _height(len(rows), 1), parts)


SERVERS = {PARLOUR: PARLOUR, NODE: NODE}
"""The colours of the servers, by their names."""


def bars(
    title: str,
    rows: Sequence[tuple[str, Mapping[str, float]]],
    colours: Mapping[str, str] = SERVERS,
) -> str:
    """Draw a bar for each server in each row, or whatever else `colours` names."""
    longest = max([value for _, each in rows for value in each.values()], default=1.0) or 1.0
    parts = []
    for index, (name, colour) in enumerate(colours.items()):
        x = LEFT + 90 * index
        parts.append(f'<rect class="{colour}" x="{x}" y="{TOP - 22}" width="12" height="12" rx="2"/>')
        parts.append(_text(x + 18, TOP - 12, name, "small"))
    y = float(TOP)
    for title_of_row, each in rows:
        parts.append(_text(LEFT - 10, y + BAR * len(each) / 2 + 4, title_of_row, "", "end"))
        for index, (name, value) in enumerate(each.items()):
            top = y + index * BAR
            end = _x(value, longest)
            parts.append(_bar(colours[name], top, end, BAR - 3))
            label = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
            parts.append(_text(end + 8, top + BAR - 6, label, "small"))
        y += BAR * len(each) + GAP
    return _svg(title, round(y) + 10, parts)


def stacked(
    title: str, rows: Sequence[tuple[str, Sequence[tuple[str, float]]]], parts: Mapping[str, str]
) -> str:
    """Draw a bar for each row that its parts add up to; `parts` are their titles, in their order."""
    longest = max([sum(value for _, value in values) for _, values in rows], default=1.0)
    columns, drawn = 3, []
    for index, name in enumerate(parts.values()):
        x, y = 12 + 245 * (index % columns), TOP - 22 + 20 * (index // columns)
        drawn.append(_block(index, x, x + 12, y, 12))
        drawn.append(_text(x + 18, y + 10, name, "small"))
    top = TOP + 20 * -(-len(parts) // columns)
    order = {key: index for index, key in enumerate(parts)}
    for place, (name, values) in enumerate(rows):
        y, reached = top + place * (BAR + GAP), 0.0
        drawn.append(_text(LEFT - 10, y + BAR / 2 + 4, name, "", "end"))
        for key, value in values:
            start, reached = reached, reached + value
            drawn.append(_block(order[key], _x(start, longest), _x(reached, longest), y, BAR))
        drawn.append(_text(_x(reached, longest) + 8, y + BAR / 2 + 4, f"{reached:,.0f}", "small"))
    return _svg(title, top - TOP + _height(len(rows), 1), drawn)


def _block(index: int, start: float, end: float, y: float, height: float) -> str:
    hue = index * 47 % 360
    return (
        f'<rect x="{start:.1f}" y="{y:g}" width="{end - start:.1f}" height="{height:g}" '
        f'fill="hsl({hue} 55% {62 if index % 2 else 46}%)"/>'
    )


def _height(rows: int, bars_each: int) -> int:
    return TOP + rows * (BAR * bars_each + GAP) + 10


def _x(value: float, longest: float) -> float:
    return LEFT + value / longest * (WIDTH - LEFT - RIGHT)


def _bar(kind: str, y: float, end: float, height: float) -> str:
    width = max(1.0, end - LEFT)
    return f'<rect class="{kind}" x="{LEFT}" y="{y:g}" width="{width:.1f}" height="{height:g}" rx="2"/>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:g}" x2="{x2:.1f}" y2="{y2:g}"/>'


def _text(x: float, y: float, content: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(content)}</text>'


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">'
    )
    heading = _text(12, 22, title, "title")
    return "\n".join([head, f"<style>\n{_STYLE}</style>", heading, *parts, "</svg>", ""])
