"""Identifiers inside longer texts, such as a telephone number in a note.

A class counts when a few texts of a sample hold it. Formats with check digits or a word that says what they are need two texts;
dates and names, which also occur in texts about nobody, need more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from smartsynth.privacy import cell_formats as cell
from smartsynth.privacy import wordlists

FEWEST = 2
LEAST_SHARE = 0.005
_NO = r"(?:id|no|nr|num|number|code)?\.?\s*[:#]?\s*(?:is |was )?"
_CODE = r"(?=[A-Z\d./-]*\d[A-Z\d./-]*\d[A-Z\d./-]*\d)[A-Z\d][A-Z\d./-]{4,24}"


def _finds(pattern: str, *, flags: re.RegexFlag = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.search(text) is not None


def _some(pattern: str, test: Callable[[str], bool], *, flags: re.RegexFlag = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: any(test(found.group().strip()) for found in compiled.finditer(text))


def _labelled(words: str) -> Callable[[str], bool]:
    """A word that says what follows, and a code of at least three digits after it."""
    return _finds(rf"\b(?:{words})\.?\s*{_NO}{_CODE}\b")


_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Sra?|Señora?|Sig|Dott|Doctor|Nurse)\.? [A-Z][\w'’-]+"
)
_PAIR = re.compile(
    r"\b([A-ZÀ-Þ][\w'’]+(?:-[A-ZÀ-Þ]\w+)?),? (?:[A-Z]\.? )?((?:van |de |der |da |di |von |la )*[A-ZÀ-Þ][\w'’-]+)"
)


def names_somebody(text: str) -> bool:
    """A title before a capitalised word, or a known first name beside one.

    >>> names_somebody("Seen by Dr. Osei."), names_somebody("Went with Maria Huang."), names_somebody("Went to New York.")
    (True, True, False)
    """
    if _TITLED.search(text):
        return True
    pairs = ((one.lower(), two.lower()) for one, two in _PAIR.findall(text))
    return any(
        one in wordlists.FIRST_NAMES or (one in wordlists.SURNAMES and two in wordlists.FIRST_NAMES)
        for one, two in pairs
    )


_DIGITS = r"(?:\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4}|0\d{1,4}[ /-]\d[\d -]{4,9}\d)(?![\w-])"
_STREETS = "street|avenue|ave|road|rd|drive|lane|boulevard|blvd|court|square|terrace|highway|parkway"

_iban = _some(
    r"\b[A-Z]{2}\d{2}(?:[A-Z\d]{11,30}|(?: [A-Z\d]{4}){2,7}(?: [A-Z\d]{1,4})?)\b", cell.is_iban, flags=re.NOFLAG
)
_card = _some(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d{3,6}){2,4}(?![\w-])", cell.is_card)
_account = _labelled(r"(?:bank )?(?:account|acct)(?: (?:no|nr|number))?")
_vin = _some(r"\b[A-HJ-NPR-Z\d]{17}\b", cell.is_vin)
_plate = _finds(
    r"\b(?:licen[cs]e plate|number plate|plate)\s*(?:no\.?|number)?\s*[:#]?\s*(?=[A-Z\d -]*\d)[A-Z\d]{1,4}[ -]?[A-Z\d]{1,4}(?:[ -][A-Z\d]{1,4})?\b"
)
_mac = _finds(r"(?<![\w:-])(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?![\w:-])")
_device = _labelled(r"serial|imei|device|implant|pacemaker|s/n")

PATTERNS: dict[str, Callable[[str], bool]] = {
    "A": names_somebody,
    "B": _finds(
        rf"\b\d{{1,5}}[a-z]? (?:[A-Z][\w'-]+ ){{1,3}}(?:{_STREETS})\b|\b[a-zäöüß-]{{3,}}(?:straße|strasse|gasse|straat|gatan|weg) \d+"
        r"|\b(?:rue|calle|via|rua|ulica|avenida) [A-ZÀ-Þ][\w' -]+,? \d+|\b[A-Z]{2} \d{5}(?:-\d{4})?\b|\bzip(?: code)? \d{5}"
    ),
    "C": _finds(rf"(?<![\w./-])(?:{cell.DATE_PATTERN})(?![\w/-])"),
    "D": _finds(rf"(?<![\w.,-]){_DIGITS}"),
    "E": _finds(rf"\b(?:tele)?fax\w*\b[^\d+(]{{0,15}}{_DIGITS}"),
    "F": _finds(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"),
    "G": _finds(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])|\b(?:ssn|social security)\W{0,3}(?:\w+\W){0,3}\d{3}[ -]?\d{2}[ -]?\d{4}\b"),
    "H": _labelled(r"mrn|medical records?|chart|nhs|patient (?:id|no|nr|number|record)|hospital (?:no|number)|record (?:no|number)"),
    "I": _labelled(r"(?:member|subscriber|policy|insurance|health plan|plan|beneficiary|medicare|medicaid|insured)(?: (?:id|no|nr|number))"),
    "J": lambda text: _iban(text) or _card(text) or _account(text),
    "K": _labelled(r"licen[cs]e|passport|npi|dea|certificate|permit|driver'?s? licen[cs]e"),
    "L": lambda text: _vin(text) or _plate(text),
    "M": lambda text: _mac(text) or _device(text),
    "N": _finds(r"\b(?:https?|ftp)://\S+|\bwww\.[\w-]+\.[a-z]{2,}"),
    "O": _some(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)|(?<![\w:])(?:[\da-f]{1,4}:){3,7}:?[\da-f]{1,4}(?![\w:])", cell.is_ip),
    "R": _finds(
        r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
        rf"|\b(?:customer|client|employee|student|member|user|case|claim|subject|participant|tax|national)\s+(?:id|no|nr|number)\.?\s*[:#]?\s*(?:is |was )?{_CODE}\b"
    ),
}  # fmt: skip
"""What a text of each class looks like. Biometric data and photographs (P, Q) do not stand in texts."""

_LEAST = {"A": 0.02, "C": 0.02, "D": 0.01, "O": 0.01}


def inside(sample: Sequence[str]) -> tuple[tuple[str, ...], float]:
    """Letters of the classes that stand in some of the texts, and the share of texts that hold any of them.

    >>> inside(["Call 212-555-0187 first", "Or call 212-555-0123 then", "Nothing here"])[0]
    ('D',)
    """
    hits = {letter: [holds(text) for text in sample] for letter, holds in PATTERNS.items()}
    hits["D"] = [phone and not fax for phone, fax in zip(hits["D"], hits["E"], strict=True)]
    found = tuple(
        letter
        for letter, texts in hits.items()
        if sum(texts) >= FEWEST and sum(texts) >= _LEAST.get(letter, LEAST_SHARE) * len(sample)
    )
    any_of_them = [any(hits[letter][i] for letter in found) for i in range(len(sample))]
    return found, sum(any_of_them) / len(sample) if found else 0.0
