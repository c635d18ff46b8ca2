"""Rules around any generator: it learns what Construction makes of the table, and no record that breaks a rule comes out.

    fit      real rows ──Construction.learnt──▶ the generator
    sample   its rows ──Construction.made──▶ rows ──rules──▶ those that break one are replaced by spare ones

Record i of block k is record i of the generator's own block k, unless it breaks a rule: then a spare record takes its place, from blocks
that the generator makes with seeds of their own. Rare rejections share a spare block. Replacement is bounded: where too few records pass,
the rule that rejects most is named. Identifiers stay where they are, so that none comes twice.

    saved model = folder
      model.json       rules and steps
      learnt/          the generator, as it saves itself
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import as_column
from smartsynth.columns import with_columns
from smartsynth.constraints import Check, Rule, Unique, broken, rules_of
from smartsynth.errors import ConfigError, ModelFormatError
from smartsynth.models.base import DAMAGE, Generator, State, read_head
from smartsynth.models.conditions import Condition, Given, fulfilled, holds
from smartsynth.models.encoding import filled
from smartsynth.models.rules.construction import Construction
from smartsynth.models.rules.groups import GroupStep
from smartsynth.models.rules.pattern import PatternStep
from smartsynth.models.rules.seen import Seen
from smartsynth.models.sequence_base import PATH, SequenceGenerator, columns_of, known
from smartsynth.models.training import Checkpoints
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import WINDOW, Kind, Modality, Schema

RULED, INNER = "ruled", "learnt"
MOST_TRIES = 60
"""Spare blocks that a block may look through; more under conditions, of which some are only looked for."""
MOST_TRIES_UNDER_CONDITIONS = 500
MOST_SHARING = 16
"""Blocks that share a spare one, at most."""
NAMED_TURNS = 3
"""Spare blocks whose records get the identifiers of those that they replace; after these, only identifiers that no rule is about."""
REDRAWS = 8
"""How often a row with filled cells is filled again while it breaks a rule."""
_DELEGATED = ("name", "summary", "modality", "conditional", "dp", "gaussian", "cost", "min_rows", "extra", "refines", "windowed", "block", "resumes")  # fmt: skip
Flags = NDArray[np.bool_]


class RuledGenerator(Generator):
    """A generator whose records keep rules.

    Args:
        inner: What learns.
        rules: As `constraints.rules_of` reads them, or rules.
        k: A combination of values that fewer rows share does not come back.
    """

    name: ClassVar[str] = RULED
    summary: ClassVar[str] = "Rules around another generator."
    cost: ClassVar[float] = 1.0

    def __init__(self, inner: Generator, rules: Sequence[Any], *, k: int = 5) -> None:
        self.inner = inner
        self.rules = tuple(rules)
        self.k = k
        vars(self).update({name: getattr(inner, name) for name in _DELEGATED})
        self._tally = _Tally()

    def fit(
        self,
        data: pd.DataFrame,
        *,
        schema: Schema | None = None,
        seed: int = 0,
        refine: bool = False,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Self:
        """Learn the table; see `Generator.fit`.

        Raises:
            ConfigError: The rules contradict each other, or hardly any record that the generator makes keeps them.
            DataError: As of the generator.
        """
        schema = self._checked(data, schema)
        rules = parsed(self.rules, schema)
        rows = data.reset_index(drop=True)
        built = Construction.fit(rows.head(0) if self.is_private else rows, schema, rules, k=self.k)
        _check_order_kept(built, schema)
        learnt, columns = built.learnt(rows)
        self.inner.fit(
            learnt,
            schema=columns,
            seed=seed,
            refine=refine,
            progress=part(progress, 0.0, 0.95),
            checkpoints=checkpoints,
        )
        self._become(built, columns, schema)
        try:
            self._share = self._passing(seed)
        except BaseException:
            del self.schema_
            raise
        self.is_loaded = False
        (progress or silent)(1.0, "Fitted")
        return self

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Records `start` to `start + n` of the endless table that (model, seed, where) stands for; every one keeps the rules.

        See `Generator.sample`. Where rules say that rows are unique, block k depends on those before it, which are made again.

        Raises:
            NotFittedError: Before `fit`.
            ConfigError: As of the generator, or too few records keep the rules, or fulfil the conditions.
            DataError: Texts of a pattern must differ, and there are not so many.
        """
        seed = secrets.randbits(63) if seed is None else seed
        wanted = self.available(n, where=where, seed=seed, start=start, progress=progress)
        if len(_Records.of(wanted, self.schema_)) < n:
            raise self._too_few(bool(where))
        return wanted

    def available(
        self, n: int, *, seed: int, where: Given | None = None, start: int = 0, progress: Progress | None = None
    ) -> pd.DataFrame:
        """The same records; fewer where there are no more that differ as rules say."""
        conditions = self._asked(n, start, where)
        self._built.check_reaches(start + n)
        report = progress or silent
        asked = _Asked(seed, self._translated(conditions), tuple(conditions.values()))
        first, last = start // self.block, (start + n - 1) // self.block
        blocks = range(self._cache.first(asked, first) if self._uniques else first, last + 1)
        report(0.0, "Making rows")
        own = self.inner.sample(
            len(blocks) * self.block,
            where=asked.inner,
            seed=seed,
            start=blocks[0] * self.block,
            progress=part(report, 0.0, 0.8),
        )
        parts = _Records.of(own, self._columns).divided(len(blocks), self.block)
        made: list[pd.DataFrame] = []
        for some, k in zip(parts, blocks, strict=True):
            reach = int(min(self.block, self._built.most - k * self.block))
            made.append(self._block(some.take(np.arange(reach)), k, asked))
            if self._uniques and len(_Records.of(made[-1], self.schema_)) < self.block:
                break  # no more different keys
        report(1.0, "Sampled")
        kept = [rows for rows, k in zip(made, blocks, strict=False) if k >= first]
        skip = start - first * self.block
        whole = _Records.of(pd.concat(kept or [made[0].head(0)], ignore_index=True), self.schema_)
        wanted = whole.take(np.arange(skip, min(skip + n, len(whole)))).rows.reset_index(drop=True)
        if conditions:
            known = own.attrs.get("effective_rows", float(len(blocks) * self.block))
            wanted.attrs["effective_rows"] = min(round(known * n / (len(blocks) * self.block), 1), float(n))
        return wanted

    def apart_from(self, rows: pd.DataFrame) -> None:
        """From now on no record has a key of these rows, which will stand beside those that are made; nothing of it is saved."""
        self._check_fitted()
        for rule in self._uniques:
            self._beside.setdefault(rule.columns, Seen()).add(rows, rule.columns)
        self._cache = _Cache()

    def distinct(
        self, n: int, *, seed: int, where: Given | None = None, start: int = 0, progress: Progress | None = None
    ) -> pd.DataFrame:
        """So many records from the block of `start` on that differ as rules say, whatever the blocks before it hold.

        They are the same for the same arguments, but those of another `n` may be others.
        """
        conditions = self._asked(n, start, where)
        asked, first = _Asked(seed, self._translated(conditions), tuple(conditions.values())), start // self.block
        many = -(-n // self.block)
        own = self.inner.sample(
            many * self.block, where=asked.inner, seed=seed, start=first * self.block, progress=progress
        )
        self._cache, left, made = _Cache(), n, list[pd.DataFrame]()
        for i, some in enumerate(_Records.of(own, self._columns).divided(many, self.block)):
            made.append(self._block(some.take(np.arange(min(left, self.block))), first + i, asked))
            left -= self.block
        self._cache = _Cache()
        whole = pd.concat(made, ignore_index=True)
        if len(_Records.of(whole, self.schema_)) < n:
            raise self._too_few(bool(where))
        return whole

    def taken(self, rows: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
        """Some of the records of sampled rows, by their places."""
        return _Records.of(rows, self.schema_).take(places).rows

    def impute(self, data: pd.DataFrame, *, seed: int | None = None, progress: Progress | None = None) -> pd.DataFrame:
        """The rows of `data` with every missing cell filled; see `Generator.impute`.

        Rows that break a rule are filled again, up to REDRAWS times; `attrs["broken_rules"]` counts those that still do, as where known
        cells contradict each other.
        """
        self._check_fitted()
        if self.modality is not Modality.TABLE:
            raise ConfigError(
                "Missing cells can be filled by rules in tables only. Learn the rows without rules to fill them."
            )
        known = self._partly_known(data)
        seed = secrets.randbits(63) if seed is None else seed
        whole, draws = self._filled(known, seed, progress)
        for turn in range(1, REDRAWS):
            wrong = np.flatnonzero(~self._built.holds(whole))
            if not len(wrong):
                break
            again, _ = self._filled(known.iloc[wrong].reset_index(drop=True), seed + turn, None)
            whole = pd.concat([whole[~np.isin(whole.index, wrong)], again.set_axis(wrong)]).sort_index()
        whole = whole.set_axis(data.index)
        whole.attrs |= {"effective_draws": draws, "broken_rules": int((~self._built.holds(whole)).sum())}
        return whole

    def continued(
        self, prefix: pd.DataFrame, horizon: int, *, paths: int = 1, seed: int | None = None, progress: Progress | None = None
    ) -> pd.DataFrame:  # fmt: skip
        """Rows that may follow known rows of each entity, of a time series; see `SequenceGenerator.continued`.

        They are made as the rules say, after the known ones; `attrs["broken_rules"]` counts those that break one still.
        """
        self._check_fitted()
        if not isinstance(self.inner, SequenceGenerator):
            raise ConfigError(f"Only time series go on, and the model is of {self.modality.value} data.")
        whole = known(prefix, self.schema_, "prefix")
        learnt = self._built.known(whole)[0]
        rows = self.inner.continued(learnt, horizon, paths=paths, seed=seed, progress=progress)
        counted = rows[PATH].to_numpy() if paths > 1 else np.zeros(len(rows), np.int64)
        made, broken = [], 0
        for path in range(paths):
            own = self._following(
                whole, learnt, rows[counted == path], np.random.default_rng([seed or 0, path, 0xC047])
            )
            broken += int((~self._built.holds(pd.concat([whole, own], ignore_index=True))[len(whole) :]).sum())
            made.append(own if paths == 1 else with_columns(own, {PATH: path}))
        found = pd.concat(made, ignore_index=True)
        found = found if WINDOW in prefix.columns or not self.schema_.is_series else found.drop(columns=WINDOW)
        found.attrs["broken_rules"] = broken
        return found

    def _following(
        self, whole: pd.DataFrame, learnt: pd.DataFrame, rows: pd.DataFrame, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Rows that follow known ones, as they are stored; what is the same in all rows of an entity is that of the known ones."""
        given = {} if WINDOW in learnt.columns or WINDOW not in self._columns else {WINDOW: 0}
        both = pd.concat([learnt, with_columns(rows, given)[list(learnt.columns)]], ignore_index=True)
        made = self._built.made(both, rng=rng, start=0).iloc[len(whole) :].reset_index(drop=True)
        if self.schema_.entity is None:
            return made
        entity = self.schema_.entity.name
        firsts = whole.drop_duplicates(entity)
        places = pd.Index(firsts[entity]).get_indexer(rows[entity])
        same = [column.name for column in self.schema_.statics]
        return with_columns(made, {name: firsts[name].array.take(places) for name in dict.fromkeys((entity, *same))})

    def schema_of(self, rows: pd.DataFrame) -> Schema:
        """The columns of rows that `continued` made."""
        return columns_of(rows, self.schema_)

    @property
    def goes_on(self) -> bool:
        """Whether `continued` can be asked for."""
        return isinstance(self.inner, SequenceGenerator)

    @property
    def built(self) -> Construction:
        """The steps by which the rules hold."""
        return self._built

    @property
    def kept(self) -> tuple[Rule, ...]:
        """The rules that every record keeps, combinations with those that may come back."""
        return self._built.rules

    def told(self, place: int) -> tuple[bool, int, int]:
        """Of a rule by its place in `kept`: whether it holds by the way rows are made; how many records broke it, of how many looked at."""
        return self._built.is_made(self.kept[place]), self._tally.rejected.get(place, 0), self._tally.looked_at

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options of the generator that learns."""
        return self.inner.get_params(deep)

    def __repr__(self) -> str:
        return f"RuledGenerator({self.inner!r}, {len(self.rules)} rules)"

    @property
    def is_private(self) -> bool:
        return self.inner.is_private

    def threshold_share(self, schema: Schema) -> float:
        if not self.is_private:
            return self.inner.threshold_share(schema)
        empty = pd.DataFrame({column.name: as_column(pd.Series(dtype=object), column) for column in schema})
        built = Construction.fit(empty, schema, parsed(self.rules, schema), k=self.k)
        return self.inner.threshold_share(built.known(empty)[1])

    @property
    def repeats(self) -> bool:
        return self.inner.repeats

    @property
    def keeps_all(self) -> bool:
        return self.inner.keeps_all

    @property
    def tells_while_fitting(self) -> bool:
        return self.inner.tells_while_fitting

    @property
    def has_keys(self) -> bool:
        """Whether a rule says that records differ from each other, so that no record can be made without those before it."""
        return bool(self._uniques)

    def check(self, rows: pd.DataFrame) -> None:
        """ConfigError if rows that are about to be released break a rule."""
        if found := broken(self.kept, rows):
            raise ConfigError(
                "; ".join(f"{one.rows:,} of {len(rows):,} rows broke {one.rule.said!r}" for one in found)
                + ", so none is released. Leave the rule out, or what changes rows after they are made."
            )

    @property
    def _uniques(self) -> list[Unique]:
        return [rule for _, rule in self._keys]

    @property
    def _keys(self) -> list[tuple[int, Unique]]:
        """Rules that records differ, with their places among all."""
        return [(place, rule) for place, rule in enumerate(self._built.rules) if isinstance(rule, Unique)]

    def _become(self, built: Construction, columns: Schema, schema: Schema) -> None:
        self._built, self._columns, self.schema_ = built, columns, schema
        self._tally, self._cache, self._share = _Tally(), _Cache(), 1.0
        self._beside: dict[tuple[str, ...], Seen] = {}
        counted = {name for step in built.steps if isinstance(step, PatternStep) for name in step.changes}
        alone = (rule for rule in built.rules if not (isinstance(rule, Unique) or counted.issuperset(rule.columns)))
        named = {name for rule in alone for name in rule.columns}
        self._fixed = [c.name for c in schema if c.kind is Kind.IDENTIFIER or c.name in counted]
        self._free = [name for name in self._fixed if name not in named]
        self._is_about_names = self._free != self._fixed
        self.ledger_, self.rows_, self.ratio_ = self.inner.ledger_, self.inner.rows_, self.inner.ratio_

    def _passing(self, seed: int) -> float:
        """The share of records that keep the rules as they are made.

        Raises:
            ConfigError: None does.
        """
        if self.modality in (Modality.TEXT, Modality.IMAGE):
            return 1.0  # a block of them takes too long for a look
        asked = _Asked(_derived(seed, 0x9A55), None, ())
        rows = self._made(self.inner.sample(self.block, seed=asked.seed), asked, 0, 0)
        share = float(self._good(rows, asked).mean())
        if share == 0.0:
            raise ConfigError(
                f"None of {self.block:,} records that {self.name!r} makes keeps all rules. {self._worst()}"
            )
        return share

    def _translated(self, conditions: Mapping[str, Condition]) -> dict[str, Condition] | None:
        """The conditions as the generator that learns can be told them; the others are looked for in what it makes."""
        changed = {name for step in self._built.steps for name in step.changes}
        asked = {name: one for name, one in conditions.items() if name not in changed}
        for step in self._built.steps:
            if isinstance(step, GroupStep) and (own := [c for c in step.columns if c.name in conditions]):
                fits = np.ones(len(step.rows), bool)
                for column in own:
                    fits &= _fits(conditions[column.name], step, column.name)
                if not fits.any():
                    raise ConfigError(
                        f"where: no combination of {step.name} that may come back is {' and '.join(str(conditions[c.name]) for c in own)}."
                    )
                asked[step.name] = Condition(step.name, values=tuple(step.code(int(i)) for i in np.flatnonzero(fits)))
        return asked or None

    def _block(self, own: _Records, k: int, asked: _Asked) -> pd.DataFrame:
        """The records of a block, spare ones in the places of those that break a rule; fewer where keys run out."""
        made = self._made(own.rows, asked, k, 0)
        good = self._new(made, self._good(made, asked), asked)
        places, frames, order = np.flatnonzero(~good), [made.take(np.flatnonzero(good))], [np.flatnonzero(good)]
        turn, left = 0, MOST_TRIES_UNDER_CONDITIONS if asked.conditions else MOST_TRIES
        while len(places):
            turn += 1
            if turn > left and self._uniques:
                break  # no more different keys: the block is short, and the last
            if turn > left:
                raise self._too_few(bool(asked.conditions))
            spare = self._spare(k, turn, len(places), asked)
            names, good = self._names(turn), self._good(spare, asked)
            good &= ~self._known(spare, names)
            fine = np.flatnonzero(good)[: len(places)]
            some = spare.take(fine).named_as(made.take(places[: len(fine)]), names)
            fits = np.flatnonzero(
                self._new(some, self._good(some, asked) if self._is_about_names else np.ones(len(fine), bool), asked)
            )
            frames.append(some.take(fits))
            order.append(places[fits])
            places = np.delete(places, fits)
        self._cache.passed(asked, k)
        whole = _Records.joined(frames)
        return whole.take(np.argsort(np.concatenate(order))).rows

    def _names(self, turn: int) -> list[str]:
        """Identifiers that a spare record takes over from the one that it replaces; none of a key that rows beside may have."""
        if turn <= NAMED_TURNS:
            return self._fixed
        return [name for name in self._free if not any(name in columns for columns in self._beside)]

    def _known(self, spare: _Records, names: Sequence[str]) -> Flags:
        """Which spare records have a key that is taken; looked for only where rows stand beside."""
        found = np.zeros(len(spare), bool)
        for rule in self._uniques if self._beside else []:
            if not set(names) & set(rule.columns):
                found |= ~spare.all_of(~self._repeats(rule, spare.rows))
        return found

    def _repeats(self, rule: Unique, rows: pd.DataFrame) -> Flags:
        """Which rows have a key of an earlier one, or of rows beside."""
        again = self._cache.seen(rule).repeats(rows, rule.columns)
        beside = self._beside.get(rule.columns)
        return again if beside is None else again | beside.repeats(rows, rule.columns)

    def _too_few(self, is_conditional: bool) -> ConfigError:
        under = " under these conditions" if is_conditional else ""
        return ConfigError(f"Too few records keep the rules{under}. {self._worst()}")

    def _worst(self) -> str:
        """What most records break, in a sentence."""
        what, n = max(self._tally.rejected.items(), key=lambda one: one[1])
        said = self.kept[what].said if isinstance(what, int) else what
        return f"{n:,} of {self._tally.looked_at:,} broke {said!r}: check it against the others, or leave it out."

    def _spare(self, k: int, turn: int, wanted: int, asked: _Asked) -> _Records:
        """Records to choose from instead of those of block k that break a rule; rare ones from a block that several share."""
        slow = self.modality in (Modality.TEXT, Modality.IMAGE)
        m = 1 if slow or turn > 1 or asked.conditions else self._sharing()
        size = min(self.block, 2 * wanted + 8) if slow else self.block
        seed = _derived(asked.seed, turn)
        at, key = (k // m) * self.block, (seed, k // m, size, asked.key)
        if self._cache.spare_key != key:
            rows = self.inner.sample(size, where=asked.inner, seed=seed, start=at)
            self._cache.spare_key, self._cache.spare = key, rows
        records = _Records.of(self._cache.spare, self._columns)
        part_of = range((k % m) * self.block // m, (k % m + 1) * self.block // m) if m > 1 else range(len(records))
        return self._made(records.take(np.array(part_of)).rows, asked, k, turn)

    def _sharing(self) -> int:
        """How many blocks can share a spare one: half of it is enough for what breaks a rule in all of them."""
        return MOST_SHARING if self._share == 1.0 else max(1, min(MOST_SHARING, int(0.5 / (1.0 - self._share))))

    def _made(self, rows: pd.DataFrame, asked: _Asked, k: int, turn: int) -> _Records:
        rng = np.random.default_rng([asked.seed, k, turn, 0x201E])
        return _Records.of(self._built.made(rows.reset_index(drop=True), rng=rng, start=k * self.block), self.schema_)

    def _good(self, records: _Records, asked: _Asked) -> Flags:
        """Which records keep every rule that is seen of a record alone, and fulfil the conditions."""
        rows, good = records.rows, np.ones(len(records), bool)
        self._tally.looked_at += len(records)
        for place, rule in enumerate(self._built.rules):
            if not isinstance(rule, Unique):
                kept = records.all_of(rule.holds(rows))
                self._tally.count(place, int((~kept).sum()))
                good &= kept
        for condition in asked.conditions:
            kept = records.all_of(fulfilled(condition, self.schema_[condition.column], rows[condition.column]))
            self._tally.count(str(condition), int((~kept).sum()))
            good &= kept
        return good

    def _new(self, records: _Records, good: Flags, asked: _Asked) -> Flags:
        """Which of the good records repeat no key of an earlier one."""
        for place, rule in self._keys:
            again = self._repeats(rule, records.rows[records.each(good)])
            repeated = np.zeros(len(records.rows), bool)
            repeated[records.each(good)] = again
            kept = ~good | records.all_of(~repeated)
            self._tally.count(place, int((~kept).sum()))
            good = good & kept
        for rule in self._uniques:
            self._cache.seen(rule).add(records.rows[records.each(good)], rule.columns)
        return good

    def _filled(self, known: pd.DataFrame, seed: int, progress: Progress | None) -> tuple[pd.DataFrame, float]:
        """Known rows with their missing cells filled, and among how many candidates."""
        made = self.inner.impute(self._built.known(known)[0], seed=seed, progress=progress)
        draws = float(made.attrs["effective_draws"])
        rows = self._built.made(made, rng=np.random.default_rng([seed, 0x201E]), start=0)
        return pd.DataFrame({c.name: filled(c, known[c.name], rows[c.name]) for c in self.schema_}), draws

    def _check_conditional(self) -> None:
        self.inner._check_conditional()

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        raise NotImplementedError  # fit does its work

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _head(self) -> dict[str, Any]:
        return {**super()._head(), "generator": RULED, "options": {}}

    def _whole_state(self) -> State:
        return self._state()

    def _state(self) -> State:
        return State(
            {
                "rules": [_plain(rule) for rule in self.rules], "k": self.k, "steps": self._built.to_json(), "share": self._share,
                "columns": self._columns.to_json(),
            }
        )  # fmt: skip

    def _save_parts(self, folder: Path) -> None:
        self.inner.save(folder / INNER)

    def _restore(self, state: State) -> None:
        raise NotImplementedError  # restore does its work

    @classmethod
    def restore(cls, folder: Path, inner: Generator, checks: Sequence[Callable[..., Any]] = ()) -> Self:
        """The generator that `save` wrote, around the one that was saved in it.

        Args:
            folder: Of the saved model.
            inner: What its part `learnt` holds.
            checks: Functions that the model was made with, by their names.

        Raises:
            ConfigError: A function that it needs is not given.
            ModelFormatError: The folder is damaged.
        """
        head = read_head(folder)
        try:
            state, schema = head["state"], Schema.from_json(head["schema"])
            columns = Schema.from_json(state["columns"])
            rules, k = state["rules"], state["k"]
        except DAMAGE as error:
            raise _damaged(folder, error) from error
        model = cls(inner, [_called(value, checks) for value in rules], k=k)
        try:
            built = Construction.restore(parsed(model.rules, schema), state["steps"], schema)
            model._become(built, columns, schema)
            model._share = float(state["share"])
            model.is_loaded = True
        except DAMAGE as error:
            raise _damaged(folder, error) from error
        return model


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which endless table is meant.

    Args:
        seed: Of it.
        inner: Conditions that the generator that learns is told.
        conditions: All of them.
    """

    seed: int
    inner: Mapping[str, Condition] | None
    conditions: tuple[Condition, ...]

    @property
    def key(self) -> str:
        return f"{self.seed} {' '.join(map(str, self.conditions))}"


class _Tally:
    """How many records were looked at, and how many of them broke what."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.rejected: dict[int | str, int] = {}

    def count(self, what: int | str, n: int) -> None:
        """So many more records broke a rule, by its place, or a condition, as it is written."""
        self.rejected[what] = self.rejected.get(what, 0) + n


class _Cache:
    """What was made last: a spare block, and the keys of the blocks before the next one."""

    def __init__(self) -> None:
        self.spare_key: Any = None
        self.spare = pd.DataFrame()
        self._stream, self._next = "", 0
        self._seen: dict[tuple[str, ...], Seen] = {}

    def first(self, asked: _Asked, block: int) -> int:
        """The block from which on this stream has to be made, so that its keys are known at `block`."""
        if self._stream != asked.key or self._next > block:
            self._stream, self._next, self._seen = asked.key, 0, {}
        return self._next

    def seen(self, rule: Unique) -> Seen:
        """The keys of a rule."""
        return self._seen.setdefault(rule.columns, Seen())

    def passed(self, asked: _Asked, block: int) -> None:
        """A block was made."""
        if self._stream == asked.key:
            self._next = block + 1


@dataclass(frozen=True, slots=True)
class _Records:
    """Rows as records: rows of a table, or entities with all their rows.

    Args:
        rows: The rows, those of a record one after the other.
        bounds: First row of each record, and the number of rows.
        entity: Column that names the record; None if each row is one.
    """

    rows: pd.DataFrame
    bounds: NDArray[np.int64]
    entity: str | None

    @classmethod
    def of(cls, rows: pd.DataFrame, schema: Schema) -> Self:
        if schema.modality is not Modality.TIMESERIES or schema.entity is None:
            return cls(rows, np.arange(len(rows) + 1), None)
        codes = pd.factorize(rows[schema.entity.name])[0]
        return cls(
            rows, np.r_[np.flatnonzero(np.diff(codes, prepend=-1)), len(rows)].astype(np.int64), schema.entity.name
        )

    @classmethod
    def joined(cls, parts: Sequence[_Records]) -> _Records:
        lengths = np.concatenate([np.diff(part.bounds) for part in parts])
        kept = [part.rows for part in parts if len(part.rows)]
        return _Records(
            pd.concat(kept, ignore_index=True), np.r_[0, np.cumsum(lengths)].astype(np.int64), parts[0].entity
        )

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def take(self, places: NDArray[np.int64]) -> _Records:
        """Some of the records, in the order of `places`."""
        lengths = np.diff(self.bounds)[places]
        bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        rows = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths) + np.repeat(self.bounds[places], lengths)
        return _Records(self.rows.iloc[rows], bounds, self.entity)

    def divided(self, n: int, size: int) -> list[_Records]:
        """`n` parts of `size` records."""
        return [self.take(np.arange(i * size, (i + 1) * size)) for i in range(n)]

    def all_of(self, flags: Flags) -> Flags:
        """Which records have only rows that are true."""
        return flags if self.entity is None else np.asarray(np.logical_and.reduceat(flags, self.bounds[:-1]), bool)

    def each(self, flags: Flags) -> Flags:
        """A truth of each record for each of its rows."""
        return np.repeat(flags, np.diff(self.bounds))

    def named_as(self, others: _Records, fixed: Sequence[str]) -> _Records:
        """The same records with the names of others: the entity, or the cells of `fixed` columns."""
        if self.entity is not None:
            names = others.rows[self.entity].iloc[others.bounds[:-1]].array
            told = {self.entity: names.take(np.repeat(np.arange(len(self)), np.diff(self.bounds)))}
        else:
            told = {name: others.rows[name].array for name in fixed}
        return replace(self, rows=with_columns(self.rows, told))


def keeping(model: Generator, rules: Sequence[Any], *, k: int) -> Generator:
    """A generator whose rows keep rules; the generator itself if there are none.

    Args:
        model: Any generator, before it is fitted.
        rules: As `constraints.rules_of` reads them, and functions.
        k: A combination of values that fewer rows share does not come back.
    """
    return RuledGenerator(model, rules, k=k) if rules else model


def _damaged(folder: Path, error: Exception) -> ModelFormatError:
    return ModelFormatError(f"{folder} is damaged or incomplete ({type(error).__name__}). Save the model again.")


def parsed(values: Sequence[Any], schema: Schema) -> tuple[Rule, ...]:
    """Rules of their values, which may be Python functions too.

    Raises:
        ConfigError: A rule cannot be read, or two functions have one name.
    """
    plain = [value for value in values if not callable(value)]
    checks = [value for value in values if callable(value)]
    _check_names(checks)
    return (*rules_of(plain, schema), *(Check(_name(value), value) for value in checks))


def _check_names(checks: Sequence[Callable[..., Any]]) -> None:
    """ConfigError if two functions have one name, by which a saved model knows them."""
    names = [_name(check) for check in checks]
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ConfigError(
            f"Two of the functions in checks are called {twice[0]!r}, and a model knows them by their names. Write each with `def` and a name "
            "of its own, or join them in one."
        )


def _name(check: Callable[..., Any]) -> str:
    return getattr(check, "__name__", type(check).__name__)


def _plain(rule: Any) -> Any:
    """A rule as a JSON value; of a function its name."""
    return {"check": _name(rule)} if callable(rule) else rule


def _called(value: Any, checks: Sequence[Callable[..., Any]]) -> Any:
    """The rule of a JSON value.

    Raises:
        ConfigError: It is a function that is not given.
    """
    if not (isinstance(value, Mapping) and set(value) == {"check"}):
        return value
    _check_names(checks)
    found = next((check for check in checks if _name(check) == value["check"]), None)
    if found is None:
        raise ConfigError(
            f"The saved model keeps a rule that the Python function {value['check']!r} decides, and functions are not saved. Give it: "
            f"checks=[{value['check']}]."
        )
    return found


def _fits(condition: Condition, step: GroupStep, name: str) -> Flags:
    """Which combinations of a group fulfil a condition on one of its columns."""
    i = next(i for i, column in enumerate(step.columns) if column.name == name)
    values = [row[i] for row in step.rows]
    fits = np.full(len(values), condition.allows_missing)
    known = [j for j, value in enumerate(values) if value is not None]
    fits[known] = holds(condition, step.columns[i], [values[j] for j in known])
    return fits


def _check_order_kept(built: Construction, schema: Schema) -> None:
    """ConfigError if a step would take away whose rows are whose, or what came first."""
    for column in (schema.entity, schema.time):
        if column is not None and any(column.name in step.changes for step in built.steps):
            raise ConfigError(
                f"A rule makes the column {column.name!r} anew, which is the {column.role.value} of the time series. Leave the rule out."
            )


def _derived(seed: int, turn: int) -> int:
    """Another seed for each turn."""
    return int(np.random.SeedSequence([seed, turn, 0x5BA2]).generate_state(1, np.uint64)[0] >> np.uint64(1))
