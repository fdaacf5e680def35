"""Drawing straight from the upstream, while there is no index: a few pages from random places."""

from domain.reservations.model import Candidate
from domain.reservations.shelf import Wanted
from kernel.context import RequestContext


class DirectSearch:
    """Bounded, so that it may find fewer than there are."""

    async def draw(self, ctx: RequestContext, wanted: Wanted, count: int) -> list[Candidate]:
        """At most `count` that fit, others at each call.

        Raises:
            UpstreamError: the upstream does not answer.
        """
        raise NotImplementedError
