"""Made-up columns of the 18 Safe Harbor classes, in two halves that share no format and no locale.

`TUNED` is what the recognisers were improved on. `HELD_OUT` has other formats and other countries, under names of columns that
were found in public schemas (clinics, payrolls, garages, shops, in five languages) after the recognisers were done.
"""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from faker import Faker

Make = Callable[[Faker, np.random.Generator], object]
TUNED_LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "en_CA", "en_IN", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "da_DK", "cs_CZ",
    "en_AU", "en_IE", "fr_CA", "es_MX", "de_AT", "pt_PT", "no_NO", "fi_FI", "hu_HU", "ro_RO",
)  # fmt: skip
HELD_OUT_LOCALES = ("en_NZ", "es_CO", "es_AR", "es_CL", "fr_CH", "de_CH", "nl_BE", "hr_HR", "tr_TR", "sk_SK")


@dataclass(frozen=True, slots=True)
class Planted:
    """A class, or several that are right; how its cells are made; names that tell, short or foreign ones.

    `cells_tell` says whether the cells give the class away under a name that says nothing.
    """

    letters: str
    make: Make
    telling: tuple[str, ...]
    short: tuple[str, ...]
    cells_tell: bool


def digits(n: int, *, before: str = "", after: str = "") -> Make:
    return lambda fake, rng: before + "".join(rng.choice(list(string.digits), n)) + after


def number(n: int) -> Make:
    return lambda fake, rng: int(rng.integers(10 ** (n - 1), 10**n))


def pattern(text: str) -> Make:
    return lambda fake, rng: fake.bothify(text, letters=string.ascii_uppercase)


def hexed(n: int) -> Make:
    return lambda fake, rng: hashlib.sha256(rng.bytes(8)).hexdigest()[:n]


def based(n: int) -> Make:
    return lambda fake, rng: base64.b64encode(rng.bytes(n)).decode()


def day(form: str, *, back: str = "-70y") -> Make:
    return lambda fake, rng: fake.date_between(back).strftime(form)


def whole(low: int, high: int) -> Make:
    return lambda fake, rng: int(rng.integers(low, high))


def _ssn(separator: str) -> Make:
    return lambda f, r: (
        f"{r.integers(1, 665):03d}{separator}{r.integers(1, 99):02d}{separator}{r.integers(1, 9999):04d}"
    )


def _npi(fake: Faker, rng: np.random.Generator) -> str:
    """Ten digits with the check digit of the National Provider Identifier."""
    body = "1" + "".join(rng.choice(list(string.digits), 8))
    total = 24 + sum(
        sum(divmod(int(d) * 2, 10)) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(body))
    )  # fmt: skip
    return body + str(-total % 10)


