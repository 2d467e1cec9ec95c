"""Where requests may go: origins the operator allows, the simulator, and loopback in solo mode."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from .models import Connection


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_allowed(connection: Connection) -> bool:
    """Whether the console may send to this connection's origin."""
    return connection.is_simulator or is_allowed_origin(connection.origin)


def is_allowed_origin(origin: str) -> bool:
    """Whether the operator allows this origin, to the letter; on one's own machine, in solo mode, loopback too."""
    return origin in settings.ALLOWED_BASE_URLS or (settings.MODE == "solo" and _is_loopback(origin))


def may_be_internal(origin: str) -> bool:
    """Whether the host of this origin may be in a private network or on this machine: where the operator named it.

    The official API is allowed without being named, and then its name must lead to the internet.
    """
    if origin == settings.OFFICIAL_API:
        return bool(settings.OFFICIAL_API_MAY_BE_INTERNAL)
    return is_allowed_origin(origin)


def _is_loopback(origin: str) -> bool:
    """An address of this machine, plainly written."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if "@" in parts.netloc:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
