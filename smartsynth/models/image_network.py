"""The network that paints: a U-Net of `diffusers` that says which way a noisy image has to go, told the time and the row.

    pixels     -1 to 1; a patch of neighbours is a channel each, so that most work is done at half the size
    told       numbers about the row (image_codes.py) through a small network, added to what it is told of the time;
               zeros, and that they mean nothing, where nothing is told (classifier-free guidance, Ho & Salimans 2022)
    paint      from noise to an image along the velocities, by Heun's rule (rectified flow, Liu et al. 2023)

Ronneberger, Fischer & Brox (2015), "U-Net"; Ho, Jain & Abbeel (2020), "Denoising Diffusion Probabilistic Models", for its blocks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError
from smartsynth.images import Form
from smartsynth.models.half_precision import halved

COARSEST = 8
"""Sides of the coarsest level are at most about so long."""
WIDEST = 4
"""Times the width of the finest level."""
GROUP = 8
"""Channels that are normalised together: alone, each would lose what the network is told of the time and the row."""
CLOCK = 1000.0
"""Of the time that the network is told, at its end."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is built from.

    Args:
        width: Channels of the finest level.
        layers: Blocks of a level.
        patch: Side of the squares of pixels that become channels.
        told: Numbers about a row.
        height, side, colours: Of the images.
    """

    width: int
    layers: int
    patch: int
    told: int
    height: int
    side: int
    colours: int

    @classmethod
    def of(cls, form: Form, told: int, *, width: int, layers: int, patch: int | None) -> Self:
        """The shape for images of a form."""
        longest = max(form.width, form.height)
        patch = (1 if longest < 16 else 2) if patch is None else patch
        return cls(width, layers, patch, told, form.height, form.width, form.channels)

    @property
    def levels(self) -> int:
        """Sizes at which it works, each half of the one before."""
        side, levels = max(self.height, self.side) / self.patch, 1
        while side > COARSEST and levels < 5:
            side, levels = side / 2, levels + 1
        return levels

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width in pixels that all levels can halve."""
        unit = self.patch * 2 ** (self.levels - 1)
        return -(-self.height // unit) * unit, -(-self.side // unit) * unit

    def to_json(self) -> dict[str, int]:
        return asdict(self)


def check_installed() -> None:
    """MissingExtraError without torch and diffusers."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "diffusers")):
        raise MissingExtraError("Diffusion of images", "image")


def build(shape: Shape, seed: int) -> Any:
    """A network with weights that depend on the seed alone."""
    check_installed()
    import diffusers
    import torch
    from torch import nn

    unet: Any = diffusers.UNet2DModel

    class Painter(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            widths = tuple(shape.width * min(2**i, WIDEST) for i in range(shape.levels))
            deep = shape.levels > 2
            inside = shape.colours * shape.patch**2
            self.unet = unet(
                in_channels=inside, out_channels=inside, block_out_channels=widths, layers_per_block=shape.layers,
                down_block_types=("DownBlock2D",) * (shape.levels - deep) + ("AttnDownBlock2D",) * deep,
                up_block_types=("AttnUpBlock2D",) * deep + ("UpBlock2D",) * (shape.levels - deep),
                norm_num_groups=shape.width // GROUP, add_attention=deep, attention_head_dim=32, class_embed_type="identity",
            )  # fmt: skip
            size = 4 * shape.width
            self.rows = nn.Sequential(nn.Linear(shape.told + 1, size), nn.SiLU(), nn.Linear(size, size))

        def forward(self, pictures: Any, time: Any, rows: Any, known: Any) -> Any:
            is_told = known[:, None].to(rows.dtype)
            told = self.rows(torch.cat([rows * is_told, is_told], dim=1))
            folded = nn.functional.pixel_unshuffle(pictures, shape.patch)
            found = self.unet(folded, time * CLOCK, class_labels=told).sample
            return nn.functional.pixel_shuffle(found, shape.patch)

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        return Painter()


def weights_of(network: Any) -> dict[str, NDArray[np.float32]]:
    """Every weight by name."""
    return {name: value.detach().float().cpu().numpy() for name, value in network.state_dict().items()}


def with_weights(network: Any, weights: Mapping[str, NDArray[Any]]) -> Any:
    """The network with these weights, ready to paint."""
    import torch

    network.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()})
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def to_floats(pixels: NDArray[np.uint8], shape: Shape) -> NDArray[np.float32]:
    """Images × channels × height × width, from -1 to 1, with their edges repeated where levels need more room."""
    height, width = shape.padded
    room = ((0, 0), (0, height - shape.height), (0, width - shape.side), (0, 0))
    padded = np.pad(pixels, room, mode="edge").astype(np.float32) / 127.5 - 1
    return np.ascontiguousarray(padded.transpose(0, 3, 1, 2))


def to_pixels(pictures: NDArray[np.float32], shape: Shape) -> NDArray[np.uint8]:
    """What `to_floats` came from."""
    cut = pictures[:, :, : shape.height, : shape.side].transpose(0, 2, 3, 1)
    return np.asarray(np.clip(np.rint((cut + 1) * 127.5), 0, 255), np.uint8)


def paint(
    network: Any, shape: Shape, rows: NDArray[np.float32], rngs: Sequence[np.random.Generator], *, steps: int, guidance: float,
    report: Callable[[float], None],
) -> NDArray[np.uint8]:  # fmt: skip
    """Images for rows, each from the noise of its own generator.

    Args:
        network: Of `build`.
        shape: Its shape.
        rows: What it is told, one row an image.
        rngs: Where noise comes from, one an image.
        steps: Of Heun's rule, at two looks each.
        guidance: How much more than learnt an image hangs on its row; 1 is as learnt.
        report: Called with the share done.
    """
    import torch

    device = next(network.parameters()).device
    noise = np.stack([rng.standard_normal((shape.colours, *shape.padded), np.float32) for rng in rngs])
    x, told = torch.from_numpy(noise).to(device), torch.from_numpy(rows).to(device)
    known = torch.ones(len(rows), dtype=torch.bool, device=device)

    def velocity(at: Any, time: float) -> Any:
        when = torch.full((len(rows),), time, device=device)
        found = network(at, when, told, known).float()
        if guidance == 1:
            return found
        without = network(at, when, told, ~known).float()
        return without + guidance * (found - without)

    times = np.linspace(0, 1, steps + 1)
    with torch.inference_mode(), halved(device.type):
        for i, (now, then) in enumerate(zip(times[:-1].tolist(), times[1:].tolist(), strict=True)):
            first = velocity(x, now)
            reached = x + (then - now) * first
            x = reached if i + 1 == steps else x + (then - now) * (first + velocity(reached, then)) / 2
            report((i + 1) / steps)
    return to_pixels(x.cpu().numpy(), shape)
