"""Specifications of services: plans, options, lines, television and bundles. Those of devices are in `devices.py`.

A specification says what can be configured at all; what an offering is sold with stands in the offering's uses.
"""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Characteristic, Specification
from sandbox.seed.texts import T

YES_NO = (True, False)

SIM_TYPE = Characteristic(
    "simType", T("SIM type", "SIM-Art"), values=("eSIM", T("SIM card", "SIM-Karte")), configurable=True
)
DATA = Characteristic("data", T("Data per month", "Datenvolumen pro Monat"), "integer", unit="GB", range=(1, 500))
SPEED = Characteristic(
    "speed", T("Maximum speed", "Maximale Geschwindigkeit"), "integer", unit="Mbit/s", range=(10, 2000)
)
NUMBER = Characteristic(
    "phoneNumber", T("Phone number", "Rufnummer"), regex=r"^\+49[1-9]\d{6,11}$", configurable=True, cardinality=(0, 1),
    description=T("Desired or ported number in international form.", "Wunschrufnummer oder mitgebrachte Nummer im internationalen Format."))  # fmt: skip
TERM = Characteristic(
    "minimumTerm",
    T("Minimum term", "Mindestlaufzeit"),
    "integer",
    (24, 12, 1),
    T("months", "Monate").en,
    configurable=True,
)
EUICC = Characteristic(
    "eid", T("EID of the device", "EID des Geräts"), regex=r"^\d{32}$", configurable=True, cardinality=(0, 1)
)
ADDRESS = Characteristic("installationAddress", T("Installation address", "Anschlussadresse"), configurable=True)
APPOINTMENT = Characteristic(
    "appointment",
    T("Appointment", "Termin"),
    values=(T("Morning", "Vormittag"), T("Afternoon", "Nachmittag")),
    configurable=True,
    cardinality=(0, 1),
)
ROUTER = Characteristic(
    "router",
    T("Router", "Router"),
    values=(T("Own router", "Eigener Router"), "Lumaro Box", "Lumaro Box Pro"),
    configurable=True,
)

