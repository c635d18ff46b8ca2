"""What every page has: its heading, notices of a tour or an ended session, what is missing, and the footer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest
from typing import NoReturn

import streamlit as st

from smartsynth.errors import SmartSynthError
from smartsynth.facts import Outcome as Verdict
from smartsynth.formats import plain, span
from smartsynth.jobs import Workspace
from smartsynth.ui import samples, session
from smartsynth.ui.entry import STEPS, page_file, report
from smartsynth.ui.outcome import Outcome, outcome

_OPERATOR = re.compile(r"(?<!\S)(<->|->|<-|--|>=|<=|~=)(?!\S)")
_CODE = (r"(?<!\w)'(?:[^'\\]|\\.)+'(?!\w)", r'(?<!\w)"(?:[^"\\]|\\.)+"(?!\w)', r"`[^`]+`")
_SPECIAL = "\\`*_{}[]()<>#+-.!|$~:^=@/&"


TOUR_BEGINS = "What was found in the data is told on the page Upload."
LEAKAGE_STEP = (
    "What can be done on the page Configure: under Privacy, switch differential privacy on, or at least the distance filter. "
    "A file with more rows, or without the columns that are named, helps too. Then generate and evaluate again."
)


def text(value: str, limit: int = 80) -> str:
    r"""A name or value of the data inside Markdown: shown as it is, never read as markup.

    >>> text("a_b <img src=x>")
    'a\\_b \\<img src\\=x\\>'
    """
    return _escaped(plain(value, limit))


def _escaped(shown: str) -> str:
    """Without markup; an operator that stands alone is code, because Streamlit draws another sign in its place."""
    pieces = _OPERATOR.split(shown)
    escaped = ("".join(f"\\{c}" if c in _SPECIAL else c for c in piece) for piece in pieces[::2])
    operators = (code(piece) for piece in pieces[1::2])
    return "".join(chain.from_iterable(zip_longest(escaped, operators, fillvalue="")))


def code(value: str) -> str:
    """A line of code inside Markdown, as it stands.

    >>> code("a <= b"), code("`first name` > 0")
    ('`a <= b`', '`` `first name` > 0 ``')
    """
    ticks = "`" * (max(map(len, re.findall("`+", value)), default=0) + 1)
    room = " " if value[:1] in ("`", " ") or value[-1:] in ("`", " ") else ""
    return f"{ticks}{room}{value}{room}{ticks}"


def prose(value: str, limit: int = 400, *, rules: Sequence[str] = ()) -> str:
    r"""A sentence of the library inside Markdown: rules, and what stands in quotes or backticks, as code.

    >>> prose("The expression 'age <= agee' names 'agee', and there is none.")
    'The expression `age <= agee` names `agee`, and there is none\\.'
    """
    known = [re.escape(rule) for rule in sorted(rules, key=len, reverse=True) if rule]
    pieces = re.split("(" + "|".join([*known, *_CODE]) + ")", plain(value, limit))
    return "".join(code(_unquoted(piece)) if i % 2 else _escaped(piece) for i, piece in enumerate(pieces))


def _unquoted(piece: str) -> str:
    return piece[1:-1] if len(piece) > 2 and piece[0] == piece[-1] and piece[0] in "'\"`" else piece


def heading(title: str, sentence: str) -> Workspace | None:
    """The top of a page; gives the workspace it is about, or None if there is none."""
    workspace = session.current()
    st.title(title, anchor=False)
    st.markdown(sentence)
    if st.session_state.pop("deleted", False):
        st.success("Your data were deleted from this server.")
    if st.session_state.pop("expired", False):
        st.warning("That session has ended: its data were deleted. Upload the file again to go on.")
    return workspace


def tour_note(workspace: Workspace | None, step: str) -> None:
    """What the tour that the user is on wants to show on this page."""
    sample = samples.find(workspace.notes.get("tour")) if workspace else None
    if sample is not None and step in sample.notes:
        first = f"{TOUR_BEGINS} " if step == "generate" else ""
        st.info(f"**{sample.tour}.** {first}{sample.notes[step]}", icon=":material/explore:")


def needs_data(workspace: Workspace | None) -> Workspace:
    """The workspace; without one, say so and stop."""
    return workspace or missing("There are no data yet. Upload a file, or take a tour with a built-in one.", "upload")


def guarantee(found: Outcome) -> None:
    """What may be said of the release's privacy, where a budget was spent, and what is not part of the release."""
    if not found.ledger.measured:
        return
    (st.info if found.ledger.is_private else st.warning)(text(found.ledger.statement(), 400), icon=":material/shield:")
    st.caption(
        "Profile, scores and report were made of the real rows without noise: they are for you, not for those who get "
        "the synthetic rows."
    )


