"""The app as its users meet it, without a browser: every page runs, with real jobs in real child processes."""

import time

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from smartsynth.ui.entry import STEPS, page_file

WAIT = 180
NAMES = ("upload", "configure", "generate", "evaluate", "download")


def table(n: int = 300, seed: int = 0) -> bytes:
    """A small table with numbers, categories, a key and a column name that would be markup."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    frame = pd.DataFrame({
        "patient_id": [f"P{i:05d}" for i in range(n)],
        "age": age,
        "<img src=x onerror=alert(1)>": rng.choice(["red", "green", "blue"], n),
        "income": (age * 100 + rng.normal(0, 500, n)).round(2),
        "label": rng.choice(["yes", "no"], n),
    })  # fmt: skip
    return frame.to_csv(index=False).encode()


FAST = {"generator": {"name": "copula"}, "seed": 1, "target": "label"}


class Visitor:
    """Somebody at the app: goes to pages, presses buttons, waits for what runs."""

    def __init__(self, address: str | None = None) -> None:
        self.at = AppTest.from_string("from smartsynth.ui.entry import main\n\nmain()\n", default_timeout=60)
        if address:
            self.at.query_params["session"] = address
        self.run()

    def run(self) -> "Visitor":
        """Draw the page anew; it must never show a traceback or the notice for the unforeseen."""
        self.at.run()
        assert [(error.message, error.stack_trace) for error in self.at.exception] == []
        assert not any("unforeseen" in error.value for error in self.at.error)
        return self

    def go(self, page: str) -> "Visitor":
        self.at.switch_page(page_file(page))
        return self.run()

    def press(self, key: str) -> "Visitor":
        self.at.button(key=key).click()
        self.run()
        page = next(page for page in NAMES if self.title.startswith(STEPS[page]))
        self.at.switch_page(page_file(page))  # the button may have led to another page; the next look is at that one
        return self

    def until(self, seen) -> "Visitor":
        """Look again and again, as the page does by itself, until something is there."""
        end = time.monotonic() + WAIT
        while not seen(self):
            assert time.monotonic() < end, f"never seen; the page says: {self.text}"
            time.sleep(0.2)
            self.run()
        return self

    def upload(self, name: str = "data.csv", content: bytes | None = None) -> "Visitor":
        self.at.file_uploader[0].upload(name, table() if content is None else content, "text/csv")
        self.run()
        return self.until(lambda v: v.buttons & {"next", "another"})

    @property
    def session(self) -> str:
        value = self.at.query_params["session"]
        return value[0] if isinstance(value, list) else value

    @property
    def title(self) -> str:
        return self.at.title[0].value

    @property
    def buttons(self) -> set[str]:
        return {button.key for button in self.at.button}

    @property
    def metrics(self) -> dict[str, str]:
        return {metric.label: metric.value for metric in self.at.metric}

    @property
    def pieces(self) -> str:
        """The report's pieces of HTML on the page."""
        found = [element.proto.json for element in self.at.main if hasattr(getattr(element, "proto", None), "json")]
        return "\n".join(found)

    @property
    def text(self) -> str:
        """Every text on the page."""
        kinds = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error", "code")
        return "\n".join(str(element.value) for kind in kinds for element in getattr(self.at, kind))
