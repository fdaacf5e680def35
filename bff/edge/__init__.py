"""The HTTP edge: GraphQL over HTTP, limits, errors as clients see them, who asks and how."""

import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_unwanted = [name for name in ("pygments", "rich") if name not in _modules]
# structlog and httpx import them wherever they are installed, for consoles: 3 MB in each process that serves, which
# imports this package before all others. So they find none; whoever asks for one later, as `bff catalog` does, gets it.
_modules.update(dict.fromkeys(_unwanted))
import httpx  # noqa: E402, F401
import structlog  # noqa: E402, F401

for _name in _unwanted:
    del _modules[_name]
