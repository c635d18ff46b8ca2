"""What the pipeline finds out, as frozen values that pass from stage to stage and turn into JSON.

    Profile     what the data look like                  (utils/profiler.py makes it)
    Choice      which generator, and why                 (selector.py)
    FilterSummary  what the privacy filter did           (models/privacy_filter.py)
    Evaluation  every score beside its yardstick         (utils/evaluator.py)
    Battery     the attacks and their verdict            (privacy/battery.py)
    Chart       a finding as a picture and a table       (utils/visualizer.py)

They hold aggregates only, never a row or a rare value of the real data.
"""

from __future__ import annotations

import functools
import math
import shlex
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from smartsynth.formats import number, percent
from smartsynth.schema import Schema
from smartsynth.sketches import Whole


def to_json(value: Any) -> Any:
    """A frozen value as plain JSON types; NaN and infinity become None.

    >>> to_json(Score("ks", "KS distance", Family.FIDELITY, float("nan"), Better.LOWER, "Not computed."))["value"]
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value) if not f.name.startswith("_")}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [to_json(item) for item in value]
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


T = TypeVar("T")


def from_json(kind: type[T], value: Any) -> T:
    """The frozen value that `to_json` made these plain types from; a number that became None is NaN again.

    >>> score = Score("ks", "KS distance", Family.FIDELITY, float("nan"), Better.LOWER, "Not computed.")
    >>> from_json(Score, to_json(score)).better, from_json(Score, to_json(score)).available
    (<Better.LOWER: 'lower'>, False)
    """
    return _decoded(kind, value)  # type: ignore[no-any-return]


def _decoded(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        return _decoded(next(part for part in inner if part is not type(None)), value)
    if origin is tuple:
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_decoded(part, item) for part, item in zip(kinds, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decoded(inner[1], item) for key, item in value.items()}
    if kind is float:
        return math.nan if value is None else float(value)
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{name: _decoded(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


class Severity(StrEnum):
    """How much an alert matters, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about the data that the user should know: what it is and what happens because of it."""

    severity: Severity
    code: str
    message: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column in numbers.

    Args:
        name, kind, role, semantic: As in the schema.
        count, missing, distinct: Numbers of cells, missing cells and distinct values.
        statistics: Numeric, datetime and duration columns: `mean`, `std`, `skew`, `zeros` (share), and the quantiles
            `q01 q05 q25 q50 q75 q95 q99`; datetimes in seconds since 1970, durations in seconds. Text: `mean_length`,
            `words`. Exact extremes are not here on purpose.
        edges, shares: Histogram of the cells that are not missing; bins of fewer than 5 rows are merged.
        levels: Categorical and boolean columns: (value, share) of the commonest values held by at least 5 rows.
        flags: Finer findings such as `zero-inflated`, `discrete`, `skewed`, `high-cardinality`, `unique`.
    """

    name: str
    kind: str
    role: str
    semantic: str | None
    count: int
    missing: int
    distinct: int
    statistics: Mapping[str, float]
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Association:
    """How strongly two columns hang together, 0 to 1, and by which measure."""

    left: str
    right: str
    value: float
    measure: str


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """A number that changes along time.

    Args:
        name: Of its column.
        autocorrelation: Correlation with the value 1, 2, … rows later, pooled within entities; 0 is what rows in a random order
            would give.
        period: Rows after which values repeat; None if no season stands out.
        strength: How much of what varies around the trend repeats after a period, 0 to 1; 0 without one.
        unit_root: Statistic of the augmented Dickey-Fuller test of a plain series; None of entities, or if it cannot be tested.
        critical: Its critical values at 1, 5 and 10 %: a statistic below one says that the series returns to a level.
        shifted: Share of the entities whose level changes on the way; about one in a hundred seems to by chance, and some more
            where neighbours are much alike. None of a plain series, or if too few entities are long enough.
    """

    name: str
    autocorrelation: tuple[float, ...]
    period: int | None = None
    strength: float = 0.0
    unit_root: float | None = None
    critical: tuple[float, ...] = ()
    shifted: float | None = None

    @property
    def is_stationary(self) -> bool | None:
        """Whether a plain series returns to a level of its own, at 5 %; None if that was not tested."""
        return None if self.unit_root is None else self.unit_root < self.critical[1]


