"""One self-contained HTML file from an Evaluation or a Profile, and the JSON twin of the former.

header → verdict → privacy → (rows over time) → columns → relations → utility → all scores → limits → how it was made →
glossary

The page runs no script and asks nothing of any server; a content security policy forbids both. It holds aggregates
only, but for `render_nearest`, which is asked for by name. Every text is escaped by the templates except `Chart.svg`, which this package draws from escaped texts.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypedDict

from smartsynth import formats, image_words, sequence_words, text_words
from smartsynth._version import __version__
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.facts import (
    Alert,
    Chart,
    Choice,
    Evaluation,
    Family,
    FilterSummary,
    Identifier,
    ImageSample,
    Profile,
    Recoding,
    RuleFact,
    Score,
    SequenceView,
    to_json,
)  # fmt: skip
from smartsynth.image_pairs import NearestImages
from smartsynth.privacy.ledger import Ledger
from smartsynth.report.glossary import ALONG_TIME, GENERAL, glossary
from smartsynth.report.spreading import spread

if TYPE_CHECKING:
    import jinja2

FORMAT = "smartsynth-report/1"
OPEN_COLUMNS = 12

# What no score can show, whatever it says.
LIMITS = (
    "The privacy measures look for known ways in which synthetic rows give away real ones. Passing them is no proof, "
    "and a new attack may do better.",
    "Scores are averages over many rows. A small group of people can be drawn worse than the scores say, and what the "
    "real data got wrong or left out, the synthetic data get wrong too.",
    "Rows kept aside come from the same source as the rest. How well the data stand for anybody else was not measured.",
)


class Context(TypedDict, total=False):
    """How the run was made; whatever is absent is left out of the report.

    Args:
        name: What the data are called, for the heading.
        created: When the report was made; now if not given.
        manifest: As `manifest.manifest` gives it: versions, generator, seed, config, data.
        choice: The generator and why.
        filter: What the privacy filter did.
        recoding: What made the rows k-anonymous.
        identifiers: Columns that say who somebody is, and what was done about them.
        rules: What every row keeps, and what that took.
        ledger: What looked at the real rows, and what that costs.
        timings: Seconds by stage.
    """

    name: str
    created: datetime
    manifest: Mapping[str, Any]
    choice: Choice | None
    filter: FilterSummary | None
    recoding: Recoding | None
    identifiers: Sequence[Identifier]
    rules: Sequence[RuleFact]
    ledger: Ledger | None
    timings: Mapping[str, float]


def render(
    evaluation: Evaluation, charts: Sequence[Chart], *, profile: Profile | None = None, context: Mapping[str, Any]
) -> str:
    """The report of a run (or of somebody else's synthetic data, with an emptier `context`) as HTML.

    Args:
        evaluation: The scores.
        charts: `visualizer.charts(evaluation)`.
        profile: Of the real data, for its alerts.
        context: See `Context`.
    """
    _check(context)
    manifest = context.get("manifest") or {}
    sections: dict[str, list[Chart]] = {}
    for chart in charts:
        sections.setdefault(chart.section, []).append(chart)
    return page(
        "report.html",
        title=context.get("name") or "Synthetic data and their evidence",
        evaluation=evaluation,
        families=_families(evaluation),
        charts=sections,
        open_columns=OPEN_COLUMNS,
        profile=profile,
        choice=context.get("choice"),
        leaderboard=_leaderboard(context.get("choice")),
        filter=context.get("filter"),
        recoding=context.get("recoding"),
        identifiers=_identifiers(context.get("identifiers") or ()),
        rules=_rules(context.get("rules") or ()),
        warnings=[rule.warning for rule in context.get("rules") or () if rule.warning],
        ledger=context.get("ledger"),
        account=_account(context.get("ledger")),
        timings=context.get("timings") or {},
        manifest=manifest,
        config=_yaml(manifest.get("config")),
        config_hash=_hash(manifest.get("config")),
        facts=_facts(evaluation, manifest, context.get("created")),
        limits=(*evaluation.limits, *LIMITS),
        glossary=glossary(score.key for score in evaluation.scores),
    )


def render_profile(
    profile: Profile, charts: Sequence[Chart], *, name: str = "", created: datetime | None = None
) -> str:
    """A profile as HTML; `charts` are `visualizer.profile_charts(profile)`."""
    return page(
        "profile.html",
        title=name or "Data profile",
        profile=profile,
        overview=[chart for chart in charts if chart.section in ("overview", "relations")],
        along_time=[chart for chart in charts if chart.section == "sequence"],
        sequence=_sequence(profile),
        texts=[(text_words.heading(text), text_words.facts_of(text)) for text in profile.texts],
        images=[(image_words.heading(one), image_words.facts_of(one)) for one in profile.images],
        columns=[chart for chart in charts if chart.section == "columns"],
        open_columns=2 * OPEN_COLUMNS,
        created=_when(created),
        glossary=[term for term in GENERAL if term[0] in ("Quasi-identifier", "Association", "Quantile")]
        + list(ALONG_TIME if profile.sequence is not None else ()),
    )


def render_nearest(found: NearestImages, *, name: str = "", created: datetime | None = None) -> str:
    """Synthetic images beside the training images nearest to them as HTML. It holds real images, unlike all other pages."""
    return page("nearest.html", title=name or "Nearest training images", found=found, created=_when(created))


def _sequence(profile: Profile) -> dict[str, Any] | None:
    """What the page says of rows along time."""
    found = profile.sequence
    if found is None:
        return None
    return {
        "heading": sequence_words.heading(found),
        "reasons": found.reasons,
        "facts": sequence_words.facts_of(found),
        "header": sequence_words.CHANNEL_HEADER,
        "channels": [sequence_words.channel_row(channel) for channel in found.channels],
    }


def to_dict(evaluation: Evaluation, *, profile: Profile | None = None, context: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of the report as plain JSON types; NaN is null."""
    _check(context)
    kept = {name: value for name, value in context.items() if name != "created"}
    return {
        "format": FORMAT,
        "smartsynth": __version__,
        "created": _when(context.get("created")),
        "evaluation": to_json(evaluation),
        "limits": list(LIMITS),
        "profile": None if profile is None else to_json(profile),
        **{name: to_json(value) for name, value in kept.items()},
    }


def stylesheet() -> str:
    """The style sheet of charts alone, for pages that show them elsewhere."""
    return _read("charts.css")


def embedded_stylesheet() -> str:
    """The report's style sheet for its parts in a shadow root of another page.

    Colours follow the `color-scheme` of that page instead of the reader's system: what the page calls light or dark.
    """
    text = f"{stylesheet()}\n{_read('style.css')}"
    dark = dict(pair for block in re.findall(_DARK, text) for pair in re.findall(_VARIABLE, block))

    def both(match: re.Match[str]) -> str:
        name, light = match.groups()
        return f"{name}: light-dark({light}, {dark[name]});" if name in dark and light[0] == "#" else match[0]

    text = re.sub(_VARIABLE, both, re.sub(_DARK, "", text))
    return text.replace("color-scheme: light dark;", "").replace(":root", ":host")


_DARK = r"@media \(prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}\s*\}"
_VARIABLE = r"(--[\w-]+): ([^;]+);"


def figures(charts: Sequence[Chart], *, open: int = OPEN_COLUMNS, more: str = "more") -> str:
    """Charts with captions and tables as a piece of HTML; those after the first `open` are folded away."""
    return str(_parts().figures(charts, open, more))


def wide_figures(charts: Sequence[Chart]) -> str:
    """Charts of several pictures each, one below the other, as a piece of HTML."""
    return "".join(str(_parts().figure(chart, span="span")) for chart in charts)


def legend() -> str:
    """Which line is whose, as a piece of HTML."""
    return str(_parts().legend())


def gallery(samples: Sequence[ImageSample]) -> str:
    """Synthetic images with their labels, as a piece of HTML."""
    return str(_parts().gallery(samples))


def alerts(found: Sequence[Alert], *, open: int = 8) -> str:
    """Alerts as a list, worst first, as a piece of HTML."""
    return str(_parts().alerts(found, open))


def verdicts(evaluation: Evaluation) -> str:
    """The verdict on each family of scores with its main scores beside their yardsticks, as a piece of HTML."""
    return str(_parts().verdicts(_families(evaluation), evaluation))


def score_table(evaluation: Evaluation) -> str:
    """Every score beside its yardstick, as a piece of HTML."""
    return str(_parts().score_table(_families(evaluation), evaluation))


def _parts() -> Any:
    return _environment().get_template("parts.html").module


def _rules(found: Sequence[RuleFact]) -> list[tuple[str, ...]]:
    """Rules as rows of a table."""
    return [
        (
            rule.rule,
            "the way rows are made" if rule.is_made else "replacing records" if rule.looked_at else formats.MISSING,
            rule.of_real, f"{formats.count(rule.made_broken)} of {formats.count(rule.made)}",
            formats.percent(rule.rejected / rule.looked_at) if rule.looked_at else formats.MISSING,
        )
        for rule in found
    ]  # fmt: skip


def _identifiers(found: Sequence[Identifier]) -> list[tuple[str, ...]]:
    """Rows of the table of columns that say who somebody is."""
    return [
        (
            formats.plain(one.column), one.semantic or formats.MISSING, one.hipaa or formats.MISSING,
            f"{one.treatment}: {one.reason}", one.seen_in_output or formats.MISSING,
            formats.percent(one.came_back), formats.percent(one.of_others),
        )
        for one in found
    ]  # fmt: skip


def _check(context: Mapping[str, Any]) -> None:
    known = Context.__annotations__
    for key in context:
        if key not in known:
            raise ConfigError(f"context has no {key!r}.{did_you_mean(key, known)} Known: {', '.join(known)}.")


def page(template: str, **values: Any) -> str:
    """A page of the report: one of its templates with the style of all of them."""
    style = f"{_read('charts.css')}\n{_read('style.css')}"
    return _environment().get_template(template).render(style=style, version=__version__, **values)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("smartsynth.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "percent", "count", "span", "plain"):
        environment.filters[name] = getattr(formats, name)
    environment.tests["numeric"] = _is_number
    environment.globals["spread"] = spread
    return environment


def _is_number(text: str) -> bool:
    """Whether a table cell is set flush right."""
    return re.match(r"[-−–+±<>]?[\d.]|–$", text) is not None


def _read(name: str) -> str:
    return files("smartsynth.report").joinpath(name).read_text("utf-8")


def _heading(family: Family) -> str:
    return {
        Family.PRIVACY: "Is anybody given away?",
        Family.FIDELITY: "Does it look like the real data?",
        Family.UTILITY: "Can it replace the real data?",
    }[family]


def _families(evaluation: Evaluation) -> list[tuple[Family, str, list[Score]]]:
    return [(family, _heading(family), _headlines(evaluation, family)) for family in Family]


def _headlines(evaluation: Evaluation, family: Family) -> list[Score]:
    return [score for score in evaluation.scores if score.family is family and score.headline]


def _leaderboard(choice: Choice | None) -> list[tuple[str, ...]]:
    """A race as rows of a table, the yardstick of real rows last."""
    race = None if choice is None else choice.race
    if race is None:
        return []
    rows = [
        (
            one.label,
            *(formats.number(value) for value in (one.score, one.detection, one.utility, one.closeness)),
            formats.span(one.seconds) if one.finished else formats.MISSING,
        )
        for one in race.contenders
    ]
    real = (formats.MISSING, formats.number(race.detection), formats.number(race.utility), formats.number(0.5))
    return [*rows, ("Real rows (yardstick)", *real, formats.MISSING)]


def _account(ledger: Ledger | None) -> list[tuple[str, ...]]:
    """The entries of a ledger as rows of a table."""
    if ledger is None:
        return []
    return [
        (entry.stage, formats.plain(entry.reads, 120), entry.touch.value, entry.mechanism or formats.MISSING,
         formats.number(entry.mu) if entry.mu and entry.sampled is None else formats.MISSING)
        for entry in ledger.entries
    ]  # fmt: skip


def _facts(evaluation: Evaluation, manifest: Mapping[str, Any], created: datetime | None) -> list[tuple[str, str]]:
    """The lines of the header: what, when, with what."""
    names = {"train": "Real rows learnt from", "holdout": "Real rows kept aside", "synthetic": "Synthetic rows"}
    found = [(names.get(key, f"{key} rows".capitalize()), formats.count(n)) for key, n in evaluation.rows.items()]
    if evaluation.sequence is not None:
        found += _records(evaluation.sequence)
    found.append(("Columns", formats.count(len(evaluation.columns))))
    if evaluation.target:
        found.append(
            (
                "Target",
                f"{formats.plain(evaluation.target, 40)} ({evaluation.task or 'no task'}{', a guess' if evaluation.guessed else ''})",
            )
        )
    if manifest.get("generator"):
        found.append(("Generator", str(manifest["generator"])))
    if manifest.get("seed") is not None:
        found.append(("Seed", str(manifest["seed"])))
    if manifest.get("config") is not None:
        found.append(("Settings", _hash(manifest["config"])))
    found.append(("SmartSynth", str(manifest.get("smartsynth", __version__))))
    return [*found, ("Report made", _when(created))]


def _records(view: SequenceView) -> list[tuple[str, str]]:
    """How many records were compared."""
    names = {"train": "learnt from", "holdout": "kept aside", "synthetic": "synthetic"}
    numbers = [f"{formats.count(view.records[key])} {name}" for key, name in names.items() if key in view.records]
    return [(f"Compared {view.what}", ", ".join(numbers))] if numbers else []


def _when(created: datetime | None) -> str:
    return f"{(created or datetime.now(UTC)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _hash(config: Mapping[str, Any] | None) -> str:
    """Twelve digits that tell one configuration from another."""
    text = json.dumps(config, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _yaml(config: Mapping[str, Any] | None) -> str:
    import yaml

    return "" if config is None else yaml.safe_dump(to_json(config), sort_keys=False, allow_unicode=True)
