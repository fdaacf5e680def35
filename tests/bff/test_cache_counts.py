"""The numbers of every cache, after requests whose fate is known."""

from bff.app import create_app
from bff.cache_counts import CacheCount, cache_counts
from bff.dev import SANDBOX_TMF620
from bff.edge.documents import Documents
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.conftest import _with_state, settings_of

PAGE = "{ productOfferings(first: 2) { nodes { name prices { name } } } }"


async def test_each_cache_tells_what_it_was_asked(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> None:
    """Two answers made, one of them in other words of the same; then one that was there."""
    app = create_app(settings_of(tmf620_url=sandbox_process.base_url + SANDBOX_TMF620), compiled_after=1)
    async with app.router.lifespan_context(app) as state, Client(_with_state(app, dict(state or {}))) as client:
        for text in (PAGE, PAGE.replace(" ", "  "), PAGE):
            await client.data(text)
        services = (state or {})["services"]
        assert isinstance(app.documents, Documents)
        found = {each.cache: each for each in cache_counts(app.documents, services)}
    assert (found["answers"].hits, found["answers"].misses) == (1, 2)
    assert (found["documents"].hits, found["documents"].misses) == (0, 2)
    assert (found["plans"].hits, found["plans"].misses) == (0, 2)
    assert (found["tmf620.productOffering.pages"].hits, found["tmf620.productOffering.pages"].misses) == (1, 1)
    assert found["tmf620.productOfferingPrice"].misses > 0
    assert all(each.bytes > 0 for each in found.values() if each.hits + each.misses and each.cache != "plans")
    assert found["tmf620.category"] == CacheCount("tmf620.category", 0, 0, 0)