@dataclass(frozen=True, slots=True)
class SequenceProfile:
    """How the rows of a data set follow one another. Nothing that fewer than five entities hold is in it.

    Args:
        entity, time: Columns that say whom a row is about and when; None of a plain series, or if the order of the rows says when.
        declared: Whether the user named them; otherwise they were found.
        reasons: Why they were found, in sentences.
        entities: Their number; 1 of a plain series.
        rows: Quantiles of the rows per entity, `q05 q25 q50 q75 q95`, as far as five entities lie on either side.
        lengths: Histogram of the rows per entity: edges, and the share of the entities in each bin.
        statics: Columns whose value an entity keeps.
        kind: What times are: `datetime`, `duration`, `numeric`, or `order`.
        order: Share of the rows that do not go back in time behind the one before of their entity.
        duplicates: Share of the rows whose time their entity has had already.
        frequency: The usual step in words, such as `daily`; `irregular` if there is none.
        step: The usual step in seconds, or in units of a numeric time; None if there is none.
        gaps: Quantiles of the steps between rows of an entity, `q05 q25 q50 q75 q95`.
        missing: Share of the moments of a regular step at which a row is missing; None if there is no regular step.
        channels: Numbers that change along time.
        sampled: Entities, or rows of a plain series, that channels were looked at in.
    """

    entity: str | None
    time: str | None
    declared: bool
    reasons: tuple[str, ...]
    entities: int
    rows: Mapping[str, float]
    lengths: tuple[tuple[float, ...], tuple[float, ...]]
    statics: tuple[str, ...]
    kind: str
    order: float
    duplicates: float
    frequency: str
    step: float | None
    gaps: Mapping[str, float]
    missing: float | None
    channels: tuple[ChannelProfile, ...]
    sampled: int

    @property
    def options(self) -> str:
        """The options of the command line that learn the rows as a time series."""
        named = (("--entity", self.entity), ("--time", self.time))
        said = " ".join(f"{option} {shlex.quote(name)}" for option, name in named if name is not None)
        return said or "--window 24"


