"""Bundles. The family ones nest: a bundle holds a bundle that holds plans, so a reader has to follow two levels."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from sandbox.seed.model import Offer, Part, Price
from sandbox.seed.prices import activation, before_tax, cancellation, monthly, once
from sandbox.seed.texts import T, same


def _family(
    key: str, name: T, text: T, *parts: Part, prices: tuple[Price, ...], relations: tuple[tuple[str, str], ...] = ()
) -> Offer:
    return Offer(
        f"po-family-{key}", name, text, "ps-bundle-family", ("cat-bundles-family",), prices, picture=f"bundle-family-{key}",
        parts=parts, relations=relations, months=24,
    )  # fmt: skip


def _home(key: str, name: T, text: T, *parts: str, prices: tuple[Price, ...]) -> Offer:
    return Offer(
        f"po-home-bundle-{key}", name, text, "ps-bundle-home", ("cat-bundles-home",), prices, picture=f"bundle-home-{key}",
        parts=tuple(Part(part) for part in parts), months=24,
    )  # fmt: skip


def _phone(device: str, name: str, plan: str, plan_name: T, device_price: float, gross: float) -> Offer:
    return Offer(
        f"po-bundle-{device}-{plan}",
        same(f"{name} + ") + plan_name,
        T(f"The {name} with ", f"Das {name} mit ") + plan_name + T(", paid monthly over two years.", ", bezahlt in Monatsraten über zwei Jahre."),
        "ps-bundle-phone",
        ("cat-bundles-phone",),
        (once(device_price, "device-100"), monthly(gross), activation(39.99, "no-activation"), cancellation(round(gross * 8, 2))),
        picture=f"bundle-{device}-{plan}",
        parts=(Part(f"po-{device}"), Part(f"po-{plan}"), Part("po-sim-card", 0, 1, 1), Part("po-esim", 0, 1, 0)),
        months=24,
    )  # fmt: skip


def _office(key: str, name: T, text: T, *parts: Part, amount: float) -> Offer:
    return Offer(
        f"po-business-bundle-{key}", name, text, "ps-bundle-business", ("cat-business-bundles",),
        (monthly(before_tax(amount), "business-start"), activation(before_tax(249.0))),
        picture=f"business-bundle-{key}", segments=("b2b",), channels=("web", "callcenter"), parts=parts, months=36,
    )  # fmt: skip


M, L = T("Mobile M", "Mobil M"), T("Mobile L", "Mobil L")

BUNDLES = (
    _family("duo", T("Family Duo", "Familie Duo"), T("Two lines on one bill, €5 off each.", "Zwei Karten auf einer Rechnung, je 5 € Rabatt."),
            Part("po-mobile-m"), Part("po-mobile-s", 1, 2, 1), prices=(monthly(34.99, "family-5"), activation(39.99, "no-activation")), relations=(("upgradesTo", "po-family-four"),)),
    _family("kids", T("Kids' cards", "Kinderkarten"), T("One to three cards with parental control.", "Ein bis drei Karten mit Kindersicherung."),
            Part("po-young-m", 1, 3, 1), prices=(monthly(9.99, "family-5"),)),
    _family("four", T("Family Four", "Familie Vier"), T("Two adults and the kids' cards.", "Zwei Erwachsene und die Kinderkarten."),
            Part("po-family-duo"), Part("po-family-kids", 0, 1, 1), prices=(monthly(49.99, "family-5", "half-6"), activation(39.99, "no-activation"))),
    _home("start", T("Home & Mobile S", "Zuhause & Mobil S"), T("Fibre 100 and Mobile S together.", "Glasfaser 100 und Mobil S zusammen."), "po-fibre-100", "po-mobile-s", prices=(monthly(39.99, "combi-10"), activation(69.99, "no-activation"))),
    _home("family", T("Home & Mobile M", "Zuhause & Mobil M"), T("Fibre 250, TV Family and Mobile M.", "Glasfaser 250, TV Familie und Mobil M."), "po-fibre-250", "po-tv-family", "po-mobile-m", prices=(monthly(64.99, "combi-10"), activation(69.99, "no-activation"))),
    _home("max", T("Home & Mobile Max", "Zuhause & Mobil Max"), T("Fibre 1000, TV Premium and Mobile XL.", "Glasfaser 1000, TV Premium und Mobil XL."), "po-fibre-1000", "po-tv-premium", "po-mobile-xl", prices=(monthly(119.99, "combi-10", "half-6"), activation(69.99))),
    _home("tv", T("Fibre & TV", "Glasfaser & TV"), T("Fibre 250 with TV Basic.", "Glasfaser 250 mit TV Basis."), "po-fibre-250", "po-tv-basic", prices=(monthly(44.99),)),
    _family("all-in", T("Family All-in", "Familie Komplett"), T("Family Four with internet and television at home.", "Familie Vier mit Internet und Fernsehen zu Hause."),
            Part("po-family-four"), Part("po-home-bundle-tv"), Part("po-lumaro-box", 0, 1, 1), prices=(monthly(94.99, "combi-10", "family-5"), activation(69.99, "no-activation"), cancellation(399.00))),
    _phone("kaiyo-k1", "Kaiyo K1", "mobile-m", M, 49.00, 54.99),
    _phone("kaiyo-k1", "Kaiyo K1", "mobile-l", L, 1.00, 64.99),
    _phone("kaiyo-k1-pro", "Kaiyo K1 Pro", "mobile-l", L, 149.00, 74.99),
    _phone("veldt-arc", "Veldt Arc", "mobile-l", L, 99.00, 69.99),
    _phone("veldt-a5", "Veldt A5", "mobile-s", T("Mobile S", "Mobil S"), 1.00, 29.99),
    _phone("orra-one", "Orra One", "mobile-m", M, 1.00, 44.99),
    Offer("po-bundle-kaiyo-pad-data", T("Kaiyo Pad 11 + data plan", "Kaiyo Pad 11 + Datentarif"), T("The tablet with 50 GB a month.", "Das Tablet mit 50 GB im Monat."),
          "ps-bundle-phone", ("cat-bundles-phone", "cat-tablets"), (once(1.00), monthly(44.99)), picture="bundle-kaiyo-pad", parts=(Part("po-kaiyo-pad"), Part("po-data-plan-m")), months=24),
    _office("start", T("Start-up office", "Gründerbüro"), T("Line, telephone system and three mobiles.", "Anschluss, Telefonanlage und drei Handys."),
            Part("po-business-line-500"), Part("po-business-voice", 1, 10, 3), Part("po-business-mobile-m", 1, 10, 3), amount=159.0),
    _office("mobile", T("Team mobile", "Team Mobil"), T("Five to fifty cards with device management.", "Fünf bis fünfzig Karten mit Geräteverwaltung."),
            Part("po-business-mobile-m", 5, 50, 5), Part("po-business-devices", 5, 50, 5), amount=139.0),
    _office("complete", T("Office complete", "Büro komplett"), T("Team mobile with line, telephone system and data pool.", "Team Mobil mit Anschluss, Telefonanlage und Datenpool."),
            Part("po-business-bundle-mobile"), Part("po-business-line-1000"), Part("po-business-voice", 5, 250, 10), Part("po-business-pool-500", 0, 1, 0), amount=449.0),
)  # fmt: skip
