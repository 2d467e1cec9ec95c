"""Whose word counts about where a request comes from.

A proxy that the operator trusts says who asked (`X-Forwarded-For`) and over which scheme (`X-Forwarded-Proto`). From
anybody else these headers are taken off, so that nothing further in can believe them.
"""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .vitals import asks_vitals

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


class TrustedProxies:
    """Sets REMOTE_ADDR and the scheme from a trusted proxy's headers, before anything reads them. A Host that
    the console does not answer for is told so in words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if asks_vitals(request):
            return self.get_response(request)  # by the address of a container, through a balancer: whoever asks
        peer = request.META.get("REMOTE_ADDR", "")
        said = {name: str(request.META.pop(name, "")) for name in FORWARDED}
        if is_trusted(peer):
            request.META["REMOTE_ADDR"] = client_of(peer, said["HTTP_X_FORWARDED_FOR"])
            if said["HTTP_X_FORWARDED_PROTO"].strip().lower() == "https":
                request.META["wsgi.url_scheme"] = "https"
        elif said["HTTP_X_FORWARDED_PROTO"] and settings.IS_HTTPS:
            # Sending it to https would send it round for ever: the proxy has been there already.
            return render(request, "403_proxy.html", {"peer": peer}, status=403)
        try:
            request.get_host()
        except DisallowedHost:
            return render(request, "400_host.html", status=400)
        return self.get_response(request)


def is_trusted(address: str) -> bool:
    """Whether the operator named this address, or a network it is in."""
    found = _address(address)
    return found is not None and any(found in network for network in settings.TRUSTED_PROXIES)


def client_of(peer: str, forwarded_for: str) -> str:
    """The last address of the chain that no trusted proxy has. What stands before it was written by that client."""
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    client = peer
    for hop in reversed(hops):
        if _address(hop) is None:
            break
        client = hop
        if not is_trusted(hop):
            break
    return client


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
