"""No command writes over what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from smartsynth.errors import ConfigError


def check_apart(read: Mapping[str, str | Path | None], written: Mapping[str, str | Path | None]) -> None:
    """Refuse, before any work, an output that is an input or a folder that holds one.

    Args:
        read: What is read, by the argument that names it; None and - (standard input) are no files.
        written: What is written, likewise.

    Raises:
        ConfigError: A file, folder or address would be overwritten that the command reads.
    """
    for option, output in _places(written):
        for name, source in _places(read):
            if any(_covers(one, source) for one in (output, *_beside(option, output))):
                raise ConfigError(
                    f"{option}={str(output)!r} would be written over {name}={str(source)!r}, which is read. Name another place."
                )


def _places(named: Mapping[str, str | Path | None]) -> Iterator[tuple[str, str | Path]]:
    """What names a file, a folder or an address."""
    yield from ((name, place) for name, place in named.items() if place is not None and str(place) != "-")


def _beside(option: str, output: str | Path) -> Iterable[Path]:
    """What is written beside an output: the JSON twin of a report."""
    return (Path(output).with_suffix(".json"),) if option == "--report" else ()


def _covers(output: str | Path, source: str | Path) -> bool:
    """Whether writing the output replaces the source."""
    if "://" in str(output) or "://" in str(source):
        return str(output).rstrip("/") == str(source).rstrip("/")
    target, held = Path(output), Path(source)
    try:
        if target.samefile(held):  # also another name of the same file
            return True
    except OSError:
        pass
    place = held.resolve()
    return target.resolve() in (place, *place.parents)
