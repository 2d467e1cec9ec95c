"""Message batches: the list of requests, and what a message may ask for, but not in a batch."""

from __future__ import annotations

from collections.abc import Iterator

from .asked import Asked
from .endpoints import BATCHES
from .findings import Finding, error, remove_field, set_field

MOST_REQUESTS = 100_000
MOST_ID_CHARACTERS = 64


def requests(asked: Asked) -> Iterator[Finding]:
    """batch_without_requests, custom_id: what a batch is made of."""
    path = asked.request.path.split("?")[0].rstrip("/")
    if asked.request.method != "POST" or asked.endpoint != BATCHES or path != "/v1/messages/batches":
        return
    given = asked.body.get("requests")
    if not isinstance(given, list) or not given:
        yield error("batch_without_requests", "A batch has a list of requests, with at least one.", path="requests")
        return
    for name in asked.body:
        if name != "requests":
            fix = remove_field(asked.pointer((name,)))
            yield error("unknown_field", f"A batch has no field {name[:60]!r}.", path=name, fix=fix)
    seen: set[str] = set()
    for place, each in asked.objects("requests"):
        ident = each.get("custom_id")
        if not isinstance(ident, str) or not 0 < len(ident) <= MOST_ID_CHARACTERS or ident in seen:
            message = f"custom_id has to be a text of up to {MOST_ID_CHARACTERS} characters, different in each request."
            where = (*place, "custom_id")
            fix = set_field(asked.pointer(where), f"request-{place[-1]}")
            yield error("custom_id", message, path=asked.shown(where), fix=fix)
        else:
            seen.add(ident)


def not_in_batches(asked: Asked) -> Iterator[Finding]:
    """not_in_batches: streams, fallbacks, and requests that only warm the cache."""
    if not asked.is_batched:
        return
    refused = {
        "stream": asked.get("stream") is True,
        "fallbacks": asked.get("fallbacks") is not None,
        "max_tokens": asked.whole("max_tokens") == 0,
    }
    for name in (name for name, holds in refused.items() if holds):
        said = "max_tokens 0" if name == "max_tokens" else name
        pointer = asked.pointer((name,))
        fix = set_field(pointer, 1) if name == "max_tokens" else remove_field(pointer)
        yield error("not_in_batches", f"A message batch refuses {said}.", path=asked.shown((name,)), fix=fix)
