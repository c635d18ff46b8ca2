"""How many rows of which class a strategy adds."""

import pytest

from smartsynth.augmentation.strategy import Strategy
from smartsynth.errors import ConfigError

COUNTS = {"no": 90, "yes": 10}


@pytest.mark.parametrize(
    "text, counts, added",
    [
        ("balance", COUNTS, {"yes": 80}),
        ("ratio=0.5", COUNTS, {"yes": 35}),
        ("ratio=0.05", COUNTS, {}),
        ("ratio=2", COUNTS, {"no": 90, "yes": 170}),
        ("minority=25%", COUNTS, {"yes": 20}),
        ("minority=0.25", COUNTS, {"yes": 20}),
        ("minority=50%", COUNTS, {"yes": 80}),
        ("minority=5%", COUNTS, {}),
        ("balance", {"a": 50, "b": 20, "c": 5}, {"b": 30, "c": 45}),
        ("minority=25%", {"a": 60, "b": 20, "c": 20}, {"b": 10, "c": 10}),
        ("balance", {"a": 10, "b": 10}, {}),
    ],
)
def test_rows_to_add(text, counts, added):
    """The numbers follow from the counts of the classes."""
    assert Strategy.parse(text).added(counts) == added


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_every_class_reaches_the_share_of_all_rows(share):
    """Raising one class makes the others rarer, and they are raised as well."""
    counts = {"a": 500, "b": 90, "c": 20}
    added = Strategy("minority", share).added(counts)
    after = {name: n + added.get(name, 0) for name, n in counts.items()}
    assert min(after.values()) / sum(after.values()) == pytest.approx(share, abs=0.003)


def test_growth_counts_rows_of_all_classes():
    assert Strategy.parse("grow=2.5").grown(100) == 150
    assert not Strategy.parse("grow").needs_classes
    assert Strategy.parse("grow").value == 2


@pytest.mark.parametrize(
    "text, said",
    [
        ("balanced", "Did you mean 'balance'?"),
        ("balance=2", "not known"),
        ("ratio=", "not known"),
        ("ratio=x", "is not a number"),
        ("ratio=0", "above 0"),
        ("minority=120%", "below 100%"),
        ("grow=1", "above 1"),
        ("grow=50%", "is not a number"),
        ("auto=3", "not known"),
    ],
)
def test_a_wrong_strategy_is_refused_with_what_is_allowed(text, said):
    with pytest.raises(ConfigError, match=said):
        Strategy.parse(text)


def test_a_share_that_not_all_classes_can_have_is_refused():
    with pytest.raises(ConfigError, match=r"at most 33\.3%"):
        Strategy("minority", 0.4).added({"a": 5, "b": 5, "c": 5})


@pytest.mark.parametrize("text", ["balance", "ratio=0.5", "minority=0.2", "grow=3", "auto"])
def test_a_strategy_reads_its_own_text(text):
    assert str(Strategy.parse(text)) == text


@pytest.mark.parametrize("n", [3, 6, 7, 11])
def test_the_share_that_is_said_to_be_possible_is(n):
    """It is rounded down: a sixth is 16.6 %, not 17 %."""
    counts = {str(i): 10 + i for i in range(n)}
    with pytest.raises(ConfigError) as error:
        Strategy.parse("minority=50%").added(counts)
    most = str(error.value).rpartition("at most ")[2].rstrip(".")
    Strategy.parse(f"minority={most}").added(counts)
