"""The words that column names are made of, short and in other languages, as the English words that recognisers know.

"KundenNr"  →  customer_number        "dt_nascimento"  →  date_birth        "pt_nm"  →  patient_name
"""

from __future__ import annotations

import re

_SAME = """
name: nm names nombre nombres nom noms naam nome nomes namn navn nimi jmeno jméno isim
first_name: firstname fname givenname givennames forename forenames vorname vornamen prenom prénom prenoms voornaam imie imię förnamn fornamn
    fornavn etunimi middlename
last_name: lastname lname surname surnames familyname nachname familienname zuname apellido apellidos cognome sobrenome apelido achternaam
    nazwisko efternamn etternavn efternavn sukunimi prijmeni příjmení soyad soyadi patronyme maidenname
full_name: fullname
address: addr adr addresses adres adresse adresa adress anschrift direccion dirección domicilio indirizzo endereco endereço osoite morada
    lakcim
street: strasse straße str rue calle straat ulica ulice gata gade rua
city: town ville stadt wohnort ort ciudad citta città cidade plaats woonplaats stad miasto mesto město kaupunki sehir localidad municipio
    gemeinde gemeente kommune kommun municipality village hometown birthplace geburtsort lieu
county: cnty landkreis borough parish
zip: zipcode zip5 zip9 postcode postalcode plz postleitzahl pcode pincode cep postnummer postnr psc zipcd
latitude: lat breitengrad latitud latitudine
longitude: lon lng long längengrad longitud longitudine
birth: birthday bday geburt geburts geb naissance nacimiento nascita nascimento geboorte urodzenia fødsels fodsels födelse narozeni born dtnasc
date: dt dte datum fecha data dato datetime timestamp tarih pvm day dates
date_birth: dob birthdate geburtsdatum geburtstag geboortedatum birthdt
date_death: dod deathdate deathdt dateofdeath
death: deceased died sterbe deces décès muerte morte overlijden zgonu
admission: admit admitted adm admittance admsn aufnahme opname ingreso
discharge: discharged disch dischrg dschrg entlassung ontslag alta
age: alter edad âge idade età eta leeftijd alder ålder ageyears
phone: phones telephone tel telefon telefono teléfono telefone telefoon telephon fone puhelin phn ph mobile mobil movil móvil celular cell
    cellphone cel mob handy gsm msisdn whatsapp telnr landline
fax: telefax facsimile fx
email: mail emails mails correo courriel epost mailadresse emailaddress mailaddress mailto
url: urls uri href link links website webpage homepage weblink webseite webpagina www blog linkedin facebook permalink
ssn: ssnr socsec socialsecurity
number: no nr num nbr numb nummer numer numero número numéro nro číslo cislo numbers
id: ids identifier ident kennung identificador uid
code: cd codes kod codigo código
medical: med medizinisch medico
record: rec records akte
chart: charts
hospital: hosp krankenhaus
insurance: insur ins versicherung versicherungs verzekering assurance seguro assicurazione ubezpieczenia mutuelle krankenkasse
policy: poliza póliza apolice apólice polizza polis police
beneficiary: bene benef beneficiario bénéficiaire
insured: versicherten versicherter
account: acct accts acc konto konten compte cuenta conta conto rekening rachunek accnt
card: karte karten kreditkarte carte tarjeta kaart karta
license: licence licenses licences lic permis führerschein fuehrerschein fuhrerschein licencia rijbewijs korkort körkort patente
passport: pasaporte passeport reisepass paszport paspoort pasport passaporte passaporto
certificate: cert zertifikat certificat certificado
plate: plates kennzeichen matricula matrícula immatriculation targa kenteken placa nummernschild tag
vehicle: veh fahrzeug vehicule véhicule vehiculo veiculo car
vin: fahrgestell chassis fin
device: dev gerät geraet dispositivo appareil apparaat
serial: ser serien serienummer seriennummer serialnumber serialno serie série
photo: photos photograph picture pictures pic pics portrait selfie avatar headshot mugshot foto fotos bild imagen image images img immagine
    zdjecie
ip: ipv ipv4 ipv6 ipaddr ipaddress
mac: macaddr macaddress hwaddr
username: usernames userid_name screenname nickname login loginname benutzername gebruikersnaam
customer: cust client clients kunde kunden cliente clientes klient klienta klant kund asiakas customers shopper buyer cl
patient: pat pt pts patients patienten paciente paziente pacjent pacient patientin
user: usr benutzer usuario utente gebruiker utilisateur użytkownik users
member: mbr members mitglied miembro membro lid socio
employee: emp staff mitarbeiter angestellter empleado employe employé salarie pracownik medewerker ansatt impiegato dipendente employees
    worker personnel
student: pupil schüler schueler matrikel alumno étudiant etudiant estudante studente uczen learner
person: people persona personne pessoa individual indiv
physician: doctor md arzt medecin médecin medico_ lekarz physn attending surgeon clinician practitioner
provider: prvdr prov
subject: participant respondent proband sujet teilnehmer
birth_name: maiden geburtsname
"""


def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    meaning = ""
    for line in _SAME.strip().splitlines():
        words = line
        if not line.startswith(" "):
            meaning, _, words = line.partition(":")
            table |= {part: part for part in meaning.split("_")} if "_" not in meaning else {}
        table |= dict.fromkeys(words.split(), meaning)
    return table


MEANINGS = _table()
_ENDINGS = (
    "nummer",
    "number",
    "datum",
    "nbr",
    "num",
    "numer",
    "date",
    "name",
    "naam",
    "namn",
    "navn",
    "nr",
    "no",
    "id",
    "dt",
    "nm",
)


def words(name: str) -> tuple[str, ...]:
    """The words of a column name in lower case.

    >>> words("PULocationID"), words("home_address1")
    (('pu', 'location', 'id'), ('home', 'address', '1'))
    """
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced))


def label(name: str) -> str:
    """A column name as English words with underscores between them.

    >>> label("KundenNr"), label("geb_datum"), label("EMAIL ADDR"), label("patid")
    ('customer_number', 'birth_date', 'email_address', 'patient_id')
    """
    return "_".join(part for word in words(name) for part in _parts(word))


def _parts(word: str) -> tuple[str, ...]:
    if word in MEANINGS:
        return (MEANINGS[word],)
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and stem in MEANINGS:
            return MEANINGS[stem], MEANINGS.get(ending, ending)
    return (word,)