_FIRST: tuple[Planted, ...] = (
    Planted("A", lambda f, r: f.name(), ("full_name", "PatientName", "customer name"), ("nombre", "nom", "name"), True),
    Planted("A", lambda f, r: f.first_name(), ("first_name", "given name"), ("fname", "vorname", "prenom"), True),
    Planted("A", lambda f, r: f.last_name(), ("last_name", "surname", "family_name"), ("lname", "nachname"), True),
    Planted("B", lambda f, r: f.street_address(), ("street_address", "home address"), ("addr", "adresse"), True),
    Planted("B", lambda f, r: f.city(), ("city", "town", "birth_city"), ("ciudad", "stadt"), False),
    Planted("B", lambda f, r: f.postcode(), ("zip_code", "postal code", "postcode"), ("zip", "plz"), False),
    Planted("B", lambda f, r: float(f.latitude()), ("latitude", "home_latitude"), ("lat",), False),
    Planted("C", lambda f, r: f.date_of_birth(), ("date_of_birth", "birth date"), ("dob", "geburtsdatum"), False),
    Planted("C", lambda f, r: f.date_between("-5y"), ("admission_date", "date_of_death"), ("visit_dt",), False),
    Planted("C", day("%Y-%m-%d"), ("DateOfBirth", "admission date"), ("fecha_nacimiento", "discharge_dt"), False),
    Planted("C", whole(0, 100), ("age", "age_at_admission", "age_years"), ("edad", "alter"), False),
    Planted("D", lambda f, r: f.phone_number(), ("phone_number", "telephone", "mobile phone"), ("tel", "handy"), True),
    Planted("E", lambda f, r: f.phone_number(), ("fax_number", "fax", "OfficeFax"), ("telefax", "fax_no"), False),
    Planted("F", lambda f, r: f.email(), ("email", "email_address", "contact_email"), ("mail", "correo"), True),
    Planted("G", _ssn("-"), ("ssn", "social_security_number"), ("SSN_no",), True),
    Planted("H", digits(8), ("medical_record_number", "MedicalRecordNo", "mrn"), ("mrn_id", "chart_no"), False),
    Planted("H", pattern("MR-######"), ("mrn", "hospital record number"), ("chart_id",), False),
    Planted("I", pattern("???#########"), ("health_plan_number", "insurance_id"), ("policy_no",), False),
    Planted("I", pattern("#??#-??#-??##"), ("medicare_id", "health insurance number"), ("plan_member_id",), False),
    Planted("J", lambda f, r: f.iban(), ("iban", "account_iban"), ("IBAN_nr",), True),
    Planted("J", digits(10), ("account_number", "bank account no"), ("acct_no", "konto_nr"), False),
    Planted("J", lambda f, r: f.credit_card_number("visa16"), ("credit_card_number",), ("cc_number", "pan"), True),
    Planted("K", pattern("?#######"), ("drivers_license_number", "passport_number"), ("licence_nr", "npi"), False),
    Planted("K", digits(9), ("passport_no", "certificate_number"), ("permit_id",), False),
    Planted("L", lambda f, r: f.vin(), ("vin", "vehicle_vin"), ("chassis_no",), True),
    Planted("L", pattern("???-####"), ("license_plate", "number plate"), ("kennzeichen", "plate_no"), False),
    Planted("M", pattern("SN########"), ("serial_number", "device_id", "implant serial number"), ("device_no",), False),
    Planted("M", digits(15), ("imei",), ("imei_no",), False),
    Planted("M", lambda f, r: f.mac_address(), ("mac_address",), ("mac",), True),
    Planted("N", lambda f, r: f.url(), ("url", "website", "home page"), ("web_site", "link"), True),
    Planted("O", lambda f, r: f.ipv4(), ("ip_address", "client_ip"), ("ip", "ipv4"), True),
    Planted("O", lambda f, r: f.ipv6(), ("ipv6_address",), ("ipv6",), True),
    Planted("P", hexed(64), ("fingerprint", "voiceprint_hash", "biometric_template"), ("finger_print",), False),
    Planted(
        "Q",
        lambda f, r: f"img_{r.integers(1_000_000)}.jpg",
        ("photo", "face_image", "profile_picture"),
        ("avatar", "portrait"),
        False,
    ),
    Planted("R", lambda f, r: str(f.uuid4()), ("patient_uuid", "guid"), ("uuid",), True),
    Planted("R", pattern("CUST-#####"), ("customer_id", "patient id"), ("client_no", "member_nr"), False),
    Planted("R", lambda f, r: f.user_name(), ("username", "user name", "login"), ("nickname", "handle"), False),
    Planted("R", pattern("??######?"), ("national_id", "tax_number"), ("dni", "nino"), False),
)

