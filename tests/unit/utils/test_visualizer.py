"""Findings as pictures with their tables."""

import math
from dataclasses import replace

import pytest
import report_examples as examples

from smartsynth.facts import (
    Attack,
    Battery,
    Better,
    ColumnComparison,
    Family,
    Matrix,
    Outcome,
    PairComparison,
    Score,
    UtilityRow,
)  # fmt: skip
from smartsynth.utils import visualizer
from smartsynth.utils.visualizer import charts, pair_chart, profile_charts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def evaluation():
    return examples.evaluation()


@pytest.fixture(scope="module")
def all_charts(evaluation):
    return (*charts(evaluation), *profile_charts(examples.profile()))


def numeric(train, synthetic, holdout=(), **changes):
    """A numeric column with equal bins."""
    values = {
        "name": "x", "kind": "numeric", "distance": 0.2, "reference": 0.01, "measure": "ks", "train": tuple(train),
        "holdout": tuple(holdout or train), "synthetic": tuple(synthetic),
        "edges": tuple(float(i) for i in range(len(train) + 1)),
    }  # fmt: skip
    return ColumnComparison(**{**values, **changes})


def test_sections_come_in_the_order_of_the_report(evaluation):
    """Overview and privacy come before the columns, and the columns stay worst first."""
    found = charts(evaluation)
    assert list(dict.fromkeys(chart.section for chart in found)) == [
        "overview", "privacy", "columns", "relations", "utility",
    ]  # fmt: skip
    names = [chart.key for chart in found if chart.section == "columns"]
    assert names == [f"column:{column.name}" for column in evaluation.columns]


def test_every_picture_says_its_finding(all_charts):
    """Each SVG is an image with a label for screen readers, and has no colour of its own."""
    for chart in all_charts:
        for picture in examples.parsed(chart.svg):
            assert picture.get("role") == "img"
            assert picture.get("aria-label")
            assert not any(e.get("fill") or e.get("stroke") or e.get("style") for e in picture.iter())
        assert chart.title
        assert chart.caption


def test_every_picture_has_its_numbers_as_a_table(all_charts):
    """Tables are whole: every row has a cell for each heading."""
    for chart in all_charts:
        assert chart.rows
        assert {len(row) for row in chart.rows} == {len(chart.header)}


def test_hostile_names_stay_text():
    """Markup in names and categories never becomes an element of a picture."""
    found = (*charts(examples.renamed()), *profile_charts(examples.profile(examples.HOSTILE)))
    allowed = {SVG + name for name in ("svg", "g", "path", "rect", "circle", "text", "title")}
    for chart in found:
        for picture in examples.parsed(chart.svg):
            assert {e.tag for e in picture.iter()} <= allowed
    assert any(examples.HOSTILE[0] in chart.title for chart in found)
    assert any(examples.HOSTILE[1] in chart.title for chart in found)


def test_names_that_look_the_same_keep_their_own_charts():
    """The key of a chart is the column's own name, not its shortened text."""
    columns = tuple(numeric([0.5, 0.5], [0.5, 0.5], name=f"{'x' * 90}{i}") for i in range(2))
    found = [c for c in charts(examples.evaluation(columns=columns)) if c.section == "columns"]
    assert found[0].key != found[1].key


@pytest.mark.parametrize(
    ("column", "finding"),
    [
        (numeric([0.25] * 4, [0.25] * 4, distance=0.011), "as close as real rows are"),
        (numeric([0.25] * 4, [0.45, 0.25, 0.25, 0.05]), "too many between 0 and 1 (+20 points)"),
        (numeric([0.25] * 4, [0.05, 0.05, 0.45, 0.45]), "too many between 2 and 4 (+40 points)"),
        (numeric([0.25] * 4, [0.25] * 4, missing=(0.0, 0.0, 0.3)), "too many missing (+30 points)"),
        (numeric([0.25] * 4, [0.25] * 4, distance=math.nan), "could not be compared"),
        (
            numeric([0.5, 0.5], [0.4, 0.6], labels=("a", "b"), edges=(), kind="categorical"),
            "too few ‘a’ (−10 points)",
        ),
    ],
)
def test_titles_say_what_stands_out(column, finding):
    """The title of a column names the stretch or the category with the largest gap to unseen real rows."""
    assert visualizer._finding(column) == finding


