"""Which request is answered by whom: the routes of the simulated API."""

from __future__ import annotations

import re
from collections.abc import Callable

from .messages import count_tokens, create_message
from .models import list_models, retrieve_model
from .pace import Pace
from .refusals import Refusal
from .rules import Rules
from .visits import Visit, World
from .wire import Answer, Request

Handler = Callable[..., Answer]

# method, path (each `{}` is one step of it, handed to the handler), handler
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/messages", create_message),
    ("POST", "/v1/messages/count_tokens", count_tokens),
    ("GET", "/v1/models", list_models),
    ("GET", "/v1/models/{}", retrieve_model),
)
PATTERNS = [
    (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), handler) for method, path, handler in ROUTES
]


class Api:
    """The simulated API without its transport: one request in, one timed answer out. Safe to call from many threads."""

    def __init__(self, rules: Rules, pace: Pace) -> None:
        self._world = World(rules, pace)

    def answer(self, request: Request, *, repeat: int | None = None) -> Answer:
        """Answer a request; refusals of every kind become error answers. `repeat` wins over what the request asks."""
        visit = Visit(self._world, request, repeat=repeat)
        try:
            return _routed(visit)
        except Refusal as refusal:
            return visit.refused(refusal)
        except RecursionError:
            return visit.refused(Refusal(400, "The request body is not valid JSON: nested too deeply"))


def _routed(visit: Visit) -> Answer:
    path = visit.request.path.rstrip("/")
    known = [(method, found, handler) for method, pattern, handler in PATTERNS if (found := pattern.fullmatch(path))]
    for method, found, handler in known:
        if method == visit.request.method:
            return handler(visit, *found.groups())
    raise Refusal(405, "Method Not Allowed") if known else Refusal(404, "Not Found")
