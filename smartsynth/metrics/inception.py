"""Inception-v3 as the Fréchet inception distance uses it: 2,048 numbers an image, where its public weights are present.

The weights are those of TensorFlow's network of 2015-12-05, which Heusel et al. (2017) took, brought to PyTorch: the file that other tools leave
in torch's folder of checkpoints, or that SMARTSYNTH_INCEPTION names. It is read with `weights_only`, and only if its digest is the known one.

Szegedy et al. (2016), "Rethinking the Inception Architecture for Computer Vision"; where the network of 2015 differs from it, means leave
out what lies beyond the edge, and the last block takes the largest neighbour.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from smartsynth.errors import ConfigError

FILE = "pt_inception-2015-12-05-6726825d.pth"
PLACE = "SMARTSYNTH_INCEPTION"
DIGEST = "6726825d"
"""First digits of the file's SHA-256."""
SIDE = 299
POINTS = 2_048
EPSILON = 1e-3

Layer = tuple[str, int, tuple[int, int], int]
"""Name, channels that come out, height and width of the kernel, stride."""


def _row(name: str, channels: int, size: int | tuple[int, int] = 1, stride: int = 1) -> Layer:
    return name, channels, (size, size) if isinstance(size, int) else size, stride


FLAT, TALL = (1, 7), (7, 1)


def _a(pool: int) -> list[list[Layer]]:
    return [
        [_row("branch1x1", 64)],
        [_row("branch5x5_1", 48), _row("branch5x5_2", 64, 5)],
        [_row("branch3x3dbl_1", 64), _row("branch3x3dbl_2", 96, 3), _row("branch3x3dbl_3", 96, 3)],
        [_row("branch_pool", pool)],
    ]


def _c(inner: int) -> list[list[Layer]]:
    double = [(inner, TALL), (inner, FLAT), (inner, TALL), (192, FLAT)]
    return [
        [_row("branch1x1", 192)],
        [_row("branch7x7_1", inner), _row("branch7x7_2", inner, FLAT), _row("branch7x7_3", 192, TALL)],
        [_row("branch7x7dbl_1", inner), *(_row(f"branch7x7dbl_{i}", n, k) for i, (n, k) in enumerate(double, 2))],
        [_row("branch_pool", 192)],
    ]


B = [
    [_row("branch3x3", 384, 3, 2)],
    [_row("branch3x3dbl_1", 64), _row("branch3x3dbl_2", 96, 3), _row("branch3x3dbl_3", 96, 3, 2)],
]
D = [
    [_row("branch3x3_1", 192), _row("branch3x3_2", 320, 3, 2)],
    [_row("branch7x7x3_1", 192), _row("branch7x7x3_2", 192, FLAT), _row("branch7x7x3_3", 192, TALL),
     _row("branch7x7x3_4", 192, 3, 2)],
]  # fmt: skip
E = [
    [_row("branch1x1", 320)],
    [_row("branch3x3_1", 384), _row("branch3x3_2a", 384, (1, 3)), _row("branch3x3_2b", 384, (3, 1))],
    [_row("branch3x3dbl_1", 448), _row("branch3x3dbl_2", 384, 3), _row("branch3x3dbl_3a", 384, (1, 3)),
     _row("branch3x3dbl_3b", 384, (3, 1))],
    [_row("branch_pool", 192)],
]  # fmt: skip
MEAN, LARGEST = "mean", "largest"
BLOCKS: Sequence[tuple[str, list[list[Layer]], str]] = (
    ("Mixed_5b", _a(32), MEAN), ("Mixed_5c", _a(64), MEAN), ("Mixed_5d", _a(64), MEAN), ("Mixed_6a", B, LARGEST),
    ("Mixed_6b", _c(128), MEAN), ("Mixed_6c", _c(160), MEAN), ("Mixed_6d", _c(160), MEAN), ("Mixed_6e", _c(192), MEAN),
    ("Mixed_7a", D, LARGEST), ("Mixed_7b", E, MEAN), ("Mixed_7c", E, LARGEST),
)  # fmt: skip
"""Blocks in a row, and what the last branch of each takes of neighbours."""


