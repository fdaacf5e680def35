"""From an upstream's settings to the client that speaks to it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx

from bff.settings import Settings, UpstreamSettings
from clients.auth import Authentication, ClientCredentials, StaticHeaders
from clients.http import AiohttpSender, HttpxSender, Sender
from clients.tmf import TMFClient, UpstreamOptions
from kernel.clock import Clock

_OF_PEOPLE = frozenset({"tmf629", "tmf632", "tmf637", "tmf663", "tmf666", "tmf681"})

Transports = Mapping[str, httpx.AsyncBaseTransport]


def open_client(
    name: str, settings: Settings, clock: Clock, stack: AsyncExitStack, transports: Transports
) -> TMFClient:
    """The client of the upstream `name`, which is also the name of its settings; closed with the stack."""
    upstream: UpstreamSettings = getattr(settings, name)
    given: dict[str, Any] = {"max_connections": upstream.max_connections, "max_bytes": upstream.max_bytes}
    standing_in = transports.get(name)
    sender: HttpxSender | AiohttpSender
    sender = AiohttpSender(name, **given) if standing_in is None else HttpxSender(name, transport=standing_in, **given)
    stack.push_async_callback(sender.aclose)
    options = UpstreamOptions(
        base_url=upstream.url.rstrip("/"),
        version=upstream.version,
        timeout=upstream.timeout,
        page_size=upstream.page_size,
        max_url=upstream.max_url,
        fan_out=upstream.fan_out,
        attempts=upstream.attempts,
        channel_header=settings.channel_header,
        breaker_threshold=upstream.breaker_threshold,
        breaker_cooldown=upstream.breaker_cooldown,
        private=name in _OF_PEOPLE,
    )
    return TMFClient(name, options, sender, clock, _authentication(name, upstream, sender, clock))


def _authentication(name: str, upstream: UpstreamSettings, sender: Sender, clock: Clock) -> Authentication:
    if upstream.auth == "api_key":
        return StaticHeaders({upstream.api_key_header: upstream.api_key})
    if upstream.auth == "oauth2":
        return ClientCredentials(
            sender,
            clock,
            upstream=name,
            token_url=upstream.token_url,
            client_id=upstream.client_id,
            client_secret=upstream.client_secret,
            scope=upstream.scope,
        )
    return StaticHeaders()
