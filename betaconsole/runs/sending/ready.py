"""Saying in the terminal that the console answers, once it really does."""

import http.client
import sys
import time

from django.conf import settings

from betaconsole.teams.models import Connection
from betaconsole.teams.solo import local_membership

PATIENCE_S = 30.0
PAUSE_S = 0.02


def address() -> str:
    """Where a browser on this machine finds the console."""
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
        _print(f"betaconsole is ready at {address()}\n{_where_requests_go()}")


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


def _where_requests_go() -> str:
    connection = Connection.objects.default_for(local_membership().team)
    if connection.is_simulator:
        return "Requests go to the built-in simulator. Set ANTHROPIC_API_KEY, or paste a key, to reach the real API."
    return f"Requests go to {connection.base_url} ({connection.name}); the simulator can be chosen in the composer."
