"""`scripts/bench catalog`: what a catalogue page costs upstream and here, cold, warm, in a burst, and under attack.

Calls are counted by the sandbox, so those rows are exact; times are of this machine and only good against each other.
"""

import asyncio
import platform

import msgspec

from benchmarks.load import Result, fetch, load, post
from benchmarks.processes import ROOT, gateway, memory_mb
from benchmarks.tables import replace_section, table
from bff.dev import embedded_redis
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess

PAGE = """query Page($first: Int!) { productOfferings(first: $first) { nodes {
  id name categories { id name } specification { name brand }
  prices { kind net { amount currency } gross { amount } every period }
} } }"""
BURST = 1_000
HOSTILE = {
    "1,000 duplicated fields": "{ productOfferings { nodes {" + " prices { net { amount } }" * 1_000 + "} } }",
    "5,000 aliases": "{" + " ".join(f"a{n}: categories {{ id }}" for n in range(5_000)) + "}",
    "fragments doubling 13 levels": "{ productOfferings { nodes { ...f0 } } } "
    + " ".join(f"fragment f{n} on ProductOffering {{ ...f{n + 1} ...f{n + 1} }}" for n in range(13))
    + " fragment f13 on ProductOffering { id name }",
    "2,000 directives": "{ categories { id" + " @skip(if: false)" * 2_000 + " } }",
    "depth 100": "{ categories " + "{ children " * 100 + "{ id }" + "}" * 100 + " }",
    "cyclic fragments": "{ categories { ...a } } fragment a on Category { ...b } fragment b on Category { ...a }",
    "20 MB comment": "#" * 20_000_000 + "\n{ categories { id } }",
}


def body(document: str, **variables: object) -> bytes:
    return msgspec.json.encode({"query": document, "variables": variables})


async def _cold_and_warm(url: str, sandbox: SandboxControl) -> list[tuple[str, ...]]:
    request = post(f"{url}/graphql", body(PAGE, first=20))
    rows: list[tuple[str, ...]] = []
    for name in ("cold", "warm"):
        sandbox.reset_calls()
        await fetch(url, request)
        rows.append((f"page of 20, {name}", _calls(sandbox)))
    return rows


def _calls(sandbox: SandboxControl) -> str:
    counted = sandbox.calls()["byResource"]
    parts = [f"{name.split('.')[1]} {count}" for name, count in sorted(counted.items())]
    return f"{sum(counted.values())} ({', '.join(parts)})" if parts else "0"


def _times(result: Result) -> tuple[str, str, str]:
    return f"{result.per_second:,.0f}", f"{result.median:.1f}", f"{result.percentile(0.99):.1f}"


async def run() -> str:
    """Everything; the section for docs/performance.md."""
    with SandboxProcess() as sandbox, embedded_redis(sandbox.data / "redis") as redis_url:
        counted = await _counted(sandbox, redis_url)
        timed, memory = await _timed(sandbox)
        hostile = await _hostile(sandbox)
    machine = f"{platform.machine()}, Python {platform.python_version()}, one gateway process, sandbox beside it"
    return "\n\n".join(
        (
            f"Measured on: {machine}.",
            table(("upstream calls", "in all"), counted),
            table(("page of 20, warm", "per second", "p50 ms", "p99 ms"), timed),
            f"Memory after that load: {memory:.0f} MB.",
            table(("hostile request", "status", "code", "ms (median of 9)"), hostile),
        )
    )


async def _counted(sandbox: SandboxProcess, redis_url: str) -> list[tuple[str, ...]]:
    with gateway(sandbox.base_url) as (url, _):
        rows = await _cold_and_warm(url, sandbox.control)
    # 1,000 at once keep one process busy for longer than a request may usually wait: here only the calls count.
    with gateway(sandbox.base_url, request_timeout=120) as (url, _):
        sandbox.control.reset_calls()
        request = post(f"{url}/graphql", body(PAGE, first=20))
        await load(f"{url}/graphql", request, connections=BURST, requests=BURST)
        rows.append((f"burst of {BURST:,} equal cold requests", _calls(sandbox.control)))
    with gateway(sandbox.base_url, redis_url=redis_url) as (url, _):
        await fetch(url, post(f"{url}/graphql", body(PAGE, first=20)))
    with gateway(sandbox.base_url, redis_url=redis_url) as (url, _):
        sandbox.control.reset_calls()
        await fetch(url, post(f"{url}/graphql", body(PAGE, first=20)))
        rows.append(("second process, over the same Redis", _calls(sandbox.control)))
    return rows


async def _timed(sandbox: SandboxProcess) -> tuple[list[tuple[str, ...]], float]:
    """Turn by turn: a gateway that executes each time, and one that keeps whole answers."""
    rows: list[tuple[str, ...]] = []
    with gateway(sandbox.base_url, answers_memory_mb=0) as (url, pid), gateway(sandbox.base_url) as (keeping, _):
        ways = (("executed", url, 600), ("whole answer", keeping, 6_000))
        request = body(PAGE, first=20)
        for _, each, _ in ways:
            await load(f"{each}/graphql", post(f"{each}/graphql", request), connections=4, requests=50)
        for connections in (1, 16, 64):
            for name, each, count in ways:
                sent = post(f"{each}/graphql", request)
                result = await load(f"{each}/graphql", sent, connections=connections, requests=count)
                rows.append((f"{name}, {connections} connections", *_times(result)))
        return rows, memory_mb(pid)


async def _hostile(sandbox: SandboxProcess) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    with gateway(sandbox.base_url) as (url, _):
        sandbox.control.reset_calls()
        for name, document in HOSTILE.items():
            request = post(f"{url}/graphql", body(document))
            answers = [await _refused(url, request) for _ in range(9)]
            status, code, _ = answers[0]
            rows.append((name, str(status), code, f"{sorted(each[2] for each in answers)[4]:.1f}"))
        if sandbox.control.calls()["total"]:
            raise RuntimeError("a refused request reached an upstream")
    return rows


async def _refused(url: str, request: bytes) -> tuple[int, str, float]:
    status, answer, milliseconds = await fetch(f"{url}/graphql", request)
    return status, msgspec.json.decode(answer)["errors"][0]["extensions"]["code"], milliseconds


def main() -> None:
    section = asyncio.run(run())
    print(section)
    replace_section(ROOT / "docs" / "performance.md", "catalog", section)


if __name__ == "__main__":
    main()
