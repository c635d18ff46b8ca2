"""Images in the settings: how many of each label, and the options of the generator that say how they are painted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from smartsynth import images
from smartsynth.facts import ColumnProfile, Profile
from smartsynth.formats import percent
from smartsynth.models.balancing import MOST_VALUES
from smartsynth.schema import Kind
from smartsynth.ui import parts

AS_REAL, EVEN = "As in the data", "Equally many"
FRAMINGS = {images.CROP: "Crop", images.PAD: "Pad", images.STRETCH: "Stretch"}
SIDES = (16, 28, 32, 48, 64, 96, 128, 256)
GUIDANCE, STEPS = 5.0, 50
"""Ends of the sliders, unless the settings go beyond them."""


def has_images(profile: Profile) -> bool:
    """Whether the data are images."""
    return any(column.kind is Kind.IMAGE for column in profile.schema)


def mix(config: dict[str, Any], profile: Profile) -> None:
    """How many images of each label are made."""
    labels = {column.name: column for column in profile.columns if 1 < len(column.levels) <= MOST_VALUES}
    if not labels:
        return
    given = config.pop("balance", None)
    chosen = st.segmented_control(
        "Images of each label", [AS_REAL, EVEN], default=AS_REAL if given is None else EVEN, key="mix", required=True,
        help="As often as in the data, or as many of a rare label as of a frequent one.",
    )  # fmt: skip
    target = config.get("target") or profile.target
    label = given if given in labels else target if target in labels else next(iter(labels))
    if chosen == EVEN:
        if len(labels) > 1:
            label = st.selectbox("Label", list(labels), list(labels).index(label), key="mix-label")
        config["balance"] = label
        st.caption(f"As many of each value of {parts.text(label)}, whatever their shares in the data.")
    else:
        st.caption(f"{parts.text(label)}: {shares(labels[label])}.")


def shares(column: ColumnProfile, most: int = 6) -> str:
    """How often the commonest values of a column are there."""
    told = [f"{parts.text(value, 30)} {percent(share)}" for value, share in column.levels[:most]]
    return ", ".join(told) + (" …" if len(column.levels) > most else "")


def options(cls: type[Any], config: dict[str, Any]) -> tuple[str, ...]:
    """Widgets for the options that say how a generator paints; gives the names of those that it has."""
    given = dict(config.get("options", {}))
    known = inspect.signature(cls).parameters
    names = tuple(name for name in CONTROLS if name in known)
    for at, name in enumerate(names):
        if at % 2 == 0:
            places = st.columns(2, gap="medium")
        default = known[name].default
        with places[at % 2]:
            value = CONTROLS[name](given.get(name, default), f"painting.{cls.name}.{name}")
        if value == default:
            given.pop(name, None)
        else:
            given[name] = value
    config.pop("options", None)
    if given:
        config["options"] = given
    return names


def _guidance(value: float, key: str) -> float:
    chosen = st.slider("Guidance", 0.5, max(GUIDANCE, value), float(value), 0.25, key=key)
    st.caption(
        "How much an image hangs on its label: 1 as in the data; with more, images of a label are clearer and less varied."
    )
    return float(chosen)


def _steps(value: int, key: str) -> int:
    chosen = st.slider("Steps", 1, max(STEPS, value), int(value), key=key)
    st.caption("From noise to an image: more take longer and paint a little better.")
    return int(chosen)


def _side(value: int | None, key: str) -> int | None:
    known = sorted({*SIDES, *([] if value is None else [value])})
    chosen = st.selectbox(
        "Side in pixels", [None, *known], 0 if value is None else known.index(value) + 1, key=key,
        format_func=lambda side: f"As in the data, at most {images.MOST_SIDE}" if side is None else str(side),
    )  # fmt: skip
    st.caption("Width and height of the images: time grows with their square.")
    return None if chosen is None else int(chosen)


def _framing(value: str, key: str) -> str:
    chosen = st.segmented_control(
        "Framing", list(FRAMINGS), default=value, format_func=lambda name: FRAMINGS[name], key=key, required=True
    )
    st.caption("How images of other shapes are brought to one: cut at their edges, with black edges, or stretched.")
    return str(chosen)


CONTROLS: Mapping[str, Callable[[Any, str], Any]] = {
    "guidance": _guidance, "steps": _steps, "side": _side, "framing": _framing,
}  # fmt: skip
"""Options by name, in the order in which they are asked for."""
