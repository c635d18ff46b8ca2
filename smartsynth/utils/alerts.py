"""What the user should know about the data, worst first, and what happens because of it."""

from __future__ import annotations

from collections.abc import Iterator

from smartsynth.facts import Alert, ColumnProfile, ImageProfile, Profile, SequenceProfile, Severity
from smartsynth.formats import count, percent, plain
from smartsynth.utils import faces

_ORDER = tuple(Severity)
DIRECT = frozenset(
    [
        "email",
        "phone",
        "fax",
        "person_name",
        "first_name",
        "last_name",
        "ssn",
        "credit_card",
        "iban",
        "ip",
        "mac",
        "url",
        "vin",
        "imei",
        "uuid",
        "address",
        "license_plate",
        "passport",
        "national_id",
        "username",
        "photo",
    ]
)
READING = "reading"
"""Code of alerts about what was noticed and changed while the data were read."""
FEW_ROWS = 500
FEW_ENTITIES = 100
MOST_CLASSES = 30
"""Of a target that is spoken of as one."""
SURE = 0.01
"""Chance of seeing so many faces where there is none, below which there are some."""


def alerts(profile: Profile) -> tuple[Alert, ...]:
    """Every alert of a profile, worst first."""
    found = [*_sequence(profile), *_table(profile)]
    for column in profile.columns:
        found += _column(column)
    found += _target(profile)
    found += _pictures(profile)
    return tuple(sorted(found, key=lambda alert: _ORDER.index(alert.severity)))


def _pictures(profile: Profile) -> Iterator[Alert]:
    for one in profile.images:
        name = plain(one.name, 40)
        if one.different_forms > 1:
            text = f"{name!r} has images of {count(one.different_forms)} sizes or colours; all are brought to one before learning."
            yield Alert(Severity.INFO, "sizes", text, one.name)
        if one.near > 0.01:
            text = f"{percent(one.near)} of the images of {name!r} look nearly the same as another one; what the holdout shares with the training data makes scores too good."
            yield Alert(Severity.WARNING, "near-duplicates", text, one.name)
        if one.faces:
            yield _faces(one)


def _faces(pictures: ImageProfile) -> Alert:
    """Faces are personal data; as few as an eye that errs would see may be none."""
    name, sought = plain(pictures.name, 40), pictures.sought or 0
    seen = f"{count(pictures.faces)} of {count(sought)} images of {name!r} that were looked at"
    if faces.chance(pictures.faces, sought) < SURE:
        text = f"{seen} seem to show a face, which is personal data: images are learnt as they are, and a synthetic one may look like somebody."
        return Alert(Severity.ERROR, "personal-data", text, pictures.name)
    text = (
        f"{seen} may show a face, which is personal data; as many seem to where there is none, so look at the images."
    )
    return Alert(Severity.WARNING, "personal-data", text, pictures.name)


def _table(profile: Profile) -> Iterator[Alert]:
    if profile.rows < FEW_ROWS:
        text = f"{count(profile.rows)} rows are few: expect coarse distributions and wide intervals on every score."
        yield Alert(Severity.WARNING, "few-rows", text)
    if profile.duplicate_rows:
        share = percent(profile.duplicate_rows / profile.rows)
        text = f"{count(profile.duplicate_rows)} rows ({share}) repeat another row; what many rows share is not taken for a copy."
        severity = Severity.WARNING if profile.duplicate_rows > 0.05 * profile.rows else Severity.INFO
        yield Alert(severity, "duplicate-rows", text)
    for one, two in profile.dependencies[:20]:
        text = f"{one!r} decides {two!r}; the pair is learnt, and a few synthetic rows may break it."
        yield Alert(Severity.INFO, "dependency", text, two)
    for pair in profile.associations[:10]:
        if pair.value > 0.98:
            text = f"{pair.left!r} and {pair.right!r} say nearly the same ({pair.value:.2f}); one may be derived from the other."
            yield Alert(Severity.INFO, "nearly-equal", text, pair.right)


