"""Draw the path of the data for docs/concepts/how-it-works.md.

    python docs/make_drawing.py          writes docs/images/data-path.svg

One drawing for light and dark pages: it has a ground of its own, and every ink is dark or light enough on it.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1030, 410
INK, GREY, GROUND = "#1f2933", "#52606d", "#f5f7fa"
REAL, MADE, KEPT = "#b7410e", "#00695c", "#4a3f8f"

# What each box says, where it stands, and whose rows are in it.
BOXES = [
    ("Read", "all problems at once", 20, 60, REAL),
    ("Profile", "kinds, rules, alerts", 218, 60, REAL),
    ("Split", "a fifth is kept aside", 416, 60, REAL),
    ("Select", "a generator, and why", 614, 60, REAL),
    ("Fit", "no single row is kept", 812, 60, REAL),
    ("Sample", "rows that keep rules", 812, 200, MADE),
    ("Filter", "near copies are left out", 614, 200, MADE),
    ("Export", "with a manifest", 218, 200, MADE),
    ("Evaluate", "beside real rows", 416, 320, KEPT),
    ("Report", "scores and yardsticks", 614, 320, KEPT),
]
BOX = (168, 62)
ARROWS = [
    ("M188 91 H215", REAL), ("M386 91 H413", REAL), ("M584 91 H611", REAL), ("M782 91 H809", REAL),
    ("M896 122 V197", MADE), ("M812 231 H785", MADE), ("M614 231 H389", MADE),
    ("M698 262 V291 H540 V317", MADE), ("M480 122 V317", KEPT), ("M584 351 H611", KEPT),
]  # fmt: skip
WORDS = [
    ("real rows", 20, 46, REAL), ("synthetic rows", 612, 186, MADE), ("kept aside", 400, 306, KEPT),
    ("model: JSON", 812, 148, GREY), ("and arrays", 812, 164, GREY),
]  # fmt: skip


def main() -> None:
    """Write the drawing."""
    (Path(__file__).parent / "images" / "data-path.svg").write_text(drawing(), "utf-8")


def drawing() -> str:
    """The drawing as SVG."""
    heads = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{ink}"/></marker>'
        for name, ink in (("real", REAL), ("made", MADE), ("kept", KEPT))
    )
    names = {REAL: "real", MADE: "made", KEPT: "kept"}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title" '
        'font-family="system-ui, sans-serif">',
        '<title id="title">The path of the data: real rows are read, profiled, split, learnt from; synthetic rows are '
        "sampled, filtered, judged beside real rows kept aside, and exported.</title>",
        f'<defs>{heads}</defs><rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{GROUND}"/>',
        *(
            f'<path d="{way}" fill="none" stroke="{ink}" stroke-width="2" marker-end="url(#{names[ink]})"/>'
            for way, ink in ARROWS
        ),
        *(_box(*one) for one in BOXES),
        *(f'<text x="{x}" y="{y}" font-size="13" fill="{ink}">{escape(said)}</text>' for said, x, y, ink in WORDS),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _box(name: str, said: str, x: int, y: int, ink: str) -> str:
    wide, high = BOX
    return (
        f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="8" fill="#ffffff" stroke="{ink}" stroke-width="2"/>'
        f'<text x="{x + 12}" y="{y + 26}" font-size="16" font-weight="600" fill="{INK}">{escape(name)}</text>'
        f'<text x="{x + 12}" y="{y + 46}" font-size="12.5" fill="{GREY}">{escape(said)}</text>'
    )


if __name__ == "__main__":
    main()
