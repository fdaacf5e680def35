"""Whether the bytes that a loader accounts for are those that the process really takes."""

import gc
import tracemalloc
from typing import Any

import httpx
import msgspec
import pytest

from bff.dev import SANDBOX_TMF620
from clients import tmf620
from clients.tmf import Collection
from dataloaders.freshness import Freshness
from dataloaders.held import Held
from dataloaders.lru import ByteLRU
from dataloaders.shared import SharedCache
from dataloaders.tiered import Caches, TieredLoader
from domain.catalog import prices
from domain.catalog.joined import Joining
from engine.compile.keeping import keep
from kernel.clock import FixedClock
from kernel.lasting import Loaded
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.dataloaders.loading import context, settle


@pytest.mark.no_cover  # what is noted of lines that run for the first time takes memory too
@pytest.mark.parametrize("collection", list(tmf620.collections()), ids=lambda each: each.path)
async def test_accounted_bytes(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, collection: Collection[Any]
) -> None:
    """What a memory of the whole seed is thought to take is what it takes, used, up to half more, and never less."""
    texts = _documents(f"{sandbox_process.base_url}{SANDBOX_TMF620}/{collection.path}")
    model: Any = collection.model
    attributes = frozenset(field.encode_name for field in msgspec.structs.fields(model))

    async def fetch(_: object, wanted: Any) -> dict[str, Any]:
        return {key: msgspec.json.decode(texts[key], type=model) for key in wanted}

    memory: ByteLRU[Held[Any]] = ByteLRU(10**9)
    clock = FixedClock()
    shared: SharedCache[Held[Any]] = SharedCache(None, Held[model], "x", clock)
    loader: TieredLoader[Any] = TieredLoader("x", fetch, Caches(memory, shared, Freshness(), clock))
    await fetch(None, texts)  # decoders and the like are not the entries'
    gc.collect()
    tracemalloc.start()
    try:
        for entity in await loader.load_many(context(), list(texts), attributes):
            _work_out(entity)
        await settle(loader)
        gc.collect()
        real, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(memory) == len(texts) > 40
    assert real <= memory.bytes <= 1.5 * real


def _work_out(entity: Any) -> None:
    """What pages ask of it, and what is then kept with it."""
    for period in entity.periods:
        _ = period.start, period.end
    if isinstance(entity, tmf620.ProductOfferingPrice):
        prices.net(entity, includes_tax=False)
        prices.gross(entity, includes_tax=False)
        keep(vars(entity), Part, (Part(entity.id * 2, entity.name, str(entity.price), None),))
    if isinstance(entity, tmf620.ProductOffering):
        for name, found in (("prices", [*entity.product_offering_price]), ("specification", entity)):
            joining = Joining(name, Reader(), context(), SELECTED, 0.0)
            joining.keep([entity], [found], lambda _, loaded: loaded, Loaded([], 1.0))
        parts = [Part(each.id * 2, each.name, each.id * 3, None) for each in entity.product_offering_price]
        keep(vars(entity), Part, (Part(entity.id * 2, entity.name, parts, None), parts, entity))


class Part(msgspec.Struct, gc=False):
    """A part of an answer, as a plan makes it."""

    one: Any
    two: Any
    three: Any
    four: Any


class Reader:
    generation = 1


SELECTED = frozenset({"id"})


def _documents(url: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while page := httpx.get(url, params={"offset": len(found), "limit": 100}, trust_env=False).json():
        found |= {document["id"]: msgspec.json.encode(document) for document in page}
    return found
