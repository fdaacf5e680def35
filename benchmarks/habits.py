"""`scripts/bench habits`: the table of real servers' habits and what the catalogue answers under each.

Not a measurement of time: each habit is switched on, the questions of `tests/habits` are asked of a gateway that has
read nothing, and every answer is counted as the same as without the habit, or as a typed error. Anything else stops it.
"""

import asyncio
from typing import Any

from benchmarks.processes import ROOT
from benchmarks.tables import replace_section, table
from sandbox.habits.table import HABITS
from sandbox.process import SandboxProcess
from tests.conftest import gateway_over
from tests.habits.test_habits import LEAVES_OUT, QUESTIONS, assert_true


async def _answers(sandbox: SandboxProcess) -> list[Any]:
    async with gateway_over(sandbox.base_url, tmf620_page_size=100, limit_fields=2_000) as client:
        return [await client.query(document, **variables) for document, variables in QUESTIONS]


async def run() -> str:
    """The table."""
    rows: list[tuple[str, ...]] = []
    with SandboxProcess() as sandbox:
        truths = [answer.data for answer in await _answers(sandbox)]
        for name in sorted(set(HABITS) - {LEAVES_OUT}):
            sandbox.control.reset()
            sandbox.control.habit(name)
            answers = await _answers(sandbox)
            for answer, truth in zip(answers, truths, strict=True):
                assert_true(answer, truth)
            failed = [code for answer in answers for code in answer.codes]
            whole = sum(not answer.codes for answer in answers)
            rows.append((f"`{name}`", HABITS[name].about, str(whole), ", ".join(sorted(set(failed))) or "none"))
    head = ("habit", "what the server does", f"right, of {len(QUESTIONS)}", "errors in the others")
    return table(head, rows)


def main() -> None:
    section = asyncio.run(run())
    print(section)
    replace_section(ROOT / "docs" / "bad-days.md", "habits", section)


if __name__ == "__main__":
    main()
