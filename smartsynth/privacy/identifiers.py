"""Which columns say who somebody is: recognisers vote over a sample of a column's distinct cells.

    column name ───────┐
    format of cells ───┼─ Recognizer ─ share of cells that agree ─→ Finding(semantic, role, HIPAA class, share)
    checksum ──────────┤
    word lists ────────┘

One cell proves nothing, a column does: when the name of a column agrees, a tenth of the cells is enough for formats
that hardly occur by chance; without the name more cells have to agree, and formats that other numbers share never
count. Classes A to R are those of the HIPAA Safe Harbor rule, 45 CFR 164.514(b)(2)(i).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING, Any

import numpy as np

from smartsynth.privacy import wordlists
from smartsynth.schema import Role

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 400

HIPAA_CLASSES = {
    "A": "names",
    "B": "places smaller than a state",
    "C": "dates of a person's life and ages over 89",
    "D": "telephone numbers",
    "E": "fax numbers",
    "F": "e-mail addresses",
    "G": "social security numbers",
    "H": "medical record numbers",
    "I": "health plan numbers",
    "J": "account numbers",
    "K": "certificate and licence numbers",
    "L": "vehicle identifiers",
    "M": "device identifiers",
    "N": "web addresses",
    "O": "IP addresses",
    "P": "biometric identifiers",
    "Q": "face photographs",
    "R": "any other code that is unique to a person",
}


class Cells(Flag):
    """What the cells of a column are."""

    TEXT = auto()
    WHOLE = auto()
    REAL = auto()
    DATE = auto()
    TRUTH = auto()
    NUMBER = WHOLE | REAL
    ANY = TEXT | WHOLE | REAL | DATE | TRUTH


@dataclass(frozen=True, slots=True)
class Finding:
    """What a column tells about a person.

    Args:
        semantic: Meaning of the cells, such as `email`.
        role: KEY names a person directly, QUASI_IDENTIFIER does so together with others, SENSITIVE is what nobody
            should learn about a person.
        hipaa: Letter of the HIPAA Safe Harbor class, if it is one of the 18.
        share: Share of the sampled distinct cells that agree.
        named: Whether the name of the column says so too.
    """

    semantic: str
    role: Role
    hipaa: str | None
    share: float
    named: bool

    @property
    def direct(self) -> bool:
        """Whether the cells name a person by themselves."""
        return self.role is Role.KEY


@dataclass(frozen=True, slots=True)
class Recognizer:
    """Knows one meaning by the name of a column and by its cells.

    `named` is the share of cells that must agree when the name does; `alone` the share without the name (None: never).
    """

    semantic: str
    role: Role
    hipaa: str | None
    label: re.Pattern[str] | None
    agrees: Callable[[str], bool] | None
    named: float = 0.1
    alone: float | None = None
    cells: Cells = Cells.TEXT
    distinct: int = 1

    def share(self, sample: list[str]) -> float:
        return 1.0 if self.agrees is None else sum(map(self.agrees, sample)) / len(sample)


def words(name: str) -> tuple[str, ...]:
    """The words of a column name in lower case.

    >>> words("PULocationID"), words("home_address1")
    (('pu', 'location', 'id'), ('home', 'address', '1'))
    """
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced))


def scan(series: pd.Series[Any], name: str) -> Finding | None:
    """What a column tells about a person, or None if nothing was recognised.

    >>> import pandas as pd
    >>> scan(pd.Series(["ann@example.org", "bob@example.org", None]), "contact").semantic
    'email'
    """
    cells, sample = _sample(series)
    if not sample:
        return None
    label = "_".join(words(name))
    fitting = [recognizer for recognizer in RECOGNIZERS if recognizer.cells & cells]
    for recognizer in fitting:
        if recognizer.label is not None and recognizer.label.search(label):
            share = recognizer.share(sample)
            if share >= recognizer.named:
                return Finding(recognizer.semantic, recognizer.role, recognizer.hipaa, share, True)
    for recognizer in fitting:
        if recognizer.alone is not None and len(sample) >= recognizer.distinct:
            share = recognizer.share(sample)
            if share >= recognizer.alone:
                return Finding(recognizer.semantic, recognizer.role, recognizer.hipaa, share, False)
    return None


def _sample(series: pd.Series[Any]) -> tuple[Cells, list[str]]:
    """What the cells are, and some distinct ones as text."""
    known = series.dropna()
    if len(known) > SAMPLE_ROWS:
        known = known.iloc[np.random.default_rng(0).choice(len(known), SAMPLE_ROWS, replace=False)]
    unique = np.asarray(known.unique())
    if len(unique) > SAMPLE_CELLS:
        unique = np.random.default_rng(0).choice(unique, SAMPLE_CELLS, replace=False)
    if unique.dtype.kind == "O" and len(unique) and all(_is_number(cell) for cell in unique):
        unique = unique.astype(np.float64)  # numbers that are kept as objects, such as beside missing cells
    if unique.dtype.kind == "b":
        return Cells.TRUTH, [str(cell) for cell in unique]
    if unique.dtype.kind in "iuf":
        finite = unique[np.isfinite(unique)]
        if np.all(finite == np.floor(finite)):
            return Cells.WHOLE, [str(int(cell)) for cell in finite]
        return Cells.REAL, [repr(float(cell)) for cell in finite]
    if unique.dtype.kind == "M" or (len(unique) > 0 and hasattr(unique[0], "year")):
        return Cells.DATE, [str(cell) for cell in unique]
    return Cells.TEXT, [str(cell).strip() for cell in unique]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_)


# ---- what single cells look like -------------------------------------------------------------------------------------


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: compiled.fullmatch(text) is not None


def _in(vocabulary: Iterable[str]) -> Callable[[str], bool]:
    known = frozenset(vocabulary)
    return lambda text: re.sub(r"[-_. ]+", " ", text.lower()).strip() in known


def _between(low: float, high: float) -> Callable[[str], bool]:
    return lambda text: low <= float(text) <= high


def luhn(text: str) -> bool:
    """Whether the digits end in a valid check digit (Luhn; ISO/IEC 7812-1 Annex B).

    >>> luhn("4539 1488 0343 6467"), luhn("4539 1488 0343 6468")
    (True, False)
    """
    digits = [int(digit) for digit in re.sub(r"\D", "", text)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return bool(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the text is an IBAN with valid check digits (ISO 13616: the rearranged number is 1 modulo 97)."""
    text = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_vin(text: str) -> bool:
    """Whether the text is a vehicle number with a valid check digit (49 CFR 565.15)."""
    text = text.upper()
    if not re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", text):
        return False
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(
        weight * int(values.get(letter, letter)) for weight, letter in zip(weights, text, strict=True)
    )  # fmt: skip
    return text[8] == "0123456789X"[total % 11]


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "." in text or ":" in text


