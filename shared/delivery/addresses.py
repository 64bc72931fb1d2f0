"""Which addresses an event may be sent to: none that leads back into a network that only we can reach."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult

from shared.api.deadline import AddressInfo

Resolve = Callable[..., list[AddressInfo]]  # as socket.getaddrinfo

# Source: IANA IPv4 and IPv6 Special-Purpose Address Registries, 2025-10. Python's own list of them is
# another with each release.
PUBLIC = "0.0.0.0/0 2000::/3"
PRIVATE = "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7"
NEVER = (
    "169.254.0.0/16 100.100.100.200/32 192.0.0.0/24 fd00:ec2::254/128 "  # link-local, metadata of clouds
    "0.0.0.0/8 224.0.0.0/3 "  # this host, multicast, reserved, broadcast
    "192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "  # documentation, tests
    "2001::/23 2002::/16 2001:db8::/32 3fff::/20"  # Teredo, 6to4, documentation
)


class AddressRefusedError(Exception):
    """The endpoint's name leads to an address that no event may be sent to."""


def resolve_host(url: SplitResult, resolve: Resolve, *, allow_private: bool) -> list[AddressInfo]:
    """What a URL's host resolves to; raises OSError, or AddressRefusedError when even one may not be used.

    What was checked is what is to be connected to: a second resolution could answer otherwise.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    found = resolve(url.hostname or "", port, type=socket.SOCK_STREAM)
    if not all(is_allowed(str(one[4][0]), allow_private=allow_private) for one in found):
        raise AddressRefusedError
    return found


def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Whether an event may be sent to an address, such as "93.184.215.14" or "2606:2800::1".

    Private and loopback addresses only with `allow_private`; link-local ones, multicast, those of metadata
    services, and IPv6 addresses that wrap an IPv4 one, never.
    """
    if _is_in(address, NEVER):
        return False
    return allow_private if _is_in(address, PRIVATE) else _is_in(address, PUBLIC)


def _is_in(address: str, networks: str) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks.split())
