"""Discounts that prices point at through `popRelationship`; two have ended and must no longer be shown."""

# ruff: noqa: E501 - a table reads best with one row on one line, and its texts are long
from dataclasses import dataclass

from sandbox.seed.model import ALWAYS, Period
from sandbox.seed.prices import net
from sandbox.seed.texts import T

RUNNING: Period = ("2025-01-01T00:00:00Z", "2098-12-31T23:59:59Z")
OVER: Period = ("2023-11-20T00:00:00Z", "2023-12-24T23:59:59Z")


@dataclass(frozen=True, slots=True)
class Promotion:
    """A discount price: either percent off or an amount off, for `months` or for good."""

    id: str
    name: T
    description: T
    relation: str
    percentage: float | None = None
    amount: float | None = None
    months: int | None = None
    period: Period = RUNNING


PROMOTIONS = (
    Promotion("half-6", T("Half price for 6 months", "6 Monate zum halben Preis"),
              T("50 % off the monthly charge during the first six months.", "50 % Rabatt auf den Grundpreis in den ersten sechs Monaten."),
              "promotion", percentage=50.0, months=6),
    Promotion("online-10", T("Online advantage", "Onlinevorteil"),
              T("10 % off for 24 months when ordered in the web shop or the app.", "10 % Rabatt für 24 Monate bei Bestellung im Webshop oder in der App."),
              "promotion", percentage=10.0, months=24),
    Promotion("no-activation", T("Activation free of charge", "Kein Anschlusspreis"),
              T("We waive the activation price.", "Wir erlassen dir den Anschlusspreis."), "discount", percentage=100.0),
    Promotion("family-5", T("Family discount", "Familienrabatt"),
              T("€5 less per month for every line in a family bundle.", "5 € Rabatt im Monat für jede Karte im Familienpaket."),
              "discount", amount=net(5.00), period=ALWAYS),
    Promotion("combi-10", T("Combination discount", "Kombirabatt"),
              T("€10 less per month for mobile and home internet together.", "10 € Rabatt im Monat für Mobilfunk und Internet zusammen."),
              "discount", amount=net(10.00), period=ALWAYS),
    Promotion("young-20", T("Under 28", "Unter 28"),
              T("20 % off for everyone under 28.", "20 % Rabatt für alle unter 28."), "discount", percentage=20.0, period=ALWAYS),
    Promotion("device-100", T("€100 off with a plan", "100 € Rabatt mit Tarif"),
              T("€100 off the device when it is bought with a plan.", "100 € Rabatt auf das Gerät beim Kauf mit Tarif."),
              "promotion", amount=net(100.00)),
    Promotion("business-start", T("Start-up bonus", "Gründerbonus"),
              T("25 % off for 12 months for companies younger than three years.", "25 % Rabatt für 12 Monate für Unternehmen unter drei Jahren."),
              "promotion", percentage=25.0, months=12),
    Promotion("black-week-2023", T("Black Week 2023", "Black Week 2023"),
              T("15 % off, only during Black Week.", "15 % Rabatt, nur in der Black Week."), "promotion", percentage=15.0, period=OVER),
    Promotion("advent-2023", T("Advent present", "Adventsgeschenk"),
              T("€24 off before Christmas.", "24 € Rabatt vor Weihnachten."), "promotion", amount=net(24.00), period=OVER),
)  # fmt: skip
