"""Events of an entity one after the other, each of them a chain of forests of count trees over the entity's history.

    p(events) = Π_k p(go on | h_k) · p(gap | h_k) · Π_j p(channel j | h_k, gap, channels before j)

The first event, at a given time, follows an empty history, so that it is learnt together with the others. h_k is what event_features.py knows of the events up to k. The factors are learnt as those of a table (autoregression.py), each
from the events where it is drawn: gaps and channels from events that follow one, values of sticky channels from those that
changed. Gaps are never negative, so time cannot go back.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ModelFormatError
from smartsynth.models.autoregression import (
    Chain,
    CodeColumn,
    Codes,
    Forest,
    Growth,
    assembled,
    chain_from,
    learn_column,
)
from smartsynth.models.boosted_scores import SCORE, BoostedScore
from smartsynth.models.coding import under
from smartsynth.models.encoding import NumberCodec
from smartsynth.models.event_features import Channels, History, always, history_columns
from smartsynth.models.soundness import guarded
from smartsynth.progress import Progress
from smartsynth.sequences import Panel

GOES_ON = "goes on"
BINARY = CodeColumn(2, ordered=True)
MOST_FEATURES = 40
"""A factor is learnt from so many columns: static ones, counts and times, and those others that tell most about it."""


class Factor(NamedTuple):
    """One column that is drawn.

    what       `goes on`, `gap`, `stays`, `value`, or `step`: of a relative number after the first event, instead of the value
    channel    its channel; -1 for the first two
    column     place of its codes
    score      place of what boosted trees expect of it (boosted_scores.py); -1 for a category of several names
    """

    what: str
    channel: int
    column: int
    score: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of an event: its history, then what is drawn, and between them what follows from it.

    Args:
        columns: What the codes of each place are.
        history: Number of places of the history.
        factors: What is drawn, in this order.
        now: Places of the codes of the new event's time, since the first, and since the anchor, by the clock's name.
        own: Place of the new code of each channel.
    """

    columns: list[CodeColumn]
    history: int
    factors: tuple[Factor, ...]
    now: Mapping[str, int]
    own: tuple[int, ...]

    @classmethod
    def of(cls, channels: Channels) -> Self:
        """The plan for these channels: categories before numbers, few codes before many."""
        columns = history_columns(channels)
        n, own = len(columns), [0] * len(channels)
        factors: list[Factor] = []

        def add(column: CodeColumn) -> int:
            columns.append(column)
            return len(columns) - 1

        def draw(what: str, channel: int, column: CodeColumn) -> int:
            score = -1 if column.is_categorical else add(SCORE)
            factors.append(Factor(what, channel, add(column), score))
            return factors[-1].column

        draw(GOES_ON, -1, BINARY)
        now: dict[str, int] = {}
        if channels.clocks:
            gap = channels.clocks["gap"].n_bins
            draw("gap", -1, CodeColumn(gap + 1, ordered=True, missing_code=gap))
            now = {
                name: add(CodeColumn(grid.n_bins, True, grid.n_bins - 1 if grid.nullable else None))
                for name, grid in channels.clocks.items()
                if name != "gap"
            }
        kinds = channels.coding.columns
        for i in sorted(range(len(kinds)), key=lambda i: (kinds[i].ordered, kinds[i].n_codes)):
            grid = channels.grids[i]
            if channels.sticky[i]:
                draw("stays", i, BINARY)
            own[i] = draw("value", i, kinds[i])
            if grid is not None:
                draw("step", i, CodeColumn(grid.n_bins + 1, ordered=True, missing_code=grid.n_bins))
        return cls(columns, n, tuple(factors), now, tuple(own))

    def before(self, factor: Factor) -> list[int]:
        """Places that are known when a factor is drawn."""
        hidden = {f.score for f in self.factors} | {self.factors[0].column}
        return [i for i in range(factor.column) if i not in hidden]


