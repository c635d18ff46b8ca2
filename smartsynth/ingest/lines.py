"""Plain text → Dataset: a text per paragraph, if blank lines part paragraphs of several lines, else a text per line.

Where paragraphs are too few to learn from and lines are not, a blank line is only a blank line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter

import pandas as pd

from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError
from smartsynth.ingest.frames import check_shape, dataset
from smartsynth.ingest.text import decoded

LOOKED_AT = 200
"""Lines by which a table is told from texts."""
DELIMITERS = ",;\t|"
WORDS = 2.0
"""Words that a line of texts has at least, on average."""
TABULAR = 0.9
"""Share of the lines of a table that have as many delimiters as most of them."""


def is_prose(content: bytes) -> bool:
    """Whether a file named .txt holds texts: lines of several words, which no sign parts into as many cells each."""
    lines = [line for line in content[:200_000].decode("utf-8", "replace").splitlines()[:LOOKED_AT] if line.strip()]
    if not lines or sum(len(line.split()) for line in lines) < WORDS * len(lines):
        return False
    for sign in DELIMITERS:
        cells = Counter(len(row) for row in csv.reader(lines, delimiter=sign))
        (width, times), *_ = cells.most_common(1)
        if width > 1 and times >= TABULAR * cells.total():
            return False
    return True


def read_text(content: bytes, limits: Limits, *, name: str) -> Dataset:
    """The texts of a file, as the column `text`.

    Raises:
        DataError: There are none, or too many.
    """
    text, encoding, notes = decoded(content, name)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
    lines = [line for line in text.split("\n") if line.strip()]
    whole = len(blocks) > 1 and any("\n" in block for block in blocks)
    if len(blocks) < limits.min_rows <= len(lines):
        whole = False
    texts = blocks if whole else lines
    if not texts:
        raise DataError(f"{name} holds no text.")
    check_shape(len(texts), 1, limits, name)
    told = f"Each {'paragraph' if whole else 'line'} is a text."
    return dataset(
        pd.DataFrame({"text": texts}), Source(name=name, format="txt", encoding=encoding, notes=(*notes, told)), limits
    )