def weights_file() -> Path | None:
    """The file of the weights, if there is one.

    Raises:
        ConfigError: SMARTSYNTH_INCEPTION names a file that is not there.
    """
    named = os.environ.get(PLACE)
    if named is None:
        home = (
            os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
        )
        found = Path(home) / "hub" / "checkpoints" / FILE
        return found if found.is_file() else None
    if not Path(named).is_file():
        raise ConfigError(f"{PLACE}={named!r}: there is no such file. Name {FILE}, or leave the variable out.")
    return Path(named)


@cache
def opened(file: Path) -> Any:
    """The network with the weights of a file.

    Raises:
        ConfigError: It is another file.
    """
    import torch

    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(DIGEST):
        raise ConfigError(
            f"{file} is not {FILE}: its SHA-256 begins with {digest[:8]}, not {DIGEST}. Fetch it again, or move it away."
        )
    network, known = build(), torch.load(str(file), map_location="cpu", weights_only=True)
    network.load_state_dict({name: value for name, value in known.items() if not name.startswith("fc.")})
    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def build() -> Any:
    """The network up to its last means, with random weights."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Unit(nn.Module):  # type: ignore[misc]
        def __init__(self, given: int, layer: Layer, *, edge: bool) -> None:
            super().__init__()
            _, made, (height, width), stride = layer
            room = (height // 2, width // 2) if edge else (0, 0)
            self.conv = nn.Conv2d(given, made, (height, width), stride, room, bias=False)
            self.bn = nn.BatchNorm2d(made, eps=EPSILON)

        def forward(self, x: Any) -> Any:
            return functional.relu(self.bn(self.conv(x)))

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, given: int, branches: list[list[Layer]], pool: str) -> None:
            super().__init__()
            self.names, self.pool, self.made = [[layer[0] for layer in branch] for branch in branches], pool, 0
            self.halves = any(layer[3] == 2 for branch in branches for layer in branch)
            for branch in branches:
                channels = given
                for layer in branch:
                    self.add_module(layer[0], Unit(channels, layer, edge=layer[3] == 1))
                    channels = channels if layer[0].endswith("a") else layer[1]
                    self.made += layer[1] if layer is branch[-1] or layer[0].endswith("a") else 0
            self.made += given if self.halves else 0

        def forward(self, x: Any) -> Any:
            found = []
            for names in self.names:
                y = self._pooled(x) if names == ["branch_pool"] else x
                for name in names:
                    if name.endswith("a"):  # splits here: the next one reads the same
                        found.append(self.get_submodule(name)(y))
                    else:
                        y = self.get_submodule(name)(y)
                found.append(y)
            return torch.cat([*found, functional.max_pool2d(x, 3, 2)] if self.halves else found, dim=1)

        def _pooled(self, x: Any) -> Any:
            if self.pool == LARGEST:
                return functional.max_pool2d(x, 3, 1, 1)
            return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    class Inception(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.Conv2d_1a_3x3 = Unit(3, _row("", 32, 3, 2), edge=False)
            self.Conv2d_2a_3x3 = Unit(32, _row("", 32, 3), edge=False)
            self.Conv2d_2b_3x3 = Unit(32, _row("", 64, 3), edge=True)
            self.Conv2d_3b_1x1 = Unit(64, _row("", 80), edge=False)
            self.Conv2d_4a_3x3 = Unit(80, _row("", 192, 3), edge=False)
            channels = 192
            for name, branches, pool in BLOCKS:
                block = Block(channels, branches, pool)
                self.add_module(name, block)
                channels = block.made

        def forward(self, x: Any) -> Any:
            """Points of images × 3 × 299 × 299 with values from -1 to 1."""
            x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
            x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
            x = functional.max_pool2d(x, 3, 2)
            for name, _, _ in BLOCKS:
                x = self.get_submodule(name)(x)
            return x.mean((2, 3))

    return Inception()
