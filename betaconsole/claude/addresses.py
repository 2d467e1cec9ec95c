"""Where a host's name may lead: to the internet, and into a private network only where the operator named the host.

The check stands between looking a name up and connecting (`dialling`), and the connection goes to the very address that
was checked: a name that says something else the next time it is asked (DNS rebinding) changes nothing.
"""

import functools
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

THIS_MACHINE = "this machine"
PRIVATE = "a private network"
LINK_LOCAL = "link-local, where clouds keep their metadata"
NO_HOST = "an address no host has"


@functools.lru_cache(maxsize=256)
def place_of(address: str) -> str:
    """What kind of place an IP address is: one of the words above; empty for the internet.

    An IPv4 address that is written within an IPv6 one (mapped, 6to4, NAT64) is the IPv4 address.
    """
    found = _unwrapped(ip_address(address))
    if found.is_loopback or found.is_unspecified:  # a connection to 0.0.0.0 comes out on this machine
        return THIS_MACHINE
    if found.is_link_local:
        return LINK_LOCAL
    if found.is_multicast or (found.is_reserved and not found.is_global):
        return NO_HOST
    on_the_internet = found.is_global and (isinstance(found, IPv4Address) or found in _GLOBAL_UNICAST)
    return "" if on_the_internet else PRIVATE


def refusal(host: str, addresses: Sequence[str], *, internal: bool) -> str:
    """Why `host` may lead to none of these addresses, as a sentence for a person; empty where it may to one of them.

    With `internal` the operator named the host: it may be in a private network or on this machine. Link-local and
    multicast addresses are then for a host that was named by that very address.
    """
    places = {address: place_of(address) for address in addresses}
    if any(may_lead_to(host, address, internal=internal) for address in addresses):
        return ""
    said = ", ".join(f"{address} ({place})" for address, place in places.items())
    if internal:
        return f"{host} resolves to {said}; no name may lead there. Nothing was sent. Look at this machine's DNS."
    return (
        f"{host} resolves to {said}, where requests go only to a host that the operator named. Nothing was sent. "
        "Look at this machine's DNS; if the host is meant to be there, write its origin into "
        "BETACONSOLE_ALLOWED_BASE_URLS."
    )


def may_lead_to(host: str, address: str, *, internal: bool) -> bool:
    """Whether `host` may lead to this address."""
    place = place_of(address)
    return not place or (internal and (place in (THIS_MACHINE, PRIVATE) or host == address))


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
