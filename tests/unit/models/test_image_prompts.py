"""What a prompt tells of a row: names and round numbers that many rows have, in the user's words or in their order."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.models.image_prompts import RowWords
from smartsynth.schema import Kind


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    made = pd.DataFrame(
        {
            "label": rng.choice(["pneumonia", "normal"], 200),
            "age": rng.normal(60, 10, 200).round(3),
            "day": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 900, 200), unit="D"),
            "key": [f"K{i:05d}" for i in range(200)],
        }
    )
    made.loc[0, "label"], made.loc[1, "age"], made.loc[2, "label"] = "zebra", 987.654, None
    return made


def test_a_template_is_filled(rows):
    words = RowWords.fit(rows, infer_schema(rows), "a chest x-ray, {label}, {age} years", min_count=5)
    made = words(rows)
    assert made[5].startswith(f"a chest x-ray, {rows['label'][5]}, ")
    assert made[0].startswith("a chest x-ray, unknown, ")
    assert made[2].startswith("a chest x-ray, unknown, ")
    assert RowWords.restore(words.to_json())(rows) == made


def test_without_one_columns_follow_one_another(rows):
    made = RowWords.fit(rows, infer_schema(rows), "", min_count=5)(rows)
    assert made[5].startswith(f"label: {rows['label'][5]}, age: ")
    assert "day: 202" in made[5]
    assert made[2].startswith("age: ")
    assert not any("K0" in one for one in made)


def test_no_rare_value_and_no_exact_number_is_told_or_kept(rows):
    words = RowWords.fit(rows, infer_schema(rows), "", min_count=5)
    said = str(words.to_json()) + " ".join(words(rows))
    assert "zebra" not in said
    assert "987" not in said
    ages = {one.split("age: ")[1].split(",")[0] for one in words(rows)}
    assert len(ages) < 30
    assert min(np.unique([one.split("age: ")[1].split(",")[0] for one in words(rows)], return_counts=True)[1]) >= 5
    near = [
        abs(float(one.split("age: ")[1].split(",")[0]) - age) for one, age in zip(words(rows), rows["age"], strict=True)
    ]
    assert np.median(near) < 3


@pytest.mark.parametrize(
    ("amounts", "said"),
    [([*range(35, 45)] * 6 + [1e6], "40"), ([0.0] * 60 + [20.0, 21.0, 22.0, 23.0] * 5, "20")],
)
def test_one_extreme_or_many_zeros_do_not_blur_the_rest(amounts, said):
    few = pd.DataFrame({"amount": np.asarray(amounts, float)})
    told = RowWords.fit(few, infer_schema(few).with_column("amount", kind=Kind.NUMERIC), "{amount}", min_count=5)(few)
    assert said in told
    assert "1000000" not in told


def test_wrong_templates_are_refused(rows):
    with pytest.raises(ConfigError, match=r"names \{lable\}.*'label'.*Allowed are label, age, day"):
        RowWords.fit(rows, infer_schema(rows), "an x-ray, {lable}", min_count=5)
    with pytest.raises(ConfigError, match=r"names \{key\}"):
        RowWords.fit(rows, infer_schema(rows), "{key}", min_count=5)
    with pytest.raises(ConfigError, match="prompt=3"):
        RowWords.fit(rows, infer_schema(rows), 3, min_count=5)


def test_images_alone_are_just_images():
    none = pd.DataFrame(index=range(3))
    assert (
        RowWords.fit(none, infer_schema(pd.DataFrame({"a": ["x"] * 30})).__class__(()), "", min_count=5)(none)
        == ["an image"] * 3
    )
