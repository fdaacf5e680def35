"""Mobile plans: with contract, monthly, prepaid, for young people and for data alone."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Offer, Price, Use
from sandbox.seed.prices import activation, cancellation, every_four_weeks, monthly, usage, weekly, yearly
from sandbox.seed.texts import T, same

ESIM = Use("simType", ("eSIM", T("SIM card", "SIM-Karte")))
EXTRA_DATA = usage("GB", 2.5126, T("each GB beyond the included data", "jedes weitere GB nach dem Inklusivvolumen"))
ABROAD = usage("minute", 0.1597, T("per minute to other countries", "pro Minute ins Ausland"))
MINUTE = usage("minute", 0.0756, T("per minute in Germany and the EU", "pro Minute in Deutschland und der EU"))
TEXT = usage("SMS", 0.0756, T("per text message", "pro SMS"))

FULL = (
    "Unlimited calls and texts in Germany and the EU, 5G included.",
    "Telefonie- und SMS-Flat in Deutschland und der EU, 5G inklusive.",
)


def _plan(key: str, gigabytes: int, speed: int, gross: float, upgrade: str | None, *promotions: str) -> Offer:
    name = key.upper() if len(key) <= 2 else key.capitalize()  # noqa: PLR2004
    relations = (("recommends", "po-data-5"), ("recommends", "po-esim"))
    return Offer(
        f"po-mobile-{key}",
        T(f"Mobile {name}", f"Mobil {name}"),
        T(
            f"{gigabytes} GB of data at up to {speed} Mbit/s. {FULL[0]}",
            f"{gigabytes} GB Daten mit bis zu {speed} Mbit/s. {FULL[1]}",
        ),
        "ps-mobile-plan",
        ("cat-plans-postpaid",),
        (
            monthly(gross, *promotions),
            activation(39.99, "no-activation"),
            EXTRA_DATA,
            ABROAD,
            cancellation(round(gross * 6, 2)),
        ),
        picture=f"plan-mobile-{key}",
        channels=("web", "app", "shop", "callcenter"),
        relations=(*relations, *((("upgradesTo", upgrade),) if upgrade else ())),
        uses=(ESIM, Use("data", (gigabytes,)), Use("speed", (speed,)), Use("minimumTerm", (24,))),
        months=24,
    )


def _flex(key: str, gigabytes: int, gross: float) -> Offer:
    name = key.upper()
    return Offer(
        f"po-flex-{key}",
        same(f"Flex {name}"),
        T(
            f"{gigabytes} GB, no minimum term: leave any month. {FULL[0]}",
            f"{gigabytes} GB ohne Mindestlaufzeit: jeden Monat kündbar. {FULL[1]}",
        ),
        "ps-mobile-plan",
        ("cat-plans-flex", "cat-plans-postpaid"),
        (monthly(gross, "online-10"), activation(), EXTRA_DATA),
        picture=f"plan-flex-{key}",
        channels=("web", "app"),
        uses=(ESIM, Use("data", (gigabytes,)), Use("minimumTerm", (1,))),
        months=1,
        relations=(("upgradesTo", f"po-mobile-{key}"),),
    )


def _young(key: str, gigabytes: int, gross: float) -> Offer:
    return Offer(
        f"po-young-{key}",
        same(f"Young {key.upper()}"),
        T(f"{gigabytes} GB for everyone under 28. {FULL[0]}", f"{gigabytes} GB für alle unter 28. {FULL[1]}"),
        "ps-mobile-plan",
        ("cat-plans-young", "cat-plans-postpaid"),
        (monthly(gross, "young-20"), activation(19.99, "no-activation"), cancellation(round(gross * 6, 2))),
        picture=f"plan-young-{key}",
        uses=(ESIM, Use("data", (gigabytes,))),
        months=24,
        relations=(("excludes", "po-senior"),),
    )


def _prepaid(key: str, name: T, text: T, *prices: Price) -> Offer:
    return Offer(
        f"po-prepaid-{key}",
        name,
        text,
        "ps-prepaid-plan",
        ("cat-plans-prepaid",),
        prices,
        picture=f"plan-prepaid-{key}",
        relations=(("recommends", "po-sim-card"),),
        uses=(ESIM,),
    )


def _data(key: str, device: T, gigabytes: int, gross: float) -> Offer:
    return Offer(
        f"po-data-plan-{key}",
        T("Data plan ", "Datentarif ") + device,
        T(f"{gigabytes} GB per month, data only. Ideal for your ", f"{gigabytes} GB pro Monat, nur Daten. Ideal für: ")
        + device
        + ".",
        "ps-data-plan",
        ("cat-plans-data",),
        (monthly(gross), activation(9.99), EXTRA_DATA),
        picture=f"plan-data-{key}",
        segments=("b2c", "b2b"),
        uses=(ESIM, Use("data", (gigabytes,))),
        months=12,
    )


PLANS = (
    _plan("s", 10, 100, 14.99, "po-mobile-m"),
    _plan("m", 40, 300, 24.99, "po-mobile-l", "half-6"),
    _plan("l", 80, 500, 34.99, "po-mobile-xl", "online-10"),
    _plan("xl", 160, 1000, 49.99, "po-mobile-max"),
    _plan("max", 500, 2000, 79.99, None, "half-6", "black-week-2023"),
    _flex("m", 30, 24.99),
    _flex("l", 60, 39.99),
    _young("m", 60, 19.99),
    _young("l", 120, 29.99),
    Offer(
        "po-senior",
        T("Comfort 60+", "Komfort 60+"),
        T("5 GB, unlimited calls and a personal hotline.", "5 GB, Telefonie-Flat und persönliche Hotline."),
        "ps-mobile-plan",
        ("cat-plans-postpaid",),
        (monthly(12.99), activation(19.99), cancellation(59.99)),
        picture="plan-senior",
        channels=("shop", "callcenter"),
        months=24,
    ),
    _prepaid("start", T("Prepaid Start", "Prepaid Start"),
             T("Pay only for what you use, no monthly charge.", "Nur zahlen, was du nutzt, ganz ohne Grundpreis."), MINUTE, TEXT,
             usage("MB", 0.0084, T("per MB of data", "pro MB Daten"))),
    _prepaid("s", T("Prepaid S", "Prepaid S"), T("5 GB and unlimited calls for 4 weeks.", "5 GB und Telefonie-Flat für 4 Wochen."), every_four_weeks(8.99), MINUTE),
    _prepaid("m", T("Prepaid M", "Prepaid M"), T("15 GB and unlimited calls for 4 weeks.", "15 GB und Telefonie-Flat für 4 Wochen."), every_four_weeks(12.99, "online-10"), ABROAD),
    _prepaid("l", T("Prepaid L", "Prepaid L"), T("30 GB and unlimited calls for 4 weeks.", "30 GB und Telefonie-Flat für 4 Wochen."), every_four_weeks(19.99), ABROAD),
    _prepaid("week", T("Prepaid Week", "Prepaid Woche"), T("3 GB for seven days, ends by itself.", "3 GB für sieben Tage, endet automatisch."), weekly(3.99)),
    _prepaid("year", T("Prepaid Year", "Jahrespaket Prepaid"), T("180 GB for twelve months, paid once.", "180 GB für zwölf Monate, einmal zahlen."), yearly(99.95)),
    Offer(
        "po-tourist",
        T("Visitor SIM", "Touristen-SIM"),
        T("20 GB for 30 days, for guests in Germany. Only in our shops.", "20 GB für 30 Tage, für Gäste in Deutschland. Nur in unseren Filialen."),
        "ps-prepaid-plan",
        ("cat-plans-prepaid",),
        (every_four_weeks(24.99),),
        picture="plan-tourist",
        channels=("shop",),
    ),
    _data("s", T("tablet S", "Tablet S"), 10, 9.99),
    _data("m", T("tablet M", "Tablet M"), 50, 19.99),
    _data("l", T("laptop L", "Laptop L"), 200, 39.99),
    _data("watch", T("watch", "Smartwatch"), 2, 4.99),
)  # fmt: skip
