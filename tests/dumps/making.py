"""Dumps for tests: small catalogues by rule, written in every way a dump can be written, and loaded."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bff.settings import Settings
from bff.upstreams import open_services, shop_rules
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.load import LoadOptions, load_dump
from domain.catalog.dumps.report import Report
from domain.catalog.dumps.write import write_dump
from kernel.clock import SystemClock
from tests.conftest import settings_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Document = dict[str, Any]


def offering(local_id: str, **more: Any) -> Document:
    return {"@type": "ProductOffering", "id": local_id, "name": local_id, "lifecycleStatus": "Active", **more}


def price(local_id: str, amount: float = 10.0, **more: Any) -> Document:
    value = {"unit": "EUR", "value": amount}
    return {"@type": "ProductOfferingPrice", "id": local_id, "priceType": "recurring", "price": value, **more}


def specification(local_id: str, **more: Any) -> Document:
    return {"@type": "ProductSpecification", "id": local_id, "name": local_id, **more}


def category(local_id: str, **more: Any) -> Document:
    return {"@type": "Category", "id": local_id, "name": local_id, **more}


def offerings(count: int, start: int = 0) -> list[Document]:
    return [offering(f"po-{number}") for number in range(start, start + count)]


def ndjson(records: Iterable[Document], end: str = "\n") -> bytes:
    return "".join(json.dumps(record) + end for record in records).encode()


def array(records: Iterable[Document]) -> bytes:
    return json.dumps(list(records)).encode()


def own(records: Sequence[Document]) -> bytes:
    """As `bff catalog dump` writes it."""
    return ndjson([{"@type": "CatalogDump"}, *records, {"@type": "CatalogDumpEnd", "records": len(records)}])


@dataclass(frozen=True)
class Loader:
    """`folder` is where loaded dumps are kept, `sources` where files to load are written."""

    folder: Path
    sources: Path

    @property
    def generations(self) -> Generations:
        return Generations(self.folder)

    @property
    def current(self) -> Path | None:
        return self.generations.current()

    def write(self, name: str, content: bytes) -> Path:
        self.sources.mkdir(exist_ok=True)
        path = self.sources / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def load(self, files: dict[str, bytes] | list[Document], at: datetime = NOW, **options: Any) -> Report:
        """Load files by name, or records as one NDJSON file."""
        contents = files if isinstance(files, dict) else {"catalog.ndjson": ndjson(files)}
        paths = [self.write(name, content) for name, content in contents.items()]
        return load_dump(
            paths,
            self.generations,
            shop_rules(settings_of().catalog),
            LoadOptions(**{"languages": ("en", "de"), **options}),
            at,
        )

    def names(self) -> list[str]:
        """What stands in the folder, besides the lock."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "lock")


async def write_sandbox_dump(settings: Settings, path: Path) -> Path:
    async with open_services(settings, SystemClock(), {}) as services:
        await write_dump(services.tmf620, path, languages=settings.languages, channel=settings.channels[0])
    return path


def load_into(folder: Path, file: Path, *, settings: Settings | None = None, at: float | None = None) -> Report:
    chosen = settings or settings_of()
    now = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return load_dump(
        [file], Generations(folder), shop_rules(chosen.catalog), LoadOptions(chosen.languages, force=True), now
    )
