"""What /metrics says, read as Prometheus reads it, and what of it has moved."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.client import Client

Sample = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Figures:
    """The samples of one moment. Times and sizes of the process itself are left out."""

    values: dict[Sample, float]

    @classmethod
    def read(cls, text: str) -> Self:
        samples = (each for family in text_string_to_metric_families(text) for each in family.samples)
        ours = (each for each in samples if each.name.startswith("bff_"))
        return cls({(each.name, frozenset(each.labels.items())): each.value for each in ours})

    @classmethod
    async def of(cls, client: Client) -> Self:
        answer = await client.http.get("/metrics")
        assert answer.status_code == 200
        return cls.read(answer.text)

    @classmethod
    def of_process(cls) -> Self:
        """Of this process, without a gateway."""
        return cls.read(generate_latest(REGISTRY).decode())

    def value(self, name: str, **labels: str) -> float:
        return self.values.get((name, frozenset(labels.items())), 0)

    def since(self, before: "Figures", name: str) -> dict[tuple[str, ...], float]:
        """How much each sample of a name has moved, by its labels' values in the order of their names."""
        moved = {
            tuple(value for _, value in sorted(labels)): value - before.values.get((each, labels), 0)
            for (each, labels), value in self.values.items()
            if each == name
        }
        return {labels: by for labels, by in moved.items() if by}
