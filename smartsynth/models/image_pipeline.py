"""Pretrained pipelines that paint what a prompt says: Stable Diffusion 1 and 2, of the Hugging Face hub or of a folder.

    codes      prompts → the states of the pipeline's text encoder, each alone
    latents    pixels → the smaller pictures that the network works on: their means and how far they spread
    paint      codes → pixels, in few steps (DPM-Solver++, Lu et al. 2022), with classifier-free guidance
    vary       pixels and codes → others like them (SDEdit, Meng et al. 2022)

Weights are read from safetensors alone, never from pickles, and no code of a pipeline is ever run. The checker of indecent pictures that
some pipelines bring is not loaded: what comes out is for the owner of the data to look at.

Rombach et al. (2022), "High-Resolution Image Synthesis with Latent Diffusion Models".
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, MissingExtraError, ModelFormatError, SmartSynthError
from smartsynth.images import Form
from smartsynth.models.half_precision import halved
from smartsynth.models.pretrained import Base, digest, is_copied, safely

CLASS, INDEX = "StableDiffusionPipeline", "model_index.json"
FILES = (
    INDEX, "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors",
)  # fmt: skip
UNUSED = ("safety_checker", "feature_extractor", "image_encoder")
LIBRARIES = ("diffusers", "transformers")
PREDICTIONS = ("epsilon", "v_prediction")
ENCODED, DECODED = 16, 4
"""Images or prompts that are encoded together, and images that are decoded together."""
MOST_STEPS = 200

Pixels = NDArray[np.uint8]


class ImagePipeline:
    """A pipeline that paints what prompts say.

    Args:
        pipe: A `StableDiffusionPipeline`.
        base: What it came from.
    """

    def __init__(self, pipe: Any, base: Base) -> None:
        self.pipe, self.base = pipe, base
        pipe.set_progress_bar_config(disable=True)

    @classmethod
    def open(cls, name: str) -> ImagePipeline:
        """The pipeline of a name: a folder that `save_pretrained` wrote, or one of the hub or of its copy on this machine.

        Raises:
            MissingExtraError: `diffusers`, `transformers` or `peft` is not installed.
            ConfigError: There is no such pipeline within reach, or it is of another kind.
        """
        diffusers = _diffusers()
        import torch

        safe = safely(name)
        _check_kind(name, _read(lambda: _index(name, here_only=safe["local_files_only"]), name))
        options = {"use_safetensors": True, "requires_safety_checker": False, **dict.fromkeys(UNUSED), **safe}
        pipe = _read(lambda: diffusers.StableDiffusionPipeline.from_pretrained(name, **options), name)
        _check_network(name, pipe)
        pipe.to("cuda" if torch.cuda.is_available() else "cpu", dtype=torch.float32)
        networks = pipe.unet, pipe.vae, pipe.text_encoder
        for network in networks:
            network.requires_grad_(False).eval()
        told = {"schedule": dict(pipe.scheduler.config), "scale": pipe.vae.config.scaling_factor}
        return cls(pipe, Base(name, digest(*networks, told=told)))

    @classmethod
    def again(cls, base: Base) -> ImagePipeline:
        """The pipeline that a model was made with.

        Raises:
            ModelFormatError: Its weights are others by now.
        """
        pipeline = cls.open(base.name)
        if pipeline.base.digest != base.digest:
            raise ModelFormatError(
                f"This model belongs to another version of {base.name!r}. Put that version back, or learn anew."
            )
        return pipeline

    @property
    def unit(self) -> int:
        """Pixels of a side that are one of a latent; sides must be multiples of it."""
        return int(self.pipe.vae_scale_factor)

    @property
    def side(self) -> int:
        """Side of the images that it was made for."""
        size = self.pipe.unet.config.sample_size
        return int(size if isinstance(size, int) else max(size)) * self.unit

    def size(self, form: Form, resolution: int | None) -> Form:
        """The size at which images of a form are painted, in colour.

        Args:
            form: Of the images.
            resolution: Their longer side; None takes the side that the pipeline was made for.
        """
        scale = (self.side if resolution is None else resolution) / max(form.width, form.height) / self.unit
        width, height = (max(round(side * scale), 1) * self.unit for side in (form.width, form.height))
        return Form(width, height, grey=False)

    @property
    def device(self) -> Any:
        return self.pipe.unet.device

    def codes(self, prompts: Sequence[str]) -> Any:
        """States of the text encoder: prompts × tokens × numbers; what is longer than it reads is cut."""
        import torch

        found = []
        for at in range(0, len(prompts), ENCODED):
            some = self.pipe.tokenizer(
                list(prompts[at : at + ENCODED]), padding="max_length", truncation=True,
                max_length=self.pipe.tokenizer.model_max_length, return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                found.append(self.pipe.text_encoder(some.input_ids.to(self.device))[0].float())
        return torch.cat(found).clone()

    def latents(self, pixels: Pixels) -> tuple[Any, Any]:
        """Means and standard deviations of the latents of RGB images."""
        import torch

        means, spreads = [], []
        scale = self.pipe.vae.config.scaling_factor
        for at in range(0, len(pixels), ENCODED):
            some = torch.from_numpy(pixels[at : at + ENCODED]).to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1
            with torch.inference_mode():
                found = self.pipe.vae.encode(some).latent_dist
            means.append(found.mean * scale)
            spreads.append(found.std * scale)
        return torch.cat(means).clone(), torch.cat(spreads).clone()

    def noise(self, rngs: Sequence[np.random.Generator], size: Form) -> Any:
        """Latents of noise for images of a size, each by its own generator."""
        import torch

        shape = (int(self.pipe.unet.config.in_channels), size.height // self.unit, size.width // self.unit)
        drawn = np.stack([rng.standard_normal(shape, np.float32) for rng in rngs])
        return torch.from_numpy(drawn).to(self.device)

    def paint(
        self, codes: Any, without: Any, rngs: Sequence[np.random.Generator], *, size: Form, steps: int, guidance: float,
        report: Callable[[float], None],
    ) -> Pixels:  # fmt: skip
        """RGB images of prompts.

        Args:
            codes: Of the prompts.
            without: Of one prompt that says what is not to be seen.
            rngs: Where noise comes from, one an image.
            size: Of the images.
            steps: From noise to an image.
            guidance: How much more than learnt an image hangs on its prompt; 1 is as learnt.
            report: Called with the share done.
        """
        _, scheduler = self._solver(steps)
        noise = self.noise(rngs, size) * scheduler.init_noise_sigma
        return self._solved(noise, scheduler.timesteps, scheduler, codes, without, guidance, report)

    def vary(
        self, pixels: Pixels, codes: Any, without: Any, rngs: Sequence[np.random.Generator], *, strength: float, steps: int,
        guidance: float, report: Callable[[float], None],
    ) -> Pixels:  # fmt: skip
        """RGB images like others: as far back to noise as `strength` says, 0 to 1, and from there again."""
        count, scheduler = self._solver(steps)
        first = min(max(round(count * (1 - strength)), 0), count - 1)
        means, _ = self.latents(pixels)
        scheduler.set_begin_index(first)
        times = scheduler.timesteps[first:]
        mixed = scheduler.add_noise(
            means, self.noise(rngs, Form(pixels.shape[2], pixels.shape[1], grey=False)), times[:1].repeat(len(pixels))
        )
        return self._solved(mixed, times, scheduler, codes, without, guidance, report)

    def _solver(self, steps: int) -> tuple[int, Any]:
        scheduler = _diffusers().DPMSolverMultistepScheduler.from_config(
            self.pipe.scheduler.config, algorithm_type="dpmsolver++", solver_order=2, final_sigmas_type="zero",
            timestep_spacing="linspace",
        )  # fmt: skip
        with warnings.catch_warnings():  # the scheduler asks NumPy for a tensor's numbers in an older way
            warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
            scheduler.set_timesteps(steps, device=self.device)
        return len(scheduler.timesteps), scheduler

    def _solved(
        self, latents: Any, times: Any, scheduler: Any, codes: Any, without: Any, guidance: float,
        report: Callable[[float], None],
    ) -> Pixels:  # fmt: skip
        import torch

        x, nothing = latents, without.expand(len(latents), -1, -1)
        with torch.inference_mode():
            for i, time in enumerate(times):
                given = scheduler.scale_model_input(x, time)
                found = self._seen(given, time, codes)
                if guidance != 1:
                    plain = self._seen(given, time, nothing)
                    found = plain + guidance * (found - plain)
                x = scheduler.step(found, time, x).prev_sample
                report((i + 1) / len(times))
            x = x / self.pipe.vae.config.scaling_factor
            seen = torch.cat([self.pipe.vae.decode(some).sample for some in x.split(DECODED)])
        if not torch.isfinite(seen).all():
            raise SmartSynthError(f"base={self.base.name!r} painted no numbers. Take other steps or another guidance.")
        pixels = ((seen.clamp(-1, 1) + 1) * 127.5).round().permute(0, 2, 3, 1).cpu().numpy()
        return np.asarray(pixels, np.uint8)

    def _seen(self, latents: Any, time: Any, codes: Any) -> Any:
        """What the network says of noisy latents."""
        with halved(self.device.type, learns=False):
            return self.pipe.unet(latents, time, encoder_hidden_states=codes).sample.float()


def lacking(name: str) -> str | None:
    """What a generator on a pipeline lacks on this machine, as the end of a sentence; None if the weights are here."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return f"needs the weights of a pretrained pipeline ({name})"
    if Path(name).is_dir() or all(is_copied(name, file) for file in FILES):
        return None
    return f"needs the weights of a pretrained pipeline ({name}), and this machine has no copy of them"


