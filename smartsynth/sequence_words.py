"""What a SequenceProfile says, in words: the same in the shell, in pictures and on the page of a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smartsynth.facts import ChannelProfile, SequenceProfile
from smartsynth.formats import count, number, percent, plain, span

CHANNEL_HEADER = ("Channel", "Next row", "Season", "Level")
_MOST_STATICS = 8
_NAME = 60


def heading(sequence: SequenceProfile) -> str:
    """Whether the rows are a time series or only seem to be, in a sentence."""
    over = "in their order" if sequence.time is None else f"over ‘{plain(sequence.time, _NAME)}’"
    whose = "consecutive rows" if sequence.entity is None else f"rows of ‘{plain(sequence.entity, _NAME)}’"
    if sequence.declared:
        return f"A time series: {whose} {over}."
    return f"Looks like a time series: {whose} {over}. It is learnt as a table unless you say {sequence.options}."


def facts_of(sequence: SequenceProfile) -> tuple[tuple[str, str], ...]:
    """Name and text of everything that is known of entities and times."""
    rows = [
        ("Entities", "one plain series" if sequence.entity is None else count(sequence.entities)),
        ("Frequency", sequence.frequency),
    ]
    if sequence.rows:
        rows.append(("Rows per entity", _spread(sequence.rows, number)))
    if sequence.gaps and sequence.step is None:
        rows.append(("Time from row to row", _spread(sequence.gaps, lambda value: gap(sequence, value))))
    if sequence.missing is not None:
        rows.append(("Moments without a row", percent(sequence.missing)))
    if sequence.time is not None:
        order = {0.0: "newest first", 1.0: "yes"}.get(sequence.order, f"{percent(sequence.order)} of the steps")
        rows += [("Rows in order", order), ("Moments twice", percent(sequence.duplicates))]
    if sequence.statics:
        more = len(sequence.statics) - _MOST_STATICS
        names = ", ".join(plain(name, _NAME) for name in sequence.statics[:_MOST_STATICS])
        rows.append(("Kept by an entity", f"{names} and {count(more)} more" if more > 0 else names))
    return tuple(rows)


def gap(sequence: SequenceProfile, value: float) -> str:
    """A step in time as text."""
    return span(value) if sequence.kind in ("datetime", "duration") else number(value)


def _spread(quantiles: Mapping[str, float], write: Callable[[float], str]) -> str:
    middle = f"median {write(quantiles['q50'])}" if "q50" in quantiles else ""
    if "q25" not in quantiles:
        return middle
    return f"{middle}, half from {write(quantiles['q25'])} to {write(quantiles['q75'])}"


def channel_row(channel: ChannelProfile) -> tuple[str, str, str, str]:
    """One line of the table of channels, under CHANNEL_HEADER."""
    season = "none" if channel.period is None else f"every {count(channel.period)} rows ({number(channel.strength, 2)})"
    return plain(channel.name, _NAME), number(channel.autocorrelation[0], 2), season, level(channel)


def level(channel: ChannelProfile) -> str:
    """Whether a channel keeps its level, in words."""
    if channel.shifted is not None:
        return f"shifts in {percent(channel.shifted)} of the entities"
    if channel.unit_root is None:
        return "not tested"
    found = "returns to its level" if channel.is_stationary else "wanders"
    return f"{found} (ADF {number(channel.unit_root)}, 5% at {number(channel.critical[1])})"
