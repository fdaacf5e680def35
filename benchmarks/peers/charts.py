"""Bar charts as SVG: panels side by side, each with its own scale, one bar stands out."""

from collections.abc import Sequence
from html import escape

WIDTH, PANEL, LABELS, ROW, TOP = 920, 220, 210, 26, 64
_OUR, _OTHER, _INK, _PAPER = "#0b6e4f", "#9fb3c8", "#1f2933", "#ffffff"

Bars = Sequence[tuple[str, float]]


def bars(title: str, panels: Sequence[tuple[str, Bars]], ours: str) -> str:
    """The chart. Every panel has the bars of the first, or leaves out some of them."""
    names = [name for name, _ in panels[0][1]]
    height = TOP + ROW * len(names) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        f'  font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{_PAPER}"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
        *(_label(name, _line(row), ours) for row, name in enumerate(names)),
    ]
    for number, (heading, values) in enumerate(panels):
        parts.extend(_panel(LABELS + number * (PANEL + 16), heading, dict(values), names, ours))
    return "\n".join((*parts, "</svg>", ""))


def _line(row: int) -> int:
    return TOP + ROW * row


def _label(name: str, y: int, ours: str) -> str:
    weight = "600" if name == ours else "400"
    return f'<text x="{LABELS - 10}" y="{y + 15}" text-anchor="end" font-weight="{weight}">{escape(name)}</text>'


def _panel(x: int, heading: str, values: dict[str, float], names: Sequence[str], ours: str) -> list[str]:
    most = max(values.values(), default=0.0) or 1.0
    parts = [f'<text x="{x}" y="{TOP - 12}">{escape(heading)}</text>']
    for row, name in enumerate(names):
        if name in values:
            length = max(1.0, values[name] / most * (PANEL - 64))
            parts.append(
                f'<rect x="{x}" y="{_line(row) + 2}" width="{length:.1f}" height="{ROW - 8}" rx="2" '
                f'fill="{_OUR if name == ours else _OTHER}"/>'
                f'<text x="{x + length + 6:.1f}" y="{_line(row) + 15}">{_figure(values[name])}</text>'
            )
    return parts


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
