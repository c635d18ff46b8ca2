"""A made school: students take courses of their own year and mostly of their own bent, which no enrolment says itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

SCHEMA = {"tables": {
    "students": {"primary_key": "id"},
    "courses": {"primary_key": "id"},
    "enrolments": {"foreign_keys": [{"columns": "student_id", "table": "students"}, {"columns": "course_id", "table": "courses"}]},
}}  # fmt: skip
YEARS = ("first", "second", "third", "fourth", "fifth", "sixth")


def school(n: int, *, seed: int) -> dict[str, pd.DataFrame]:
    """The tables of `n` students and 60 courses."""
    rng = np.random.default_rng(seed)
    year = rng.integers(0, 6, n)
    bent = rng.choice(["art", "science"], n)
    students = pd.DataFrame({
        "id": [f"S{i:05d}" for i in range(n)], "year": np.array(YEARS)[year], "age": 11 + year + rng.integers(0, 2, n), "bent": bent,
    })  # fmt: skip
    courses = pd.DataFrame({
        "id": [f"C{i:04d}" for i in range(60)], "year": np.repeat(YEARS, 10), "kind": ["art", "science"] * 30, "hours": rng.integers(1, 6, 60),
    })  # fmt: skip
    student = np.repeat(np.arange(n), 1 + rng.poisson(2.5, n))
    kind = np.where(rng.random(len(student)) < 0.8, bent[student], rng.choice(["art", "science"], len(student)))
    course = 10 * year[student] + 2 * rng.integers(0, 5, len(student)) + (kind == "science")
    mark = 60 + 8 * (kind == bent[student]) - 2 * courses["hours"].to_numpy()[course] + rng.normal(0, 9, len(student))
    enrolments = pd.DataFrame({
        "student_id": students["id"].to_numpy()[student], "course_id": courses["id"].to_numpy()[course], "mark": mark.clip(0, 100).round(1),
    })  # fmt: skip
    return {"students": students, "courses": courses, "enrolments": enrolments}


def own_year(tables: dict[str, pd.DataFrame]) -> float:
    """The share of enrolments in courses of the student's own year."""
    students, courses = (tables[name].set_index("id")["year"] for name in ("students", "courses"))
    rows = tables["enrolments"]
    return float((rows["student_id"].map(students) == rows["course_id"].map(courses)).mean())
