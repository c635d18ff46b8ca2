"""Charts and scores of the report inside a page, with the report's own markup and style.

The pieces of HTML come from the report's templates, which escape every text. They live in a shadow root, so that
neither style sheet touches the other, and take light or dark from the page around them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from smartsynth.facts import Alert, Chart, Evaluation, ImageView
from smartsynth.report import html

_SCRIPT = """
export default function ({ parentElement, data }) {
  let place = parentElement.querySelector(".smartsynth");
  if (!place) {
    place = document.createElement("div");
    place.className = "smartsynth";
    parentElement.appendChild(place);
  }
  if (place.shown !== data.html) {
    place.innerHTML = data.html;
    place.shown = data.html;
  }
}
"""
_STYLE = """
.smartsynth { color: var(--ink); line-height: 1.55; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; padding: 2px; }
"""
IMAGE_HEIGHT = 72
"""Pixels of a row of a table with images."""


@functools.cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component("smartsynth.figures", css=html.embedded_stylesheet() + _STYLE, js=_SCRIPT)


def show(piece: str, *, key: str) -> None:
    """Put a piece of HTML that the report's templates made on the page."""
    _component()(data={"html": piece}, key=key)


def gallery(view: ImageView, *, key: str) -> None:
    """Synthetic images with their labels."""
    show(html.gallery(view.samples), key=key)


def rows(found: pd.DataFrame) -> None:
    """Rows as a table; images that stand there as data URLs are drawn, and dates without a time of day have none."""
    drawn = [
        str(name) for name, cells in found.items()
        if any(isinstance(cell, str) and cell.startswith("data:image/png;") for cell in cells)
    ]  # fmt: skip
    columns: dict[str, Any] = {name: st.column_config.ImageColumn(name) for name in drawn}
    columns |= {name: st.column_config.DateColumn(name, format="YYYY-MM-DD") for name in _days(found)}
    height = IMAGE_HEIGHT if drawn else None
    st.dataframe(found, hide_index=True, width="stretch", column_config=columns, row_height=height)


def _days(found: pd.DataFrame) -> list[str]:
    """Columns of moments that are all at midnight."""
    moments = found.select_dtypes("datetime")
    return [str(name) for name, cells in moments.items() if (cells.dropna() == cells.dropna().dt.normalize()).all()]


def charts(found: Sequence[Chart], *, key: str, open: int = html.OPEN_COLUMNS, more: str = "more") -> None:
    """Charts, each with its caption and its table; those after the first `open` are folded away."""
    show(html.figures(found, open=open, more=more), key=key)


def wide_charts(found: Sequence[Chart], *, key: str) -> None:
    """Charts of several pictures each, one below the other."""
    show(html.wide_figures(found), key=key)


def column_charts(found: Sequence[Chart], *, key: str, open: int = html.OPEN_COLUMNS) -> None:
    """Charts of columns under a legend that says which line is whose."""
    show(html.legend() + html.figures(found, open=open, more="more columns, nearer to the real ones"), key=key)


def alerts(found: Sequence[Alert], *, key: str) -> None:
    """Alerts, worst first."""
    show(html.alerts(found), key=key)


def verdicts(evaluation: Evaluation, *, key: str) -> None:
    """The verdict on each family of scores, with the main scores beside their yardsticks."""
    show(html.verdicts(evaluation), key=key)


def score_table(evaluation: Evaluation, *, key: str) -> None:
    """Every score beside its yardstick."""
    show(html.score_table(evaluation), key=key)
