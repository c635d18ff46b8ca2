"""A small classifier of images: what it learns from some images is measured on others.

Two convolutions over images of at most 32 × 32 pixels, fewer steps where images are few (LeCun et al. 1998, in kind). The images
that it learns are moved by up to two pixels at random, so that few are learnt from well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_SIDE = 32
STEPS, BATCH = 900, 64
LEAST_STEPS, PASSES = 200, 200
"""Below 300 images or so it takes fewer steps: it has then seen each this often."""
RATE = 4e-3
WIDTHS = (24, 48)
MOVED = 2


def predictions(
    pixels: NDArray[np.uint8], codes: NDArray[np.int64], others: NDArray[np.uint8], n: int, *, seed: int
) -> NDArray[np.float64]:
    """Probabilities of each of `n` labels for other images.

    Args:
        pixels: Images that are learnt, images × height × width × channels.
        codes: Their labels, from 0.
        others: Images of the same form.
        n: Number of labels.
        seed: Same seed, same classifier.
    """
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        x, y = _inputs(pixels).to(device), torch.from_numpy(codes).to(device)
        flat = WIDTHS[1] * (x.shape[2] // 4) * (x.shape[3] // 4)
        network: Any = nn.Sequential(
            nn.Conv2d(x.shape[1], WIDTHS[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(WIDTHS[0], WIDTHS[1], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(flat, n),
        ).to(device)  # fmt: skip
        optimiser = torch.optim.Adam(network.parameters())
        steps = min(STEPS, max(LEAST_STEPS, PASSES * len(x) // BATCH))
        pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
        for _ in range(steps):
            some = torch.randint(len(x), (BATCH,), device=device)
            down, across = torch.randint(-MOVED, MOVED + 1, (2,)).tolist()
            loss = nn.functional.cross_entropy(network(x[some].roll((down, across), (2, 3))), y[some])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
        network.eval()
        with torch.inference_mode():
            found = [network(part).softmax(1) for part in _inputs(others).to(device).split(512)]
        return np.asarray(torch.cat(found).double().cpu().numpy())


def _inputs(pixels: NDArray[np.uint8]) -> Any:
    import torch

    x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).float() / 255
    height, width = x.shape[2:]
    if max(height, width) > MOST_SIDE:
        share = MOST_SIDE / max(height, width)
        size = (max(round(height * share), 4), max(round(width * share), 4))
        x = _resized(x, size)
    return (x - 0.5) * 2


def _resized(x: Any, size: tuple[int, int]) -> Any:
    """Images made smaller, with means over areas."""
    import torch

    return torch.nn.functional.interpolate(x, size, mode="area")
