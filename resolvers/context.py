"""What a resolver finds in `info.context`: the request, and the way into each domain. Keep it that small."""

from dataclasses import dataclass, field
from typing import Any

import strawberry

from domain.catalog.catalog import Catalog
from kernel.context import RequestContext


@dataclass
class Context:
    """One per request. `projections` is the engine's memory for this request and no one else's business."""

    request: RequestContext
    catalog: Catalog
    projections: dict[Any, frozenset[str]] = field(default_factory=dict)


Info = strawberry.Info[Context, None]
