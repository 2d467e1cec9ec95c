"""Which endpoint a request asks, in the words of betas.toml."""

from __future__ import annotations

MESSAGES, COUNT_TOKENS, BATCHES = "messages", "messages.count_tokens", "messages.batches"
# Where a body for messages is sent, alone or among others.
PROMPTED = (MESSAGES, COUNT_TOKENS, BATCHES)
SHOWN = {
    MESSAGES: "Messages",
    COUNT_TOKENS: "count_tokens",
    BATCHES: "message batches",
    "user_profiles": "user profiles",
    "memory_stores": "memory stores",
    "deployment_runs": "deployment runs",
    "admin": "the Admin API",
    "oauth": "the token exchange",
    "all": "all endpoints",
}
_FIRST_SEGMENTS = frozenset(
    {"files", "skills", "models", "agents", "environments", "sessions", "deployments", "deployment_runs", "vaults"}
    | {"memory_stores", "dreams", "tunnels", "user_profiles", "oauth"}
)


def endpoint_word(path: str) -> str:
    """The word for the endpoint at this path; empty for one that the catalogue does not know. A query is left aside."""
    segments = path.split("?")[0].strip("/").split("/")
    if segments[:1] != ["v1"] or len(segments) < 2:
        return ""
    if segments[1] == "messages":
        if len(segments) == 2:
            return MESSAGES
        return f"messages.{segments[2]}" if segments[2] in ("count_tokens", "batches") else ""
    if segments[1] == "organizations":
        return "admin"
    return segments[1] if segments[1] in _FIRST_SEGMENTS else ""


def shown_endpoint(word: str) -> str:
    """The word as people read it."""
    return SHOWN.get(word, word)