@dataclass(frozen=True, slots=True)
class TextProfile:
    """A text column.

    Args:
        name: Of the column.
        texts: Its texts that were looked at.
        form: `text`, or what its cells hold: `messages`, `qas`, `json`.
        words: Quantiles of the words per text, `q05 q25 q50 q75 q95`.
        parts: The same of the turns of conversations, or of questions and answers.
        vocabulary: Different words; `common` of them stand in at least five texts.
        repeated: Share of the texts that say the same, word for word, as another one.
        near: Share that are nearly the same as another one.
        languages: Share of the texts in each of the commonest languages, by ISO 639 code; None if they were not looked for.
        identifiers: Classes of what says who somebody is, inside of texts, and the share of the texts that hold any.
    """

    name: str
    texts: int
    form: str
    words: Mapping[str, float]
    parts: Mapping[str, float]
    vocabulary: int
    common: int
    repeated: float
    near: float
    languages: Mapping[str, float] | None
    identifiers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ImageProfile:
    """A column of images.

    Args:
        name: Of the column.
        pictures: How many images there are.
        forms: The commonest widths, heights and colours, and the share of the images that have them.
        different_forms: How many different ones there are.
        shortest, longest: 5 % of the shorter sides are shorter, 5 % of the longer sides are longer, in pixels.
        grey: Share of grey images.
        repeated: Share that repeat another one pixel by pixel.
        near: Share that look nearly the same as another one.
        sought: Images that were looked at for faces; 0 if all are too small for one, None if nothing can look.
        faces: How many of these seem to show a face from the front.
    """

    name: str
    pictures: int
    forms: Mapping[str, float]
    different_forms: int
    shortest: int
    longest: int
    grey: float
    repeated: float
    near: float
    sought: int | None = None
    faces: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What a data set looks like.

    `schema` is the schema of the data with kinds, roles and meanings filled in; `alerts` come worst first;
    `dependencies` are functional ones: (determinant, dependent); `target` is the given or guessed target column;
    `whole` is what all rows look like, where the rest is about a draw of them; `sequence` is how rows follow one another,
    where they do or seem to; `texts` are the text columns, `images` the image columns.
    """

    schema: Schema
    rows: int
    missing_cells: int
    duplicate_rows: int
    memory_bytes: int
    columns: tuple[ColumnProfile, ...]
    associations: tuple[Association, ...] = ()
    dependencies: tuple[tuple[str, str], ...] = ()
    geographic_pairs: tuple[tuple[str, str], ...] = ()
    alerts: tuple[Alert, ...] = ()
    target: str | None = None
    seconds: float = 0.0
    whole: Whole | None = None
    sequence: SequenceProfile | None = None
    texts: tuple[TextProfile, ...] = ()
    images: tuple[ImageProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """What the selector knows about the machine it runs on."""

    cores: int
    memory_gib: float
    gpu: bool
    extras: frozenset[str] = frozenset()
    is_compiled: bool = True
    """Whether inner loops were compiled here before; else the first fit does it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A generator in a race, and how it did on real rows that it had not seen.

    Args:
        generator: Its name.
        refined: Whether its rows were chosen by density ratio.
        options: Its options, as far as they differ from the defaults.
        finished: Whether it made rows in time.
        score: Mean of fidelity and utility, 0 to 1; NaN without rows.
        detection: AUC of a detective telling its rows from unseen real ones; 0.5 is ideal.
        utility: What a model trained on its rows reaches on unseen real ones; NaN without a target.
        closeness: Share of its rows nearer to a row it learnt from than to an unseen one; 0.5 is ideal.
        seconds: Time to learn and make rows.
        reason: Why it has its place, in a sentence.
    """

    generator: str
    refined: bool
    options: Mapping[str, Any]
    finished: bool
    score: float
    detection: float
    utility: float
    closeness: float
    seconds: float
    reason: str

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{self.generator}, refined" if self.refined else self.generator


@dataclass(frozen=True, slots=True)
class Race:
    """Generators trained within a budget of time, the best first.

    Args:
        budget: Seconds that choosing and learning may take.
        seconds: Seconds that they took.
        rows: Rows that each generator learnt from.
        judged: Real rows that judged them.
        measure: Name of the utility measure; empty without a target.
        detection: The detective's AUC of rows learnt from against unseen ones: the yardstick.
        utility: What a model trained on the rows learnt from reaches: the yardstick.
        contenders: The generators.
    """

    budget: float
    seconds: float
    rows: int
    judged: int
    measure: str
    detection: float
    utility: float
    contenders: tuple[Contender, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The generator to use, the reasons in sentences, the others with why they came second, and the race if there was one."""

    generator: str
    reasons: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...] = ()
    race: Race | None = None


@dataclass(frozen=True, slots=True)
class FilterSummary:
    """What the privacy filter looked at, removed and why. Counts only.

    Args:
        checked: Synthetic rows that were looked at.
        exact_copies: Removed because a rare real row has the same values.
        too_close: Removed because they lay nearer to a training row than the yardstick allows.
        decoys: Ordinary rows removed as well, so that the set of removed rows tells nothing about anybody.
        threshold: The distance under which a row counts as too close.
        threshold_source: How the threshold was found, in a sentence.
        notes: Anything else the user should know.
    """

    checked: int
    exact_copies: int
    too_close: int
    decoys: int
    threshold: float
    threshold_source: str
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def removed(self) -> int:
        return self.exact_copies + self.too_close + self.decoys


