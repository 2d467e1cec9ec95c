"""Pointing a draft at another endpoint: its body for messages is put aside, and comes back with them."""

from collections.abc import Iterable
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint, known_endpoint

from .endpoint_choice import COUNTED_FIELDS, is_batches, is_count, takes
from .models import Draft, OwnBody


def moved(draft: Draft, endpoint: Endpoint) -> tuple[dict[str, Any], str | None]:
    """The values to set on the draft and its new body text (None: it stays).

    The body text is the one for messages unless `messages_body` names that; an endpoint without a JSON body leaves both.
    """
    values = {"method": endpoint.method, "path": endpoint.path, "query": endpoint.query}
    if endpoint.is_messages:
        if not draft.messages_body:
            return values, None
        return {**values, "messages_body": ""}, _kept_text(draft)
    if takes(endpoint) != "json" or _is_alike(draft, endpoint):
        return values, None
    for_messages = _kept_text(draft) if draft.messages_body else draft.body_text
    digest = draft.messages_body or OwnBody.keep(draft, draft.body_text)
    return {**values, "messages_body": digest}, first_body(endpoint, for_messages)


def _is_alike(draft: Draft, endpoint: Endpoint) -> bool:
    """Whether the body text is one for that endpoint already: only an id or the query differs."""
    return bool(draft.messages_body) and known_endpoint(draft.endpoint) == known_endpoint(endpoint)


def _kept_text(draft: Draft) -> str:
    return OwnBody.objects.get(draft=draft, digest=draft.messages_body).text


def first_body(endpoint: Endpoint, for_messages: str) -> str:
    """What the body of another endpoint begins with, made from the one for messages where that helps."""
    if is_count(endpoint):
        return for_messages
    if is_batches(endpoint):
        try:
            params = jsontext.loads(for_messages)
        except jsontext.JsonError:
            params = {}
        if isinstance(params, dict):
            params = {name: value for name, value in params.items() if name != "stream"}
        return jsontext.dumps({"requests": [{"custom_id": "one", "params": params}]}, indent=2)
    return "{}"


def not_counted(fields: Iterable[str]) -> list[str]:
    """The fields of a body for messages that count_tokens refuses."""
    return [name for name in fields if name not in COUNTED_FIELDS]


def without_uncounted(body: dict[str, Any]) -> None:
    """Leave in the body, in place, what count_tokens takes."""
    for name in not_counted(list(body)):
        del body[name]
