"""What a shop must not sell: drafts, retired offers, offers not yet or no longer valid, and one that is never sold alone."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from dataclasses import replace

from sandbox.seed.model import ENDED, FUTURE, Offer
from sandbox.seed.prices import activation, monthly, once
from sandbox.seed.texts import T


def _plan(key: str, name: T, text: T, gross: float, status: str, reason: T | None = None) -> Offer:
    return Offer(
        f"po-{key}", name, text, "ps-mobile-plan", ("cat-plans-postpaid",), (monthly(gross), activation()),
        picture=f"plan-{key}", status=status, reason=reason, months=24,
    )  # fmt: skip


def _tv(key: str, name: T, text: T, gross: float, status: str = "Active") -> Offer:
    return Offer(
        f"po-{key}",
        name,
        text,
        "ps-tv-option",
        ("cat-tv-options",),
        (monthly(gross),),
        picture=f"tv-{key}",
        status=status,
    )


_REPLACED = T("Replaced by a newer plan.", "Durch einen neueren Tarif ersetzt.")

DRAFTS = (
    _plan("mobile-2026", T("Mobile Nova", "Mobil Nova"), T("100 GB with satellite messages.", "100 GB mit Satellitennachrichten."), 39.99, "In design"),
    _plan("mobile-pay-per-day", T("Mobile Daily", "Mobil Täglich"), T("Only the days you use.", "Nur die Tage, die du nutzt."), 9.99, "In study"),
    _plan("mobile-duo-number", T("Two numbers", "Zwei Nummern"), T("Private and work on one phone.", "Privat und Beruf auf einem Handy."), 19.99, "In test"),
    _tv("tv-gaming", T("Cloud gaming", "Cloud-Gaming"), T("200 games without a console.", "200 Spiele ohne Konsole."), 14.99, "In test"),
    _tv("tv-anime", T("Anime option", "Anime-Option"), T("New episodes from Japan.", "Neue Folgen aus Japan."), 5.99, "In design"),
    _tv("tv-opera", T("Opera live", "Oper live"), T("Premieres from ten houses.", "Premieren aus zehn Häusern."), 12.99, "Rejected"),
    replace(_plan("mobile-6g", T("Mobile 6G", "Mobil 6G"), T("The next network.", "Das nächste Netz."), 59.99, "Active"), period=FUTURE),
    replace(_plan("mobile-orbit", T("Mobile Orbit", "Mobil Orbit"), T("Coverage by satellite everywhere.", "Überall Empfang per Satellit."), 69.99, "Launched"), period=FUTURE),
    replace(_tv("tv-holo", T("Holo TV", "Holo-TV"), T("Television in three dimensions.", "Fernsehen in drei Dimensionen."), 34.99), period=FUTURE),
    replace(_plan("mobile-summer-2024", T("Summer Special 2024", "Sommeraktion 2024"), T("Double data until autumn.", "Doppeltes Datenvolumen bis zum Herbst."), 19.99, "Active"), period=ENDED),
    replace(_tv("tv-euro-2024", T("Tournament ticket 2024", "Turnierticket 2024"), T("Every match of the summer.", "Alle Spiele des Sommers."), 14.99), period=ENDED),
    replace(_plan("mobile-jubilee", T("Jubilee plan", "Jubiläumstarif"), T("Ten years of Lumaro.", "Zehn Jahre Lumaro."), 10.00, "Launched"), period=ENDED),
    Offer("po-lumaro-box-rental", T("Lumaro Box on loan", "Lumaro Box zur Leihe"), T("Only as part of a home line.", "Nur als Teil eines Festnetzanschlusses."),
          "ps-lumaro-box", ("cat-routers",), (once(1.00),), picture="router-rental", sellable=False),
    _plan("classic-s", T("Classic S", "Classic S"), T("1 GB and 100 minutes.", "1 GB und 100 Minuten."), 9.99, "Retired", _REPLACED),
    _plan("classic-m", T("Classic M", "Classic M"), T("3 GB and 300 minutes.", "3 GB und 300 Minuten."), 14.99, "Retired", _REPLACED),
    _plan("classic-l", T("Classic L", "Classic L"), T("6 GB and unlimited calls.", "6 GB und Telefonie-Flat."), 24.99, "Retired", _REPLACED),
    _plan("talk-99", T("Talk 99", "Talk 99"), T("Calls only, from another time.", "Nur Telefonie, aus einer anderen Zeit."), 7.99, "Obsolete", _REPLACED),
    _tv("tv-analog", T("Analogue channels", "Analoge Sender"), T("For televisions without a receiver.", "Für Fernseher ohne Receiver."), 3.99, "Retired"),
)  # fmt: skip
