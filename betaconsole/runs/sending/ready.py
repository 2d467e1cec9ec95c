"""Saying in the terminal that the console answers, once it really does."""

import http.client
import sys
import time

from django.conf import settings

from betaconsole.teams.accounts.entering import first_owner_link, needs_first_owner
from betaconsole.teams.models import Connection
from betaconsole.teams.solo import local_membership

PATIENCE_S = 30.0
PAUSE_S = 0.02


def address() -> str:
    """Where a browser finds the console: on this machine, or in team mode under its public name."""
    if settings.MODE == "team":
        return settings.PUBLIC_URL
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return f"http://{host}:{settings.PORT}"


def say_when_ready() -> None:
    """Ask the console for its first page until it answers, then print the address and where requests go."""
    until = time.monotonic() + PATIENCE_S
    while (status := _status_of_first_page()) is None and time.monotonic() < until:
        time.sleep(PAUSE_S)
    if status is None or status >= 500:
        _print(f"betaconsole does not answer as it should at {address()}; the lines above may say why.")
    else:
        _print("\n".join([f"betaconsole is ready at {address()}", *_news()]))


def _print(lines: str) -> None:
    sys.stdout.write(lines + "\n")
    sys.stdout.flush()


def _status_of_first_page() -> int | None:
    asking = http.client.HTTPConnection(settings.HOST, settings.PORT, timeout=PATIENCE_S)
    try:
        asking.request("GET", "/", headers={"Connection": "close"})
        return asking.getresponse().status
    except OSError:
        return None
    finally:
        asking.close()


def _news() -> list[str]:
    """What whoever started the console should know: where requests go, or how people come in."""
    if settings.MODE == "solo":
        return [_where_requests_go()]
    lines = []
    if not settings.IS_HTTPS and not settings.IS_LOOPBACK_ONLY:
        lines.append(
            "Warning: over plain http, passwords and keys can be read on the way, and there are no passkeys. "
            "Put a proxy with TLS before it and set BETACONSOLE_PUBLIC_URL=https://..."
        )
    if needs_first_owner():
        lines.append(
            f"Nobody can sign in yet. Open this once, within two days, to become the owner:\n{first_owner_link()}"
        )
    return lines


def _where_requests_go() -> str:
    connection = Connection.objects.default_for(local_membership().team)
    if connection.is_simulator:
        return "Requests go to the built-in simulator. Set ANTHROPIC_API_KEY, or paste a key, to reach the real API."
    return f"Requests go to {connection.base_url} ({connection.name}); the simulator can be chosen in the composer."
