"""What a dashboard shows of upstreams' events."""

from prometheus_client import Counter

EVENTS = Counter(
    "bff_events",
    "Events that came, by the collection they are about; left alone: repeated, or about nothing that is read.",
    ["about", "outcome"],
)