@dataclass(frozen=True, slots=True)
class RuleFact:
    """A rule that every synthetic record keeps, and what that took. Counts only.

    Args:
        rule: As it was written.
        is_made: Whether rows are made so that it holds; else those that break it are replaced.
        real_broken: Real rows that break it; None if so few do, or do not, that their number would tell of them, or if nobody looked.
        real: Real rows that there are; None within a budget of differential privacy, where nobody looks at them.
        made_broken: Synthetic rows that break it.
        made: Synthetic rows that there are.
        rejected: Records that broke it as they were made, and were replaced.
        looked_at: Records that were made and looked at.
        is_idle: Whether it says what follows from a condition, and fewer than `k` real rows fulfil that; None if nobody looked.
        is_against: Whether fewer than `k` real rows keep it; None if nobody looked.
    """

    rule: str
    is_made: bool
    real_broken: int | None
    real: int | None
    made_broken: int
    made: int
    rejected: int
    looked_at: int
    is_idle: bool | None = False
    is_against: bool | None = False

    @property
    def of_real(self) -> str:
        """How many of the real rows break it, for people."""
        if self.real is None:
            return "not counted"
        if self.is_against:
            return f"all or almost all of {self.real:,}"
        return f"{'a few' if self.real_broken is None else f'{self.real_broken:,}'} of {self.real:,}"

    @property
    def warning(self) -> str:
        """What real rows say against it, and what to do; nothing if they keep it, or nobody looked."""
        if self.real is None:
            return ""
        if self.is_idle:
            return f"Rule {self.rule}: its condition is true in none of the {self.real:,} real rows, or in hardly any. Check its values."
        if self.real_broken == 0:
            return ""
        said = f"Rule {self.rule}: {self.of_real} real rows break it"
        share = (self.real_broken or 0) / max(self.real, 1)
        if share < MUCH_BROKEN and not self.is_against:
            return f"{said}."
        shown = "" if self.is_against else f" ({percent(share)})"
        return f"{said}{shown}. Correct the rule, or leave it out, if rows like these are to be made."


MUCH_BROKEN = 0.05
"""A rule that so many real rows break may not be meant."""


def rule_sentences(rules: Sequence[RuleFact]) -> Iterator[str]:
    """How many rules were kept and what that took, and each that real or synthetic rows break."""
    if rules and not any(rule.made_broken for rule in rules):
        which = "the rule" if len(rules) == 1 else f"all {len(rules)} rules"
        yield f"All {rules[0].made:,} rows keep {which}{_what_it_took(rules)}."
    for rule in rules:
        if rule.made_broken:
            yield f"Rule {rule.rule}: {rule.made_broken:,} of {rule.made:,} synthetic rows break it."
        if rule.warning:
            yield rule.warning


def _what_it_took(rules: Sequence[RuleFact]) -> str:
    """How many rules are kept by the way rows are made, and how many records were replaced for another."""
    looked_at, so = max(rule.looked_at for rule in rules), sum(rule.is_made for rule in rules)
    if not looked_at:
        return ""
    if so == len(rules):
        return ", by the way they are made"
    worst = percent(max(rule.rejected for rule in rules) / looked_at)
    if len(rules) == 1:
        return f"; {worst} of records were replaced for it"
    return (
        f"; {so} of them by the way rows are made, and at most {worst} of records were replaced for one of the others"
    )


@dataclass(frozen=True, slots=True)
class Identifier:
    """A column that says who somebody is, and what was done about it.

    Args:
        column: Its name.
        semantic: What was recognised, such as `email`.
        hipaa: Letter of its class of the HIPAA Safe Harbor rule.
        direct: Whether it names a person by itself.
        treatment, reason: What was done before anything was learnt, and why.
        seen_in_output: What the synthetic cells look like; None if nothing is recognised in them.
        came_back: Share of the distinct cells of training rows that occur among the synthetic ones.
        of_others: The same share of the holdout's cells.
    """

    column: str
    semantic: str | None
    hipaa: str | None
    direct: bool
    treatment: str
    reason: str
    seen_in_output: str | None = None
    came_back: float = math.nan
    of_others: float = math.nan


@dataclass(frozen=True, slots=True)
class Recoding:
    """What was done to synthetic rows to make them k-anonymous, and what they are.

    Args:
        quasi_identifiers: Columns whose combinations make classes.
        k: Rows of the smallest class.
        classes: Number of classes.
        diversity: For each sensitive column, the fewest distinct values in a class.
        closeness: For each sensitive column, the most that its distribution in a class differs from that in the table.
        changed: For each quasi-identifier that was made coarser, the share of its cells that changed.
        rows: Number of rows.
    """

    quasi_identifiers: tuple[str, ...]
    k: int
    classes: int
    diversity: Mapping[str, int]
    closeness: Mapping[str, float]
    changed: Mapping[str, float]
    rows: int

    def sentence(self) -> str:
        """What was done and what came of it, in words."""
        parts = [f"k-anonymous with k = {self.k} on {', '.join(self.quasi_identifiers)} ({self.classes} classes)"]
        parts += [
            f"{self.diversity[name]}-diverse and {number(self.closeness[name])}-close in {name}"
            for name in self.diversity
        ]
        how = ", ".join(f"{percent(share)} of {name}" for name, share in self.changed.items())
        return f"{', '.join(parts)}; cells made coarser: {how or 'none'}."