def _is_card(text: str) -> bool:
    return re.fullmatch(r"[2-6](?:[ -]?\d){12,18}", text) is not None and luhn(text)


def _is_ssn(text: str) -> bool:
    """Areas 000, 666 and 900–999, group 00 and serial 0000 were never issued (SSA)."""
    return re.fullmatch(r"(?!000|666|9)\d{3}([ -]?)(?!00)\d{2}\1(?!0000)\d{4}", text) is not None


def _is_phone(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return 7 <= digits <= 19 and re.fullmatch(r"\+?[\d\s().x/–-]+(?:ext\.?[\d ]+)?", text, re.IGNORECASE) is not None


_PHONE_FORMAT = _matches(
    r"\+\d[\d\s().-]{6,17}\d(x\d+)?|(\+?0{0,2}1[ .-]?)?(\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(x\d+)?"
)


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[^\W\d_]+(?:[ .,'’()\"-]+[^\W\d_]+){0,6}[.)\"]?", text) is not None


def _is_known_name(text: str) -> bool:
    """A known first name or surname beside another word, or after a title."""
    parts = [part.lower() for part in re.findall(r"[^\W\d_]+", text)]
    if not 2 <= len(parts) <= 7 or not _is_name(text):
        return False
    titled = parts[0] in wordlists.HONORIFICS or bool(re.search(r", (Mr|Mrs|Miss|Ms|Dr|Master|Rev)\.", text))
    return titled or ((
        any(part in wordlists.FIRST_NAMES for part in parts[:2]) or parts[-1] in wordlists.SURNAMES
    ) and text[:1].isupper())  # fmt: skip


def _is_full_name(text: str) -> bool:
    parts = [part.lower() for part in re.findall(r"[^\W\d_]+", text)]
    return (
        _is_known_name(text)
        and any(part in wordlists.FIRST_NAMES for part in parts[:-1])
        and all(part[:1].isupper() for part in re.findall(r"[^\W\d_]+", text))
    )


def _is_street(text: str) -> bool:
    parts = [part.lower() for part in re.findall(r"[^\W\d_]+", text)]
    known = any(part in wordlists.STREET_WORDS or part.endswith(("straße", "strasse", "gasse")) for part in parts)
    return known and any(map(str.isdigit, text)) and len(text) >= 6


def _is_first_name(text: str) -> bool:
    return text.lower() in wordlists.FIRST_NAMES


def _is_surname(text: str) -> bool:
    return text.lower() in wordlists.SURNAMES


_IS_TOKEN = _matches(r"(?=.*\d)[\w./-]{3,40}")
_IS_CODE = _matches(r"[\w./-]{1,64}")
_IS_UUID = _matches(r"\{?[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\}?")
_IS_ZIP = _matches(r"\d{3,6}|\d{5}-\d{4}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}")
_IS_LETTERED_ZIP = _matches(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d")
_IS_EMAIL = _matches(r"[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}")
_IS_URL = _matches(r"(https?|ftp)://\S+|www\.\S+\.[a-z]{2,}\S*")
_IS_IMAGE = _matches(r".+\.(jpe?g|png|gif|bmp|tiff?|heic|webp)")


# ---- the recognisers, from the most special to the most general ------------------------------------------------------

_NUMBER = r"_?(id|ids|no|nr|num|number|numbers|key|code|ref)"
_PERSON = (
    r"(customer|cust|client|patient|pat|user|member|person|people|employee|emp|staff|student|pupil|subject|passenger|"
    r"holder|cardholder|household|family|participant|respondent|borrower|applicant|driver|subscriber|visitor|player|"
    r"beneficiary|insured|voter|citizen|resident|donor|author|guest|tenant|owner|physician|doctor|nurse|provider)"
)


def _label(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(^|_)({pattern})(_\d+)?$")


def _anywhere(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(^|_)({pattern})(_|$)")


_KEY, _QUASI, _SENSITIVE = Role.KEY, Role.QUASI_IDENTIFIER, Role.SENSITIVE
_TW = Cells.TEXT | Cells.WHOLE

RECOGNIZERS = (
    Recognizer("email", _KEY, "F", _anywhere(r"e?_?mails?|correo"), _IS_EMAIL, 0.1, 0.2),
    Recognizer("uuid", _KEY, "R", _anywhere(r"uuid|guid"), _IS_UUID, 0.1, 0.5),
    Recognizer("iban", _KEY, "J", _anywhere(r"iban"), is_iban, 0.1, 0.2),
    Recognizer("ssn", _KEY, "G", _anywhere(r"ssn|social_?security(_?\w+)?|sin"), _is_ssn, 0.1, cells=_TW),
    Recognizer("ssn", _KEY, "G", None, _matches(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}"), 1, 0.5, distinct=5),
    Recognizer(
        "credit_card",
        _KEY,
        "J",
        _anywhere(rf"(credit|debit|payment)_?card{_NUMBER}?|card{_NUMBER}|cc{_NUMBER}|pan"),
        _is_card,
        0.1,
        0.5,
        _TW,
        5,
    ),
    Recognizer("ip", _KEY, "O", _anywhere(r"ip|ipv4|ipv6|ip_?addr(ess)?"), _is_ip, 0.1, 0.5),
    Recognizer("mac", _KEY, "M", _anywhere(r"mac"), _matches(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}"), 0.1, 0.5),
    Recognizer("vin", _KEY, "L", _anywhere(r"vin|chassis_?\w*"), _matches(r"[A-HJ-NPR-Z0-9]{17}"), 0.1),
    Recognizer("vin", _KEY, "L", None, is_vin, 1, 0.3, distinct=5),
    Recognizer(
        "license_plate",
        _KEY,
        "L",
        _anywhere(r"(licen[cs]e|number|registration|vehicle|car)_?plates?|plate_?(no|nr|number)|kennzeichen"),
        _matches(r"(?=.*\d)[A-Z0-9 ·-]{3,11}"),
        0.5,
    ),
    Recognizer(
        "imei", _KEY, "M", _anywhere(r"imei"), lambda text: len(text) == 15 and text.isdigit(), 0.1, cells=_TW
    ),
    Recognizer("photo", _KEY, "Q", _anywhere(r"photos?|portrait|selfie|avatar|face|profile_?(pic|picture|image)"),
               _IS_IMAGE, 0.2),
    Recognizer("url", _KEY, "N", _anywhere(r"urls?|uri|web_?site|web_?page|home_?page|href|link"), _IS_URL, 0.1, 0.5),
    Recognizer("fax", _KEY, "E", _anywhere(r"fax|telefax"), _is_phone, 0.3, cells=_TW),
    Recognizer(
        "phone",
        _KEY,
        "D",
        _anywhere(r"(tele|cell|mobile)?_?phones?(_?\w+)?|mobile|cell|tel|telefon|telefono|handy|msisdn|contact_?(no|number)"),
        _is_phone,
        0.3,
        cells=_TW,
    ),
    Recognizer("phone", _KEY, "D", None, _PHONE_FORMAT, 1, 0.3, distinct=5),
    Recognizer("biometric", _KEY, "P", _anywhere(r"finger_?print|voice_?print|iris_?scan|retina_?scan|biometrics?"), None),
    Recognizer(
        "medical_record_number", _KEY, "H", _anywhere(rf"mrn|(medical_?record|chart|nhs|hospital_?record){_NUMBER}"),
        _IS_CODE, 0.5, cells=_TW,
    ),
    Recognizer(
        "health_plan_number", _KEY, "I",
        _anywhere(rf"(health_?plan|health_?insurance|insurance|medicare|medicaid|policy|plan_?member){_NUMBER}"),
        _IS_TOKEN, 0.5, cells=_TW,
    ),
    Recognizer(
        "account_number", _KEY, "J", _anywhere(rf"(bank_?)?(account|acct|konto|acc){_NUMBER}|(bank|routing){_NUMBER}"),
        _IS_CODE, 0.5, cells=_TW,
    ),
    Recognizer(
        "license_number", _KEY, "K",
        _anywhere(rf"(drivers?_?)?(licen[cs]e|certificate|permit|passport|dea){_NUMBER}|npi|passport"),
        _IS_TOKEN, 0.5, cells=_TW,
    ),
    Recognizer(
        "device_id", _KEY, "M", _anywhere(rf"(device|serial|imsi|udid|implant|sim){_NUMBER}|imsi|udid|idfa|gaid"),
        _IS_CODE, 0.5, cells=_TW,
    ),
    Recognizer("national_id", _KEY, "R", _anywhere(rf"(national|tax|personal|citizen|voter){_NUMBER}|nino|dni|cpf|nif|tin"),
               _IS_TOKEN, 0.5, cells=_TW),
    Recognizer("person_id", _KEY, "R", _anywhere(rf"{_PERSON}s?{_NUMBER}"), _IS_CODE, 0.5, cells=_TW),
    Recognizer("username", _KEY, "R", _anywhere(r"user_?names?|log_?in|screen_?name|nick_?name|handle"), _IS_CODE, 0.8),
    Recognizer("username", _KEY, "R", None, _matches(r"@\w{2,30}"), 1, 0.8, distinct=5),
    Recognizer("first_name", _KEY, "A", _anywhere(r"(first|given|fore|middle)_?name|fname|vorname|prenom|prénom"),
               _is_name, 0.8),
    Recognizer("last_name", _KEY, "A", _anywhere(r"(last|family|sur|maiden)_?name|lname|nachname|apellidos?"), _is_name, 0.8),
    Recognizer("person_name", _KEY, "A", _anywhere(rf"full_?name|{_PERSON}_?name|contact_?(name|person)"), _is_name, 0.8),
    Recognizer("person_name", _KEY, "A", _anywhere(rf"names?|nombre|nom|{_PERSON}"), _is_known_name, 0.1),
    Recognizer("first_name", _KEY, "A", _anywhere(r"names?|nombre|nom"), _is_first_name, 0.3),
    Recognizer("person_name", _KEY, "A", None, _is_full_name, 1, 0.2, distinct=10),
    Recognizer("first_name", _KEY, "A", None, _is_first_name, 1, 0.5, distinct=10),
    Recognizer("last_name", _KEY, "A", None, _is_surname, 1, 0.5, distinct=10),
    Recognizer("address", _KEY, "B", _anywhere(r"addr(ess)?|adresse|anschrift|direccion|street|strasse|straße"), _is_street, 0.1),
    Recognizer("address", _KEY, "B", _anywhere(r"(street|home|postal|mailing|billing)_?addr(ess)?"), _matches(r"(?=.*\d).{6,}"), 0.5),
    Recognizer("address", _KEY, "B", None, _is_street, 1, 0.3, distinct=10),
    Recognizer("latitude", _QUASI, "B", _anywhere(r"lat|latitude"), _between(-90, 90), 0.99, cells=Cells.REAL),
    Recognizer("longitude", _QUASI, "B", _anywhere(r"lon|lng|long|longitude"), _between(-180, 180), 0.99, cells=Cells.REAL),
    Recognizer("zip", _QUASI, "B", _anywhere(r"zip|zip_?code|postal_?code|post_?code|plz|postleitzahl|pin_?code"), _IS_ZIP, 0.5, cells=_TW),
    Recognizer("zip", _QUASI, "B", None, _IS_LETTERED_ZIP, 1, 0.8, distinct=5),
    Recognizer("date_of_birth", _QUASI, "C", _anywhere(r"(date_?of_?)?birth_?(date|day|dt)?|dob|geburtsdatum|fecha_?nacimiento"),
               _matches(r".*\d.*"), 0.9, cells=Cells.TEXT | Cells.DATE),
    Recognizer("year", _QUASI, None, _anywhere(r"birth_?year|year_?of_?birth|yob"), _between(1850, 2100), 0.9, cells=Cells.WHOLE),
    Recognizer(
        "event_date", _QUASI, "C",
        _anywhere(r"admi(t|ssion|tted)|discharged?|death|deceased|died|visit|service|encounter|surgery|appointment|hired?"),
        None, cells=Cells.DATE,
    ),
    Recognizer("age", _QUASI, "C", _label(r"age(_(years?|yrs|y|in_years|at_\w+))?|alter|edad"), _between(0, 125), 0.95, cells=Cells.NUMBER),
    Recognizer("sex", _QUASI, None, _label(r"sex|gender|geschlecht|sexo"), None, cells=Cells.ANY),
    Recognizer("ethnicity", _QUASI, None, _anywhere(r"race|ethnic\w*"), None, cells=_TW),
    Recognizer("marital_status", _QUASI, None, _anywhere(r"marital|marital_?status|civil_?status|personal_?status|married"), None, cells=Cells.ANY),
    Recognizer("country", _QUASI, None, _anywhere(r"country|nation|nationality|citizenship|land|pais|pays"),
               _in(wordlists.COUNTRIES | wordlists.COUNTRY_CODES), 0.5),
    Recognizer("nationality", _QUASI, None, _anywhere(r"nationality|citizen(ship)?|foreign_?worker"), None, cells=Cells.ANY),
    Recognizer("state", _QUASI, None, _anywhere(r"state|province|bundesland"), _in(wordlists.STATES), 0.5),
    Recognizer("city", _QUASI, "B", _anywhere(r"city|town|municipality|village|stadt|ciudad|county|borough"), _is_name, 0.8),
    Recognizer("country", _QUASI, None, None, _in(wordlists.COUNTRIES), 1, 0.7, distinct=5),
    Recognizer("state", _QUASI, None, None, _in(wordlists.STATES), 1, 0.95, distinct=10),
    Recognizer("city", _QUASI, "B", None, _in(wordlists.CITIES), 1, 0.4, distinct=10),
    Recognizer("occupation", _QUASI, None, _label(r"occupation|job|job_?title|profession|beruf"), None, cells=_TW),
    Recognizer("education", _QUASI, None, _label(r"education(_?(level|num))?|educ|schooling|degree"), None, cells=_TW),
    Recognizer("health", _SENSITIVE, None,
               _anywhere(r"diagnos\w*|diseases?|icd|icd_?\d+|hiv|aids|symptoms?|medications?|allerg\w+|disabilit\w+|pregnan\w+|cancer|tumou?r"),
               None, cells=Cells.ANY),
    Recognizer("income", _SENSITIVE, None, _anywhere(r"income|salary|wages?|earnings|net_?worth"), None, cells=Cells.ANY),
    Recognizer("belief", _SENSITIVE, None, _anywhere(r"relig\w+|political|party_?affiliation|sexual_?orientation|union_?member\w*"),
               None, cells=Cells.ANY),
    Recognizer("criminal_record", _SENSITIVE, None, _anywhere(r"convict\w*|arrest\w*|criminal\w*|offen[cs]es?"), None, cells=Cells.ANY),
    Recognizer("credit", _SENSITIVE, None, _anywhere(r"credit_?(score|rating|history)"), None, cells=Cells.ANY),
)  # fmt: skip


def class_of(semantic: str | None) -> str | None:
    """Letter of the HIPAA Safe Harbor class that a meaning belongs to.

    >>> class_of("email"), class_of("income")
    ('F', None)
    """
    return next((recognizer.hipaa for recognizer in RECOGNIZERS if recognizer.semantic == semantic), None)