def test_dates_read_as_dates():
    """The table and the title of a date column never show seconds."""
    column = next(c for c in examples.evaluation().columns if c.kind == "datetime")
    chart = visualizer._column(replace(column, distance=0.5))
    assert chart.rows[0][0].startswith("2019-")
    assert "between 20" in chart.title


def test_without_a_holdout_nothing_is_drawn_for_it():
    """A column without unseen rows is compared with the training rows."""
    column = numeric([0.25] * 4, [0.45, 0.25, 0.25, 0.05], holdout=(0.0,) * 4)
    chart = visualizer._column(column)
    assert "line holdout" not in chart.svg
    assert "too many between 0 and 1" in chart.title


def test_a_column_of_missing_cells_says_so():
    """Where there is nothing to draw the picture says why."""
    column = numeric([0.0] * 2, [0.0] * 2, missing=(1.0, 1.0, 1.0))
    assert "every cell is missing" in visualizer._column(column).svg


def test_nothing_measured_gives_no_charts():
    """An evaluation without findings has no pictures, and that is not an error."""
    empty = examples.evaluation(scores=(), columns=(), matrices=(), utility=(), curves=())
    assert charts(empty) == ()


def test_many_categories_are_pooled():
    """Beyond eight categories the commonest are drawn and the rest summed up; the table has all."""
    n = 40
    shares = tuple((n - i) / (n * (n + 1) / 2) for i in range(n))
    column = numeric(
        shares, shares, labels=tuple(f"v{i}" for i in range(n)), edges=(), kind="categorical", measure="tv"
    )
    chart = visualizer._column(column)
    assert "32 more" in chart.svg
    assert len(chart.rows) == n


def test_relations_at_two_hundred_columns():
    """The columns with the largest differences are drawn and named; missing pairs do not matter."""
    n = 200
    real = tuple(tuple(1.0 if i == j else 0.0 for j in range(n)) for i in range(n))
    changed = [list(row) for row in real]
    changed[150][20] = changed[20][150] = 0.7
    changed[3] = [math.nan] * n
    names = tuple(f"c{i}" for i in range(n))
    chart = visualizer._relations(Matrix("m", "Correlation", names, real, (), tuple(map(tuple, changed))))
    assert chart.title == "Correlation: the largest difference is 0.700, between c150 and c20"
    assert len(chart.rows) == 40
    assert "c150" in chart.svg and "60 columns" in chart.caption


def test_a_matrix_of_one_column_has_no_picture():
    """Without a pair there is nothing to relate."""
    assert visualizer._relations(Matrix("m", "Correlation", ("a",), ((1.0,),), ((1.0,),), ((1.0,),))) is None


@pytest.mark.parametrize(
    ("better", "value", "interval", "met"),
    [
        (Better.LOWER, 0.52, (0.49, 0.55), True),
        (Better.LOWER, 0.6, (0.55, 0.65), False),
        (Better.HIGHER, 0.4, None, False),
        (Better.LOWER, 0.54, None, True),
        (Better.NEARER, 0.505, None, True),
        (Better.NEARER, 0.3, (0.2, 0.4), False),
    ],
)
def test_yardstick_is_met_within_the_interval(better, value, interval, met):
    """A score counts as met when its interval cannot tell it from the yardstick."""
    score = Score("s", "S", Family.PRIVACY, value, better, "S.", 0.5, interval)
    assert visualizer._meets(score) is met