def _index(name: str, *, here_only: bool) -> dict[str, Any]:
    """What a pipeline says that it is made of."""
    from huggingface_hub import hf_hub_download

    file = Path(name) / INDEX
    if not Path(name).is_dir():
        file = Path(hf_hub_download(name, INDEX, local_files_only=here_only))
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _check_kind(name: str, config: Mapping[str, Any]) -> None:
    """ConfigError if it is another pipeline, or has parts of its own code."""
    if (kind := config.get("_class_name")) != CLASS:
        raise ConfigError(
            f"base={name!r} is a {kind if isinstance(kind, str) else 'pipeline of its own code'}, and only pipelines of the kind {CLASS} "
            "(Stable Diffusion 1 and 2) can be used."
        )
    parts = {key: value[0] for key, value in config.items() if isinstance(value, list) and len(value) == 2 and value[0]}
    strange = [key for key, library in parts.items() if key not in UNUSED and library not in LIBRARIES]
    if strange:
        raise ConfigError(
            f"base={name!r}: {', '.join(strange)} would be run by code of its own. Use a pipeline whose parts are those of "
            f"{' and '.join(LIBRARIES)}."
        )


def _check_network(name: str, pipe: Any) -> None:
    """ConfigError if the network says something else than the noise or the velocity, or is told more than an image."""
    said = pipe.scheduler.config.prediction_type
    if said not in PREDICTIONS:
        raise ConfigError(f"base={name!r}: its network predicts {said!r}; allowed are {', '.join(PREDICTIONS)}.")
    if pipe.unet.config.in_channels != pipe.vae.config.latent_channels:
        raise ConfigError(f"base={name!r}: its network needs more than a noisy image, as those for inpainting do.")


def _read(read: Callable[[], Any], name: str) -> Any:
    """What is read of a folder or of the hub; ConfigError if it is not there, or not in safetensors."""
    try:
        return read()
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"base={name!r}: no such pipeline is within reach ({type(error).__name__}). Give a folder that `save_pretrained` wrote "
            "as safetensors, or a Stable Diffusion pipeline of the hub while it can be reached."
        ) from error


def not_too_many(steps: object) -> list[str]:
    """What is wrong with the option `steps`, beyond being no whole number."""
    if isinstance(steps, int) and steps > MOST_STEPS:
        return [f"steps={steps} are more than {MOST_STEPS}, which paint no better. Take fewer."]
    return []


def check_name(name: object) -> list[str]:
    """What is wrong with the option `base`."""
    if isinstance(name, str) and name:
        return []
    return [f"base={name!r} must name a Stable Diffusion pipeline: a folder, or one of the hub."]


def _diffusers() -> Any:
    if any(importlib.util.find_spec(name) is None for name in ("torch", "diffusers", "transformers", "peft")):
        raise MissingExtraError("A pretrained pipeline", "pipeline")
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    return diffusers
