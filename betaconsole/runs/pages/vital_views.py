"""`/healthz`: the process lives. `/readyz`: it can do its work. For load balancers, containers and monitors."""

import threading
import time
from collections.abc import Callable

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from betaconsole.runs.sending import engine
from betaconsole.storage import chores, health
from betaconsole.teams.access import public

OK = "ok"
KEPT_S = 1.0
MOST_WAIT_S = 5.0  # with a database that hangs, everybody but the first is told so after this


@csrf_exempt
@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all. Asks nothing of anything else."""
    return JsonResponse({"alive": True})


@csrf_exempt
@public
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where every part is `ok`; else 503, and each part says what it is."""
    parts = _readiness.parts()
    ready = all(said == OK for said in parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def look() -> dict[str, str]:
    """`ok`, or what is not so, of the database, its migrations, what sends, what it can store, its chores, and this process."""
    return {
        **_look_at_database(),
        "engine": OK if engine.is_running() else "not running",
        "storage": engine.storage_trouble() or ("the disk is full" if health.is_full() else OK),
        "background": chores.trouble() or OK,
        "process": "stopping" if engine.is_stopping() else OK,
    }


def _look_at_database() -> dict[str, str]:
    try:
        found = health.migrations()
    except Error as error:
        connection.close()
        return {"database": f"does not answer ({type(error).__name__})", "migrations": "unknown"}
    return {"database": OK, "migrations": OK if found.is_well else found.said}


class Readiness:
    """What was seen, for a second: however many ask, one looks at a time."""

    def __init__(
        self, look: Callable[[], dict[str, str]], *, kept_s: float = KEPT_S, wait_s: float = MOST_WAIT_S
    ) -> None:
        self._look, self._kept_s, self._wait_s = look, kept_s, wait_s
        self._looking = threading.Lock()
        self._seen: dict[str, str] = {}
        self._seen_at = float("-inf")

    def parts(self) -> dict[str, str]:
        if not self._looking.acquire(timeout=self._wait_s):
            return {"database": "still being asked"}
        try:
            if time.monotonic() - self._seen_at >= self._kept_s:
                self._seen, self._seen_at = self._look(), time.monotonic()
            return self._seen
        finally:
            self._looking.release()


_readiness = Readiness(look)