class Family(StrEnum):
    """What a score is evidence for."""

    FIDELITY = "fidelity"
    UTILITY = "utility"
    PRIVACY = "privacy"


class Better(StrEnum):
    """In which direction a score is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEARER = "nearer to the reference"


@dataclass(frozen=True, slots=True)
class Score:
    """One measured number beside its yardstick.

    Args:
        key: Stable name, such as `detection_auc`.
        name: Name for people.
        family: What the score is evidence for.
        value: The measure of the synthetic data; NaN when it could not be computed (then `sentence` says why).
        better: Which direction is better.
        sentence: What the number means, with the number read out; or why there is none.
        reference: The same measure of real training data against a real holdout: the best a generator can honestly do.
        interval: 95 % confidence interval of the value.
        headline: Whether the score belongs to the few that are shown first.
    """

    key: str
    name: str
    family: Family
    value: float
    better: Better
    sentence: str
    reference: float | None = None
    interval: tuple[float, float] | None = None
    headline: bool = False

    @property
    def available(self) -> bool:
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """One column, real against synthetic.

    Args:
        distance: Kolmogorov-Smirnov (numeric, dates) or total variation (categories) distance to the holdout.
        reference: The same distance of the training data to the holdout.
        measure: `ks` or `tv`.
        labels: Categories: their names (rare ones pooled into "other"). Numeric: empty.
        edges: Numeric, dates (seconds since 1970), durations (seconds): histogram edges from pooled quantiles.
        train, holdout, synthetic: Share of rows in each bin or category.
        missing: Share of missing cells of train, holdout, synthetic.
        measures: More distances by name: `wasserstein`, `jensen_shannon`, …
    """

    name: str
    kind: str
    distance: float
    reference: float
    measure: str
    train: tuple[float, ...]
    holdout: tuple[float, ...]
    synthetic: tuple[float, ...]
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    missing: tuple[float, float, float] = (0.0, 0.0, 0.0)
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Pairwise association of columns: real, synthetic and holdout, row by row; values from -1 or 0 to 1."""

    key: str
    name: str
    columns: tuple[str, ...]
    train: tuple[tuple[float, ...], ...]
    holdout: tuple[tuple[float, ...], ...]
    synthetic: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class PairComparison:
    """How often each combination of two columns occurs, real against synthetic.

    Args:
        names, kinds: Of the two columns.
        left, right: Names of their classes: values, ranges, `other`, `missing`; at most ten each.
        train, synthetic, holdout: Share of rows in each combination, one row for each class on the left, in steps of
            `k` rows. NaN where fewer than `k` real rows are; these hold what the others leave of 1.
        distance: Total variation distance of the synthetic combinations to those of the holdout.
        reference: The same distance of the training data to the holdout.
        association: How strongly the columns hang together in train, synthetic, holdout.
        measure: Name of the measure of association.
        k: Fewest real rows of a class or a combination that is shown.
    """

    names: tuple[str, str]
    kinds: tuple[str, str]
    left: tuple[str, ...]
    right: tuple[str, ...]
    train: tuple[tuple[float, ...], ...]
    synthetic: tuple[tuple[float, ...], ...]
    holdout: tuple[tuple[float, ...], ...]
    distance: float
    reference: float
    association: tuple[float, float, float]
    measure: str
    k: int