_SECOND: tuple[Planted, ...] = (
    Planted("A", lambda f, r: f"{f.last_name()}, {f.first_name()}",
            ("Provider Name", "PHYSICIAN_FULL_NM", "cardholderName"), ("pt_nm", "naam", "nome"), True),
    Planted("A", lambda f, r: f.first_name(), ("FIRST", "Provider First Name", "GivenNames"), ("voornaam", "imie"), True),
    Planted("A", lambda f, r: f.last_name(),
            ("MAIDEN", "Provider Last Name (Legal Name)", "LastName"), ("achternaam", "nazwisko", "sobrenome"), True),
    Planted("A", lambda f, r: f.name().upper(), ("NEXT_OF_KIN", "emergency_contact_name"), ("nok_name", "jmeno"), True),
    Planted("A", lambda f, r: f"Dr. {f.name()}", ("attending physician", "referring_doctor"), ("md_name", "arzt"), True),
    Planted("B", lambda f, r: f.address().replace("\n", ", "),
            ("Provider First Line Business Mailing Address", "ADDRESS", "shipping_address_1"), ("adres", "endereco"), False),
    Planted("B", lambda f, r: f"{f.last_name()} County", ("COUNTY", "county_name"), ("cnty",), True),
    Planted("B", digits(3), ("county_code", "census_tract"), ("BENE_COUNTY_CD",), False),
    Planted("B", lambda f, r: f.postcode(),
            ("Provider Business Mailing Address Postal Code", "BENE_MLG_CNTCT_ZIP_CD"), ("zip5", "cep", "pcode"), False),
    Planted("B", lambda f, r: f.city(),
            ("BIRTHPLACE", "Provider Business Mailing Address City Name"), ("plaats", "miasto", "cidade"), False),
    Planted("B", lambda f, r: f"{f.latitude():.5f}, {f.longitude():.5f}", ("coordinates", "geo_location"), ("gps", "latlng"), True),
    Planted("B", lambda f, r: float(f.longitude()), ("LON", "dropoff_longitude"), ("lng", "pickup_lon"), False),
    Planted("C", day("%m/%d/%Y"), ("BIRTHDATE", "BENE_BIRTH_DT", "birth_datetime"), ("naissance", "geb_dat", "nascimento"), False),
    Planted("C", lambda f, r: f.date_time_between("-9y"), ("admittime", "dischtime", "CLM_ADMSN_DT"), ("adm_dt", "dod"), False),
    Planted("C", day("%Y%m%d"), ("BENE_DEATH_DT", "date_of_service"), ("dob_yyyymmdd",), False),
    Planted("C", day("%b %d, %Y"), ("Date of Birth", "date_of_discharge"), ("bday", "data_urodzenia"), False),
    Planted("C", lambda f, r: float(r.integers(0, 110)), ("anchor_age", "age_at_death", "AgeInYears"), ("idade", "leeftijd"), False),
    Planted("D", lambda f, r: f.phone_number(),
            ("Provider Business Mailing Address Telephone Number", "PhoneWork", "day_phone"), ("telefoon", "fone", "mob_no"), True),
    Planted("E", lambda f, r: f.phone_number(),
            ("Provider Business Practice Location Address Fax Number", "faxNumber"), ("facsimile", "fax_nbr"), False),
    Planted("F", lambda f, r: f.ascii_company_email().upper(), ("EMAIL_ADDR", "patientEmail"), ("e_mail", "courriel", "epost"), True),
    Planted("F", lambda f, r: f"{f.name()} <{f.free_email()}>", ("Contact E-mail", "recipient_email"), ("mailto",), True),
    Planted("G", _ssn(""), ("SSN", "Social Security Nbr", "soc_sec_number"), ("ss_num", "pt_ssn"), False),
    Planted("G", _ssn(" "), ("SOCIAL_SECURITY", "EmployeeSSN"), ("ssnr",), True),
    Planted("H", pattern("MRN-#######-#"), ("MRN", "hospital_number", "Patient Chart Number"), ("mrno", "hosp_no"), False),
    Planted("H", pattern("### ### ####"), ("NHS Number", "emr_number"), ("nhs_no",), False),
    Planted("H", number(7), ("medicalRecordNumber", "MED_REC_NO"), ("med_rec", "akte_nr"), False),
    Planted("I", pattern("?########-##"), ("subscriber_number", "insurance_policy_number", "MedicaidNumber"), ("hicn", "mbi"), False),
    Planted("IR", hexed(16), ("beneficiary_id", "DESYNPUF_ID", "insured_id"), ("bene_id",), False),
    Planted("J", lambda f, r: f.bban(), ("bban", "BankAccountNumber", "ACCOUNT_NBR"), ("acctnum", "rekening", "konto"), False),
    Planted("J", lambda f, r: f"{f.iban()[:4]} {f.iban()[4:]}", ("account_no", "debit account"), ("acc_nbr",), False),
    Planted("J", lambda f, r: f.credit_card_number("amex"), ("cardNumber", "payment card no"), ("ccnum", "cc_no"), True),
    Planted("K", digits(8, before="S"), ("DRIVERS", "Drivers Licence"), ("dl_number", "rijbewijs"), False),
    Planted("K", _npi, ("AT_PHYSN_NPI", "Provider License Number_1", "NPI"), ("lic_no", "npi_nbr"), True),
    Planted("K", pattern("??#######"), ("DEA_NUMBER", "PASSPORT", "state_license_number"), ("paszport", "dea_no"), False),
    Planted("L", lambda f, r: f.vin().lower(), ("VehicleIdentificationNumber", "vin_number"), ("vin_nr",), True),
    Planted("L", lambda f, r: f.license_plate(), ("License Plate Number", "vehicle_registration"), ("reg_no", "kenteken"), False),
    Planted("M", pattern("(01)##############(21)######"), ("UDI", "device_identifier"), ("udi_di",), True),
    Planted("M", pattern("??-####-####"), ("pacemaker_serial", "SerialNo", "device_serial_nbr"), ("ser_no", "dev_id"), False),
    Planted("M", hexed(16), ("android_id", "advertising_id"), ("idfv",), False),
    Planted("M", lambda f, r: f.mac_address().replace(":", "-").upper(), ("wifi_mac", "MACAddress"), ("hwaddr",), True),
    Planted("N", lambda f, r: f"linkedin.com/in/{f.user_name()}", ("linkedin_url", "profile_link", "homepage"), ("site", "blog"), True),
    Planted("N", lambda f, r: f.uri(), ("personal_website", "webpage"), ("www",), True),
    Planted("O", lambda f, r: f"{f.ipv4()}:{r.integers(1024, 65535)}", ("source_ip", "remote_addr"), ("src_ip", "host"), True),
    Planted("P", based(48), ("iris_code", "fingerprint_template", "palm_vein"), ("fp_hash", "biometric"), False),
    Planted("P", lambda f, r: f"{r.integers(1_000_000)}.wav", ("voice_sample", "voice_recording"), ("voiceprint",), False),
    Planted("Q", lambda f, r: f"/data/{f.user_name()}/{r.integers(9999)}.PNG", ("headshot", "passport_photo", "mugshot"), ("foto", "pic"), False),
    Planted("QN", lambda f, r: f"https://example.org/p/{r.integers(99_999)}.jpeg", ("patient_image", "photo_url"), ("img_url",), True),
    Planted("RH", number(8), ("subject_id", "hadm_id", "person_source_value"), ("pt_id", "pid"), False),
    Planted("R", pattern("K#######"), ("customerNumber", "loyalty_card_no", "student_number"), ("kundennr", "emp_no", "matrikelnr"), False),
    Planted("R", lambda f, r: "@" + f.user_name(), ("twitter_handle", "instagram"), ("insta",), True),
    Planted("R", lambda f, r: f.ssn(), ("national_insurance_number", "personal_identity_number"), ("pesel", "personnummer", "bsn"), False),
    Planted("R", number(9), ("MemberNo", "claimant_number", "CLM_ID"), ("cust_no", "user_nbr"), False),
)  # fmt: skip

