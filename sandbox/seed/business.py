"""Offers for companies. Their price list is noted without VAT, as companies read it."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Offer, Price, Use
from sandbox.seed.plans import ESIM
from sandbox.seed.prices import activation, before_tax, cancellation, monthly, monthly_surcharge, once, usage, yearly
from sandbox.seed.texts import T, same

_SALES = ("web", "callcenter")


def _offer(
    key: str, specification: str, category: str, name: T, text: T, *prices: Price, picture: str = "plan",
    uses: tuple[Use, ...] = (), relations: tuple[tuple[str, str], ...] = (), months: int | None = 24,
) -> Offer:  # fmt: skip
    return Offer(
        f"po-business-{key}", name, text, specification, (category,), prices, picture=f"business-{picture}-{key}",
        segments=("b2b",), channels=_SALES, uses=uses, relations=relations, months=months,
    )  # fmt: skip


def _plan(key: str, gigabytes: int, amount: float, upgrade: str | None) -> Offer:
    return _offer(
        f"mobile-{key}", "ps-business-plan", "cat-business-plans",
        same(f"Business Mobile {key.upper()}"),
        T(f"{gigabytes} GB with priority in the network, calls and texts in 40 countries.", f"{gigabytes} GB mit Vorrang im Netz, Telefonie und SMS in 40 Ländern."),
        monthly(before_tax(amount), "business-start"), activation(before_tax(25.0), "no-activation"), cancellation(before_tax(amount * 6)),
        uses=(ESIM, Use("data", (gigabytes,))),
        relations=(("recommends", "po-business-devices"), *((("upgradesTo", upgrade),) if upgrade else ())),
    )  # fmt: skip


def _line(speed: int, amount: float) -> Offer:
    return _offer(
        f"line-{speed}", "ps-business-line", "cat-business-internet",
        T(f"Business Fibre {speed}", f"Business Glasfaser {speed}"),
        T(f"{speed} Mbit/s in both directions, repaired within eight hours.", f"{speed} Mbit/s in beide Richtungen, Entstörung innerhalb von acht Stunden."),
        monthly(before_tax(amount), "business-start"), activation(before_tax(199.0)),
        monthly_surcharge(before_tax(49.0), "repairTime", "4", T("repair within 4 hours", "Entstörung innerhalb von 4 Stunden")),
        cancellation(before_tax(amount * 12)),
        uses=(Use("speed", (speed,)), Use("repairTime", (4, 8)), Use("addresses", (1, 8))), months=36,
    )  # fmt: skip


BUSINESS = (
    _plan("s", 20, 14.90, "po-business-mobile-m"),
    _plan("m", 60, 24.90, "po-business-mobile-l"),
    _plan("l", 200, 39.90, None),
    _offer("pool-500", "ps-business-plan", "cat-business-plans-pooled", T("Data pool 500", "Datenpool 500"), T("500 GB shared by up to 25 cards.", "500 GB gemeinsam für bis zu 25 Karten."),
           monthly(before_tax(249.0)), usage("GB", 0.4975, T("each further GB", "jedes weitere GB")), uses=(Use("data", (500,)),)),
    _offer("devices", "ps-service-addon", "cat-business-mobile", T("Device management", "Geräteverwaltung"), T("Set up, lock and wipe devices remotely.", "Geräte aus der Ferne einrichten, sperren und löschen."),
           monthly(before_tax(3.90)), uses=(Use("devices", (1, 5, 10)),), months=12),
    _line(500, 79.0),
    _line(1000, 119.0),
    _offer("static-ip", "ps-home-service", "cat-business-internet", T("Address block", "IP-Adressblock"), T("Eight static addresses for servers.", "Acht feste Adressen für Server."),
           monthly(before_tax(15.0)), relations=(("requires", "po-business-line-500"),), months=12),
    _offer("voice", "ps-cloud-pbx", "cat-business-voice", T("Cloud telephone system", "Cloud-Telefonanlage"), T("Extensions and conferencing, per seat.", "Nebenstellen und Konferenzen, je Arbeitsplatz."),
           monthly(before_tax(9.90)), once(before_tax(49.0)), usage("minute", 0.0189, T("per minute to mobile networks abroad", "pro Minute in ausländische Mobilfunknetze")), months=12),
    _offer("voice-queue", "ps-cloud-pbx", "cat-business-voice", T("Call queue", "Warteschleife"), T("Waiting music and statistics for your hotline.", "Wartemusik und Statistik für deine Hotline."),
           monthly(before_tax(29.0)), relations=(("requires", "po-business-voice"),), months=12),
    _offer("iot-s", "ps-iot", "cat-business-iot", T("IoT small", "IoT klein"), T("10 MB per card and month, for meters and sensors.", "10 MB je Karte und Monat, für Zähler und Sensoren."),
           yearly(before_tax(9.0)), usage("MB", 0.0521, T("each further MB", "jedes weitere MB")), relations=(("upgradesTo", "po-business-iot-l"),), months=12),
    _offer("iot-l", "ps-iot", "cat-business-iot", T("IoT large", "IoT groß"), T("1 GB per card and month, for cameras and vehicles.", "1 GB je Karte und Monat, für Kameras und Fahrzeuge."),
           monthly(before_tax(2.90)), usage("MB", 0.0042, T("each further MB", "jedes weitere MB")), months=12),
)  # fmt: skip
