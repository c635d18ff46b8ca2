"""Generator names → classes. Imported only when asked for; other packages add theirs by the entry point group
`smartsynth.generators`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from smartsynth import atomic
from smartsynth.errors import ConfigError, UnknownGeneratorError, did_you_mean
from smartsynth.models.base import Generator, read_head
from smartsynth.models.ruled_generator import INNER, RULED, RuledGenerator
from smartsynth.models.saved_files import checked_folder

BUILT_IN = {
    "forest": "smartsynth.models.forest_generator:ForestGenerator",
    "copula": "smartsynth.models.copula_generator:CopulaGenerator",
    "ctgan": "smartsynth.models.ctgan_generator:CTGANGenerator",
    "marginal": "smartsynth.models.marginal_generator:MarginalGenerator",
    "dpctgan": "smartsynth.models.dpctgan_generator:DPCTGANGenerator",
    "panel": "smartsynth.models.panel_generator:PanelGenerator",
    "flow": "smartsynth.models.flow_generator:FlowGenerator",
    "timegan": "smartsynth.models.timegan_generator:TimeGANGenerator",
    "dppanel": "smartsynth.models.dppanel_generator:DPPanelGenerator",
    "gpt2": "smartsynth.models.gpt2_generator:GPT2Generator",
    "prompt": "smartsynth.models.prompt_generator:PromptGenerator",
    "dpgpt2": "smartsynth.models.dpgpt2_generator:DPGPT2Generator",
    "diffusion": "smartsynth.models.diffusion_generator:DiffusionGenerator",
    "stablediffusion": "smartsynth.models.stablediffusion_generator:StableDiffusionGenerator",
    "dpdiffusion": "smartsynth.models.dpdiffusion_generator:DPDiffusionGenerator",
    "dpmoments": "smartsynth.models.dpmoments_generator:DPMomentsGenerator",
    "evolveimages": "smartsynth.models.evolveimages_generator:EvolveImagesGenerator",
    "evolve": "smartsynth.models.evolve_generator:EvolveGenerator",
}


def generators() -> tuple[str, ...]:
    """Names of all generators, ours first.

    >>> generators()[:2]
    ('forest', 'copula')
    """
    return (*BUILT_IN, *sorted(entry.name for entry in _added() if entry.name not in BUILT_IN))


def generator_class(name: str) -> type[Generator]:
    """The class of a generator name; UnknownGeneratorError if there is none."""
    places = {entry.name: entry.value for entry in _added()} | BUILT_IN
    if name not in places:
        raise UnknownGeneratorError(name, generators())
    module, _, attribute = places[name].partition(":")
    return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]


def create(name: str, **options: Any) -> Generator:
    """A generator that has not learnt anything yet.

    >>> create("copula")
    CopulaGenerator(min_count=5)
    """
    cls = generator_class(name)
    known = inspect.signature(cls).parameters
    wrong = [
        f"{option!r} is not an option of it.{did_you_mean(option, known)}" for option in options if option not in known
    ]
    if wrong:
        raise ConfigError(
            f"generator.options of {name!r}: {' '.join(wrong)} Known options: {', '.join(known) or 'none'}."
        )
    return cls(**options)


def load(folder: str | Path, *, checks: Sequence[Callable[..., Any]] = ()) -> Generator:
    """The fitted generator of a saved model, whichever generator it is.

    Args:
        folder: That `Generator.save` or `Result.save` wrote.
        checks: Python functions that decide about rules of the model, if it has such rules.
    """
    with atomic.reading(Path(folder)):
        name = read_head(checked_folder(folder))["generator"]
        if name == RULED:
            return RuledGenerator.restore(Path(folder), load(Path(folder) / INNER), checks)
        return generator_class(name).load(folder)


@functools.cache  # looking through every installed package takes long, and what is installed stays
def _added() -> list[Any]:
    return list(entry_points(group="smartsynth.generators"))
