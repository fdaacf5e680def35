"""What the edge must know to answer for nobody in particular: the guest's audience, and a context without a caller."""

from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Scope

from bff.edge.audience import audience_of
from bff.edge.whole import Headers, Whole
from bff.settings import Settings
from bff.upstreams import Services
from domain.carts.offers import Offers
from engine import Answers
from kernel.context import Audience, Deadline, RequestContext
from kernel.reads import Reads
from resolvers.context import Context

_LONGEST_KEPT = 200


@dataclass(frozen=True)
class PublicSide:
    """Made once for each process."""

    settings: Settings

    def answers(self, scope: Scope) -> Answers[Whole] | None:
        return _services(scope).answers

    def audience(self, headers: Headers) -> Audience:
        """Most clients send one of a few languages and channels, so what they come to is remembered."""
        language, channel = headers.get(b"accept-language", b""), headers.get(b"x-channel", b"")
        find = _audience if len(language) + len(channel) <= _LONGEST_KEPT else _audience.__wrapped__
        return find(language, channel, self.settings.languages, self.settings.channels)

    def context(self, scope: Scope, audience: Audience) -> Context:
        services = _services(scope)
        deadline = Deadline.after(self.settings.request_timeout)
        began = services.clock.now()
        request = RequestContext(audience, deadline, reads=Reads(began), began=began)
        catalog = services.catalog
        return Context(request, catalog, Offers(catalog, self.settings.languages[0]))


@lru_cache(maxsize=1_024)
def _audience(language: bytes, channel: bytes, languages: tuple[str, ...], channels: tuple[str, ...]) -> Audience:
    wanted, name = language.decode("latin-1"), channel.decode("latin-1")
    return audience_of(wanted, name, languages=languages, channels=channels)


def _services(scope: Scope) -> Services:
    services: Services = scope["state"]["services"]
    return services
