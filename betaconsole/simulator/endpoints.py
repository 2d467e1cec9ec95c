"""Which request is answered by whom: the routes of the simulated API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import faults
from .batches import batch_results, cancel_batch, create_batch, delete_batch, list_batches, retrieve_batch
from .files import delete_file, file_content, list_files, retrieve_file, upload_file
from .messages import count_tokens, create_message
from .models import list_models, retrieve_model
from .pace import Pace
from .refusals import Refusal
from .rules import Rules
from .skills import (
    create_skill,
    create_version,
    delete_skill,
    delete_version,
    list_skills,
    list_versions,
    retrieve_skill,
    retrieve_version,
    version_content,
)
from .visits import Visit, World
from .wire import Answer, Request

# What answers a request on a path: the visit, then each `{}` of the path.
Handler = Callable[..., Answer]


def quick(work: Callable[..., Any]) -> Handler:
    """A handler that no model writes for: `work` gets the visit, its admitted caller and the ids, and gives JSON or an answer."""

    def handle(visit: Visit, *idents: str) -> Answer:
        caller = visit.admit()
        if broken := visit.broken_early():
            return broken
        fault, wishes = faults.strikes(visit.wishes, visit.seeded()) or "", visit.wishes
        done = work(visit, caller, *idents)
        answer = done if isinstance(done, Answer) else visit.whole(200, done, at_s=visit.quick_s())
        return faults.strike_body(fault, answer, wishes)

    return handle


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/messages", create_message),
    ("POST", "/v1/messages/count_tokens", count_tokens),
    ("POST", "/v1/messages/batches", quick(create_batch)),
    ("GET", "/v1/messages/batches", quick(list_batches)),
    ("GET", "/v1/messages/batches/{}", quick(retrieve_batch)),
    ("DELETE", "/v1/messages/batches/{}", quick(delete_batch)),
    ("POST", "/v1/messages/batches/{}/cancel", quick(cancel_batch)),
    ("GET", "/v1/messages/batches/{}/results", quick(batch_results)),
    ("POST", "/v1/files", quick(upload_file)),
    ("GET", "/v1/files", quick(list_files)),
    ("GET", "/v1/files/{}", quick(retrieve_file)),
    ("DELETE", "/v1/files/{}", quick(delete_file)),
    ("GET", "/v1/files/{}/content", quick(file_content)),
    ("POST", "/v1/skills", quick(create_skill)),
    ("GET", "/v1/skills", quick(list_skills)),
    ("GET", "/v1/skills/{}", quick(retrieve_skill)),
    ("DELETE", "/v1/skills/{}", quick(delete_skill)),
    ("POST", "/v1/skills/{}/versions", quick(create_version)),
    ("GET", "/v1/skills/{}/versions", quick(list_versions)),
    ("GET", "/v1/skills/{}/versions/{}", quick(retrieve_version)),
    ("DELETE", "/v1/skills/{}/versions/{}", quick(delete_version)),
    ("GET", "/v1/skills/{}/versions/{}/content", quick(version_content)),
    ("GET", "/v1/models", quick(list_models)),
    ("GET", "/v1/models/{}", quick(retrieve_model)),
)
PATTERNS = [
    (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), handler) for method, path, handler in ROUTES
]
# Endpoints of the API that are not played: the first step of the path, and the word for it in the rules of a beta.
NOT_PLAYED = {
    **{
        name: name
        for name in (
            "agents",
            "sessions",
            "environments",
            "deployments",
            "deployment_runs",
            "vaults",
            "memory_stores",
            "dreams",
            "tunnels",
            "user_profiles",
        )
    },
    "organizations": "admin",
}


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
    if known:
        raise Refusal(405, "Method Not Allowed")
    raise _not_played(visit, path)


def _not_played(visit: Visit, path: str) -> Refusal:
    """404 for a path that is not there. To whoever sends the beta of an endpoint that the API has: that it is not played here."""
    word = NOT_PLAYED.get(path.removeprefix("/v1/").partition("/")[0])
    if word:
        betas = visit.world.rules.betas
        if any(word in betas[name].endpoints for name in visit.admit().betas):
            return Refusal(404, f"The simulator does not play this endpoint: {path}")
    return Refusal(404, "Not Found")
