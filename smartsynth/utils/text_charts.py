"""TextView → charts of the section "texts": a map of texts, and how often their topics occur. Real texts are never drawn singly."""

from __future__ import annotations

from smartsynth.facts import Chart, TextView, Topic
from smartsynth.formats import percent, plain, points
from smartsynth.utils.plots import Series, paired_bars
from smartsynth.utils.sequence_charts import cloud_chart

SECTION = "texts"
_NAME = 60


def text_charts(view: TextView) -> tuple[Chart, ...]:
    """Every picture of texts."""
    found = [] if not view.topics else [_topics(view.topics)]
    if view.cloud is not None:
        found.append(cloud_chart(view.cloud, "texts", SECTION))
    return tuple(found)


def _topics(topics: tuple[Topic, ...]) -> Chart:
    worst = max(topics, key=lambda topic: abs(topic.synthetic - topic.holdout) - abs(topic.train - topic.holdout))
    gap = worst.synthetic - worst.train
    title = "Topics are as frequent as in the real texts"
    if abs(worst.synthetic - worst.holdout) > max(
        1.25 * abs(worst.train - worst.holdout), abs(worst.train - worst.holdout) + 0.01
    ):
        title = f"The topic “{plain(worst.words, _NAME)}” is too {'frequent' if gap > 0 else 'rare'} ({points(gap)})"
    series = (
        Series("real", tuple(topic.train for topic in topics)), Series("synthetic", tuple(topic.synthetic for topic in topics)),
        Series("holdout", tuple(topic.holdout for topic in topics)),
    )  # fmt: skip
    svg = paired_bars([plain(topic.words, _NAME) for topic in topics], series, title)
    caption = (
        "Groups of real texts of like meaning, named by words that set them apart. Grey: real; outlined: synthetic; thin mark: unseen "
        "real texts."
    )
    rows = tuple((plain(t.words, _NAME), *map(percent, (t.train, t.synthetic, t.holdout))) for t in topics)
    return Chart("topics", SECTION, title, caption, svg, ("Topic", "Real", "Synthetic", "Unseen real"), rows)