def leakage(found: Outcome) -> bool:
    """Say it first if rows should not be shared, in red or amber, with what can be done; whether it is so."""
    evaluation = found.evaluation
    if evaluation is None or evaluation.leakage is None:
        return False
    is_certain = evaluation.leakage is Verdict.FAIL
    said = f"**{prose(evaluation.verdict['privacy'], 1200)}**\n\n{LEAKAGE_STEP}"
    (st.error if is_certain else st.warning)(said, icon=":material/gpp_bad:" if is_certain else ":material/gpp_maybe:")
    change_settings()
    return True


def change_settings(*, primary: bool = True) -> None:
    """The way to the page Configure."""
    if st.button("Change the settings", type="primary" if primary else "secondary", key="mend", icon=":material/tune:"):
        go("configure")


def needs_rows(workspace: Workspace | None) -> Outcome:
    """The newest finished run; without one, say so and stop."""
    return outcome(needs_data(workspace)) or missing("There are no synthetic rows yet.", "generate")


def missing(what: str, step: str) -> NoReturn:
    """Say what a page still needs, with the way to it, and stop."""
    st.info(what)
    if st.button(f"Go to {STEPS[step]}", type="primary", key="go-back"):
        go(step)
    footer(session.current())
    st.stop()
    raise AssertionError("st.stop() ends the page")


def go(step: str) -> None:
    """Open another page."""
    st.switch_page(page_file(step))


@st.fragment(run_every=0.4)
def waiting(workspace: Workspace, job: str) -> None:
    """The progress of the look at the file; the page is drawn anew when it has ended."""
    with told():
        now = session.jobs().watch(job)
        if now.state.is_final:
            st.rerun()
        behind = f" {now.ahead} ahead of you." if now.ahead else ""
        st.progress(now.fraction, text=f"Looking at {text(workspace.name)}.{behind}")


@contextmanager
def told() -> Iterator[None]:
    """Show an error of the library as what it is: a sentence for the user; of any other one only that it happened."""
    try:
        yield
    except SmartSynthError as error:
        st.error(text_of(error))
    except Exception as error:
        report(error)


def text_of(error: SmartSynthError | str) -> str:
    """An error's message in Markdown, a line for each problem, at most twenty."""
    lines = str(error).splitlines()
    shown = [prose(line) for line in lines[:20]]
    if len(lines) > 20:
        shown.append(f"… and {len(lines) - 20} more.")
    return "  \n".join(shown)


def footer(workspace: Workspace | None) -> None:
    """How long data stay, and the way to delete them now."""
    st.divider()
    if workspace is None:
        st.caption(
            f"An uploaded file stays on this server for your session alone and is deleted {lifetime()} after you last looked at it."
        )
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(
        f"{text(workspace.name)} and what was made of it stay on this server for your session alone. They are deleted "
        f"{lifetime()} after you last looked at them, or now. Whoever has the address of this page can see them."
    )
    with right.popover("Delete my data", width="stretch"):
        st.write("The file, its profile, models and synthetic rows will be deleted from this server.")
        if st.button("Delete now", key="delete-now"):
            session.end()
            st.session_state["deleted"] = True
            go("upload")


def lifetime() -> str:
    """How long a workspace stays after it was last looked at."""
    return span(session.jobs().ttl_seconds)
