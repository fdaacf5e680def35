"""Devices and accessories: one row gives the specification, the offer, its storage surcharges and its pictures."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from dataclasses import dataclass

from sandbox.seed.model import Characteristic, Offer, Specification, Use
from sandbox.seed.prices import once, shipping, surcharge
from sandbox.seed.texts import T, same

COLOURS = {
    "black": T("Midnight black", "Mitternachtsschwarz"),
    "white": T("Chalk white", "Kreideweiß"),
    "blue": T("Fjord blue", "Fjordblau"),
    "green": T("Moss green", "Moosgrün"),
    "red": T("Signal red", "Signalrot"),
    "silver": T("Silver", "Silber"),
    "sand": T("Sand", "Sand"),
}
_WORD = {
    "phone": T("Phone", "Smartphone"),
    "tablet": T("Tablet", "Tablet"),
    "watch": T("Smartwatch", "Smartwatch"),
    "router": T("Router", "Router"),
}


@dataclass(frozen=True, slots=True)
class Device:
    """A device in one row; `more` are the surcharges of its larger storages, `sold` the colours still sold."""

    key: str
    brand: str
    name: str
    kind: str
    category: str
    gross: float
    text: T
    colours: tuple[str, ...] = ()
    storage: tuple[int, ...] = ()
    more: tuple[float, ...] = ()
    sold: tuple[str, ...] = ()
    screen: str | None = None
    promotions: tuple[str, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ("b2c", "b2b")


def _characteristics(device: Device) -> tuple[Characteristic, ...]:
    colours = tuple(COLOURS[colour] for colour in device.colours)
    sizes = tuple(f"{size} GB" for size in device.storage)
    every = (
        Characteristic("color", T("Colour", "Farbe"), values=colours, configurable=True),
        Characteristic("storage", T("Storage", "Speicher"), values=sizes, configurable=True),
        Characteristic("display", T("Display", "Display"), values=(device.screen,) if device.screen else ()),
        Characteristic("weight", T("Weight", "Gewicht"), "integer", (120 + len(device.key) * 7,), "g"),
    )
    return tuple(characteristic for characteristic in every if characteristic.values)


def specification(device: Device) -> Specification:
    name = same(f"{device.brand} {device.name}")
    return Specification(
        f"ps-{device.key}", name, _WORD.get(device.kind, T("Accessory", "Zubehör")) + f" {device.brand} {device.name}",
        f"{device.brand[:2].upper()}-{device.key.upper()}", device.brand, _characteristics(device),
        picture=f"{device.kind}-{device.key}",
    )  # fmt: skip


def offer(device: Device) -> Offer:
    colours = tuple(COLOURS[colour] for colour in device.sold or device.colours)
    sizes = tuple(f"{size} GB" for size in device.storage)
    surcharges = (surcharge(more, "storage", size) for size, more in zip(sizes[1:], device.more, strict=True))
    uses = (Use("color", colours), Use("storage", sizes))
    return Offer(
        f"po-{device.key}",
        same(f"{device.brand} {device.name}"),
        device.text,
        f"ps-{device.key}",
        (device.category,),
        (once(device.gross, *device.promotions), *surcharges, shipping()),
        picture=f"{device.kind}-{device.key}",
        segments=device.segments,
        channels=device.channels,
        uses=tuple(use for use in uses if use.values),
        relations=device.relations,
    )


TOP, VALUE, USED = "cat-phones-top", "cat-phones-value", "cat-phones-refurbished"
_PLAN = (("recommends", "po-mobile-m"), ("recommends", "po-service-insurance"))

DEVICES = (
    Device("kaiyo-k1", "Kaiyo", "K1", "phone", TOP, 799.00, T("6.2 inch OLED, three cameras, seven years of updates.", "6,2 Zoll OLED, drei Kameras, sieben Jahre Updates."),
           ("black", "white", "blue", "green"), (128, 256, 512), (60.0, 180.0), screen="6.2″ OLED 120 Hz", promotions=("device-100",), relations=(*_PLAN, ("recommends", "po-case-k1"))),
    Device("kaiyo-k1-pro", "Kaiyo", "K1 Pro", "phone", TOP, 1099.00, T("Titanium frame and a five-times zoom.", "Titanrahmen und fünffacher Zoom."),
           ("black", "silver", "sand"), (256, 512, 1024), (120.0, 320.0), screen="6.7″ OLED 120 Hz", promotions=("device-100",), relations=(*_PLAN, ("recommends", "po-case-k1"))),
    Device("kaiyo-k1-mini", "Kaiyo", "K1 mini", "phone", TOP, 699.00, T("All of the K1 for small hands.", "Das ganze K1 für kleine Hände."),
           ("black", "white", "blue", "red"), (128, 256), (60.0,), sold=("black", "blue"), screen="5.4″ OLED", relations=(*_PLAN, ("upgradesTo", "po-kaiyo-k1"))),
    Device("veldt-arc", "Veldt", "Arc", "phone", TOP, 899.00, T("Folds to the size of a wallet.", "Faltbar auf die Größe einer Geldbörse."),
           ("black", "green", "sand"), (256, 512), (110.0,), screen="6.9″ foldable OLED", relations=_PLAN),
    Device("veldt-note-9", "Veldt", "Note 9", "phone", TOP, 949.00, T("With a pen, for notes and sketches.", "Mit Stift, für Notizen und Skizzen."),
           ("black", "silver"), (256, 512), (110.0,), screen="6.8″ OLED", relations=_PLAN),
    Device("veldt-a5", "Veldt", "A5", "phone", VALUE, 349.00, T("Two days of battery and a bright screen.", "Zwei Tage Akku und ein helles Display."),
           ("black", "white", "green"), (128, 256), (50.0,), screen="6.5″ OLED", relations=(*_PLAN, ("upgradesTo", "po-veldt-arc"))),
    Device("veldt-a3", "Veldt", "A3", "phone", VALUE, 199.00, T("The solid entry into 5G.", "Der solide Einstieg in 5G."),
           ("black", "blue"), (64, 128), (30.0,), screen="6.4″ LCD", relations=(("upgradesTo", "po-veldt-a5"),)),
    Device("orra-one", "Orra", "One", "phone", VALUE, 449.00, T("Repairable with a screwdriver, fair to people.", "Mit dem Schraubendreher reparierbar, fair hergestellt."),
           ("green", "sand"), (128, 256), (70.0,), screen="6.3″ OLED", relations=_PLAN),
    Device("orra-lite", "Orra", "Lite", "phone", VALUE, 279.00, T("Light, simple and repairable.", "Leicht, einfach und reparierbar."),
           ("black", "red"), (64, 128), (30.0,), screen="6.1″ LCD", relations=(("upgradesTo", "po-orra-one"),)),
    Device("orra-senior", "Orra", "Easy", "phone", VALUE, 129.00, T("Large keys and an emergency button.", "Große Tasten und eine Notruftaste."),
           ("black", "silver"), (32,), screen="2.8″ LCD", relations=(("recommends", "po-senior"),), channels=("shop", "callcenter"), segments=("b2c",)),
    Device("kaiyo-j7-used", "Kaiyo", "J7 (refurbished)", "phone", USED, 299.00, T("Checked device with a new battery.", "Geprüftes Gerät mit neuem Akku."),
           ("black", "white", "red"), (128, 256), (40.0,), sold=("black",), screen="6.1″ OLED", segments=("b2c",)),
    Device("veldt-s8-used", "Veldt", "S8 (refurbished)", "phone", USED, 259.00, T("Checked device, grade A.", "Geprüftes Gerät, Zustand A."),
           ("silver", "blue"), (128,), screen="6.2″ OLED", segments=("b2c",)),
    Device("kaiyo-pad", "Kaiyo", "Pad 11", "tablet", "cat-tablets", 599.00, T("11 inch, light as a magazine.", "11 Zoll, leicht wie eine Zeitschrift."),
           ("silver", "blue"), (128, 256, 512), (90.0, 220.0), screen="11″ LCD", relations=(("recommends", "po-data-plan-m"),)),
    Device("kaiyo-pad-pro", "Kaiyo", "Pad Pro 13", "tablet", "cat-tablets", 999.00, T("13 inch OLED with a pen.", "13 Zoll OLED mit Stift."),
           ("black", "silver"), (256, 512), (180.0,), screen="13″ OLED", relations=(("recommends", "po-data-plan-l"),)),
    Device("veldt-tab", "Veldt", "Tab 10", "tablet", "cat-tablets", 299.00, T("For films, school and the sofa.", "Für Filme, Schule und Sofa."),
           ("black", "blue"), (64, 128), (50.0,), screen="10.4″ LCD", relations=(("upgradesTo", "po-kaiyo-pad"),)),
    Device("veldt-tab-kids", "Veldt", "Tab Kids", "tablet", "cat-tablets", 199.00, T("Robust, with parental control.", "Robust, mit Kindersicherung."),
           ("red", "green"), (32, 64), (20.0,), screen="8″ LCD", segments=("b2c",)),
    Device("kaiyo-watch", "Kaiyo", "Watch 3", "watch", "cat-watches", 399.00, T("Calls without a phone, with eSIM.", "Telefonieren ohne Handy, mit eSIM."),
           ("black", "silver", "sand"), screen="1.4″ OLED", relations=(("recommends", "po-esim-watch"), ("recommends", "po-data-plan-watch"))),
    Device("veldt-watch-fit", "Veldt", "Watch Fit", "watch", "cat-watches", 179.00, T("Ten days of battery, for sport.", "Zehn Tage Akku, für den Sport."),
           ("black", "green"), screen="1.3″ OLED", segments=("b2c",)),
    Device("orra-kids-watch", "Orra", "Kids Watch", "watch", "cat-watches", 149.00, T("Location and calls for school children.", "Ortung und Anrufe für Schulkinder."),
           ("blue", "red"), screen="1.2″ LCD", relations=(("requires", "po-data-plan-watch"),), segments=("b2c",)),
    Device("lumaro-box", "Lumaro", "Box", "router", "cat-routers", 129.00, T("Wi-Fi 6 for fibre and DSL.", "WLAN 6 für Glasfaser und DSL."), ("white", "black")),
    Device("lumaro-box-pro", "Lumaro", "Box Pro", "router", "cat-routers", 229.00, T("Wi-Fi 7 and 10 gigabit.", "WLAN 7 und 10 Gigabit."), ("white", "black"), relations=(("recommends", "po-fibre-2000"),)),
    Device("lumaro-cube-5g", "Lumaro", "Cube 5G", "router", "cat-routers", 349.00, T("5G router for the windowsill.", "5G-Router für die Fensterbank."), ("white",), relations=(("recommends", "po-home-5g-m"),)),
    Device("lumaro-mesh", "Lumaro", "Mesh Point", "router", "cat-routers", 89.00, T("Reception in the last corner.", "Empfang bis in die letzte Ecke."), ("white", "black"), relations=(("requires", "po-lumaro-box"),)),
    Device("veldt-mifi", "Veldt", "Pocket 5G", "router", "cat-routers", 199.00, T("A hotspot for the pocket.", "Ein Hotspot für die Tasche."), ("black",), relations=(("recommends", "po-data-plan-l"),)),
    Device("case-k1", "Kaiyo", "K1 Case", "case", "cat-accessories", 29.99, T("Recycled silicone, raised edge.", "Recyceltes Silikon, erhöhter Rand."), ("black", "blue", "green", "red"), relations=(("requires", "po-kaiyo-k1"),)),
    Device("glass-k1", "Kaiyo", "K1 Glass", "glass", "cat-accessories", 19.99, T("Screen glass, with fitting aid.", "Displayglas mit Montagehilfe."), ("silver",), relations=(("requires", "po-kaiyo-k1"),)),
    Device("buds", "Kaiyo", "Buds", "buds", "cat-accessories-audio", 149.00, T("Noise cancelling for the train.", "Geräuschunterdrückung für die Bahn."), ("black", "white")),
    Device("headset-pro", "Orra", "Headset Pro", "headset", "cat-accessories-audio", 119.00, T("Clear calls at the desk.", "Klare Gespräche am Schreibtisch."), ("black",)),
    Device("speaker", "Veldt", "Boom", "speaker", "cat-accessories-audio", 79.00, T("Loud, round and waterproof.", "Laut, rund und wasserdicht."), ("black", "red", "green")),
    Device("charger-65", "Orra", "Charger 65 W", "charger", "cat-accessories-power", 39.99, T("Three devices at once.", "Drei Geräte gleichzeitig."), ("white", "black")),
    Device("powerbank", "Orra", "Power 10,000", "powerbank", "cat-accessories-power", 34.99, T("Two full charges for the pocket.", "Zwei volle Ladungen für die Tasche."), ("black", "sand")),
)  # fmt: skip

DEVICE_OFFERS = tuple(offer(device) for device in DEVICES)
DEVICE_SPECIFICATIONS = tuple(specification(device) for device in DEVICES)
