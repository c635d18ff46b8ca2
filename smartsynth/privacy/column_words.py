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
    gemeinde gemeente kommune kommun municipality village hometown birthplace geburtsort
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
serial: serien serienummer seriennummer serialnumber serialno serie série
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
physician: doctor md arzt medecin médecin  lekarz physn attending surgeon clinician practitioner
provider: prvdr prov
subject: participant respondent proband sujet teilnehmer
birth_name: maiden geburtsname
first_name: nev keresztnev prenume ime
last_name: vezeteknev nume prezime priezvisko familienamen sukunimi mellomnavn
father: padre pere père vater pai papa
mother: madre mere mère mutter mae mãe maman
spouse: conjoint conjuge cônjuge ehepartner wife husband conyuge cónyuge
holder: titulaire titular inhaber intestatario rekeninghouder halter
neighborhood: neighbourhood bairro barrio quartier stadtteil ortsteil wijk dzielnica barangay arrondissement colonia freguesia distrito stadsdel suburb
zip: cp postleitzahlen irsz zipcodes
hire: hired hiring embauche einstellung einstellungs eintritt eintritts contratacion contratación admissao admissão anställning zatrudnienia assunzione
    joined joining join
admission: ingreso entree entrée ricovero przyjecia przyjęcia aufnahmen internacion internação
discharge: egreso sortie dimissione wypisu ontslagen austritt austritts
death: deces fallecimiento defuncion defunción obito óbito zgon tod todes decesso doodsdatum
visit: visits visite visita besuch besuchs consulta consultation consultatie cita termin rdv rendezvous bezoek besök wizyty
treatment: behandlung behandlungs soin soins tratamiento tratamento trattamento leczenia
appointment: appt turno
tax: fiscal fiscale steuer impuesto imposto podatkowy skatte vergi
identity: identidad identidade identite identité identita tożsamości tozsamosci identificacion identificación identificação identiteit
document: documento dokument 
social: sociale soziale sociales sozial
security: securite sécurité seguridad segurança seguranca sicurezza zekerheid
ssn: sozialversicherung sozialversicherungs nss avs ahv
license: lice lizenz lizenzen licenza licenca licença licencja carnet ehliyet vezetői jogositvany
driver: dri chofer chauffeur conductor fahrer motorista autista kierowca bestuurder
passport: paszportu passports pasaportes
registration: reg immat immatriculation registracni rejestracyjny registro matriculacion
plate: placas tablica rendszam spz
engine: motor motors moteur motore silnik
frame: rahmen cadre bastidor telaio
fingerprint: huella huellas empreinte empreintes fingerabdruck digitale digitales impronta vingerafdruk
medical_record: dossier expediente krankenakte patientenakte prontuario prontuário cartella  nhc journal journalnr
clinical: clinica clínica clinique klinik
history: historia historial histoire
case: fall aktenzeichen aktennummer
insured: versicherte assure assuré afiliado afiliacion afiliación assistito segurado ubezpieczony verzekerde
beneficiary: allocataire begunstigter uprawniony
insurance: krankenversicherung krankenversicherungs aseguradora segur 
employee_number: matricule matricola legajo personalnr personalnummer badge
member: mitglieder adherent adhérent afiliados tesserato
user: usuarios 
id: identifiant identificativo identyfikator
site: sito sitio strona sajt
web: internet
page: pagina página seite
nick: pseudo apodo alias spitzname
phone: fono telefony telefonos telefons numtel telephones
photo: retrato cliche passfoto lichtbild zdjęcie
customer: klienci musteri müşteri abonne abonné abonnent
patient: paciento hasta malade
employee: pracownika colaborador colaboradores funcionario funcionário werknemer trabajador dolgozo
student: aluno alumna etudiante leerling ucznia scolaro studenti
last_name: paterno materno
place: luogo lugar lieu local miejsce
city: comune localisation localizacion ubicacion ubicación
neighborhood: departamento departement département
player: speler spelers jugador joueur spieler giocatore jogador
code: codice codigos
mrn: uhid umrn mrno empi
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


_STOP = frozenset("of the de del des du da do dos di della d la le el les van der den".split())  # noqa: SIM905
_LEADING = frozenset(
    "id code codice kod codigo código kood numero número numéro nro nr identifiant identificador".split()  # noqa: SIM905
)
"""Words that stand before what they number; `num_patients` and other plurals count instead."""


def words(name: str) -> tuple[str, ...]:
    """The words of a column name in lower case; letters that stand alone in a row are one word.

    >>> words("PULocationID"), words("home_address1"), words("V_I_N")
    (('pu', 'location', 'id'), ('home', 'address', '1'), ('vin',))
    """
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    parts = [word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced)]
    joined: list[str] = []
    for i, part in enumerate(parts):
        follows = i > 0 and len(part) == 1 and len(parts[i - 1]) == 1 and not (part + parts[i - 1]).isdigit()
        joined[-1:] = [joined[-1] + part] if follows else [*joined[-1:], part]
    return tuple(joined)


def label(name: str) -> str:
    """A column name as English words with underscores between them, what is numbered before its number.

    >>> label("KundenNr"), label("geb_datum"), label("EMAIL ADDR"), label("numéro de passeport")
    ('customer_number', 'birth_date', 'email_address', 'passport_number')
    """
    spelt = [word for word in words(name) if word not in _STOP]
    while len(spelt) > 1 and spelt[0] in _LEADING and not spelt[1].endswith("s") and spelt[1] not in _LEADING:
        spelt = [*spelt[1:], spelt[0]]
    return "_".join(part for word in spelt for part in _parts(word))


def _parts(word: str) -> tuple[str, ...]:
    if word in MEANINGS:
        return (MEANINGS[word],)
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and stem in MEANINGS:
            return MEANINGS[stem], MEANINGS.get(ending, ending)
    for at in range(3, len(word) - 3):
        if word[:at] in MEANINGS and word[at:] in MEANINGS and MEANINGS[word[at:]] != "age":
            return MEANINGS[word[:at]], MEANINGS[word[at:]]
    return (word,)
