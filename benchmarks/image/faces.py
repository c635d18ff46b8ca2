"""Faces: in how many images with and without one the profile finds a face, and what a look costs.

    python benchmarks/image/faces.py --data DATA

Pictures that scikit-image and scikit-learn bring: 100 faces and 100 other parts of photographs (LFW, Huang et al. 2007), parts of a portrait,
turned a little, and parts of photographs, textures and prints without a face; digits and X-rays of `DATA` (mnist.py, pneumonia.py); noise.
Prints a line of JSON per set, and writes docs/benchmarks/faces.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist import digits  # isort: skip  (this folder's)

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "faces.json"
WITH_FACES = ("astronaut", "camera")
Picture = NDArray[np.uint8]


def main() -> None:
    from smartsynth import images
    from smartsynth.utils import faces

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    found: list[dict[str, Any]] = []
    for name, has_face, pictures in sets(parser.parse_args().data):
        cells = [
            cell for picture in pictures if faces.is_large_enough(cell := images.cell_of(np.ascontiguousarray(picture)))
        ]
        began = time.process_time()
        seen = faces.faces(cells)
        each = 1_000 * (time.process_time() - began) / len(cells)
        line = {
            "set": name,
            "faces": has_face,
            "images": len(cells),
            "found": round(seen / len(cells), 4),
            "ms": round(each, 1),
        }
        print(json.dumps(line), flush=True)
        found.append(line)
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def sets(data: Path) -> Iterator[tuple[str, bool, list[Picture]]]:
    """Names of sets of pictures, whether they show faces, and the pictures."""
    import skimage
    import sklearn

    from smartsynth import images

    rng = np.random.default_rng(0)
    here = Path(skimage.__file__).parent / "data"
    lfw = (np.load(here / "lfw_subset.npy") * 255).astype(np.uint8)
    yield "faces of 25 pixels a side (LFW)", True, list(lfw[:100])
    yield "parts of the LFW photographs without a face", False, list(lfw[100:])
    files = [*sorted(here.glob("*.png")), *sorted(here.glob("*.jpg"))]
    files += sorted((Path(sklearn.__file__).parent / "datasets" / "images").glob("*.jpg"))
    others = [Image.open(file).convert("RGB") for file in files if file.stem not in WITH_FACES]
    yield (
        "parts of photographs, textures and prints without a face",
        False,
        [part(image, rng) for image in others for _ in range(20)],
    )
    yield (
        "parts of a portrait, turned a little",
        True,
        portraits(Image.open(here / "astronaut.png").convert("RGB"), rng),
    )
    yield "digits (MNIST)", False, [images.pixels_of(cell) for cell in digits(data)[0]["image"][:3_000]]
    with np.load(data / "pneumoniamnist_full.npz") as kept:
        yield "X-rays (PneumoniaMNIST)", False, list(kept["train_images"].reshape(-1, 28, 28)[:3_000])
    yield "noise", False, list(rng.integers(0, 256, (200, 64, 64), dtype=np.uint8))


def part(image: Any, rng: np.random.Generator) -> Picture:
    """A square part of a picture, at most 224 pixels a side."""
    side = int(rng.integers(40, min(image.size) + 1))
    x, y = (int(rng.integers(0, length - side + 1)) for length in image.size)
    return np.asarray(image.crop((x, y, x + side, y + side)).resize((min(side, 224),) * 2))


def portraits(image: Any, rng: np.random.Generator) -> list[Picture]:
    """Parts of the astronaut's portrait that hold the face, each turned by a few degrees."""
    made = []
    for _ in range(60):
        side = int(rng.integers(150, 512))
        x = int(rng.integers(0, min(170, 512 - side) + 1))
        y = int(rng.integers(0, min(60, 512 - side) + 1))
        if x + side > 280 and y + side > 200:
            seen = image.crop((x, y, x + side, y + side)).rotate(float(rng.normal(0, 5)))
            made.append(np.asarray(seen.resize((128, 128))))
    return made


if __name__ == "__main__":
    main()
