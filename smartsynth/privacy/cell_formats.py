"""What single cells look like: check digits, formats, word lists. Each test takes the text of one cell."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

from smartsynth.privacy import wordlists

Test = Callable[[str], bool]


def matches(pattern: str) -> Test:
    """Whether the whole text has this format, in capitals or not."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: compiled.fullmatch(text) is not None


def is_in(vocabulary: Iterable[str]) -> Test:
    """Whether the text is one of these words or phrases."""
    known = frozenset(vocabulary)
    return lambda text: re.sub(r"[-_. ]+", " ", text.lower()).strip() in known


def between(low: float, high: float) -> Test:
    """Whether the text is a number in this range."""

    def test(text: str) -> bool:
        try:
            return low <= float(text) <= high
        except ValueError:
            return False

    return test


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
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text, re.ASCII):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_vin(text: str) -> bool:
    """Whether the text is a vehicle number with a valid check digit (49 CFR 565.15)."""
    text = text.upper()
    if not re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", text):
        return False
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(weight * int(values.get(letter, letter)) for weight, letter in zip(weights, text, strict=True))
    return text[8] == "0123456789X"[total % 11]


def is_npi(text: str) -> bool:
    """Whether the text is a National Provider Identifier with a valid check digit (Luhn after the prefix 80840; 45 CFR 162.406)."""
    return re.fullmatch(r"[12]\d{9}", text) is not None and luhn("80840" + text)


def is_ip(text: str) -> bool:
    """Whether the text is an IP address, with or without a network or a port."""
    text = re.sub(r"^([\d.]+):\d{1,5}$", r"\1", text)
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "." in text or ":" in text


def is_card(text: str) -> bool:
    """Whether the text is the number of a payment card with a valid check digit."""
    return re.fullmatch(r"[2-6](?:[ -]?\d){12,18}", text) is not None and luhn(text)


def is_ssn(text: str) -> bool:
    """Areas 000, 666 and 900–999, group 00 and serial 0000 were never issued (SSA)."""
    return re.fullmatch(r"(?!000|666|9)\d{3}([ -]?)(?!00)\d{2}\1(?!0000)\d{4}", text) is not None


def is_phone(text: str) -> bool:
    """Whether the text can be a telephone number, given that the column says so."""
    digits = sum(map(str.isdigit, text))
    return 7 <= digits <= 19 and re.fullmatch(r"\+?[\d\s().x/–-]+(?:ext\.?[\d ]+)?", text, re.IGNORECASE) is not None


def is_coordinate_pair(text: str) -> bool:
    """Whether the text is a latitude and a longitude with decimals.

    >>> is_coordinate_pair("(52.3702, 4.8952)"), is_coordinate_pair("1.5, 2.5")
    (True, False)
    """
    found = re.fullmatch(r"\(?(-?\d{1,2}\.\d{3,})\s*[,; ]\s*(-?\d{1,3}\.\d{3,})\)?", text)
    return found is not None and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180


def is_date(text: str) -> bool:
    """Whether the text is a date, with or without a time.

    >>> is_date("2024-02-30T10:00"), is_date("3. Mai 2021"), is_date("20210503"), is_date("12345678")
    (True, True, True, False)
    """
    return _DATE.fullmatch(text) is not None


_MONTH = r"(jan|feb|mar|mär|mrz|apr|may|mai|maj|mei|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|fevr|avr|juin|juil|août|aout|déc|ene|abr|ago|set|out|dic|gen|mag|giu|lug|ott)[^\W\d_]*"
_TIME = r"([T ,]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
DATE_PATTERN = (
    r"(1[6-9]|20)\d{2}(?P<big>[-/.])(0?[1-9]|1[0-2])(?P=big)(0?[1-9]|[12]\d|3[01])"
    r"|(0?[1-9]|[12]\d|3[01])(?P<small>[-/.])(0?[1-9]|[12]\d|3[01])(?P=small)((1[6-9]|20)\d{2}|\d{2})"
    rf"|(0?[1-9]|[12]\d|3[01])(st|nd|rd|th|\.)?[ -](de )?{_MONTH}\.?,?[ -](de )?((1[6-9]|20)\d{{2}}|\d{{2}})"
    rf"|{_MONTH}\.? (0?[1-9]|[12]\d|3[01])(st|nd|rd|th)?,? (1[6-9]|20)\d{{2}}"
)
_DATE = re.compile(rf"({DATE_PATTERN}|(19|20)\d{{2}}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])){_TIME}", re.IGNORECASE)


