"""From a beta that acts on another endpoint to a draft that compares there, with it and without: "compare there"."""

from typing import Any

from betaconsole.catalogue.checks.endpoints import BATCHES, endpoint_word
from betaconsole.catalogue.evidence.reading import json_of
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts import starting
from betaconsole.drafts.columns import Column, new_key
from betaconsole.drafts.endpoint_choice import takes
from betaconsole.drafts.labels import split_name
from betaconsole.drafts.models import Draft, Engine
from betaconsole.runs.models import Exchange
from betaconsole.teams.models import User

ONLY_IN_MESSAGES = ("max_tokens", "stream")


def draft_there(exchange: Exchange, *, beta: str, there: str, author: User) -> Draft:
    """A new draft of two columns for `there` (`GET /v1/files`), as `Outcome.there` names it.

    What acts on batches is compared in batches of messages.
    """
    comparison = exchange.comparison
    method, _, path = there.partition(" ")
    in_batches = endpoint_word(path) == BATCHES
    endpoint = Endpoint.MESSAGES if in_batches else Endpoint(method, path)
    return starting.from_comparison_parts(
        comparison.team,
        author,
        body_text=_body_text(exchange, endpoint),
        columns=[Column(key=new_key()), Column(key=new_key(), name=f"+ {split_name(beta)[0]}", betas=(beta,))],
        version=comparison.anthropic_version,
        repeats=1,
        connection=comparison.connection,
        title=f"What does {split_name(beta)[0]} do?"[:200],
        endpoint=endpoint,
        engine=Engine.BATCH if in_batches else Engine.LIVE,
    )


def _body_text(exchange: Exchange, endpoint: Endpoint) -> str:
    """The request's own body where the endpoint takes one like it; else what a new draft starts with, or nothing."""
    if takes(endpoint) != "json":
        return ""
    if not exchange.answers_message or exchange.request_body is None:
        return starting.blank_body()
    data = bytes(exchange.request_body.data)
    if endpoint.is_messages or not isinstance(json_of(data), dict):
        return data.decode("utf-8", "replace")
    body: Any = jsontext.loads(data.decode())
    return jsontext.dumps({name: value for name, value in body.items() if name not in ONLY_IN_MESSAGES}, indent=2)
