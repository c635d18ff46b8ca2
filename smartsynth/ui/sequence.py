"""Rows that follow one another: the switch that says so, whose rows they are and when they happened, and what was found of it.

What was found in a file is only proposed. Nothing is learnt as a time series before the switch is on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st

from smartsynth import records, sequence_words
from smartsynth.config import RunConfig
from smartsynth.facts import Profile, SequenceProfile
from smartsynth.jobs import Workspace
from smartsynth.schema import Modality
from smartsynth.ui import choices, parts, session

SETTINGS = ("entity", "time", "window")
TABLES_ONLY = (
    "balance", "generator.budget", "generator.refine", "privacy.k_anonymity", "privacy.l_diversity", "privacy.t_closeness",
    "privacy.unit", "privacy.max_rows_per_unit", "evaluate.thorough", "evaluate.shadow_models", "evaluate.sdmetrics",
)  # fmt: skip
"""Settings that go with rows of a table alone."""
SERIES_ONLY = ("evaluate.published",)
"""Settings that go with time series alone."""
FOUND = "time-series"
"""Alert that the switch takes the place of."""
ABOUT = (
    "On, the rows of one person, machine or account are one record: learnt, made, protected and scored together, in their order. "
    "Off, each row is a record of its own."
)


def is_on(config: Mapping[str, Any]) -> bool:
    """Whether the settings say that rows follow one another."""
    return any(config.get(name) is not None for name in SETTINGS)


def proposed(found: SequenceProfile | None) -> dict[str, Any]:
    """Settings for what was found in a file; rows in their order, if nothing was.

    >>> proposed(None)
    {'window': 24}
    """
    named = {} if found is None else {"entity": found.entity, "time": found.time}
    settings = {name: value for name, value in named.items() if value is not None}
    return settings if "entity" in settings else {**settings, "window": records.LENGTH}


def agrees(config: Mapping[str, Any], profile: Profile) -> bool:
    """Whether the file was looked at with these settings."""
    schema = profile.schema
    if not is_on(config):
        return schema.modality is not Modality.TIMESERIES
    looked = (schema.entity and schema.entity.name, schema.time and schema.time.name)
    return schema.modality is Modality.TIMESERIES and looked == (config.get("entity"), config.get("time"))


def with_settings(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with another entity, time and window, and without what does not go with them.

    >>> with_settings({"seed": 1, "balance": "event", "evaluate": {"thorough": True}}, {"entity": "id"})
    {'seed': 1, 'entity': 'id'}
    >>> with_settings({"seed": 1, "entity": "id", "generator": "panel"}, {})
    {'seed': 1}
    """
    kept = {name: value for name, value in config.items() if name not in SETTINGS}
    if given.get("entity") != config.get("entity") or is_on(given) is not is_on(config):
        kept.pop("generator", None)
    for place in TABLES_ONLY if is_on(given) else SERIES_ONLY:
        group, _, name = place.rpartition(".")
        if not group:
            kept.pop(name, None)
        elif isinstance(kept.get(group), Mapping):
            left = {key: value for key, value in kept[group].items() if key != name}
            kept = {**kept, group: left} if left else {key: value for key, value in kept.items() if key != group}
    return {**kept, **given}


def switch(workspace: Workspace, profile: Profile) -> None:
    """The switch and, when it is on, whose rows and when; a change is kept and the file looked at again."""
    config = session.config_of(workspace)
    on = is_on(config)
    asked = st.toggle("The rows follow one another", on, key=f"sequence-{on}", help=ABOUT)
    if asked is not on:
        changed(workspace, with_settings(config, proposed(profile.sequence) if asked else {}))
    if asked:
        choose(workspace, profile)


def choose(workspace: Workspace, profile: Profile) -> None:
    """Entity, time, and of a plain series the window; a change is kept and the file looked at again."""
    config = session.config_of(workspace)
    given = {name: config[name] for name in SETTINGS if config.get(name) is not None}
    names = [column.name for column in profile.columns]
    whose, when, *more = st.columns(2 if "entity" in given else 3)
    entity = _column(
        whose, "entity", "all rows are of one series", given, [name for name in names if name != given.get("time")]
    )
    time = _column(
        when, "time", "only the order of the rows says", given, [name for name in names if name != given.get("entity")]
    )
    wanted = {name: value for name, value in (("entity", entity), ("time", time)) if value is not None}
    if entity is None:
        about = RunConfig.model_fields["window"].description
        window = given.get("window", records.LENGTH)
        place = more[0] if more else st
        wanted["window"] = place.number_input(
            "Rows of a window", 2, 4096, window, key=f"config.window.{window}", help=about
        )
    if wanted != given:
        changed(workspace, with_settings(config, wanted))


def _column(place: Any, name: str, without: str, given: Mapping[str, Any], known: Sequence[str]) -> str | None:
    """The choice of a column; a widget of its own for each value it begins with, so that it never shows an old one."""
    value = given.get(name)
    chosen = place.selectbox(
        {"entity": "Whose a row is", "time": "When it happened"}[name],
        [without, *known],
        index=known.index(value) + 1 if value in known else 0,
        key=f"config.{name}.{value}",
        help=RunConfig.model_fields[name].description,
    )
    return None if chosen == without else str(chosen)


def changed(workspace: Workspace, config: Mapping[str, Any]) -> None:
    """Keep the settings, look at the file with them, and draw the page anew."""
    session.keep(workspace, config)
    session.look_again(session.jobs().workspace(workspace.id))
    st.rerun()


def looking(workspace: Workspace) -> NoReturn:
    """Wait until the file has been looked at with the settings as they are; if it cannot be, lead to where that is told."""
    job = session.jobs().latest(workspace.id, "profile")
    if job is None or job.state.is_final:
        parts.missing("The file was not read with the settings as they are now: see Upload.", "upload")
    parts.waiting(workspace, job.id)
    parts.footer(workspace)
    st.stop()
    raise AssertionError("st.stop() ends the page")


def facts(profile: Profile) -> None:
    """What was found of the order of the rows, and why it was looked for."""
    found = profile.sequence
    if found is None:
        return
    if not found.declared:
        st.markdown(f"{parts.text(noticed(found), 300)} Switch it on if that is so.")
        st.caption(" ".join(parts.text(reason, 200) for reason in found.reasons))
        return
    shown = [f"**{name}:** {parts.text(value, 400)}" for name, value in sequence_words.facts_of(found)]
    st.markdown(" &nbsp;·&nbsp; ".join(shown))


def noticed(found: SequenceProfile) -> str:
    """What a table looks like, in a sentence.

    >>> from smartsynth.facts import SequenceProfile
    >>> nothing = dict.fromkeys(SequenceProfile.__dataclass_fields__)
    >>> noticed(SequenceProfile(**{**nothing, "entity": "id", "time": "day"}))
    'They seem to: several rows are about one ‘id’, and ‘day’ says when.'
    """
    when = "and they stand in their order" if found.time is None else f"and ‘{found.time}’ says when"
    whose = "all rows are of one series" if found.entity is None else f"several rows are about one ‘{found.entity}’"
    return f"They seem to: {whose}, {when}."


def records_of(profile: Profile, config: Mapping[str, Any]) -> tuple[int, str]:
    """How many real records there are, and what they are called.

    That is rows of a table, entities, or windows that a plain series would fill.
    """
    what = choices.kind_of_record(profile)
    if what == "windows":
        return math.ceil(profile.rows / int(config.get("window") or records.LENGTH)), what
    if what == "entities" and profile.sequence is not None:
        return profile.sequence.entities, what
    return profile.rows, what