@dataclass(frozen=True, slots=True)
class UtilityRow:
    """One model on one metric: trained on real, trained on synthetic, both tested on the real holdout."""

    model: str
    metric: str
    real: float
    synthetic: float
    interval: tuple[float, float] | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Named lines over shared axes, such as a cumulative distance distribution or a ROC curve."""

    key: str
    name: str
    x_label: str
    y_label: str
    lines: Mapping[str, tuple[tuple[float, float], ...]]
    sentence: str


class Outcome(StrEnum):
    """What came of attacks on a synthetic data set, worst first."""

    FAIL = "leakage found"
    WARN = "signs of leakage"
    PASS = "no leakage found"  # noqa: S105  (no password)
    UNKNOWN = "not assessable"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, against real rows that were learnt from and against others that were not.

    Args:
        key: Its family, such as `replay`.
        name: Name for people.
        value, expected: Success on rows that were learnt from, and what rows that no generator saw lead one to expect.
        advantage: How much of what is left beyond a guess the attack gains: 0 nothing, 1 everything. For shares it is
            (value - expected) / (1 - expected), for an AUC twice what it exceeds one half by.
        interval: 95 % confidence interval of the advantage.
        p, corrected: One-sided p-value of finding at least `value`, and corrected for all attacks together.
        sentence: What was found, in words.
        outcome: What follows from it.
    """

    key: str
    name: str
    value: float
    expected: float
    advantage: float
    interval: tuple[float, float]
    p: float
    corrected: float
    sentence: str
    outcome: Outcome


OWN = ("replay", "lone values")
"""Attacks that find what is one person's own."""


@dataclass(frozen=True, slots=True)
class Battery:
    """All attacks and one verdict.

    Args:
        outcome: The verdict.
        attacks: The strongest sign first.
        smallest: Share of verbatim synthetic rows that would have been found; infinite if none would.
        reason: Why nothing can be said, if so.
        notes: What else was found, such as the bounds of a thorough run.
    """

    outcome: Outcome
    attacks: tuple[Attack, ...] = ()
    smallest: float = math.nan
    reason: str = ""
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The verdict in words."""
        if self.outcome is Outcome.UNKNOWN:
            return f"Not assessable: {self.reason}"
        if self.outcome is Outcome.PASS:
            return f"No leakage found by these attacks at these settings; {self._seen()}."
        signs = [attack.sentence for attack in self.attacks if attack.outcome is self.outcome][:3]
        head = "Leakage found" if self.outcome is Outcome.FAIL else "Signs of leakage"
        return f"{head}: {' '.join(signs)} Do not share these rows. {self._step()}"

    def _step(self) -> str:
        """What to do about what was found."""
        keys = {attack.key for attack in self.attacks if attack.outcome is self.outcome}
        columns = "are named" if keys & set(OWN) else "single people out"
        return (
            f"Drop or coarsen the columns that {columns} (columns.NAME.treatment, --k-anonymity 5), keep the privacy filter on, learn from "
            "more rows, with another generator (-g copula), or with a budget of differential privacy (--epsilon 1), and measure again. "
            "Another seed is no cure: whatever seed is taken, the same rows were learnt from in the same way."
        )

    def _seen(self) -> str:
        if not self.smallest <= 1:
            return "copies could not be told from chance, because real rows resemble each other too much or are too few"
        return f"if {percent(self.smallest, rounded=math.ceil)} of the rows were copies, that would have been seen"


@dataclass(frozen=True, slots=True)
class Fan:
    """How a number is spread at each place of a record.

    Args:
        channel: Name of the column.
        places: Rows from the beginning of a record, from 1.
        counts: Training records that have a value there.
        levels: Shares of the records that lie below, such as 0.05, 0.5 and 0.95.
        train, synthetic: For each level, the quantile at each place, to four digits; NaN where fewer than `k` real records lie
            beyond it.
        traces: Values of single synthetic records at these places; NaN where there is none.
    """

    channel: str
    places: tuple[int, ...]
    counts: tuple[int, ...]
    levels: tuple[float, ...]
    train: tuple[tuple[float, ...], ...]
    synthetic: tuple[tuple[float, ...], ...]
    traces: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Cloud:
    """Records as points of a plane (the first two principal components of real ones), as shares of records in each cell.

    Args:
        x_edges, y_edges: Of the cells; records beyond are counted in the outermost.
        train, synthetic: Share of records in each cell, row by row from the lowest; a cell with fewer than `k` real records has none.
        explained: Share of the real records' spread that the two directions show.
        overlap: Share of the synthetic records that would not have to move to be spread over the cells as the real ones.
        reference: The same of the holdout.
    """

    x_edges: tuple[float, ...]
    y_edges: tuple[float, ...]
    train: tuple[tuple[float, ...], ...]
    synthetic: tuple[tuple[float, ...], ...]
    explained: float
    overlap: float
    reference: float


@dataclass(frozen=True, slots=True)
class SequenceView:
    """What there is to see of a time series beside the columns: rows over time.

    Args:
        records: Number of records of train, synthetic, holdout.
        what: What a record is, in the plural, such as `entities` or `windows of 24 rows`.
        fans: Channels over the places of a record.
        curves: Autocorrelations and spectra.
        histograms: Rows of a record and times between rows.
        persistence: For each channel of categories, the share of rows with the category of the row before, of train, synthetic, holdout.
        cloud: Records as points.
    """

    records: Mapping[str, int]
    what: str
    fans: tuple[Fan, ...] = ()
    curves: tuple[Curve, ...] = ()
    histograms: tuple[ColumnComparison, ...] = ()
    persistence: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    cloud: Cloud | None = None


@dataclass(frozen=True, slots=True)
class TextSample:
    """A synthetic text and what it is about."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What some texts are about: the words that set them apart, and the share of the texts of each sample."""

    words: str
    train: float
    synthetic: float
    holdout: float