class EventChain:
    """The factors of events, learnt.

    Args:
        channels: How events are coded.
        chain: The forests, one per factor of the plan.
        scores: By the place of the factor, for those that boosted trees have something to say about.
    """

    def __init__(self, channels: Channels, chain: Chain, scores: Mapping[int, BoostedScore]) -> None:
        self.channels, self.chain, self.scores, self.plan = channels, chain, dict(scores), Plan.of(channels)
        self._guarded = guarded(chain)

    @classmethod
    def fit(
        cls,
        panel: Panel,
        channels: Channels,
        *,
        growth: Growth,
        rng: np.random.Generator,
        threads: int,
        progress: Progress,
    ) -> Self:
        """Learn what follows what in a panel's entities."""
        plan = Plan.of(channels)
        seen = observed(panel, channels, plan)
        progress(0.05, "Laid out the histories")
        seeds = rng.spawn(len(plan.factors))
        done, forests, scores = 0, {}, {}
        with ThreadPoolExecutor(threads) as pool:
            futures = {
                pool.submit(_learnt, seen, channels, plan, factor, growth, seed): place
                for place, (factor, seed) in enumerate(zip(plan.factors, seeds, strict=True))
            }
            try:
                for future, place in futures.items():
                    forests[place], score = future.result()
                    if score is not None:
                        scores[place] = score
                    done += 1
                    progress(0.05 + 0.95 * done / len(futures), f"Learning factor {done} of {len(futures)} of an event")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        order = [factor.column for factor in plan.factors]
        return cls(channels, assembled(order, [forests[place] for place in range(len(order))]), scores)

    def run(
        self, history: History, rng: np.random.Generator, *, most: int, until: float = np.inf
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], list[NDArray[Any]]]:
        """The events that follow, of all entities of a history.

        Args:
            history: Where the entities stand; it is moved on.
            rng: Draws everything.
            most: Events that are added to an entity at most; it may stop before.
            until: Time that no event is later than.

        Returns:
            Of each new event, in the order in which they happen: the place of its entity, its time in the codec's units, and the
            encoded cells of each channel.
        """
        who = np.arange(len(history.count))
        owners, whens = [np.zeros(0, np.int64)], [np.zeros(0)]
        cells: list[list[NDArray[Any]]] = [[v[:0]] for v in history.values]
        state = rng.integers(2**63, dtype=np.uint64)
        for _ in range(most):
            if not len(who):
                break
            block = np.zeros((len(self.plan.columns), len(who)), np.uint16)
            block[: self.plan.history] = history.features()
            if history.count.min(initial=1) > 0:
                state = self._draw(block, 0, state)
                on = np.flatnonzero(block[self.plan.factors[0].column])
                if len(on) < len(who):
                    who, history, block = who[on], history.take(on), np.ascontiguousarray(block[:, on])
            if not len(who):
                break
            when, values, state = self._event(block, history, rng, state)
            if not (in_time := when <= until).all():
                when, values, who, history = (
                    when[in_time],
                    [v[in_time] for v in values],
                    who[in_time],
                    history.take(in_time),
                )
            history.follow(when, values)
            owners.append(who)
            whens.append(when)
            for kept, new in zip(cells, values, strict=True):
                kept.append(new)
        return np.concatenate(owners), np.concatenate(whens), [np.concatenate(kept) for kept in cells]

    def _event(
        self, block: Codes, history: History, rng: np.random.Generator, state: np.uint64
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]], np.uint64]:
        """Time and encoded cells of one more event of each entity; fills the block with its codes."""
        c, n, plan, again = self.channels, block.shape[1], self.plan, history.count > 0
        first, when = not again.any(), history.when + again
        values: list[NDArray[Any]] = list(history.values)
        stays = np.zeros(n, bool)
        for place, factor in enumerate(plan.factors[1:], 1):
            i = factor.channel
            if factor.what == "gap":
                if first:
                    block[factor.column] = c.clocks["gap"].n_bins
                else:
                    state = self._draw(block, place, state)
                    when = self._later(history, block[factor.column], rng)
                for name, at in plan.now.items():
                    block[at] = c.clocks[name].encode(moment(name, history, when))
                continue
            grid = c.grids[i]
            if first and factor.what == "step" and grid is not None:
                block[factor.column] = grid.n_bins
            if (first and factor.what in ("stays", "step")) or (
                factor.what == "value" and grid is not None and not first
            ):
                continue
            state = self._draw(block, place, state)
            drawn = block[factor.column]
            if factor.what == "stays":
                stays = (drawn == 1) & again
            elif factor.what == "step":
                values[i] = self._stepped(i, history.values[i], drawn, rng)
                block[plan.own[i]] = c.code(i, values[i])
            else:
                new = c.value(i, drawn, np.asarray(rng.random(n)))
                if c.sticky[i] and not first:
                    new = np.where(stays, history.values[i], new)
                    block[factor.column] = np.where(stays, history.codes[i], drawn)
                values[i] = new
        return when, values, state

    def _draw(self, block: Codes, place: int, state: np.uint64) -> np.uint64:
        from smartsynth.models.count_trees import draw_column

        if place in self.scores:
            block[self.plan.factors[place].score] = self.scores[place].bins(block)
        return np.uint64(draw_column(block, place, state, *self._guarded))

    def _later(self, history: History, gap: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.float64]:
        """The time of the next event: never before the last one."""
        codec = self.channels.time
        assert codec is not None  # noqa: S101  (there are gaps)
        gaps = np.maximum(self.channels.clocks["gap"].decode(gap.astype(np.int64), rng.random(len(gap))), 0.0)
        if codec.decimals is not None:
            gaps = np.round(gaps, codec.decimals)
        return np.asarray(history.when + gaps)

    def _stepped(
        self, i: int, old: NDArray[Any], drawn: NDArray[np.uint16], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        codec, grid = self.channels.coding.codecs[i], self.channels.grids[i]
        assert grid is not None and isinstance(codec, NumberCodec)  # noqa: S101  (only numbers have steps)
        step = grid.decode(np.minimum(drawn.astype(np.int64), grid.n_bins - 1), np.asarray(rng.random(len(drawn))))
        new = np.clip(old + step, codec.low, codec.high)
        return np.asarray(new if codec.decimals is None else np.round(new, codec.decimals))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Forests and scores as arrays by name."""
        parts = {f"chain.{name}": array for name, array in self.chain._asdict().items()}
        for place, score in self.scores.items():
            parts |= {f"score{place}.{name}": array for name, array in score.arrays().items()}
        return parts

    @classmethod
    def restore(cls, channels: Channels, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The chain that `arrays` came from."""
        chain = under(arrays, "chain.")
        places = {int(name.partition(".")[0].removeprefix("score")) for name in arrays if name.startswith("score")}
        scores = {place: BoostedScore.from_arrays(under(arrays, f"score{place}.")) for place in sorted(places)}
        plan = Plan.of(channels)
        if len(chain["order"]) != len(plan.factors):
            raise ModelFormatError("The model's chain does not fit its columns. Save the model again.")
        return cls(channels, chain_from(chain, len(plan.columns)), scores)


class Observed(NamedTuple):
    """What happened in a panel.

    codes    places × histories: those up to each event, then the empty one of each entity
    again    which histories an event follows and an event came before
    first    which histories are empty
    who      the entity of each history
    """

    codes: Codes
    again: NDArray[np.bool_]
    first: NDArray[np.bool_]
    who: NDArray[np.int64]


def observed(panel: Panel, channels: Channels, plan: Plan) -> Observed:
    """Every history of a panel's entities as codes, and what came of it."""
    n, entities = len(panel.frame), len(panel)
    codes = np.zeros((len(plan.columns), n + entities), np.uint16)
    again = np.ones(n + entities, bool)
    again[panel.bounds[1:] - 1] = False
    again[n:] = False
    codes[plan.factors[0].column] = again
    values = channels.coding.encoder.encode(panel.frame)
    when = times_of(panel, channels)
    history = History.empty(channels, panel.frame.iloc[panel.first].reset_index(drop=True), when[panel.first])
    places, rows = n + np.arange(entities), panel.first.copy()
    while len(rows):
        codes[: plan.history, places] = history.features()
        history.follow(when[rows], [v[rows] for v in values])
        _seen(codes, plan, channels, places, history)
        codes[: plan.history, rows] = history.features()
        on = np.flatnonzero(again[rows])
        places, rows, history = rows[on], rows[on] + 1, history.take(on)
    first = np.arange(n + entities) >= n
    return Observed(codes, again, first, np.r_[panel.entity_of_row, np.arange(entities)])


def times_of(panel: Panel, channels: Channels) -> NDArray[np.float64]:
    """Times of a panel's rows in the codec's units; their places in their entity if there is no time."""
    if channels.time is None or panel.schema.time is None:
        return (np.arange(len(panel.frame)) - panel.first[panel.entity_of_row]).astype(np.float64)
    return channels.time.encode(panel.frame[panel.schema.time.name])


def moment(name: str, history: History, when: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the clock of this name shows at a time."""
    return {"time": when, "since": when - history.began, "age": when - history.birth}[name]


def _seen(codes: Codes, plan: Plan, channels: Channels, places: NDArray[np.int64], new: History) -> None:
    """What came of the histories at `places`, as the codes of the factors."""
    for name, at in plan.now.items():
        codes[at, places] = channels.clocks[name].encode(moment(name, new, new.when))
    for factor in plan.factors[1:]:
        i = factor.channel
        codes[factor.column, places] = (
            new.gap if factor.what == "gap" else new.stays[i] > 0 if factor.what == "stays"
            else new.steps[i] if factor.what == "step" else new.codes[i]
        )  # fmt: skip


def _learnt(
    seen: Observed, channels: Channels, plan: Plan, factor: Factor, growth: Growth, rng: np.random.Generator
) -> tuple[Forest, BoostedScore | None]:
    """The forest of one factor and its score, from the histories where it is drawn."""
    rows = _where(seen, channels, plan, factor)
    if not rows.any():
        rows = np.ones(len(seen.who), bool)
    part, before, keep = seen.codes[:, rows], plan.before(factor), {*always(channels), *plan.now.values()}
    found = None
    if factor.score >= 0:
        found = BoostedScore.fit(part, plan.columns, before, factor.column, seen.who[rows], rng)
    if found is not None:
        part[factor.score] = found[1]
        before, keep = [*before, factor.score], {*keep, factor.score}
    forest = learn_column(part, plan.columns, before, factor.column, growth, rng, always=keep, most=MOST_FEATURES)
    return forest, None if found is None else found[0]


def _where(seen: Observed, channels: Channels, plan: Plan, factor: Factor) -> NDArray[np.bool_]:
    """The histories after which a factor is drawn."""
    if factor.what == GOES_ON:
        return ~seen.first
    if factor.what in ("gap", "stays", "step"):
        return seen.again
    if channels.grids[factor.channel] is not None:
        return seen.first
    flags = [f.column for f in plan.factors if f.what == "stays" and f.channel == factor.channel]
    return (seen.again | seen.first) & (seen.codes[flags[0]] == 0 if flags else True)
