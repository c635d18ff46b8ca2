"""Whose workspace a page shows, and the settings kept in it.

The address of a page carries the workspace's unguessable id, so a reload finds everything again. A page holds no data
of its own: what it shows is read from the workspace of its address, and nothing goes through a cache that sessions
share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any, TypeVar

import streamlit as st

from smartsynth.jobs import Job, Jobs, State, Workspace, from_environment
from smartsynth.jobs.service import Gone

T = TypeVar("T")
KEY = "session"


_given: list[Jobs] = []


def use(jobs: Jobs) -> None:
    """The jobs of the server that the pages are a part of."""
    _given[:] = [jobs]


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this server; the only thing that sessions share."""
    return _given[0] if _given else from_environment()


def current() -> Workspace | None:
    """The workspace of this page's address, or of this session; None before there is one and after it is gone."""
    asked = st.query_params.get(KEY)
    if asked and asked != st.session_state.get(KEY):
        forget()
        st.session_state[KEY] = asked
    known = st.session_state.get(KEY)
    if not known:
        return None
    try:
        workspace = jobs().workspace(known)
    except Gone:
        forget()
        st.session_state["expired"] = True
        return None
    st.query_params[KEY] = known
    return workspace


def begin(name: str, content: bytes | IO[bytes], *, config: Mapping[str, Any], tour: str | None = None) -> Workspace:
    """A workspace for a new file, in place of the one before; looking at the file starts at once."""
    end()
    workspace = jobs().open(name, content, {"config": dict(config), "tour": tour})
    st.session_state[KEY] = workspace.id
    st.query_params[KEY] = workspace.id
    jobs().submit(workspace.id, "profile", {"config": _of_a_look(config)})
    return workspace


def look_again(workspace: Workspace) -> None:
    """Look at the file anew, with the corrections that the settings hold."""
    jobs().submit(workspace.id, "profile", {"config": _of_a_look(config_of(workspace))})


def _of_a_look(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a look at the file needs."""
    return {name: config[name] for name in ("columns", "target", "entity", "time", "window") if name in config}


def end() -> None:
    """Delete the workspace and everything in it."""
    known = st.session_state.get(KEY)
    forget()
    if known:
        jobs().delete(known)


def forget() -> None:
    """Empty this session without deleting anything on the server."""
    for key in list(st.session_state):
        del st.session_state[key]
    if KEY in st.query_params:
        del st.query_params[KEY]


def config_of(workspace: Workspace) -> dict[str, Any]:
    """The settings of the run as plain values, as far as they differ from the defaults."""
    return dict(workspace.notes.get("config", {}))


def keep(workspace: Workspace, config: Mapping[str, Any]) -> None:
    """Keep changed settings in the workspace."""
    if config != config_of(workspace):
        jobs().note(workspace.id, {**workspace.notes, "config": dict(config)})


def succeeded(workspace: Workspace, task: str) -> Job | None:
    """The newest job of a task that has a result."""
    job = jobs().latest(workspace.id, task)
    if job is not None and job.state is not State.SUCCEEDED:
        job = jobs().latest(workspace.id, task, State.SUCCEEDED)
    return job


def remembered(name: str, job: Job, make: Callable[[], T]) -> T:
    """What `make` gives for a job's result, made once per job and kept in this session alone."""
    store: dict[str, tuple[str, T]] = st.session_state.setdefault("remembered", {})
    if store.get(name, ("",))[0] != job.id:
        store[name] = (job.id, make())
    return store[name][1]
