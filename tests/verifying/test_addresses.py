"""Addresses that a URL of somebody else may lead to: global ones, in whatever wrapping (B-56)."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.verifying.addresses import may_lead_to

GLOBAL = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e", "2001:4860::8888"]
# fmt: off
NOT_GLOBAL_V4 = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16", "100.100.100.200",
]
NOT_GLOBAL_V6 = [
    "::", "::1", "::7f00:1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::1",
    "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "2001::", "2001:2::1", "2001:10::1",
    "3fff::1", "100::1", "5f00::1", "64:ff9b:1::a00:1", "4000::1", "fd00::5efe:808:808", "fd00::200:5efe:808:808",
    "ff02::5efe:808:808", "2001:db8::5efe:808:808", "4000::5efe:808:808", "::5efe:808:808", "::ffff:0:808:808",
]
# fmt: on
NEVER = ["169.254.169.254", "fe80::1", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"]


def wrappings(address: IPv4Address) -> list[str]:
    """Return every IPv6 address that leads to an IPv4 one."""
    number = int(address)
    high, low = number >> 16, number & 0xFFFF
    hidden = number ^ 0xFFFF_FFFF
    return [
        f"::ffff:{high:x}:{low:x}",
        f"::ffff:{address}",
        f"64:ff9b::{high:x}:{low:x}",
        f"2002:{high:x}:{low:x}::1",
        f"2606:4700::5efe:{high:x}:{low:x}",
        f"2606:4700::200:5efe:{high:x}:{low:x}",
        f"2001:0:808:808:0:0:{hidden >> 16:x}:{hidden & 0xFFFF:x}",  # Teredo: the client, inverted
        f"2001:0:{high:x}:{low:x}:0:0:f7f7:f7f7",  # Teredo: the server
    ]


@pytest.mark.parametrize("text", GLOBAL)
def test_global_addresses(text: str) -> None:
    """B-56: a public address is what a learnt URL may lead to."""
    assert may_lead_to(text)


@pytest.mark.parametrize("text", [*NOT_GLOBAL_V4, *NOT_GLOBAL_V6])
def test_addresses_that_are_not_global(text: str) -> None:
    """B-56: no private, local, shared, reserved or multicast address is, nor where clouds keep their secrets."""
    assert not may_lead_to(text)


@pytest.mark.parametrize("text", NOT_GLOBAL_V4)
def test_wrapped_addresses_that_are_not_global(text: str) -> None:
    """B-56: an address within another is judged as itself."""
    assert [each for each in wrappings(IPv4Address(text)) if may_lead_to(each)] == []


def test_wrapped_addresses_that_are_global() -> None:
    """B-56: a wrapping alone refuses nothing."""
    assert [each for each in wrappings(IPv4Address("8.8.8.8")) if not may_lead_to(each)] == []


@pytest.mark.parametrize(
    "text", ["", "idp.example", "8.8.8", "8.8.8.8/32", "08.8.8.8", "0x8080808", "134744072", "[::1]"]
)
def test_what_is_no_address(text: str) -> None:
    """B-56: what cannot be read as an address leads nowhere."""
    assert not may_lead_to(text)


@pytest.mark.parametrize(
    ("text", "networks", "is_allowed"),
    [
        ("10.2.3.4", ["10.2.0.0/16"], True),
        ("10.3.3.4", ["10.2.0.0/16"], False),
        ("::ffff:10.2.3.4", ["10.2.0.0/16"], True),
        ("64:ff9b::a02:304", ["10.2.0.0/16"], True),
        ("fd12::1", ["fd12::/16"], True),
        ("fd13::1", ["fd12::/16", "10.0.0.0/8"], False),
        ("fd12::5efe:a00:1", ["fd12::/16"], False),
        ("fd12::5efe:a00:1", ["fd12::/16", "10.0.0.0/8"], True),
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("8.8.8.8", ["10.0.0.0/8"], True),
    ],
)
def test_networks_that_are_allowed(text: str, networks: list[str], is_allowed: bool) -> None:
    """B-56: an operator names the private networks that his issuers are in, and only these are open."""
    assert may_lead_to(text, [ip_network(each) for each in networks]) is is_allowed


@pytest.mark.parametrize("text", NEVER)
def test_addresses_that_nobody_can_allow(text: str) -> None:
    """B-56: link-local addresses, and those of cloud metadata, stay closed whatever is allowed."""
    assert not may_lead_to(text, [ip_network("0.0.0.0/0"), ip_network("::/0")])


PRIVATE = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/4",
     "240.0.0.0/4", "0.0.0.0/8", "198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]
).map(ip_network)  # fmt: skip


@given(PRIVATE.flatmap(lambda network: st.integers(int(network[0]), int(network[-1]))))
def test_every_address_of_these_networks(number: int) -> None:
    """B-56: every address that is not global is refused, in every wrapping."""
    address = IPv4Address(number)
    assert not any(map(may_lead_to, [str(address), *wrappings(address)]))


@given(st.integers(0, 2**32 - 1))
def test_no_more_than_python_says(number: int) -> None:
    """B-56: what Python's own table calls private is never let through, in any wrapping."""
    address = IPv4Address(number)
    if not address.is_global:
        assert not any(map(may_lead_to, [str(address), *wrappings(address)]))


@given(st.integers(0, 2**128 - 1) | st.integers(0, 2**64 - 1).map(lambda low: (0xFD << 120) | (0x5EFE << 32) | low))
def test_no_more_than_python_says_of_ipv6(number: int) -> None:
    """B-56: the same for addresses of IPv6 that are no mere wrapping."""
    address = IPv6Address(number)
    is_wrapping = address in ip_network("64:ff9b::/96") or any((address.ipv4_mapped, address.sixtofour, address.teredo))
    if not address.is_global and not is_wrapping:
        assert not may_lead_to(str(address))
