"""Upload: a file or a built-in sample, then what was found in it, for the user to correct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from smartsynth import image_words, ingest, text_words
from smartsynth.facts import ColumnProfile, Profile
from smartsynth.formats import count, percent
from smartsynth.jobs import State, Workspace
from smartsynth.schema import Kind, Modality, Role
from smartsynth.ui import figures, outcome, parts, ready, samples, sequence, session
from smartsynth.utils.alerts import READING

SENTENCE = (
    "Start with a table of real records. SmartSynth learns how they are distributed and how they hang together, and makes "
    "new ones that belong to nobody."
)


TABS = ("First rows", "Distributions", "Relations", "Over time")


def page() -> None:
    """The page from top to bottom."""
    workspace = parts.heading("Upload real data", SENTENCE)
    parts.tour_note(workspace, "upload")
    if workspace is None:
        choose()
    else:
        shown(workspace)
    parts.footer(workspace)


def choose() -> None:
    """A file of one's own, a built-in sample with or without its tour, or tables without real data."""
    most = st.get_option("server.maxUploadSize")
    turn = st.session_state.setdefault("upload-turn", 0)
    file = st.file_uploader(
        "Your own file",
        type=list(ingest.SUFFIXES),
        key=f"upload-{turn}",
        help=f"CSV, TSV, JSON, JSONL, Parquet or Excel, packed with zip or gzip or not, up to {most} MB. For larger ones use "
        "the command line on a machine of your own: `smartsynth synthesize data.csv -o synthetic.csv`.",
    )
    st.caption(
        f"One table with its column names on top, up to {most} MB: a record a row, or rows that follow one another. Larger tables: "
        "`smartsynth synthesize data.csv -o synthetic.csv` on your own machine."
    )
    if file is not None:
        with parts.told():
            session.begin(file.name, file, config={})
            st.session_state["upload-turn"] = turn + 1  # a new uploader lets go of the file's memory
            st.rerun()
    st.header("Or take a tour with real data", anchor=False)
    for place, sample in zip(st.columns(len(samples.SAMPLES)), samples.SAMPLES, strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{sample.title}**")
            st.caption(sample.about)
            st.markdown(sample.promise)
            if st.button(f"Tour: {sample.tour.lower()}", key=f"tour-{sample.key}", width="stretch"):
                start(sample, tour=True)
            if st.button(
                f"Only the data of {sample.title.lower()}", key=f"sample-{sample.key}", type="tertiary", width="stretch"
            ):
                start(sample, tour=False)
    ready.tables()


def start(sample: samples.Sample, *, tour: bool) -> None:
    """Load a sample; a tour also starts its run, and goes to where it is seen."""
    with parts.told():
        config = dict(sample.config) if tour else {}
        workspace = session.begin(
            sample.file_name, samples.content(sample), config=config, tour=sample.key if tour else None
        )
        if tour:
            session.jobs().submit(workspace.id, "synthesize", {"config": config, "name": sample.file_name})
            parts.go("generate")
        st.rerun()


def shown(workspace: Workspace) -> None:
    """What was found in the file."""
    job = session.jobs().latest(workspace.id, "profile")
    found = outcome.look(workspace)
    if job is not None and not job.state.is_final:
        parts.waiting(workspace, job.id)
        if found is None:
            return
    elif job is not None and job.state in (State.FAILED, State.CANCELLED):
        st.error(parts.text_of(job.problem or "The file could not be read."))
        if found is None:
            if st.button("Choose another file", type="primary", key="another"):
                session.end()
                st.rerun()
            return
    if found is None:
        return
    summary(workspace, found.profile)
    for note in found.notes:
        st.caption(parts.text(note, 400))
    alerts = [alert for alert in found.profile.alerts if alert.code not in (sequence.FOUND, READING)]
    if alerts:
        st.header("What to know about these data", anchor=False)
        figures.alerts(alerts, key="alerts")
    contents(found.profile)
    if found.profile.schema.modality is not Modality.IMAGE:
        st.header("Do the rows follow one another?", anchor=False)
        sequence.facts(found.profile)
        with parts.told():
            sequence.switch(workspace, found.profile)
    corrections(workspace, found.profile)
    details(found)


def contents(profile: Profile) -> None:
    """What columns of texts and images hold."""
    told = [(text_words.heading(one), text_words.facts_of(one)) for one in profile.texts]
    told += [(image_words.heading(one), image_words.facts_of(one)) for one in profile.images]
    for heading, facts in told:
        st.header(parts.text(heading), anchor=False)
        for name, said in facts:
            st.markdown(f"- {name}: {parts.text(said, 400)}")


def summary(workspace: Workspace, profile: Profile) -> None:
    """Name and size of the data."""
    cells = profile.rows * len(profile.columns)
    st.header(parts.text(workspace.name), anchor=False)
    values = {
        "Rows": count(profile.rows),
        "Columns": count(len(profile.columns)),
        "Missing cells": percent(profile.missing_cells / cells if cells else 0.0),
        "Duplicate rows": count(profile.duplicate_rows),
    }
    if profile.schema.entity is not None and profile.sequence is not None:
        values["Entities"] = count(profile.sequence.entities)
    with st.container(horizontal=True):
        for name, value in values.items():
            st.metric(name, value, border=True)
    with st.container(horizontal=True):
        if st.button("Configure", type="primary", key="next", icon=":material/arrow_forward:"):
            parts.go("configure")
        if st.button("Choose another file", key="another"):
            session.end()
            st.rerun()


def corrections(workspace: Workspace, profile: Profile) -> None:
    """Kinds and roles of the columns, to be corrected where they were recognised wrongly."""
    st.header("Columns", anchor=False)
    st.caption("Correct what was recognised wrongly: Kind is how a column is modelled, Role what it means to a person.")
    table = column_table(profile)
    edited = st.data_editor(
        table,
        key=f"columns-{len(table)}-{hash(tuple(table['Kind']) + tuple(table['Role']))}",
        hide_index=True,
        width="stretch",
        disabled=[name for name in table.columns if name not in ("Kind", "Role")],
        column_config={
            "Kind": st.column_config.SelectboxColumn(options=[kind.value for kind in Kind], required=True),
            "Role": st.column_config.SelectboxColumn(options=[role.value for role in Role], required=True),
            "Missing": st.column_config.NumberColumn(format="percent"),
        },
    )
    changed = changes(table, edited)
    if not changed:
        return
    names = ", ".join(parts.text(name) for name in changed)
    if st.button(f"Apply the corrections of {names}", key="apply", icon=":material/check:"):
        with parts.told():
            config = corrected(session.config_of(workspace), changed)
            session.keep(workspace, config)
            session.look_again(session.jobs().workspace(workspace.id))
            st.rerun()


def column_table(profile: Profile) -> pd.DataFrame:
    """One line a column: what was recognised, and how it looks."""
    return pd.DataFrame(
        {
            "Column": [column.name for column in profile.columns],
            "Kind": [column.kind for column in profile.columns],
            "Role": [column.role for column in profile.columns],
            "Meaning": [column.semantic or "" for column in profile.columns],
            "Missing": [column.missing / max(column.count, 1) for column in profile.columns],
            "Distinct": [column.distinct for column in profile.columns],
            "Notes": [", ".join(notes(column, profile)) for column in profile.columns],
        }
    )


def notes(column: ColumnProfile, profile: Profile) -> list[str]:
    """What stands out in a column."""
    guessed = column.name == profile.target and column.role != Role.TARGET
    return [*(["probably the target"] if guessed else []), *column.flags]


def changes(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What the user changed: setting and value by column."""
    found: dict[str, dict[str, str]] = {}
    for (_, old), (_, new) in zip(before.iterrows(), after.iterrows(), strict=True):
        difference = {name.lower(): str(new[name]) for name in ("Kind", "Role") if new[name] != old[name]}
        if difference:
            found[str(old["Column"])] = difference
    return found


def corrected(config: dict[str, Any], changed: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The settings with these corrections; a column that became target, entity or time is so for the run."""
    columns = {name: dict(given) for name, given in config.get("columns", {}).items()}
    for name, difference in changed.items():
        if "role" in difference:
            config, difference = _with_role(config, name, difference)
        if difference:
            columns[name] = {**columns.get(name, {}), **difference}
    return {**config, "columns": columns} if columns else config


def _with_role(config: dict[str, Any], name: str, difference: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings with the new role of a column, and what of the correction is left to be said of the column alone."""
    role = difference["role"]
    given = {key: config[key] for key in sequence.SETTINGS if key in config}
    settings = {key: value for key, value in given.items() if value != name}
    if role in (Role.ENTITY, Role.TIME):
        settings[role] = name
    if settings.get("entity") is not None:
        settings.pop("window", None)
    if settings != given:
        config = sequence.with_settings(config, settings)
    if role == Role.TARGET:
        config = {**config, "target": name}
    elif config.get("target") == name:
        config = {key: value for key, value in config.items() if key != "target"}
    if role in (Role.TARGET, Role.ENTITY, Role.TIME):
        difference = {key: value for key, value in difference.items() if key != "role"}
    return config, difference


def details(found: outcome.Look) -> None:
    """The first rows, and every column, relation and order of rows as a picture."""
    rows, columns, relations, *over_time = st.tabs(TABS if found.profile.sequence else TABS[:3])
    with rows:
        figures.rows(outcome.rows(found.folder, "head"))
    pictures = outcome.profile_charts(found)
    with columns:
        drawn(columns, "Distributions", [chart for chart in pictures if chart.section == "columns"], "profile-columns")
    with relations:
        others = [chart for chart in pictures if chart.section not in ("columns", "sequence")]
        drawn(relations, "Relations", others, "profile-relations")
    for place in over_time:
        drawn(place, "Over time", [chart for chart in pictures if chart.section == "sequence"], "profile-sequence")


def drawn(place: Any, title: str, found: Sequence[Any], key: str) -> None:
    """Charts, or a word that there are none."""
    with place:
        if found:
            st.header(title, anchor=False)
            figures.charts(found, key=key, more="more columns")
        else:
            st.info("There is nothing to draw.")


if __name__ == "__main__":
    page()