def _attack(key, name, advantage, low, corrected, outcome=Outcome.PASS):
    return Attack(key, name, 0.5, 0.4, advantage, (low, 0.9), corrected / 2, corrected, "Found.", outcome)


def test_attacks_say_what_counts_and_how_many_are_drawn():
    """The caption names both bounds that the verdict goes by; each kind is drawn once, each figure with its p."""
    battery = Battery(Outcome.WARN, (
        _attack("membership", "By ratio", 0.2, 0.079, 0.01, Outcome.WARN), _attack("membership", "By distance", 0.3, 0.0, 0.4),
        _attack("linkability", "Linked", 0.25, 0.0, 1.0),
    ))  # fmt: skip
    chart = visualizer._attacks(battery)
    assert chart.title == "1 of 3 attacks show signs of leakage"
    assert "The surest of each of 2 kinds is drawn" in chart.caption
    assert "all 3 are in the table" in chart.caption
    assert "p under 0.05 and the whole interval above 6%" in chart.caption
    assert chart.svg.index("Linked (p = 1)") < chart.svg.index("By ratio (p = 0.01)")
    assert [row[5:7] for row in chart.rows] == [("0.005", "0.01"), ("0.200", "0.400"), ("0.500", "1")]


def test_what_is_chance_is_not_said_to_be_far_from_its_yardstick():
    score = Score("unique_values", "Lone values", Family.PRIVACY, 0.08, Better.LOWER, "Some.", 0.04)
    attack = _attack("lone values", "Lone values that come back", 0.04, -0.1, 1.0)
    chart = visualizer._yardsticks([score], Battery(Outcome.PASS, (attack,)))
    assert chart.title == "All 1 privacy measures are at their yardstick or better, give or take chance"
    assert "Lone values (p = 1)" in chart.svg
    sure = visualizer._yardsticks([score], Battery(Outcome.FAIL, (replace(attack, corrected=0.001),)))
    assert sure.title.startswith("Furthest from its yardstick: Lone values")


def test_lines_of_one_owner_look_different():
    """Two lines that are both about synthetic rows do not share a style."""
    styles = visualizer._styles(["Synthetic to train", "Holdout to train", "Synthetic to holdout"])
    assert styles == {"Synthetic to train": "synthetic", "Holdout to train": "real", "Synthetic to holdout": "other"}


@pytest.mark.parametrize(("metric", "model"), [("R2", "b"), ("MAE", "a")])
def test_the_better_model_makes_the_title(metric, model):
    """The title names the model that does best on real rows: the smallest error, or the largest of anything else."""
    rows = [UtilityRow("a", metric, 0.2, 0.25), UtilityRow("b", metric, 0.6, 0.5)]
    assert f"{metric}: {model} reaches" in visualizer._utility(metric, rows).title


def pair(**changes):
    """A pair of two by three classes with one combination too frequent and one too rare to show."""
    values = {
        "names": ("left", "right"), "kinds": ("categorical", "numeric"), "left": ("a", "b"), "right": ("0", "1", "2"),
        "train": ((0.3, 0.2, 0.1), (0.1, 0.28, math.nan)), "synthetic": ((0.2, 0.2, 0.1), (0.1, 0.3, 0.1)),
        "holdout": ((0.3, 0.2, 0.1), (0.1, 0.28, math.nan)), "distance": 0.1, "reference": 0.02,
        "association": (0.3, 0.1, 0.31), "measure": "Correlation ratio", "k": 5,
    }  # fmt: skip
    return PairComparison(**{**values, **changes})


def test_a_pair_says_which_combination_stands_out():
    """The title names the combination with the largest difference, or says that real rows differ as much."""
    assert pair_chart(pair()).title == "left and right: too few ‘a’ with ‘0’ (−10 points)"
    many = pair(synthetic=((0.25, 0.2, 0.1), (0.1, 0.1, 0.25)))
    assert pair_chart(many).title == "left and right: too many ‘b’ with ‘2’ (+23 points)"
    assert pair_chart(pair(distance=0.025)).title == "left and right: as close as real rows are"
    chart = pair_chart(pair())
    assert (chart.key, chart.section) == ("pair:left|right", "relations")
    assert "unseen real rows 0.100; real rows 0.02." in chart.caption and "fewer than 5 real rows" in chart.caption
    assert "Correlation ratio: real 0.300, synthetic 0.100" in chart.caption