SERVICES = (
    Specification("ps-mobile-plan", T("Mobile plan", "Mobilfunktarif"),
        T("Voice, text and data with a monthly bill.", "Telefonie, SMS und Daten auf Monatsrechnung."), "MP-100",
        characteristics=(DATA, SPEED, SIM_TYPE, NUMBER, TERM)),
    Specification("ps-prepaid-plan", T("Prepaid plan", "Prepaid-Tarif"),
        T("Voice, text and data from a balance.", "Telefonie, SMS und Daten vom Guthaben."), "MP-200", characteristics=(DATA, SIM_TYPE, NUMBER)),
    Specification("ps-data-plan", T("Data plan", "Datentarif"),
        T("Data only, for devices without a handset.", "Nur Daten, für Geräte ohne Hörer."), "MP-300", characteristics=(DATA, SPEED, SIM_TYPE)),
    Specification("ps-data-addon", T("Data add-on", "Datenoption"),
        T("Additional data for a plan.", "Zusätzliches Datenvolumen für einen Tarif."), "AO-100", characteristics=(DATA,)),
    Specification("ps-voice-addon", T("Calls abroad", "Auslandsoption"),
        T("Minutes from Germany to other countries.", "Minuten von Deutschland ins Ausland."), "AO-200",
        characteristics=(Characteristic("zone", T("Country zone", "Länderzone"), values=(T("Europe", "Europa"), T("World", "Welt")), configurable=True),)),
    Specification("ps-service-addon", T("Digital service", "Digitaler Dienst"),
        T("A service on top of a plan.", "Ein Dienst zusätzlich zum Tarif."), "AO-300",
        characteristics=(Characteristic("devices", T("Protected devices", "Geschützte Geräte"), "integer", (1, 5, 10), configurable=True),)),
    Specification("ps-roaming-pass", T("Roaming pass", "Roaming-Pass"),
        T("Data and minutes abroad for some days.", "Daten und Minuten im Ausland für einige Tage."), "RO-100",
        characteristics=(DATA, Characteristic("days", T("Valid for", "Gültig für"), "integer", (1, 7, 30), "days"))),
    Specification("ps-sim-card", T("SIM card", "SIM-Karte"),
        T("Plastic card in three sizes.", "Plastikkarte in drei Größen."), "SI-100", picture="sim-card",
        characteristics=(Characteristic("iccid", T("Card number", "Kartennummer"), regex=r"^89\d{17,18}$", cardinality=(0, 1)),)),
    Specification("ps-esim", T("eSIM profile", "eSIM-Profil"),
        T("A profile that is loaded over the air.", "Ein Profil, das über die Luft geladen wird."), "SI-200", picture="sim-esim", characteristics=(EUICC,)),
    Specification("ps-fibre", T("Fibre line", "Glasfaseranschluss"),
        T("Fibre to the home.", "Glasfaser bis in die Wohnung."), "FI-100", characteristics=(SPEED, ROUTER, ADDRESS, APPOINTMENT, TERM)),
    Specification("ps-dsl", T("DSL line", "DSL-Anschluss"),
        T("Internet over the telephone line.", "Internet über die Telefonleitung."), "FI-200", characteristics=(SPEED, ROUTER, ADDRESS, TERM)),
    Specification("ps-home-5g", T("5G home line", "5G-Anschluss für zu Hause"),
        T("Internet over the mobile network.", "Internet über das Mobilfunknetz."), "FI-300", characteristics=(SPEED, ADDRESS)),
    Specification("ps-home-service", T("Home service", "Service für zu Hause"),
        T("Work or equipment for a home line.", "Arbeiten oder Geräte für einen Festnetzanschluss."), "HS-100", characteristics=(ADDRESS, APPOINTMENT)),
    Specification("ps-tv", T("TV package", "TV-Paket"),
        T("Channels and recordings.", "Sender und Aufnahmen."), "TV-100",
        characteristics=(Characteristic("screens", T("Screens at once", "Gleichzeitige Bildschirme"), "integer", (2, 4, 6), configurable=True),
                         Characteristic("channels", T("Channels", "Sender"), "integer", range=(40, 250)))),
    Specification("ps-tv-option", T("TV option", "TV-Option"),
        T("Channels on top of a package.", "Zusätzliche Sender zu einem Paket."), "TV-200",
        characteristics=(Characteristic("language", T("Languages", "Sprachen"), values=(T("German", "Deutsch"), T("English", "Englisch"), T("Turkish", "Türkisch")),
                                        configurable=True, cardinality=(1, 3)),)),
    Specification("ps-business-plan", T("Business plan", "Business-Tarif"),
        T("Mobile plan with priority and management.", "Mobilfunktarif mit Vorrang und Verwaltung."), "BM-100",
        characteristics=(DATA, SPEED, SIM_TYPE, Characteristic("costCentre", T("Cost centre", "Kostenstelle"), regex=r"^[A-Z0-9\-]{2,20}$", configurable=True, cardinality=(0, 1)))),
    Specification("ps-business-line", T("Business line", "Business-Anschluss"),
        T("Symmetric line with service level.", "Symmetrischer Anschluss mit Servicevereinbarung."), "BI-100",
        characteristics=(SPEED, ADDRESS, Characteristic("addresses", T("Static IP addresses", "Feste IP-Adressen"), "integer", (1, 8, 16), configurable=True),
                         Characteristic("repairTime", T("Repair time", "Entstörzeit"), "integer", (4, 8, 24), "hours", configurable=True))),
    Specification("ps-cloud-pbx", T("Cloud telephone system", "Cloud-Telefonanlage"),
        T("Extensions, queues and conferencing per seat.", "Nebenstellen, Warteschlangen und Konferenzen je Arbeitsplatz."), "BV-100",
        characteristics=(Characteristic("seats", T("Seats", "Arbeitsplätze"), "integer", range=(1, 250), configurable=True),
                         Characteristic("domain", T("Domain", "Domain"), regex=r"^[a-z0-9\-]+(\.[a-z0-9\-]+)+$", configurable=True, cardinality=(0, 1)))),
    Specification("ps-iot", T("IoT connectivity", "IoT-Konnektivität"),
        T("SIM cards for machines, managed by portal.", "SIM-Karten für Maschinen, verwaltet per Portal."), "BO-100",
        characteristics=(Characteristic("cards", T("Cards", "Karten"), "integer", range=(10, 10000), configurable=True),
                         Characteristic("technology", T("Technology", "Technologie"), values=("LTE-M", "NB-IoT", "5G"), configurable=True, cardinality=(1, 3)))),
    Specification("ps-bundle-family", T("Family bundle", "Familienpaket"), T("Lines of one family.", "Karten einer Familie."), "BU-100", bundles=("ps-mobile-plan",)),
    Specification("ps-bundle-home", T("Mobile and home", "Mobil und zu Hause"),
        T("Mobile, line and television in one.", "Mobilfunk, Anschluss und Fernsehen in einem."), "BU-200", bundles=("ps-mobile-plan", "ps-fibre", "ps-tv")),
    Specification("ps-bundle-phone", T("Phone with plan", "Smartphone mit Tarif"), T("A device and its plan.", "Ein Gerät und sein Tarif."), "BU-300", bundles=("ps-mobile-plan", "ps-sim-card")),
    Specification("ps-bundle-business", T("Business bundle", "Business-Paket"),
        T("Everything for an office.", "Alles für ein Büro."), "BU-400", bundles=("ps-business-plan", "ps-business-line", "ps-cloud-pbx")),
)  # fmt: skip
