"""Evaluate: the verdict, then the evidence: privacy, columns, relations, utility, every score beside its yardstick."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from smartsynth.facts import Chart
from smartsynth.report import html
from smartsynth.schema import Schema
from smartsynth.ui import figures, outcome, parts
from smartsynth.utils import pair_view, visualizer

TITLES = {
    "columns": "Columns",
    "privacy": "Privacy",
    "sequence": "Over time",
    "texts": "Texts",
    "images": "Images",
    "relations": "Relations",
    "utility": "Utility",
}
"""Tabs in their order; a section of charts that is not named here gets a tab of its own after them."""
INTRODUCTIONS = {
    "privacy": "Synthetic rows must not lie nearer to the rows that were learnt from than unseen real rows do, and nobody may be able to tell who was among them.",
    "columns": "Each column on its own, the worst first: how far its distance is beyond that of real rows. Where the dashed line follows the grey area, synthetic values are as frequent as real ones.",
    "sequence": "How rows follow one another within a record. Of real records only quantiles and shares of several are drawn; single lines are synthetic ones.",
    "texts": "Where synthetic texts lie among real ones, and some of them to read. No real text is shown.",
    "images": "Where synthetic images lie among real ones, and some of them to look at. No real image is shown.",
    "relations": "Columns that hang together in the real data must do so in the synthetic data.",
    "utility": "The same models, trained once on real and once on synthetic rows, both tested on real rows that neither has seen.",
}


def page() -> None:
    """The page from top to bottom."""
    workspace = parts.heading(
        "Evaluate",
        "How like the real data the synthetic rows are, how useful, and how safe. In brackets: what real rows reach on the "
        "same measure, which is the best that a generator can honestly do.",
    )
    parts.tour_note(workspace, "evaluate")
    found = parts.needs_rows(workspace)
    if found.evaluation is None:
        parts.missing("This run was not evaluated: `evaluate.enabled` is off. Switch it on under Advanced and generate again.", "configure")  # fmt: skip
    is_leaky = parts.leakage(found)
    parts.guarantee(found)
    st.header("Verdict", anchor=False)
    figures.verdicts(found.evaluation, key="verdicts")
    if st.button("Download", type="secondary" if is_leaky else "primary", key="next", icon=":material/arrow_forward:"):
        parts.go("download")
    evidence(found)
    parts.footer(workspace)


def evidence(found: outcome.Outcome) -> None:
    """A tab for each section of charts, one for all scores, one for what was not shown."""
    sections: dict[str, list[Chart]] = {name: [] for name in TITLES}
    for chart in outcome.charts(found):
        sections.setdefault("columns" if chart.section == "overview" else chart.section, []).append(chart)
    drawn = {name: charts for name, charts in sections.items() if charts}
    titles = [TITLES.get(name, name.capitalize()) for name in drawn]
    *tabs, scores, limits = st.tabs([*titles, "All scores", "Limits"])
    for tab, (name, charts) in zip(tabs, drawn.items(), strict=True):
        with tab:
            section(name, charts, found)
    with scores:
        st.header("All scores", anchor=False)
        if found.evaluation is not None:
            figures.score_table(found.evaluation, key="scores")
    with limits:
        st.header("What these scores do not show", anchor=False)
        for limit in (*(found.evaluation.limits if found.evaluation else ()), *html.LIMITS):
            st.markdown(f"- {parts.text(limit, 600)}")


def section(name: str, charts: Sequence[Chart], found: outcome.Outcome) -> None:
    """The charts of one section."""
    st.header(TITLES.get(name, name.capitalize()), anchor=False)
    if name in INTRODUCTIONS:
        st.caption(INTRODUCTIONS[name])
    if name == "columns":
        figures.column_charts(charts, key="figures-columns", open=html.OPEN_COLUMNS)
    elif name == "relations":
        figures.wide_charts(charts, key="figures-relations")
        pair(found)
    else:
        figures.charts(charts, key=f"figures-{name}", open=99)
    if name == "texts" and found.evaluation is not None and found.evaluation.texts is not None:
        st.header("Some synthetic texts", anchor=False)
        for sample in found.evaluation.texts.samples:
            label = f"{parts.text(sample.label)}: " if sample.label else ""
            st.markdown(f"- {label}{parts.text(sample.text, 600)}")
    if name == "images" and found.evaluation is not None and found.evaluation.images is not None:
        st.header("Some synthetic images", anchor=False)
        figures.gallery(found.evaluation.images, key="gallery")


@st.fragment
def pair(found: outcome.Outcome) -> None:
    """Any two columns, closely."""
    schema = found.profile.schema
    names = [column.name for column in schema if column.is_modelled]
    if len(names) < 2:
        return
    st.header("Any two columns", anchor=False)
    first, second = strongest(found, names)
    left, right = st.columns(2)
    one = left.selectbox("Column", names, index=names.index(first), key="pair-left")
    others = [name for name in names if name != one]
    two = right.selectbox(
        "Other column", others, index=others.index(second) if second in others else 0, key="pair-right"
    )
    with parts.told():
        figures.wide_charts([pair_chart(found, schema, str(one), str(two))], key="figures-pair")


def strongest(found: outcome.Outcome, names: Sequence[str]) -> tuple[str, str]:
    """The pair that hangs together most, to begin with."""
    known = [pair for pair in found.profile.associations if pair.left in names and pair.right in names]
    best = max(known, key=lambda pair: pair.value, default=None)
    return (names[0], names[1]) if best is None else (best.left, best.right)


def pair_chart(found: outcome.Outcome, schema: Schema, one: str, two: str) -> Chart:
    """Real, synthetic and difference of two columns, from samples of the rows."""
    train, synthetic, holdout = (
        outcome.rows(found.folder, f"rows-{name}", [one, two]) for name in ("train", "synthetic", "holdout")
    )
    k = int(found.config["privacy"]["k"])
    return visualizer.pair_chart(pair_view.compare_pair(train, synthetic, holdout, one, two, schema=schema, k=k))


if __name__ == "__main__":
    page()
