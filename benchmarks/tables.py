"""Tables for docs/performance.md: each measurement owns the part between its two marks and leaves the rest alone."""

import re
from collections.abc import Iterable
from pathlib import Path


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def replace_section(path: Path, name: str, text: str) -> None:
    """Write `text` between the marks of `name`.

    Raises:
        ValueError: the page has no such marks.
    """
    page = path.read_text("utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"{path} has no marks {begin} ... {end}")
    marked = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    path.write_text(marked.sub(lambda _: f"{begin}\n{text}\n{end}", page), "utf-8")
