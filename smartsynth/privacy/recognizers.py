"""The recognisers, each for one meaning by the name of a column and by its cells, from the most special to the most general.

Patterns of names are matched against `column_words.label`, so they are in English and unabridged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto

from smartsynth.privacy import cell_formats as cell
from smartsynth.privacy import wordlists
from smartsynth.schema import Role


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
class Recognizer:
    """Knows one meaning by the name of a column and by its cells.

    `named` is the share of cells that must agree when the name does; `alone` the share without the name (None: never).
    `distinct` is how many distinct cells there must be at least: without the name, or with it where `alone` is None.
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
        """Share of the cells that agree."""
        return 1.0 if self.agrees is None else sum(map(self.agrees, sample)) / len(sample)


def _label(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(^|_)({pattern})(_\d+)?$")


def _anywhere(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(^|_)({pattern})(_|$)")


_NUMBER = r"(_(id|number|key|code|ref|reference|hash|value|identification))+"
_PERSON = (
    r"(customer|patient|user|member|person|employee|student|subject|passenger|holder|cardholder|account_holder|household|family|"
    r"borrower|applicant|driver|subscriber|visitor|player|voter|citizen|resident|donor|author|guest|tenant|owner|physician|"
    r"nurse|provider|claimant|loyalty(_card)?|membership|person_source)"
)
_OF_PERSON = (
    r"(anchor|patient|person|customer|member|applicant|current|baseline|base|subject|respondent|mother|mom|father|maternal|"
    r"paternal|parent|child|spouse|head|driver|employee|admission|enrollment|onset|diagnosis|death)"
)
_EVENT = (
    r"admission|admi(t|ssion)_?time|admittime|dischtime|disch_?time|discharge|death|deathtime|visit|service|svc|encounter|surgery|"
    r"operation|procedure|appointment|hired?|hiring|enrol\w*|diagnosis|dx|treatment|onset|exam|examination|vaccination|claim|clm|"
    r"join|entry|exit|specimen|collection|chart|charttime|follow_?up|retire\w*|terminat\w+|marriage|wedding|divorce|arrival|departure|checkin|"
    r"prescription|dispens\w+|transfer"
)
_THINGS = (
    "county|city|state|country|region|hospital|school|company|business|product|brand|street|file|inst|institution|organization|org|drug|"
    "species|team|host|domain|event|facility|store|shop|bank|department|dept|category|item|model|course|project|place|site|program"
)
_NAME = re.compile(rf"^(?!(.*_)?({_THINGS})_name(_|$)).*(^|_)name(_|$)")
_KEY, _QUASI, _SENSITIVE = Role.KEY, Role.QUASI_IDENTIFIER, Role.SENSITIVE
_TW = Cells.TEXT | Cells.WHOLE
_TD = Cells.TEXT | Cells.DATE

DIRECT = (
    Recognizer("email", _KEY, "F", _anywhere(r"e_?email|email"), cell.IS_EMAIL, 0.1, 0.2),
    Recognizer("uuid", _KEY, "R", _anywhere(r"uuid|guid"), cell.IS_UUID, 0.1, 0.5),
    Recognizer("iban", _KEY, "J", _anywhere(r"iban|account"), cell.is_iban, 0.1, 0.2),
    Recognizer("ssn", _KEY, "G", _anywhere(r"ssn|soc(ial)?_sec(urity)?|social_?security|ss_number|social_insurance|sin"), cell.is_ssn,
               0.1, cells=_TW),
    Recognizer("social_security", _KEY, "G", _anywhere(r"ssn|social_security|security_social|social_insurance"),
               cell.matches(r"(?=(.*\d){7})[\w./ -]{8,25}"), 0.3, cells=_TW, distinct=5),
    Recognizer("ssn", _KEY, "G", None, cell.matches(r"(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}"), 1, 0.5, distinct=5),
    Recognizer("npi", _KEY, "K", None, cell.is_npi, 1, 0.6, _TW, 20),
    Recognizer("credit_card", _KEY, "J", _anywhere(rf"((credit|debit|payment|bank)_)?card({_NUMBER})?|cc{_NUMBER}|ccnum|pan"),
               cell.is_card, 0.1, 0.5, _TW, 5),
    Recognizer("ip", _KEY, "O", _anywhere(r"ip|ipv6|remote_(address|host)|host|source|src|client|server|x_forwarded_for"), cell.is_ip,
               0.1, 0.5),
    Recognizer("mac", _KEY, "M", _anywhere(r"mac"), cell.IS_MAC, 0.1, 0.5),
    Recognizer("udi", _KEY, "M", None, cell.IS_UDI, 1, 0.3),
    Recognizer("vin", _KEY, "L", _anywhere(r"vin|vehicle_id\w*(_number)?"), cell.matches(r"[A-HJ-NPR-Z0-9]{17}"), 0.1),
    Recognizer("vin", _KEY, "L", None, cell.is_vin, 1, 0.3, distinct=5),
    Recognizer("vehicle_number", _KEY, "L", _anywhere(rf"vin|(vin|engine|frame|hull|vehicle_serial){_NUMBER}"),
               cell.matches(r"(?=(.*\d){4})[A-Z0-9./ -]{5,25}"), 0.3, distinct=5),
    Recognizer(
        "license_plate", _KEY, "L",
        _anywhere(r"(license|number|registration|vehicle)_plate|plate(_number)?|(vehicle_)?reg(istration)?(_number|_mark)?"),
        cell.is_plate, 0.3, distinct=5,
    ),
    Recognizer("imei", _KEY, "M", _anywhere(r"imei|meid|esn"), cell.matches(r"[0-9A-F]{14,16}"), 0.1, cells=_TW),
    Recognizer("photo", _KEY, "Q", _anywhere(r"photo|face|profile_photo"), cell.IS_IMAGE, 0.1),
    Recognizer("photo", _KEY, "Q", None, cell.matches(r"(https?://|www\.)\S+\.(jpe?g|png|gif|heic|webp)(\?\S*)?"), 1, 0.5, distinct=10),
    Recognizer("url", _KEY, "N", _anywhere(r"url|site|domain|(web|internet)_(site|page)|page_web|web"), cell.IS_DOMAIN, 0.1),
    Recognizer("url", _KEY, "N", None, cell.IS_URL, 1, 0.5),
    Recognizer("fax", _KEY, "E", _anywhere(r"\w*fax"), cell.is_phone, 0.1, cells=_TW),
    Recognizer("phone", _KEY, "D", _anywhere(r"phone|contact_number"), cell.is_phone, 0.1, cells=_TW),
    Recognizer("phone", _KEY, "D", None, cell.PHONE_FORMAT, 1, 0.3, distinct=5),
    Recognizer(
        "biometric", _KEY, "P",
        _anywhere(r"(finger|thumb|hand|palm|voice|foot|face)_?prints?|biometr\w+|iris|retina|palm_vein|minutiae|dna_(profile|sequence)|"
                  r"(face|facial)_(template|embedding|encoding|vector)|face_id|voice_(sample|record\w*|id)|fp_(hash|template)"),
        None, cells=Cells.TEXT, distinct=10,
    ),
    Recognizer(
        "medical_record_number", _KEY, "H",
        _anywhere(rf"mrn|pas_number|nhs{_NUMBER}|(medical_record|patient_record|hospital_record|chart|emr|ehr|dossier|expediente|medrec|record_number){_NUMBER}|"
                  r"medical_record|hospital(_record)?_number|clinical_history(_number)?|history_clinical(_number)?|medrec|record_number|patient_(record|chart|file)(_number)?"),
        cell.IS_SPACED_CODE, 0.1, cells=_TW,
    ),
    Recognizer("national_id", _KEY, "R", _anywhere(r"tax_code"), cell.IS_TOKEN, 0.5, distinct=20),
    Recognizer(
        "national_id", _KEY, "R",
        _anywhere(r"(national|tax|citizen|voter|identity|identification|personal|document|doc)_(id|number|key)|document|(national_insurance|identity_card|card_identity|identity_document|document_identity|"
                  r"id_card|personal_identity)(_number)?|nino|dni|nie|cpf|nif|tin|pesel|personnummer|personnr|bsn|cpr|curp|rfc|aadhaar|"
                  r"aadhar|nir|insee|codice_fiscale|steuer_?id|ausweis\w*|rodne_\w+|rut|run|cedula|cédula|nic|cnic|cuit|cuil|cnp|cui|jmbg|oib|egn|hetu|henkilotunnus|fodselsnummer|kennitala|taj|tckn|nuip|rodne_cislo"),
        cell.IS_TOKEN, 0.5, cells=_TW, distinct=5,
    ),
    Recognizer(
        "health_plan_number", _KEY, "I",
        _anywhere(rf"(health_plan|health_card|insurance|insured|medicare|medicaid|policy|policy_?holder|plan_member|subscriber|beneficiary|"
                  rf"desynpuf)({_NUMBER})|insurance_policy(_number)?|hicn?|mbi|insurance_member\w*|member_insurance"),
        cell.IS_TOKEN, 0.3, cells=_TW, distinct=20,
    ),
    Recognizer(
        "account_number", _KEY, "J",
        _anywhere(rf"(bank_)?account({_NUMBER})?|bank{_NUMBER}|bban|routing_number|sort_?code"),
        cell.matches(r"(?=(.*\d){5})[\w./ -]{5,40}"), 0.1, cells=_TW, distinct=5,
    ),
    Recognizer("license_number", _KEY, "K", _label(r"license"), cell.matches(r"(?=(.*\d){4})[\w./ -]{5,30}"), 0.3, cells=_TW, distinct=5),
    Recognizer(
        "license_number", _KEY, "K",
        _anywhere(rf"(drivers?_)?(license|certificate|permit|passport|dea|dl)({_NUMBER})|npi|passport|drivers?|driving_license|"
                  r"drivers?_license|driver_license"),
        cell.matches(r"(?=(.*\d){4})[\w./ -]{5,30}"), 0.1, cells=_TW, distinct=5,
    ),
    Recognizer("person_id", _KEY, "R", _anywhere(rf"{_PERSON}s?(_(other|external|legacy|internal|unique|card|file))?{_NUMBER}"), cell.IS_SPACED_CODE, 0.5, cells=_TW),
    Recognizer(
        "device_id", _KEY, "M",
        _anywhere(rf"(device|serial|ser|implant|pacemaker|sim|udi|hardware|handset)({_NUMBER})|(implant|pacemaker|device)_serial\w*|"
                  r"imsi|iccid|udid|udi|idfa|idfv|gaid|android_id|advertising_id|serial|device_identification"),
        cell.IS_SPACED_CODE, 0.3, cells=_TW, distinct=5,
    ),
    Recognizer("record_id", _KEY, "R", _anywhere(r"(claim|clm|hadm|stay|encounter|case|admission|prescription|ticket|loan|contract|pid)(_id|_number)|pid"),
               cell.IS_CODE, 0.5, cells=_TW, distinct=50),
    Recognizer("username", _KEY, "R",
               _anywhere(r"user_?name|username|user_name|name_user|nick(_name)?|screen_name|handle|twitter|instagram|insta|skype|discord|telegram|snapchat"),
               cell.matches(r"@?[\w.-]{2,40}"), 0.5, distinct=10),
    Recognizer("username", _KEY, "R", _anywhere(r"user"), cell.matches(r"[a-z][\w.@-]{2,40}"), 0.8, distinct=20),
    Recognizer("username", _KEY, "R", None, cell.matches(r"@[\w.]{2,30}"), 1, 0.5, distinct=5),
    Recognizer("first_name", _KEY, "A", _anywhere(r"(first|given|fore|middle)_names?"), cell.is_name, 0.6, distinct=5),
    Recognizer("last_name", _KEY, "A", _anywhere(r"(last|family|sur|maiden|birth)_names?|birth_name|last_name|second_name"), cell.is_name, 0.6,
               distinct=5),
    Recognizer("first_name", _KEY, "A", re.compile(r"^first$"), cell.is_first_name, 0.1, distinct=5),
    Recognizer("last_name", _KEY, "A", re.compile(r"^last$"), cell.is_surname, 0.1, distinct=5),
    Recognizer("person_name", _KEY, "A", _anywhere(rf"full_name|{_PERSON}(_full)?_name|contact_(name|person)|next_kin|nok(_name)?"),
               cell.is_name, 0.6, distinct=5),
    Recognizer("person_name", _KEY, "A", _anywhere(rf"nok|kin|contact|emergency_contact|mother|father|spouse|guardian|representative|manager|responsible|responsavel|responsable|{_PERSON}"), cell.is_known_name, 0.1),
    Recognizer("person_name", _KEY, "A", _NAME, cell.is_known_name, 0.1),
    Recognizer("first_name", _KEY, "A", _NAME, cell.is_first_name, 0.3),
    Recognizer("last_name", _KEY, "A", _NAME, cell.is_surname, 0.2, distinct=10),
    Recognizer("person_name", _KEY, "A", None, cell.is_full_name, 1, 0.25, distinct=10),
    Recognizer("first_name", _KEY, "A", None, cell.is_first_name, 1, 0.4, distinct=10),
    Recognizer("last_name", _KEY, "A", None, cell.is_surname, 1, 0.4, distinct=10),
    Recognizer("address", _KEY, "B", _anywhere(r"address|street"), cell.is_street, 0.1),
    Recognizer("address", _KEY, "B", _anywhere(r"address|street"), cell.matches(r"(?=.*\d)(?=.*[^\W\d_]{3}).{6,}"), 0.3),
    Recognizer("address", _KEY, "B", None, cell.is_street, 1, 0.3, distinct=10),
)  # fmt: skip

TOGETHER = (
    Recognizer("coordinates", _QUASI, "B", None, cell.is_coordinate_pair, 1, 0.3, distinct=5),
    Recognizer("latitude", _QUASI, "B", _anywhere(r"latitude"), cell.between(-90, 90), 0.9, cells=Cells.REAL),
    Recognizer("longitude", _QUASI, "B", _anywhere(r"longitude"), cell.between(-180, 180), 0.9, cells=Cells.REAL),
    Recognizer("zip", _QUASI, "B", _anywhere(r"zip|zip_code|postal(_code)?|postal_number|post_code|pin_code|pocztowy_code|postale_code"),
               cell.IS_ZIP, 0.3, cells=_TW),
    Recognizer("zip", _QUASI, "B", None, cell.IS_LETTERED_ZIP, 1, 0.8, distinct=5),
    Recognizer("date_of_birth", _QUASI, "C", _anywhere(r"birth"), cell.is_date, 0.3, cells=_TD | Cells.WHOLE),
    Recognizer("year", _QUASI, None, _anywhere(r"birth_year|year_birth|yob"), cell.between(1850, 2100), 0.9, cells=Cells.WHOLE),
    Recognizer("event_date", _QUASI, "C", _anywhere(rf"{_EVENT}"), cell.is_date, 0.3, cells=_TD | Cells.WHOLE),
    Recognizer("age", _QUASI, "C", _label(rf"({_OF_PERSON}_)?age(_(years?|yrs|y|in_years|at_\w+))?"),
               cell.between(0, 125), 0.9, cells=Cells.NUMBER),
    Recognizer("sex", _QUASI, None, _label(r"sex|gender|geschlecht|sexo|sexe|kön|kjønn|płeć|plec"), None, cells=Cells.ANY),
    Recognizer("ethnicity", _QUASI, None, _anywhere(r"race|ethnic\w*"), None, cells=_TW),
    Recognizer("marital_status", _QUASI, None, _anywhere(r"marital|marital_?status|civil_?status|personal_?status|married"), None, cells=Cells.ANY),
    Recognizer("country", _QUASI, None, _anywhere(r"country|nation|nationality|citizenship|land|pais|país|pays"),
               cell.is_in(wordlists.COUNTRIES | wordlists.COUNTRY_CODES), 0.5),
    Recognizer("nationality", _QUASI, None, _anywhere(r"nationality|citizen(ship)?|foreign_?worker"), None, cells=Cells.ANY),
    Recognizer("state", _QUASI, None, _anywhere(r"state|province|bundesland"), cell.is_in(wordlists.STATES), 0.5),
    Recognizer("county", _QUASI, "B", _anywhere(r"(county|census_tract|census_block|tract|block_group|geohash|precinct|fips)(_(code|fips|id|number))?|"
                                               r"neighbou?rhood|suburb"), None, cells=_TW, distinct=5),
    Recognizer("city", _QUASI, "B", _anywhere(r"city|place_birth|birth_place"), cell.is_name, 0.5),
    Recognizer("county", _QUASI, "B", None, cell.IS_COUNTY, 1, 0.5, distinct=5),
    Recognizer("country", _QUASI, None, None, cell.is_in(wordlists.COUNTRIES), 1, 0.7, distinct=5),
    Recognizer("state", _QUASI, None, None, cell.is_in(wordlists.STATES), 1, 0.95, distinct=10),
    Recognizer("city", _QUASI, "B", None, cell.is_in(wordlists.CITIES), 1, 0.4, distinct=10),
    Recognizer("occupation", _QUASI, None, _label(r"occupation|job|job_?title|profession|beruf"), None, cells=_TW),
    Recognizer("education", _QUASI, None, _label(r"education(_?(level|number))?|educ|schooling|degree"), None, cells=_TW),
)  # fmt: skip

SENSITIVE = (
    Recognizer("health", _SENSITIVE, None,
               _anywhere(r"diagnos\w*|diseases?|icd|icd_?\d+|hiv|aids|symptoms?|medications?|allerg\w+|disabilit\w+|pregnan\w+|cancer|tumou?r"),
               None, cells=Cells.ANY),
    Recognizer("income", _SENSITIVE, None, _anywhere(r"income|salary|wages?|earnings|net_?worth"), None, cells=Cells.ANY),
    Recognizer("belief", _SENSITIVE, None, _anywhere(r"relig\w+|political|party_?affiliation|sexual_?orientation|union_?member\w*"),
               None, cells=Cells.ANY),
    Recognizer("criminal_record", _SENSITIVE, None, _anywhere(r"convict\w*|arrest\w*|criminal\w*|offen[cs]es?"), None, cells=Cells.ANY),
    Recognizer("credit", _SENSITIVE, None, _anywhere(r"credit_?(score|rating|history)"), None, cells=Cells.ANY),
)  # fmt: skip

RECOGNIZERS = (*DIRECT, *TOGETHER, *SENSITIVE)