def is_plate(text: str) -> bool:
    """Whether the text can be a number plate, given that the column says so."""
    return re.fullmatch(r"(?=.*\d)[A-Z0-9 ·/-]{3,12}", text, re.IGNORECASE) is not None and not is_date(text)


def is_name(text: str) -> bool:
    """Whether the text consists of a few words, as names do."""
    return re.fullmatch(r"[^\W\d_]+(?:[ .,'’()\"-]+[^\W\d_]+){0,6}[.)\"]?", text) is not None


def is_known_name(text: str) -> bool:
    """A known first name or surname beside another word, or after a title."""
    parts = _letters(text)
    if not 2 <= len(parts) <= 7 or not is_name(text):
        return False
    titled = parts[0] in wordlists.HONORIFICS or bool(re.search(r", (Mr|Mrs|Miss|Ms|Dr|Master|Rev)\.", text))
    known = any(part in wordlists.FIRST_NAMES for part in parts[:2]) or parts[-1] in wordlists.SURNAMES
    return titled or (known and text[:1].isupper())


def is_full_name(text: str) -> bool:
    """A known first name before another word, after one and a comma, or a name after a title; all begin with capitals."""
    parts = _letters(text)
    if not is_known_name(text) or not all(part[:1].isupper() for part in re.findall(r"[^\W\d_]{4,}", text)):
        return False
    given = parts[1:] if re.match(r"[^\W\d_' -]+,", text) else parts[:-1]
    return parts[0] in wordlists.HONORIFICS or any(part in wordlists.FIRST_NAMES for part in given)


def is_street(text: str) -> bool:
    """A word for a street beside a number."""
    parts = _letters(text)
    known = any(part in wordlists.STREET_WORDS or part.endswith(wordlists.STREET_ENDINGS) for part in parts)
    return known and any(map(str.isdigit, text)) and 6 <= len(text) <= 120 and len(parts) <= 14


def is_first_name(text: str) -> bool:
    """A first name from the list; of double names one part is enough."""
    return any(part in wordlists.FIRST_NAMES for part in re.split(r"[ -]", text.lower())[:2])


def is_surname(text: str) -> bool:
    """A surname from the list, or two, also after particles.

    >>> is_surname("van der Vliet"), is_surname("García López"), is_surname("Citizens Bank Park")
    (True, True, False)
    """
    parts = [part for part in re.split(r"[ -]", text.lower()) if part not in _PARTICLES]
    return 1 <= len(parts) <= 2 and all(part in wordlists.SURNAMES for part in parts)


_PARTICLES = frozenset("van der de den da di do dos von zu la le del ter af el".split())  # noqa: SIM905


def _letters(text: str) -> list[str]:
    return [part.lower() for part in re.findall(r"[^\W\d_]+", text)]


PHONE_FORMAT = matches(
    r"(\+|00)\d[\d\s().-]{6,17}\d(x\d+)?|(\+?0{0,2}1[ .-]?)?(\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(x\d+)?"
    r"|\(?0\d{1,4}\)?[ /-]+\d[\d ]{4,10}\d|\(\d{2,4}\)[ -]?\d{3,5}[ -]?\d{3,4}"
)
IS_TOKEN = matches(r"(?=.*\d)[\w./ -]{3,40}")
IS_CODE = matches(r"[\w./-]{1,64}")
IS_SPACED_CODE = matches(r"(?=.*\d)[\w./ ()-]{1,64}")
IS_UUID = matches(r"\{?[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\}?")
IS_ZIP = matches(r"(?=(.*\d){2})[A-Z\d][A-Z\d -]{2,9}")
IS_LETTERED_ZIP = matches(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d")
IS_EMAIL = matches(r"[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}|[^@<>]{1,80}<[^@\s,;<>]+@[^@\s,;<>]+\.[a-z]{2,}>")
IS_URL = matches(
    r"(https?|ftp)://\S+|www\.\S+\.[a-z]{2,}\S*"
    r"|([a-z0-9-]+\.)*(linkedin|facebook|twitter|instagram|github|youtube|xing|tiktok)\.com/\S+|([a-z0-9-]+\.)+(com|org|net|edu|io|gov)/\S*"
)
IS_DOMAIN = matches(r"([a-z0-9-]+\.)+[a-z]{2,}(/\S*)?|(https?|ftp)://\S+")
IS_IMAGE = matches(r".+\.(jpe?g|png|gif|bmp|tiff?|heic|webp|dcm)(\?\S*)?")
IS_COUNTY = matches(r"[\w.' -]+ (county|parish|borough)|(landkreis|kreis|county|comté) [\w.' -]+")
IS_UDI = matches(r"\(01\)\d{14}(\(\d{2}\)[\w-]+)*")
IS_MAC = matches(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}")
