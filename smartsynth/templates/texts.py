"""Texts of made rows: keys, numbers of a form, names and addresses, and what is put together of them."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smartsynth.errors import ConfigError
from smartsynth.templates import draws
from smartsynth.templates.cells import Cells, Coded, texts
from smartsynth.templates.people import pool
from smartsynth.templates.task import Task

FIELD = re.compile(r"\{([^{}:]+)(?::0(\d+))?\}")
"""What stands in braces in a text: a column, and to how many digits it is filled up."""


def id(task: Task, said: Any) -> Cells:
    """A number that no other row has, or a text of it."""
    if not said.prefix:
        return task.scope.serial
    plain = pa.array(task.scope.serial).cast(pa.string())
    return pc.binary_join_element_wise(said.prefix, pc.utf8_lpad(plain, said.digits, "0"), "")


def pattern(task: Task, said: str) -> Cells:
    """Texts of a form whose digits are drawn."""
    return _as_texts(draws.digits(task.rng(), [said], np.zeros(task.n, np.int64)))


def _as_texts(cells: Any) -> pa.Array:
    return pa.array(cells, pa.binary()).cast(pa.string())


def person(task: Task, said: Any) -> Cells:
    """Names, addresses and telephone numbers of the locale."""
    rng, locale = task.rng(), task.chance.locale
    if said.sex is None:
        return _pooled(rng, task.n, pool(locale, said.part))
    sex = task.scope[said.sex]
    if not isinstance(sex, Coded) or not set(sex.levels) <= {"F", "M"}:
        raise ConfigError(f"person: sex={said.sex!r} must be a column of F and M.")
    women, men = pool(locale, said.part, "F"), pool(locale, said.part, "M")
    names = tuple(dict.fromkeys((*women, *men)))
    place = {name: i for i, name in enumerate(names)}
    of = np.array([[place[name] for name in women], [place[name] for name in men]], np.int32)
    is_man = np.array([level == "M" for level in sex.levels], np.int64)[sex.codes]
    return Coded(of[is_man, rng.integers(0, len(women), task.n)], names)


def _pooled(rng: np.random.Generator, n: int, drawn_from: tuple[str, ...]) -> Cells:
    which = rng.integers(0, len(drawn_from), n)
    if any("#" in text for text in drawn_from):
        return _as_texts(draws.digits(rng, drawn_from, which))
    levels = tuple(dict.fromkeys(drawn_from))
    place = {level: i for i, level in enumerate(levels)}
    return Coded(np.array([place[text] for text in drawn_from], np.int32)[which], levels)


def text(task: Task, said: Any) -> Cells:
    """Texts that are put together, in Arrow."""
    pieces: list[Any] = []
    at = 0
    for place in FIELD.finditer(said.form):
        pieces += [said.form[at : place.start()]]
        cells = task.scope[place[1]]
        piece = _plain(cells) if said.plain else texts(cells)
        pieces += [pc.utf8_lpad(piece, int(place[2]), "0") if place[2] else piece]
        at = place.end()
    pieces += [said.form[at:]]
    if all(isinstance(piece, str) for piece in pieces):
        return Coded(np.zeros(task.n, np.int32), ("".join(pieces),))
    return pc.binary_join_element_wise(*pieces, "")


def _plain(cells: Cells) -> pa.Array:
    """Texts in small letters of a to z and digits."""
    if not isinstance(cells, Coded):
        return pc.replace_substring_regex(pc.utf8_lower(texts(cells)), r"[^a-z0-9]", "")

    def of(level: str) -> str:
        bare = unicodedata.normalize("NFKD", level).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]", "", bare) or f"u{zlib.crc32(level.encode()) % 100_000}"

    return Coded(cells.codes, tuple(of(level) for level in cells.levels)).texts()