def _sequence(profile: Profile) -> Iterator[Alert]:
    sequence = profile.sequence
    if sequence is None:
        return
    if not sequence.declared:
        text = f"Looks like a time series: {_rows(sequence)}. Learn it as one with {sequence.options}."
        yield Alert(Severity.INFO, "time-series", text)
        return
    if sequence.entity is not None and sequence.entities < FEW_ENTITIES:
        text = (
            f"{count(sequence.entities)} different {sequence.entity!r} are few: each is one record, so expect coarse distributions "
            "and wide intervals on every score."
        )
        yield Alert(Severity.WARNING, "few-entities", text, sequence.entity)
    if sequence.duplicates > 0:
        whose = "" if sequence.entity is None else f" of the same {sequence.entity!r}"
        text = (
            f"{percent(sequence.duplicates)} of the rows have the same {sequence.time!r} as another{whose}; rows of one moment "
            "stay in their order."
        )
        yield Alert(Severity.INFO, "duplicate-times", text, sequence.time)
    if sequence.time is not None and sequence.order < 1:
        text = f"Rows are not in the order of {sequence.time!r} everywhere; they are put in order before learning."
        yield Alert(Severity.INFO, "unordered", text, sequence.time)


def _rows(sequence: SequenceProfile) -> str:
    """Whose rows over which time, in words."""
    over = "in their order" if sequence.time is None else f"over `{plain(sequence.time)}`"
    whose = "consecutive rows" if sequence.entity is None else f"rows of `{plain(sequence.entity)}`"
    return f"{whose} {over}"


def _column(column: ColumnProfile) -> Iterator[Alert]:
    name = column.name
    if column.semantic in DIRECT:
        text = f"{name!r} looks like personal data ({column.semantic}): its values are made up anew, none is learnt or copied."
        if column.kind not in ("identifier", "text", "image"):
            text = f"{name!r} looks like personal data ({column.semantic}): only values that at least five rows share are kept."
        yield Alert(Severity.ERROR, "personal-data", text, name)
    elif column.role == "entity":
        text = (
            f"{name!r} says whom a row is about: its values are made up anew, and the rows of one are learnt together."
        )
        yield Alert(Severity.INFO, "entity", text, name)
    elif column.kind == "identifier":
        yield Alert(
            Severity.WARNING, "identifier", f"{name!r} looks like an identifier: it will be replaced, not learnt.", name
        )
    elif column.kind == "text":
        yield Alert(Severity.WARNING, "free-text", f"{name!r} is free text: it will be replaced by made-up text.", name)
    elif column.role == "quasi-identifier":
        text = f"{name!r} may single people out together with other columns; the evidence checks such combinations."
        yield Alert(Severity.INFO, "quasi-identifier", text, name)
    if column.missing == column.count:
        yield Alert(Severity.WARNING, "all-missing", f"{name!r} has no value in any row and stays empty.", name)
    elif column.missing > 0.3 * column.count:
        share = percent(column.missing / column.count)
        yield Alert(
            Severity.WARNING,
            "missing",
            f"{share} of {name!r} is missing; the pattern of missing cells is learnt.",
            name,
        )
    if column.kind == "constant" and column.missing < column.count:
        yield Alert(
            Severity.INFO, "constant", f"{name!r} has a single value, which every synthetic row will have.", name
        )
    yield from _flags(column)


def _flags(column: ColumnProfile) -> Iterator[Alert]:
    name = column.name
    if "high-cardinality" in column.flags:
        text = f"{name!r} has {count(column.distinct)} levels; those that fewer than five rows hold are pooled before learning."
        yield Alert(Severity.WARNING, "high-cardinality", text, name)
    if "zero-inflated" in column.flags:
        share = percent(column.statistics["zeros"])
        yield Alert(
            Severity.INFO,
            "zero-inflated",
            f"{share} of {name!r} is zero; zeros are learnt as a value of their own.",
            name,
        )
    if "skewed" in column.flags:
        text = f"{name!r} is strongly skewed; its largest values are averaged over five rows and more, so no extreme comes back."
        yield Alert(Severity.INFO, "skewed", text, name)


def _target(profile: Profile) -> Iterator[Alert]:
    column = next((c for c in profile.columns if c.name == profile.target), None)
    if column is None or not column.levels:
        return
    rare = column.distinct - len(column.levels)
    if rare > 0 and column.distinct <= MOST_CLASSES:
        text = f"The rarest class of the target {column.name!r} is held by fewer than five rows; such classes are pooled before learning and may not come back."
        yield Alert(Severity.WARNING, "imbalance", text, column.name)
        return
    rarest = min(share for _, share in column.levels)
    if rarest < 0.1:
        text = f"The rarest class of the target {column.name!r} has {percent(rarest)} of the rows; look at F1 rather than accuracy."
        yield Alert(Severity.WARNING, "imbalance", text, column.name)
