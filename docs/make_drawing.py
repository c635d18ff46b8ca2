"""Draw the path of the data for docs/concepts/how-it-works.md.

    python docs/make_drawing.py          writes docs/images/data-path.svg

One drawing for light and dark pages: it has a ground of its own, and every ink is dark or light enough on it.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1034, 440
INK, GREY, GROUND = "#1f2933", "#52606d", "#f5f7fa"
REAL, MADE, KEPT = "#b7410e", "#00695c", "#4a3f8f"

# What each box says, where it stands, and whose rows are in it.
BOXES = [
    ("Read", "all its problems", 20, 60, REAL),
    ("Profile", "kinds and alerts", 224, 60, REAL),
    ("Split", "a fifth kept aside", 428, 60, REAL),
    ("Select", "with its reasons", 632, 60, REAL),
    ("Fit", "no row is kept", 836, 60, REAL),
    ("Sample", "rules are kept", 836, 210, MADE),
    ("Filter", "no near copies", 632, 210, MADE),
    ("Export", "with a manifest", 224, 210, MADE),
    ("Evaluate", "beside real rows", 428, 346, KEPT),
    ("Report", "scores, yardsticks", 632, 346, KEPT),
]
BOX = (178, 72)
ARROWS = [
    ("M198 96 H221", REAL), ("M402 96 H425", REAL), ("M606 96 H629", REAL), ("M810 96 H833", REAL),
    ("M925 132 V207", MADE), ("M836 246 H813", MADE), ("M632 246 H405", MADE),
    ("M721 282 V314 H556 V343", MADE), ("M486 132 V343", KEPT), ("M606 382 H629", KEPT),
]  # fmt: skip
WORDS = [
    ("real rows", 20, 44, REAL), ("synthetic rows", 632, 196, MADE), ("kept aside", 398, 330, KEPT),
    ("saved model", 808, 160, GREY), ("of JSON", 808, 180, GREY),
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
        *(f'<text x="{x}" y="{y}" font-size="16" fill="{ink}">{escape(said)}</text>' for said, x, y, ink in WORDS),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _box(name: str, said: str, x: int, y: int, ink: str) -> str:
    wide, high = BOX
    return (
        f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="8" fill="#ffffff" stroke="{ink}" stroke-width="2"/>'
        f'<text x="{x + 13}" y="{y + 30}" font-size="20" font-weight="600" fill="{INK}">{escape(name)}</text>'
        f'<text x="{x + 13}" y="{y + 55}" font-size="15.5" fill="{GREY}">{escape(said)}</text>'
    )


if __name__ == "__main__":
    main()
