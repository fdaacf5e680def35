"""Ports and processes for tests that start real ones."""

import socket


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that were free just now."""
    for start in range(20_000, 30_000, 10):
        if all(_is_free(port) for port in range(start, start + count)):
            return start
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
