"""Which network addresses a URL that somebody else chose may lead to (B-56); pure, and a table of our own.

Python's `is_global` is not enough: it is true of 224.0.0.1, of 64:ff9b::7f00:1, which is 127.0.0.1 behind NAT64, of
2002:7f00:1::, which is it by 6to4, and of 168.63.129.16, where Azure's machines find their host.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NEVER: Final[tuple[Network, ...]] = tuple(
    ip_network(each)
    for each in (
        "169.254.0.0/16", "fe80::/10", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32",
        "fd20:ce::254/128",
    )
)  # fmt: skip
"""Link-local ones, and those where clouds tell a machine its secrets: nobody may allow them."""

_NOT_GLOBAL: Final[tuple[Network, ...]] = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)  # the middle of an interface's name (RFC 5214 §6.1)


def may_lead_to(text: str, allowed: Collection[Network] = ()) -> bool:
    """Return whether an address may be connected to.

    Arguments:
        text: the address, as name resolution gave it.
        allowed: networks besides the global ones.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    carried: list[Address] = [*_carried(address)]
    tunnelled = _tunnelled(address)
    if any(_is_in(each, _NEVER) for each in (address, *carried, *tunnelled)):
        return False
    # An address that is nothing but a wrapping is judged by what is within; a tunnel's own network counts as well.
    return all(_is_in(each, allowed) or _is_global(each) for each in (*(carried or [address]), *tunnelled))


def _is_global(address: Address) -> bool:
    return not _is_in(address, _NOT_GLOBAL) and (isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST)


def _carried(address: Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return []
    found = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        found.extend(address.teredo)  # the server and, behind it, the client
    if address in _NAT64:
        found.append(_last(address))
    return found


def _tunnelled(address: Address) -> list[IPv4Address]:
    """Return the IPv4 address to which a router of the address's network would send on, by ISATAP."""
    is_isatap = isinstance(address, IPv6Address) and (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    return [_last(address)] if is_isatap else []


def _last(address: Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)


def _is_in(address: Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)
