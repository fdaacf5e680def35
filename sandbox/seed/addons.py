"""What is bought on top of a plan: data, calls abroad, services, roaming passes and SIM cards."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Offer, Price, Use
from sandbox.seed.prices import daily, every_four_weeks, monthly, once, shipping, usage, weekly
from sandbox.seed.texts import T

BOTH = ("b2c", "b2b")


def _data(key: str, name: T, text: T, *prices: Price, gigabytes: int | None = None) -> Offer:
    return Offer(
        f"po-data-{key}",
        name,
        text,
        "ps-data-addon",
        ("cat-addons-data",),
        prices,
        picture=f"addon-data-{key}",
        segments=BOTH,
        uses=(Use("data", (gigabytes,)),) if gigabytes else (),
    )


def _abroad(key: str, name: T, text: T, *prices: Price) -> Offer:
    return Offer(
        f"po-abroad-{key}",
        name,
        text,
        "ps-voice-addon",
        ("cat-addons-international",),
        prices,
        picture=f"addon-abroad-{key}",
    )


def _service(key: str, name: T, text: T, *prices: Price, segments: tuple[str, ...] = ("b2c",)) -> Offer:
    return Offer(
        f"po-service-{key}",
        name,
        text,
        "ps-service-addon",
        ("cat-addons-services",),
        prices,
        picture=f"addon-{key}",
        segments=segments,
    )


def _roaming(key: str, zone: str, name: T, text: T, *prices: Price, days: int, gigabytes: int) -> Offer:
    return Offer(
        f"po-roaming-{key}",
        name,
        text,
        "ps-roaming-pass",
        (f"cat-roaming-{zone}", "cat-roaming"),
        prices,
        picture=f"roaming-{key}",
        segments=BOTH,
        channels=("web", "app"),
        uses=(Use("days", (days,)), Use("data", (gigabytes,))),
    )


def _sim(
    key: str,
    specification: str,
    name: T,
    text: T,
    *prices: Price,
    channels: tuple[str, ...] = (),
    segments: tuple[str, ...] = (),
) -> Offer:
    return Offer(
        f"po-{key}",
        name,
        text,
        specification,
        ("cat-sim",),
        prices,
        picture=f"sim-{key}",
        channels=channels,
        segments=segments,
    )


ADDONS = (
    _data("1", T("Data 1 GB", "Daten 1 GB"), T("1 GB until the end of the month.", "1 GB bis zum Monatsende."), once(2.99), gigabytes=1),
    _data("5", T("Data 5 GB", "Daten 5 GB"), T("5 GB more, every month.", "5 GB mehr, jeden Monat."), monthly(4.99), gigabytes=5),
    _data("10", T("Data 10 GB", "Daten 10 GB"), T("10 GB more, every month.", "10 GB mehr, jeden Monat."), monthly(7.99, "half-6"), gigabytes=10),
    _data("50", T("Data 50 GB", "Daten 50 GB"), T("50 GB more, every month.", "50 GB mehr, jeden Monat."), monthly(14.99), gigabytes=50),
    _data("day", T("Unlimited for a day", "Tagesflat"), T("Unlimited data for 24 hours.", "Unbegrenzte Daten für 24 Stunden."), daily(4.99)),
    _data("night", T("Night owl", "Nachteule"), T("Unlimited data from 11 pm to 6 am.", "Unbegrenzte Daten von 23 bis 6 Uhr."), monthly(5.99)),
    _abroad("europe", T("Europe 100", "Europa 100"), T("100 minutes to all of Europe.", "100 Minuten in ganz Europa."), monthly(4.99), usage("minute", 0.0495, T("each further minute", "jede weitere Minute"))),
    _abroad("world", T("World 100", "Welt 100"), T("100 minutes to 60 countries.", "100 Minuten in 60 Länder."), monthly(9.99), usage("minute", 0.1261, T("each further minute", "jede weitere Minute"))),
    _abroad("turkey", T("Türkiye flat", "Türkei-Flat"), T("Unlimited calls to Türkiye.", "Unbegrenzt in die Türkei telefonieren."), every_four_weeks(9.99)),
    _abroad("america", T("North America flat", "Nordamerika-Flat"), T("Unlimited calls to the USA and Canada.", "Unbegrenzt in die USA und nach Kanada telefonieren."), monthly(6.99)),
    _service("security", T("Safe surfing", "Sicher surfen"), T("Protection from viruses and phishing, in the network.", "Schutz vor Viren und Phishing, direkt im Netz."), monthly(1.99), segments=BOTH),
    _service("music", T("Music flat", "Musik-Flat"), T("80 million songs, without advertising.", "80 Millionen Songs ohne Werbung."), monthly(10.99, "half-6")),
    _service("reading", T("Reading flat", "Lese-Flat"), T("500 newspapers and magazines.", "500 Zeitungen und Zeitschriften."), monthly(9.99, tax=7.0)),
    _service("cloud", T("Cloud storage 200 GB", "Cloud-Speicher 200 GB"), T("Photos and contacts, kept in Germany.", "Fotos und Kontakte, gespeichert in Deutschland."), monthly(2.99), segments=BOTH),
    _service("insurance", T("Device protection", "Geräteschutz"), T("Repair or replacement after a fall or theft.", "Reparatur oder Ersatz nach Sturz oder Diebstahl."), monthly(8.99), once(29.99)),
    _service("number-silver", T("Silver number", "Silberne Rufnummer"), T("A number with a pattern you remember.", "Eine Rufnummer mit einem Muster, das man sich merkt."), once(9.99), segments=BOTH),
    _service("number-gold", T("Gold number", "Goldene Rufnummer"), T("A number nobody forgets.", "Eine Rufnummer, die niemand vergisst."), once(49.99), segments=BOTH),
    _service("number-platinum", T("Platinum number", "Platin-Rufnummer"), T("The rarest numbers there are.", "Die seltensten Rufnummern, die es gibt."), once(249.0), segments=BOTH),
    _roaming("swiss-day", "europe", T("Switzerland, 1 day", "Schweiz, 1 Tag"), T("1 GB and calls for one day in Switzerland.", "1 GB und Telefonie für einen Tag in der Schweiz."), daily(2.99), days=1, gigabytes=1),
    _roaming("swiss-week", "europe", T("Switzerland, 7 days", "Schweiz, 7 Tage"), T("5 GB and calls for a week in Switzerland.", "5 GB und Telefonie für eine Woche in der Schweiz."), weekly(9.99), days=7, gigabytes=5),
    _roaming("turkey-week", "europe", T("Türkiye, 7 days", "Türkei, 7 Tage"), T("5 GB and calls for a week in Türkiye.", "5 GB und Telefonie für eine Woche in der Türkei."), weekly(14.99), days=7, gigabytes=5),
    _roaming("world-day", "world", T("World, 1 day", "Welt, 1 Tag"), T("500 MB in 90 countries for one day.", "500 MB in 90 Ländern für einen Tag."), daily(5.99), days=1, gigabytes=1),
    _roaming("world-week", "world", T("World, 7 days", "Welt, 7 Tage"), T("3 GB in 90 countries for a week.", "3 GB in 90 Ländern für eine Woche."), weekly(19.99), days=7, gigabytes=3),
    _roaming("world-month", "world", T("World, 30 days", "Welt, 30 Tage"), T("10 GB in 90 countries for a month.", "10 GB in 90 Ländern für einen Monat."), monthly(49.99), days=30, gigabytes=10),
    _roaming("america-week", "world", T("USA & Canada, 7 days", "USA & Kanada, 7 Tage"), T("10 GB for a week across the Atlantic.", "10 GB für eine Woche jenseits des Atlantiks."), weekly(19.99), days=7, gigabytes=10),
    _roaming("ship", "world", T("At sea", "Auf See"), T("Satellite data on ships and planes, by the MB.", "Satellitendaten auf Schiffen und in Flugzeugen, pro MB."), usage("MB", 1.6723, T("per MB", "pro MB")), days=1, gigabytes=1),
    _sim("sim-card", "ps-sim-card", T("SIM card", "SIM-Karte"), T("Three sizes in one card, sent by post.", "Drei Größen in einer Karte, per Post."), once(9.99, "no-activation"), shipping()),
    _sim("esim", "ps-esim", T("eSIM", "eSIM"), T("Ready in two minutes, without plastic.", "In zwei Minuten startklar, ganz ohne Plastik."), once(4.99, "no-activation")),
    _sim("sim-replacement", "ps-sim-card", T("Replacement SIM", "Ersatz-SIM"), T("For a lost or damaged card.", "Bei Verlust oder Defekt."), once(14.99), shipping(), channels=("shop", "callcenter")),
    _sim("sim-multi", "ps-sim-card", T("Second card", "Zweitkarte"), T("Your plan on another device.", "Dein Tarif auf einem weiteren Gerät."), monthly(4.99), once(9.99)),
    _sim("esim-watch", "ps-esim", T("eSIM for a watch", "eSIM für Smartwatch"), T("One number for phone and watch.", "Eine Nummer für Handy und Uhr."), monthly(5.99), segments=("b2c",)),
)  # fmt: skip
