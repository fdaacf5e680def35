"""From which address a client asks, as far as it can be known; only to count by."""

from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from starlette.requests import HTTPConnection

_NETWORK = 64  # what one customer of an IPv6 provider has to itself (RFC 6177)


def address_of(request: HTTPConnection) -> str:
    """The client's address; of IPv6 its network of 64 bits, since each customer has at least that many.

    The server has already put in what a trusted proxy says of it (`BFF_PROXIES`).
    """
    client = request.scope.get("client")
    return _network(client[0]) if client is not None else ""


@lru_cache(maxsize=4_096)
def _network(host: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> _NETWORK << _NETWORK))