@dataclass(frozen=True, slots=True)
class TextView:
    """What there is to see of texts beside the columns. Only synthetic texts are in it.

    Args:
        samples: Some synthetic texts.
        topics: The commonest first.
        cloud: Texts on a plane.
    """

    samples: tuple[TextSample, ...]
    topics: tuple[Topic, ...]
    cloud: Cloud | None = None


@dataclass(frozen=True, slots=True)
class ImageSample:
    """A synthetic image to look at: its label, and its pixels as a data URL."""

    about: str
    picture: str


@dataclass(frozen=True, slots=True)
class ImageView:
    """What there is to see of images beside the columns. Only synthetic images are in it.

    Args:
        samples: Some synthetic images, by their labels.
        form: Of the synthetic images: width, height and colour.
        cloud: Images on a plane.
    """

    samples: tuple[ImageSample, ...]
    form: str
    cloud: Cloud | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every score of a synthetic data set beside its yardstick, and the aggregates behind the pictures.

    `columns` come worst first. `verdict` is one sentence per family. `limits` says what was not shown and why. `battery`
    holds the attacks behind the verdict on privacy, `sequence` the pictures of a time series, `texts` those of texts,
    `images` those of images. `guessed` says that nobody named the `target`.
    """

    scores: tuple[Score, ...]
    columns: tuple[ColumnComparison, ...]
    matrices: tuple[Matrix, ...]
    utility: tuple[UtilityRow, ...]
    curves: tuple[Curve, ...]
    verdict: Mapping[str, str]
    limits: tuple[str, ...]
    rows: Mapping[str, int]
    target: str | None
    task: str | None
    seconds: float
    battery: Battery | None = None
    sequence: SequenceView | None = None
    texts: TextView | None = None
    images: ImageView | None = None
    guessed: bool = False

    @property
    def leakage(self) -> Outcome | None:
        """What the attacks found, if it is leakage or signs of it: these rows should not be shared. None otherwise."""
        found = None if self.battery is None else self.battery.outcome
        return found if found in (Outcome.FAIL, Outcome.WARN) else None

    def __getitem__(self, key: str) -> Score:
        """The score of this key."""
        for score in self.scores:
            if score.key == key:
                return score
        raise KeyError(f"There is no score {key!r}. Scores: {', '.join(score.key for score in self.scores)}.")


@dataclass(frozen=True, slots=True)
class Chart:
    """A finding as a picture and as a table.

    `title` states the finding, `caption` how to read the picture; `svg` is inline SVG whose text comes from escaped
    input only; `header` and `rows` are the same numbers as a table.
    """

    key: str
    section: str
    title: str
    caption: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
