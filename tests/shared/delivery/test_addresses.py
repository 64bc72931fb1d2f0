"""No event goes where only this machine or its cloud can reach, whatever a name resolves to."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.addresses import AddressRefusedError, is_allowed, resolve_host

PUBLIC = ("93.184.215.14", "8.8.8.8", "101.32.0.1", "2606:2800:220:1::1", "2402:4e00::1")
PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.127.255.255", "::1", "fc00::1", "fd12:3456::1"),
)
NEVER = (
    *("169.254.169.254", "169.254.0.23", "169.254.0.4", "100.100.100.200", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%lo", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.255.255.255"),  # noqa: S104
    *("ff02::1", "240.0.0.1", "255.255.255.255", "192.0.0.192", "192.0.2.1", "198.51.100.1"),
    *("203.0.113.1", "198.18.0.1", "192.88.99.1", "2001:db8::1", "3fff::1", "100::1", "fec0::1"),
    *("4000::1", "5f00::1"),
)
WRAPPED = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "8.8.8.8")


def wrap(address: str) -> list[str]:
    """An IPv4 address within IPv6 ones: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP."""
    number = int(ipaddress.IPv4Address(address))
    wrapped = [
        *(0xFFFF << 32 | number, number, 0xFFFF << 48 | number),
        *(0x0064_FF9B << 96 | number, 0x0064_FF9B_0001 << 80 | number),
        *(0x2002 << 112 | number << 80, 0x2001_0000 << 96 | (number ^ 0xFFFF_FFFF)),
        0xFE80 << 112 | 0x5EFE << 32 | number,
    ]
    return [str(ipaddress.IPv6Address(each)) for each in wrapped]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_told(address: str) -> None:
    assert is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_told_where_the_settings_say_so(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", [*NEVER, *(one for each in WRAPPED for one in wrap(each))])
def test_other_addresses_are_never_told(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert not is_allowed(address, allow_private=True)


@given(st.ip_addresses())
def test_what_python_knows_as_special_is_never_public(ip: Any) -> None:
    if ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved:
        assert not is_allowed(str(ip), allow_private=False)


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_helps_nobody(ip: ipaddress.IPv4Address) -> None:
    wrapped = [one for one in wrap(str(ip)) if one != "::1"]
    assert not any(is_allowed(one, allow_private=True) for one in wrapped)


class Resolver:
    """Answers with these addresses, and counts how often it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses, self.asked = addresses, 0

    def __call__(self, _host: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self.addresses
        ]


def test_name_is_resolved_once() -> None:
    resolver = Resolver("8.8.8.8", "93.184.215.14")
    found = resolve_host(urlsplit("https://events.test/"), resolver, allow_private=False)
    addresses = [address for *_, (address, _port) in found]
    assert (addresses, resolver.asked) == (["8.8.8.8", "93.184.215.14"], 1)


@pytest.mark.parametrize(
    "addresses", [("8.8.8.8", "127.0.0.1"), ("10.0.0.1", "8.8.8.8"), ("8.8.8.8", "fe80::1")]
)
def test_one_address_that_may_not_be_told_is_enough(addresses: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefusedError):
        resolve_host(urlsplit("https://events.test/"), Resolver(*addresses), allow_private=False)


def test_metadata_host_of_tencent_is_never_told() -> None:
    """Source: CVM documentation, instance metadata: metadata.tencentyun.com is 169.254.0.23."""
    with pytest.raises(AddressRefusedError):
        resolve_host(
            urlsplit("http://metadata.tencentyun.com/"),
            Resolver("169.254.0.23"),
            allow_private=True,
        )


@pytest.mark.parametrize("spelled", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]"])
def test_spelling_of_an_address_makes_no_difference(spelled: str) -> None:
    with pytest.raises((AddressRefusedError, OSError)):
        resolve_host(urlsplit(f"https://{spelled}/"), socket.getaddrinfo, allow_private=False)
