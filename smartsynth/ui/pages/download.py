"""Download: the rows in every format, the evidence, the model, and the same run as code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from smartsynth.formats import number
from smartsynth.jobs import Workspace
from smartsynth.ui import outcome, parts, snippets


@dataclass(frozen=True, slots=True)
class Item:
    """A file that can be taken away."""

    name: str
    title: str
    about: str
    mime: str


ITEMS = (
    Item("synthetic.csv", "CSV", "Written as your file was: delimiter, decimals, dates, missing cells.", "text/csv"),
    Item("synthetic.json", "JSON", "An array of records.", "application/json"),
    Item(
        "synthetic.zip",
        "Images",
        "PNG files in folders of their labels, with a table of the other columns.",
        "application/zip",
    ),
    Item("synthetic.parquet", "Parquet", "Exact types; the manifest is inside.", "application/vnd.apache.parquet"),
    Item(
        "synthetic-hf.zip", "Hugging Face folder", "Parquet and a data card, ready to be uploaded.", "application/zip"
    ),
    Item(
        "report.html", "Report", "The evidence as one page that needs nothing else; no real row is in it.", "text/html"
    ),
    Item("report.json", "Report as JSON", "The same numbers for machines.", "application/json"),
    Item("synthetic.manifest.json", "Manifest", "Versions, settings, seed, scores.", "application/json"),
    Item("synthetic.card.md", "Data card", "What the rows are, are meant for, and are not, in words.", "text/markdown"),
    Item("model.zip", "Model", "Makes these rows again, and more; holds no real row and no code.", "application/zip"),
    Item("run.yaml", "Settings", "This run, to be repeated.", "application/yaml"),
)


def page() -> None:
    """The page from top to bottom."""
    workspace = parts.heading("Download", "The synthetic rows, the evidence, and the means to make them again.")
    parts.tour_note(workspace, "download")
    workspace, found = parts.needs_data(workspace), parts.needs_rows(workspace)
    is_leaky = parts.leakage(found)
    parts.guarantee(found)
    files(found, is_leaky=is_leaky)
    report(found)
    code(workspace, found)
    parts.footer(workspace)


def files(found: outcome.Outcome, *, is_leaky: bool) -> None:
    """A button for each file, the rows first and foremost unless they should not be shared; nothing is read before it is asked for."""
    folder = found.folder / "files"
    there = [item for item in ITEMS if (folder / item.name).is_file()]
    for start in range(0, len(there), 3):
        for place, item in zip(st.columns(3), there[start : start + 3], strict=False):
            path = folder / item.name
            with place.container(border=True, height="stretch"):
                st.markdown(f"**{item.title}** · {size(path.stat().st_size)}")
                st.caption(item.about)
                st.download_button(
                    f"Download {item.title}",
                    data=reader(path),
                    file_name=item.name,
                    mime=item.mime,
                    key=f"download-{item.name}",
                    on_click="ignore",
                    type="primary" if item is there[0] and not is_leaky else "secondary",
                    width="stretch",
                )


def reader(path: Path) -> Callable[[], bytes]:
    """Reads a file when it is called."""
    return path.read_bytes


def size(n: int) -> str:
    """A file's size for people.

    >>> size(900), size(7_040), size(3_520_718)
    ('900 bytes', '7.04 kB', '3.52 MB')
    """
    if n < 1e3:
        return f"{n} bytes"
    return f"{number(n / 1e6)} MB" if n >= 1e6 else f"{number(n / 1e3)} kB"


def report(found: outcome.Outcome) -> None:
    """The report on the page itself, for those who want to read it at once."""
    path = found.folder / "files" / "report.html"
    if path.is_file() and st.toggle("Show the report here", key="show-report"):
        st.iframe(path.read_text("utf-8"), height=900)


def code(workspace: Workspace, found: outcome.Outcome) -> None:
    """The same run as Python and as a command."""
    st.header("The same run elsewhere", anchor=False)
    from smartsynth.config import RunConfig

    config = RunConfig.build(found.config).model_dump(mode="json", exclude_defaults=True)
    python, shell = st.tabs(["Python", "Command line"])
    rows = next(item.name for item in ITEMS if (found.folder / "files" / item.name).is_file())
    python.code(snippets.python(config, workspace.name, rows), language="python")
    shell.code(snippets.shell(config, workspace.name, rows), language="bash", wrap_lines=True)


if __name__ == "__main__":
    page()
