"""SVG: a figure as a picture file. Knows nothing of the platform; the same figure gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from infra.diagram.shapes import Arrow, Box, Figure, Kind, Point, Region

FILLS = {
    Kind.CLOUD: "#e3effb",
    Kind.IMAGES: "#efe6fa",
    Kind.VPN: "#fdebd5",
    Kind.CLUSTER: "#e2f3e4",
    Kind.OUTSIDE: "#f3f3f3",
}
STROKES = {
    Kind.CLOUD: "#2b6cb0",
    Kind.IMAGES: "#7b4bb7",
    Kind.VPN: "#c05f10",
    Kind.CLUSTER: "#2f7d3a",
    Kind.OUTSIDE: "#777777",
}
LEGEND = {
    Kind.CLOUD: "layer cloud",
    Kind.IMAGES: "layer images",
    Kind.VPN: "layer vpn",
    Kind.CLUSTER: "layers cluster, releases",
    Kind.OUTSIDE: "not declared here",
}
INK, PALE = "#1a202c", "#5a6473"
STYLE = "font-family='Helvetica, Arial, sans-serif'"
LOCK = "M0,5 h10 v8 h-10 z M2,5 v-2 a3,3 0 0 1 6,0 v2"


def drawn(figure: Figure) -> str:
    """The whole picture."""
    width, height = figure.size
    body = "\n".join(_body(figure))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"{STYLE} role='img'>\n<title>{escape(figure.title)}</title>\n"
        f"<!-- Written by `make docs` from the recorded plan; a test compares. -->\n{body}\n</svg>\n"
    )


def _body(figure: Figure) -> Iterator[str]:
    yield "<defs>" + "".join(_head(kind) for kind in Kind) + "</defs>"
    yield f"<rect width='{figure.size[0]}' height='{figure.size[1]}' rx='8' fill='#ffffff'/>"
    yield _text(figure.title, (20, 32), size=20, weight="bold")
    yield _text(figure.subtitle, (20, 52), size=12, colour=PALE)
    for region in figure.regions:
        yield from _region(region)
    for arrow in figure.arrows:
        yield _line(arrow)
    for box in figure.boxes:
        yield from _box(box)
    for arrow in figure.arrows:
        yield from _label(arrow)
    yield from _legend(figure)


def _head(kind: Kind) -> str:
    return (
        f"<marker id='head-{kind}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
        f"orient='auto-start-reverse'><path d='M0,0 L8,4 L0,8 z' fill='{STROKES[kind]}'/></marker>"
    )


def _region(region: Region) -> Iterator[str]:
    (x, y), (width, height) = region.at, region.size
    fill, dash = ("none", "4 3") if region.inner else ("#fafbfc", "none")
    yield (
        f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='8' fill='{fill}' stroke='#b6c0cc' "
        f"stroke-dasharray='{dash}'/>"
    )
    yield _text(region.name, (x + 10, y + 17), size=10 if region.inner else 12, weight="bold", colour=PALE)


def _box(box: Box) -> Iterator[str]:
    (x, y), (width, height) = box.at, box.size
    dash = "5 3" if box.kind is Kind.OUTSIDE else "none"
    yield (
        f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='5' fill='{FILLS[box.kind]}' "
        f"stroke='{STROKES[box.kind]}' stroke-dasharray='{dash}'/>"
    )
    yield _text(box.name, (x + 9, y + 18), size=13, weight="bold")
    for number, line in enumerate(box.lines):
        yield _text(line, (x + 9, y + 34 + 14 * number), size=11)
    if box.protected:
        yield _lock((x + width - 18, y + 7))


def _line(arrow: Arrow) -> str:
    corners = " ".join(f"{x},{y}" for x, y in arrow.path)
    start = f" marker-start='url(#head-{arrow.kind})'" if arrow.both_ways else ""
    return (
        f"<polyline points='{corners}' fill='none' stroke='{STROKES[arrow.kind]}' stroke-width='1.6'{start} "
        f"marker-end='url(#head-{arrow.kind})'/>"
    )


def _label(arrow: Arrow) -> Iterator[str]:
    """Each line of the label on a pale ground, so that it reads above lines and frames."""
    x, y = arrow.label_at
    for number, line in enumerate(arrow.label.split("\n") if arrow.label else []):
        yield (
            f"<text x='{x}' y='{y + 13 * number}' font-size='11' font-style='italic' fill='{STROKES[arrow.kind]}' "
            f"stroke='#fafbfc' stroke-width='4' paint-order='stroke'>{escape(line)}</text>"
        )


def _legend(figure: Figure) -> Iterator[str]:
    x, y = 20, figure.size[1] - 24
    for kind, said in LEGEND.items():
        yield f"<rect x='{x}' y='{y}' width='16' height='12' rx='2' fill='{FILLS[kind]}' stroke='{STROKES[kind]}'/>"
        yield _text(said, (x + 22, y + 10), size=11)
        x += 46 + 6 * len(said)
    yield _lock((x, y - 1))
    yield _text("protected: no run deletes or replaces it", (x + 16, y + 10), size=11)
    yield _text("arrows go from who calls to who answers", (x + 270, y + 10), size=11)


def _lock(at: Point) -> str:
    x, y = at
    return f"<path transform='translate({x},{y})' d='{LOCK}' fill='none' stroke='{INK}' stroke-width='1.3'/>"


def _text(text: str, at: Point, *, size: int, weight: str = "normal", colour: str = INK) -> str:
    x, y = at
    return f"<text x='{x}' y='{y}' font-size='{size}' font-weight='{weight}' fill='{colour}'>{escape(text)}</text>"