_THIRD: tuple[Planted, ...] = (
    Planted("A", lambda f, r: f.name(),
            ("guardian_name", "account_holder_name", "travelerName", "emergency_contact_name", "customer_name"),
            ("pat_name", "nome_completo", "pes_nome", "bname1", "store_manager", "responsavel"), True),
    Planted("A", lambda f, r: f.first_name(), ("emp_firstname", "first_name", "emp_middle_name"), ("prenom", "Vorname"), True),
    Planted("A", lambda f, r: f.last_name(), ("emp_lastname", "old_emp_lastname", "mothers_maiden_name"), ("nom", "Nachname", "sobrenome"), True),
    Planted("A", lambda f, r: f"{f.prefix()} {f.name()}" if hasattr(f, "prefix") else f.name(),
            ("representative_name", "contact_person", "cc_holder_name"), ("medecin_traitant", "prescripteur", "pes_mae"), True),
    Planted("B", lambda f, r: f.street_address(), ("emp_street1", "home_address", "store_street_address"),
            ("adresse", "CLIENTRUE1", "Bib_Adresse", "strasse", "rua", "no_street"), True),
    Planted("B", lambda f, r: f.address().replace("\n", " "), ("customer_address", "employer_address"), ("endereco", "pov_address"), False),
    Planted("B", lambda f, r: f.city(), ("birth_city", "personal_city", "birthplace", "town_district"),
            ("ville", "CLIENTVILL", "ort", "cidade", "Bib_Ville", "bairro", "barangay"), False),
    Planted("B", lambda f, r: f.postcode(), ("emp_zipcode", "personal_zip", "store_postal_code", "postalCode"),
            ("code_postal", "CLIENTCP", "Postleitzahl", "cep", "Bib_Code_Postal"), False),
    Planted("B", lambda f, r: round(float(f.latitude()), 4), ("latitude",), ("gps_lat",), False),
    Planted("C", day("%d.%m.%Y"), ("emp_birthday", "date_of_birth", "old_emp_birthday"),
            ("date_naissance", "data_nascimento", "Geburtsdatum", "pes_data_nascimento", "DOB"), False),
    Planted("C", day("%d-%b-%Y", back="-8y"), ("AdmissionDate", "hire_date", "termination_date", "joined_date"),
            ("adm_date", "date_embauche", "einstellungsdatum", "date_soin"), False),
    Planted("C", whole(18, 97), ("age",), ("pat_age",), False),
    Planted("D", lambda f, r: f.phone_number(),
            ("emp_hm_telephone", "home_phone", "employer_phone", "driverPhone", "guardian_phone", "contactNumber", "contact_no"),
            ("emp_mobile", "telefon_mobil", "CLIENTTEL1", "Bib_Tel", "Telefonnummer", "telefone", "bphone1", "whatsapp"), True),
    Planted("E", lambda f, r: f.phone_number(), ("fax", "store_fax", "before_fax"), ("bfax", "Bib_Fax", "CLIENTFAX"), False),
    Planted("F", lambda f, r: f.safe_email().title(), ("emp_work_email", "userEmail", "contact_email"),
            ("email_perso", "bemail", "Bib_Email", "emp_oth_email"), True),
    Planted("G", _ssn("-"), ("emp_ssn_num", "ssn"), ("numero_securite_sociale", "nss"), True),
    Planted("H", pattern("MR######"), ("medical_record_id", "MRN"), ("dossier_no", "nro_historia_clinica"), False),
    Planted("H", pattern("##-##-##"), ("mrn", "hospital_record_no"), ("hosp_rec_nr",), False),
    Planted("I", pattern("POL-????-20##-####"), ("insurance_policy_no", "insuranceNumber", "policy_number"), ("VersicherungsNr", "nro_poliza"), False),
    Planted("J", digits(12), ("bank_account_number", "account_no"), ("numero_compte", "conta_bancaria"), False),
    Planted("J", lambda f, r: f.credit_card_number("mastercard"), ("cc_number",), ("cc_num",), True),
    Planted("J", pattern("##-##-##"), ("bank_sort_code",), ("sortcode",), False),
    Planted("K", pattern("?##-##-######"), ("drivers_license", "license_number", "licenceNumber", "verifiedLicenceNumber"),
            ("emp_dri_lice_num", "lizenznummer", "psv_license_no"), False),
    Planted("K", pattern("?#######"), ("passportNumber", "passportId", "certificate_number"), ("numero_passeport", "nr_paszportu"), False),
    Planted("L", pattern("?#?##??###?######"), ("chassis_number",), ("v_i_n", "rahmennummer"), False),
    Planted("L", pattern("??## ?? ####"), ("registration_number", "plate_number", "vehiclePlate", "vehicle_reg_number", "vehicle_registration"),
            ("plate", "kennzeichen", "vehicle_reg_no"), False),
    Planted("L", pattern("####?######"), ("engine_number", "motor_number"), ("motor_nr",), False),
    Planted("M", digits(15), ("mobile_imei", "device_imei"), ("tpv_nroimei", "producto_imei"), False),
    Planted("M", pattern("??-#####"), ("device_serial_number", "serial_number"), ("tpv_nroserie",), False),
    Planted("N", lambda f, r: f"{f.domain_name()}/{f.user_name()}", ("website", "icon_website_url"), ("site_web", "pagina_web"), False),
    Planted("O", lambda f, r: f.ipv4_private(), ("ip_address", "IP_Address"), ("last_ip", "adresse_ip"), True),
    Planted("P", based(96), ("fingerprint_template", "fingerprintData"), ("huella_digital",), False),
    Planted("Q", lambda f, r: f"uploads/{r.integers(10**9, 10**10)}.jpg", ("photo_path", "avatar"), ("lien_photo", "IMAGE"), False),
    Planted("R", pattern("EMP####"), ("employee_id", "emp_number", "emp_other_id"), ("MitarbeiterNr", "personalNr", "Emp_Matricule"), False),
    Planted("R", pattern("CUST######"), ("customer_id", "membership_id", "userID"), ("kundenNr", "id_cliente", "codigo_cliente", "MitgliederID"), False),
    Planted("R", pattern("???.###.##-#"), ("nationalIdNumber", "tax_id", "nationalID"), ("cpf", "numero_carte_identite", "numero_fiscal", "customer_nic"), False),
    Planted("R", lambda f, r: f.user_name(), ("USERNAME", "username"), ("emp_nick_name", "Usuario"), False),
    Planted("RH", lambda f, r: str(f.uuid4()).upper(), ("PatientId", "patient_key"), ("guid",), True),
)  # fmt: skip

