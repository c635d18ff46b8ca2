"""Generate: how the run goes, live, with a way to stop it; then what came of it."""

from __future__ import annotations

import time

import streamlit as st

from smartsynth.facts import rule_sentences
from smartsynth.formats import count, number, span
from smartsynth.jobs import Job, State, Workspace
from smartsynth.ui import choices, figures, outcome, parts, runs, session

MARKS = {"done": ":material/check_circle:", "now": ":material/pending:", "next": ":material/radio_button_unchecked:"}

PICTURE_WIDTH = 400
FIGURES = {
    "bits per cell": "How much is left to chance in a cell once the columns before it are known, on average over the columns learnt so far: "
    "with 1 bit it is like tossing a coin, with 0 the cell is certain. What it comes to depends on the data.",
    "share explained": "How much of what is uncertain in a cell the columns before it explain, over the columns learnt so far: 0 nothing, 1 "
    "everything. Near 0 the columns have little to do with one another.",
    "bits to tell real from made": "How hard it is to tell real rows from made ones: 1 it cannot be done better than by tossing a coin, which is "
    "what learning aims at; 0 always. Each round begins near 1 and falls as far as differences are found.",
    "loss": "How far off the model is from what it learns. It should fall, and then level off; what it comes to depends on the data.",
    "generator loss": "How little the part that makes rows takes in the part that judges them. It goes up and down as the two compete.",
    "discriminator loss": "How little the part that judges tells real rows from made ones. It goes up and down as the two compete.",
    "critic on made rows": "What the part that judges thinks of made rows. It goes up and down as the two compete.",
}
"""What the figures of generators mean, in plain words."""


def page() -> None:
    """The page from top to bottom."""
    workspace = parts.heading("Generate", "The model learns the real rows and makes new ones, protected as you chose.")
    parts.tour_note(workspace, "generate")
    workspace = parts.needs_data(workspace)
    job = runs.current(workspace)
    if job is None:
        ready(workspace, "Generate")
    elif not job.state.is_final:
        running(job.id)
    elif job.state is State.SUCCEEDED:
        done(workspace, job)
    else:
        failed = job.state is not State.CANCELLED
        (st.error if failed else st.warning)(parts.text_of(job.problem or "It did not succeed."))
        ready(workspace, "Generate again", failed=failed)
    parts.footer(workspace)


def ready(workspace: Workspace, label: str, *, failed: bool = False) -> None:
    """Start a run with the settings as they are, or change them: that comes first where a run failed."""
    st.caption("With the settings of the page Configure:")
    with parts.told():
        st.code(runs.yaml(session.config_of(workspace)), language=None)
    with st.container(horizontal=True):
        if failed:
            parts.change_settings()
        again = st.button(label, type="secondary" if failed else "primary", key="next")
        if not failed:
            parts.change_settings(primary=False)
    if again:
        with parts.told():
            runs.start(workspace, session.config_of(workspace))
            st.rerun()


@st.fragment(run_every=0.5)
def running(job_id: str) -> None:
    """Stages, one progress bar, live figures, and Cancel."""
    with parts.told():
        job = session.jobs().watch(job_id)
        if job.state.is_final:
            st.rerun()
        st.progress(job.fraction, text=parts.text(runs.progress_text(job), 200))
        st.markdown(" &nbsp; ".join(f"{MARKS[mark]}&nbsp;{stage}" for stage, mark in runs.stage_marks(job)))
        live(job)
        painted(job)
        if st.button("Cancel", key="cancel", icon=":material/stop_circle:"):
            session.jobs().cancel(job.id)
            st.rerun()


def live(job: Job) -> None:
    """The figures that the generator reports while it learns, each as its latest value and its line."""
    if not job.figures:
        return
    with st.container(horizontal=True):
        for name, line in job.figures.items():
            values = [value for _, value in line]
            st.metric(
                name.replace("_", " ").capitalize(), number(values[-1]), border=True, width=260, help=FIGURES.get(name),
                chart_data=values if len(values) > 1 else None,
            )  # fmt: skip


def painted(job: Job) -> None:
    """The newest picture of what the model makes, while it learns."""
    picture = session.jobs().preview(job.id)
    if picture is not None:
        st.image(picture, width=PICTURE_WIDTH, alt="Images that the model paints while it learns")
        st.caption(
            "Images that the model paints while it learns, anew from time to time. No privacy filter has looked at them: "
            "they are for you alone, and are not kept."
        )


def done(workspace: Workspace, job: Job) -> None:
    """What came of it."""
    found = outcome.outcome(workspace)
    if found is None:
        return
    st.success(f"{made_in_words(found)} made in {span(round(job.seconds(time.time())))} by {found.choice.generator}.")
    with st.container(horizontal=True):
        for name, value in made(found).items():
            st.metric(name, value, border=True)
    for reason in found.choice.reasons:
        st.caption(parts.prose(reason))
    for sentence in rule_sentences(found.rules):
        st.caption(parts.prose(sentence, rules=[fact.rule for fact in found.rules]))
    parts.guarantee(found)
    st.header("First rows", anchor=False)
    figures.rows(outcome.rows(found.folder, "head").head(10))
    left, right = st.columns([1, 3])
    if left.button("Evaluate", type="primary", key="next", width="stretch", icon=":material/arrow_forward:"):
        parts.go("evaluate")
    if right.button("Generate again", key="again"):
        with parts.told():
            runs.start(workspace, session.config_of(workspace))
            st.rerun()


def made_in_words(found: outcome.Outcome) -> str:
    """What a run gave."""
    what = choices.kind_of_record(found.profile)
    if what == "rows":
        return f"{count(found.rows)} synthetic rows"
    return f"{count(found.records)} synthetic {what} with {count(found.rows)} rows"


def made(found: outcome.Outcome) -> dict[str, str]:
    """Records and rows given, and what the filter did for it."""
    what, done = choices.kind_of_record(found.profile), found.filter
    shown = {"Rows": count(found.rows)} if what == "rows" else {
        what.capitalize(): count(found.records), "Rows": count(found.rows),
    }  # fmt: skip
    if done is not None:
        shown |= {
            f"{what.capitalize()} checked": count(done.checked),
            "Copies removed": count(done.exact_copies),
            "Too close, removed": count(done.too_close),
            "Decoys removed": count(done.decoys),
        }
    return shown


if __name__ == "__main__":
    page()
