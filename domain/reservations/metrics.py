"""What a dashboard shows of reservations. Numbers and cards never appear in here, only how many."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

HELD = Counter("bff_reservations_held", "Reservations that were made.", ["kind"])
LOST = Counter("bff_reservations_lost", "Races that were lost, by who said so.", ["kind", "by"])
EXPIRED = Counter("bff_reservations_expired", "Reservations whose time was over.", ["kind"])
RELEASED = Counter("bff_reservations_released", "Reservations that were given back.", ["kind"])
ASSIGNED = Counter("bff_reservations_assigned", "Resources that became a customer's.", ["kind"])
UNKNOWN = Counter("bff_reservations_unknown_outcomes", "Writes of which nobody knew what became of them.", ["kind"])
REPAIRED = Counter("bff_reservations_repaired", "Marks that the inventory had lost and that were put back.", ["kind"])
SWEEPS = Counter("bff_reservations_sweeps", "Sweeps.", ["outcome"])
LIVE = Gauge("bff_reservations_live", "Live rows of the journal, as of this process's last sweep.", ["kind", "state"])
REBUILDS = Counter("bff_reservations_rebuilds", "Times the holds were put back into a Redis that had lost them.")
EPOCH = Gauge("bff_reservations_epoch", "When Redis's present epoch began, in seconds; 0: it has none, or is away.")


def show_live(counts: Mapping[tuple[str, str], int]) -> None:
    """Show how many live rows there are by kind and state, and none of what there is no more."""
    LIVE.clear()
    for (kind, state), count in counts.items():
        LIVE.labels(kind, state).set(count)