TUNED = (*_FIRST, *_SECOND, *_THIRD)

HELD_OUT: tuple[Planted, ...] = (
    Planted("A", lambda f, r: f.first_name(), ("first_name", "strava_first_name", "candidate_first_name", "middle_name"),
            ("nombre", "nombres", "nombre1", "per_nombre", "nome", "p_voornaam"), True),
    Planted("A", lambda f, r: f.last_name(), ("last_name", "strava_last_name", "candidate_last_name"),
            ("apellido1", "apellidos", "per_apellido", "ap_paterno", "ap_materno", "cognome", "p_achternaam"), True),
    Planted("A", lambda f, r: f.name(), ("employee_name", "cardholder_name", "health_doctor_name", "artist_name", "doctorname", "responsible_person"),
            ("naam", "chauffeur", "nombre_conductor"), True),
    Planted("B", lambda f, r: f.street_address(), ("street",), ("per_direccion", "direccion", "indirizzo_di_residenza", "straat", "adres"), True),
    Planted("B", lambda f, r: f.city(), ("strava_city", "city", "candidate_localisation"),
            ("ciudad", "departamento", "citta_di_nascita", "citta_di_residenza", "luogo_di_nascita", "comunenascita", "lieu_naissance", "gemeente", "woonplaats"), False),
    Planted("B", lambda f, r: f.postcode(), ("postal_code", "zip_postal_code"), ("pincode", "postcode", "zip5"), False),
    Planted("B", lambda f, r: f"{float(f.latitude()):.6f}", ("latitude",), (), False),
    Planted("B", lambda f, r: f"{f.latitude():.4f} {f.longitude():.4f}", ("latitude_and_longitude",), (), True),
    Planted("C", day("%Y/%m/%d"), ("date_of_birth", "p_geboortedatum", "DateOfBirth"),
            ("fecha_nacimiento", "per_fecha_nacimiento", "data_di_nascita", "data_di_nascita_utente"), False),
    Planted("C", day("%d/%m/%y", back="-6y"),
            ("Admission_Date", "Discharge_Date", "date_of_admission", "from_date_of_service", "to_date_of_service", "admit_date", "Appointment_Date", "Date_of_Joining"),
            ("data_di_morte",), False),
    Planted("C", whole(0, 102), ("Age",), ("edad",), False),
    Planted("D", lambda f, r: f.phone_number(),
            ("candidate_phone_number", "health_doctor_phone", "business_phone", "cell_number", "mobile_number", "telephone_number"),
            ("telefono", "gsm", "telefoon", "telephone_chauffeur"), True),
    Planted("E", lambda f, r: f.phone_number(), ("fax_number", "FAX_NUMBER"), ("fax",), False),
    Planted("F", lambda f, r: f.company_email(), ("candidate_email", "email_address", "emergency_contact_email", "professional_email"), ("correo",), True),
    Planted("G", pattern("############"), ("social_security_number", "social_insurance_number"), (), False),
    Planted("HR", pattern("UH-##-#####"), ("uhid", "PAS_Number"), ("numero_dossier",), False),
    Planted("I", pattern("#??#-??#-??##"), ("health_insurance_number", "insurance_id"), (), False),
    Planted("IRG", digits(11), ("unemployment_insurance_number",), (), False),
    Planted("J", lambda f, r: f.iban(), ("credit_account",), ("IBAN_utente",), True),
    Planted("J", lambda f, r: f.credit_card_number("discover"), ("credit_card_number",), (), True),
    Planted("K", pattern("?########"), ("passport_number", "medical_license_number", "Medical_License_Number"), ("numero_license", "cedula_profesional"), False),
    Planted("L", pattern("??-###-??"), ("vehicle_plate_number",), ("immatriculation", "camion_immatriculation", "numero_placa"), False),
    Planted("L", lambda f, r: f.vin(), ("vin",), ("numero_chassis",), True),
    Planted("M", lambda f, r: f.mac_address(), ("mac_address", "Sourec_Mac_Address", "Destination_Mac_Address"), ("bssid",), True),
    Planted("M", pattern("??##########"), ("serial_number", "serial_no"), ("numero_serie",), False),
    Planted("N", lambda f, r: f.uri(), ("url_canlii", "referer"), ("uri",), True),
    Planted("O", lambda f, r: f.ipv4_public(), ("ip_address", "Source_IpAddress", "Destination_IpAddress", "remote_address"), ("mgmt_ip",), True),
    Planted("O", lambda f, r: f.ipv6(), ("ipv6_address",), (), True),
    Planted("P", based(64), ("fingerprint_data", "face_id_data"), (), False),
    Planted("Q", lambda f, r: f"{f.user_name()}_{r.integers(99)}.png", ("profile_picture", "strava_profile_picture", "candidate_profile_picture", "employee_avatar"),
            ("foto_perfil", "per_imagen", "img_profilo"), False),
    Planted("QN", lambda f, r: f"https://cdn.example.org/u/{r.integers(10**6)}.webp", ("photo_url",), ("foto",), True),
    Planted("R", pattern("?#######"), ("employee_code", "serial_employee_number", "Patient_ID", "doctor_id", "citizen_id"),
            ("id_persona", "lidnummer", "student_nummer", "p_medewerker_id", "spelernummer", "matricule"), False),
    Planted("R", number(9), ("uth_member_id", "uth_claim_id", "Admission_ID", "Appointment_ID", "Spell_Number", "Episode_Number", "perf_provider_id"), (), False),
    Planted("R", lambda f, r: f.ssn(), ("tax_number",),
            ("documento", "numero_identificacion", "per_num_doc_id", "rut", "codice_fiscale", "CF_utente", "bsn"), False),
    Planted("R", lambda f, r: f.user_name(), ("username",), ("per_nombre_usuario", "p_gebruikersnaam", "user_utente", "apodo"), False),
    Planted("R", lambda f, r: f.uuid4(), ("service_uuid",), (), True),
)  # fmt: skip