def test_a_pair_is_three_tables_and_a_scale():
    """Real, synthetic and difference have the same labels, their numbers in the cells, and a cross for what is hidden."""
    pictures = list(examples.parsed(pair_chart(pair()).svg))
    assert [p.get("role") for p in pictures] == ["img"] * 4
    assert pictures[2].get("aria-label") == "left and right, synthetic minus real"
    shown = [[e.text for e in p.iter(SVG + "text")] for p in pictures]
    for title, texts in zip(("Real", "Synthetic", "Difference"), shown, strict=False):
        assert {title, "left", "right", "a", "b", "0", "1", "2"} <= set(texts)
    assert {"30", "20", "28"} <= set(shown[0]) and {"−10", "+8", "+2"} <= set(shown[2])
    crosses = [sum(e.get("class") == "void" for e in p.iter(SVG + "path")) for p in pictures]
    assert crosses == [1, 0, 0, 0]
    assert shown[3] == ["−40%", "−20%", "0%", "20%", "40%"]
    assert not any(e.get("fill") or e.get("stroke") or e.get("style") for p in pictures for e in p.iter())


def test_a_pair_has_its_numbers_as_a_table():
    """The largest difference comes first, at most forty rows, and what is hidden is summed up."""
    chart = pair_chart(pair())
    assert chart.header == ("left", "right", "Real", "Synthetic", "Unseen real", "Difference")
    assert chart.rows[0] == ("a", "0", "30%", "20%", "30%", "−10 points")
    assert chart.rows[1] == ("b", "2", "too few", "10%", "too few", "+8 points")
    assert chart.rows[-1] == ("too few to show", "1 together", "2%", "10%", "–", "+8 points")
    labels = tuple(f"{i} to {i + 1}" for i in range(10))
    even, hidden = ((0.01,) * 10,) * 10, ((math.nan,) + (0.01,) * 9,) * 10
    wide = pair(left=labels, right=labels, train=hidden, synthetic=even, holdout=hidden)
    assert len(pair_chart(wide).rows) == 40
    assert len(pair_chart(pair(left=labels, right=labels, train=even, synthetic=even, holdout=even)).rows) == 40


def test_hostile_texts_of_a_pair_stay_text():
    """Markup in names and classes never becomes an element; long labels that start alike stay apart."""
    names = examples.HOSTILE
    long = tuple(f"{'the same long start ' * 4}{word}" for word in ("north", "south", names[0]))
    chart = pair_chart(pair(names=(names[0], names[6]), left=names[1:3], right=long))
    allowed = {SVG + name for name in ("svg", "g", "path", "rect", "text", "title")}
    pictures = examples.parsed(chart.svg)
    assert {e.tag for p in pictures for e in p.iter()} <= allowed
    assert names[0] in chart.title and "\u202e" not in chart.title + chart.svg
    texts = [e.text for e in pictures.iter(SVG + "text")]
    assert "…north" in texts and "…south" in texts


def test_a_pair_of_one_class_is_drawn():
    """A column of missing cells alone has one row."""
    whole = ((1.0,),)
    chart = pair_chart(
        pair(left=("missing",), right=("other",), train=whole, synthetic=whole, holdout=whole, distance=0.0)
    )
    assert chart.rows == (("missing", "other", "100%", "100%", "100%", "±0 points"),)
    nothing = ((math.nan,),)
    chart = pair_chart(pair(left=("other",), right=("other",), train=nothing, synthetic=whole, holdout=nothing))
    assert chart.rows[0][2] == "too few"
