"""Internet and television at home."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Offer, Price, Use
from sandbox.seed.prices import activation, cancellation, daily, monthly, monthly_surcharge, once, shipping, yearly
from sandbox.seed.texts import T, same

_ROUTERS = (
    monthly_surcharge(5.99, "router", "Lumaro Box", T("rent of the Lumaro Box", "Miete der Lumaro Box")),
    monthly_surcharge(8.99, "router", "Lumaro Box Pro", T("rent of the Lumaro Box Pro", "Miete der Lumaro Box Pro")),
)
_OWN = T("Own router", "Eigener Router")
_ROUTER = Use("router", (_OWN, "Lumaro Box", "Lumaro Box Pro"))


def _fibre(speed: int, gross: float, upgrade: str | None, *promotions: str) -> Offer:
    return Offer(
        f"po-fibre-{speed}",
        T(f"Fibre {speed}", f"Glasfaser {speed}"),
        T(f"Up to {speed} Mbit/s down and {speed // 2} up, with unlimited calls.", f"Bis zu {speed} Mbit/s im Download und {speed // 2} im Upload, mit Festnetz-Flat."),
        "ps-fibre",
        ("cat-fibre",),
        (monthly(gross, *promotions), activation(69.99, "no-activation"), *_ROUTERS, cancellation(round(gross * 4, 2))),
        picture=f"fibre-{speed}",
        relations=(("recommends", "po-tv-family"), *((("upgradesTo", upgrade),) if upgrade else ())),
        uses=(_ROUTER, Use("speed", (speed,)), Use("minimumTerm", (24, 12))),
        months=24,
    )  # fmt: skip


def _dsl(speed: int, gross: float) -> Offer:
    return Offer(
        f"po-dsl-{speed}",
        same(f"DSL {speed}"),
        T(
            f"Up to {speed} Mbit/s where there is no fibre yet.",
            f"Bis zu {speed} Mbit/s, wo es noch keine Glasfaser gibt.",
        ),
        "ps-dsl",
        ("cat-dsl",),
        (monthly(gross), activation(59.99), _ROUTERS[0]),
        picture=f"fibre-dsl-{speed}",
        relations=(("upgradesTo", "po-fibre-250"), ("excludes", "po-fibre-100")),
        uses=(Use("router", (_OWN, "Lumaro Box")), Use("speed", (speed,))),
        months=24,
    )


def _service(key: str, name: T, text: T, *prices: Price) -> Offer:
    return Offer(
        f"po-home-{key}", name, text, "ps-home-service", ("cat-home-services",), prices, picture=f"router-{key}",
        segments=("b2c", "b2b"), relations=(("recommends", "po-fibre-250"),),
    )  # fmt: skip


def _tv(key: str, name: T, text: T, *prices: Price, screens: tuple[int, ...] = (2, 4)) -> Offer:
    return Offer(
        f"po-tv-{key}", name, text, "ps-tv", ("cat-tv-packages",), prices, picture=f"tv-{key}",
        uses=(Use("screens", screens),), months=12, relations=(("recommends", "po-tv-sport"),),
    )  # fmt: skip


def _option(key: str, name: T, text: T, *prices: Price) -> Offer:
    return Offer(
        f"po-tv-{key}", name, text, "ps-tv-option", ("cat-tv-options",), prices, picture=f"tv-{key}",
        relations=(("requires", "po-tv-basic"),),
    )  # fmt: skip


HOME = (
    _fibre(100, 29.99, "po-fibre-250"),
    _fibre(250, 39.99, "po-fibre-500", "half-6"),
    _fibre(500, 49.99, "po-fibre-1000", "online-10"),
    _fibre(1000, 69.99, "po-fibre-2000"),
    _fibre(2000, 99.99, None),
    _dsl(50, 29.99),
    _dsl(100, 34.99),
    _dsl(250, 44.99),
    Offer("po-home-5g-m", T("5G at home M", "5G für zu Hause M"), T("Unlimited internet from the socket, up to 300 Mbit/s.", "Unbegrenztes Internet aus der Steckdose, bis 300 Mbit/s."),
          "ps-home-5g", ("cat-home-5g",), (monthly(34.99, "half-6"), activation(39.99), cancellation(99.99)), picture="router-5g-m", uses=(Use("speed", (300,)),), months=24),
    Offer("po-home-5g-l", T("5G at home L", "5G für zu Hause L"), T("Unlimited internet from the socket, up to 1000 Mbit/s.", "Unbegrenztes Internet aus der Steckdose, bis 1000 Mbit/s."),
          "ps-home-5g", ("cat-home-5g",), (monthly(49.99), activation(39.99)), picture="router-5g-l", uses=(Use("speed", (1000,)),), months=1),
    _service("installation", T("Installation service", "Installationsservice"), T("We connect everything and explain it.", "Wir schließen alles an und erklären es."), once(79.99)),
    _service("static-ip", T("Static IP address", "Feste IP-Adresse"), T("One address that stays.", "Eine Adresse, die bleibt."), monthly(4.99)),
    _service("mesh", T("Wi-Fi in every room", "WLAN in jedem Zimmer"), T("Two mesh points for rent, with a guarantee.", "Zwei Mesh-Punkte zur Miete, mit Garantie."), monthly(6.99), shipping()),
    _service("moving", T("Moving service", "Umzugsservice"), T("Your line moves with you.", "Dein Anschluss zieht mit um."), once(59.99)),
    _tv("basic", T("TV Basic", "TV Basis"), T("90 channels in HD and 50 hours of recordings.", "90 Sender in HD und 50 Stunden Aufnahmen."), monthly(9.99), screens=(2,)),
    _tv("family", T("TV Family", "TV Familie"), T("140 channels, children's profiles and 100 hours of recordings.", "140 Sender, Kinderprofile und 100 Stunden Aufnahmen."), monthly(14.99, "half-6"), activation(9.99)),
    _tv("premium", T("TV Premium", "TV Premium"), T("220 channels in Ultra HD and unlimited recordings.", "220 Sender in Ultra HD und unbegrenzte Aufnahmen."), monthly(24.99), activation(9.99), screens=(4, 6)),
    _option("sport", T("Sport option", "Sport-Option"), T("Football, tennis and motor racing live.", "Fußball, Tennis und Motorsport live."), monthly(19.99)),
    _option("sport-day", T("Sport day ticket", "Sport-Tagesticket"), T("All sport for 24 hours.", "Der ganze Sport für 24 Stunden."), daily(7.99)),
    _option("kids", T("Kids option", "Kinder-Option"), T("Twelve channels without advertising.", "Zwölf Sender ohne Werbung."), monthly(4.99)),
    _option("cinema", T("Cinema option", "Kino-Option"), T("New films every Friday.", "Jeden Freitag neue Filme."), monthly(11.99), yearly(119.99)),
    _option("international", T("International channels", "Internationale Sender"), T("60 channels in ten languages.", "60 Sender in zehn Sprachen."), monthly(7.99)),
)  # fmt: skip