INSIDE: tuple[tuple[str, Make], ...] = (
    ("A", lambda f, r: f"Seen with {f.first_name_female()} {f.last_name()} at the desk."),
    ("A", lambda f, r: f"Referred by Dr. {f.last_name()}."),
    ("C", lambda f, r: f"Came back on {f.date_between('-5y').strftime('%d/%m/%Y')}."),
    ("C", lambda f, r: f"Operated {f.date_between('-5y').strftime('%B %d, %Y')}."),
    ("C", lambda f, r: f"Born {f.date_between('-90y').isoformat()}."),
    ("D", lambda f, r: f"Call {r.integers(200, 999)}-{r.integers(200, 999)}-{r.integers(1000, 9999)} first."),
    ("D", lambda f, r: f"Reachable under +49 30 {r.integers(1_000_000, 9_999_999)} only."),
    ("E", lambda f, r: f"Fax: ({r.integers(200, 999)}) {r.integers(200, 999)}-{r.integers(1000, 9999)}."),
    ("F", lambda f, r: f"Write to {f.email()}, please."),
    ("G", lambda f, r: f"SSN {_ssn('-')(f, r)} was checked."),
    ("H", lambda f, r: f"MRN: {r.integers(10**6, 10**7)} merged."),
    ("I", lambda f, r: f"Member ID {f.bothify('?########')} is active."),
    ("J", lambda f, r: f"Paid from {f.iban()} yesterday."),
    ("J", lambda f, r: f"Card {f.credit_card_number('visa16')} was declined."),
    ("K", lambda f, r: f"License no. {f.bothify('?#######')} expired."),
    ("L", lambda f, r: f"Car with VIN {f.vin()} was towed."),
    ("M", lambda f, r: f"Paired with {f.mac_address()} again."),
    ("N", lambda f, r: f"See {f.url()}profile for more."),
    ("O", lambda f, r: f"Logged in from {f.ipv4()} at night."),
    ("R", lambda f, r: f"Ticket {f.uuid4()} was closed."),
)
"""What is put into the middle of a longer text. Classes P and Q do not stand in texts."""
