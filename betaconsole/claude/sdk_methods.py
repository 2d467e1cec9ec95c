"""What the Anthropic SDK for Python 2.12 has methods for, and what they take by name: tests hold it against the SDK."""

import re
from collections.abc import Mapping
from typing import NamedTuple

Fields = Mapping[str, tuple[type, ...]]

# What `messages.create` takes by name, and the types in JSON under which it passes a value on.
STABLE_FIELDS: Fields = {
    "model": (str,),
    "max_tokens": (int,),
    "messages": (list,),
    "cache_control": (dict,),
    "container": (str, dict),
    "diagnostics": (dict,),
    "inference_geo": (str,),
    "metadata": (dict,),
    "output_config": (dict,),
    "service_tier": (str,),
    "speed": (str,),
    "stop_sequences": (list,),
    "stream": (bool,),
    "system": (str, list),
    "thinking": (dict,),
    "tool_choice": (dict,),
    "tools": (list,),
}
# What `beta.messages.create` takes besides.
BETA_FIELDS: Fields = {
    "billing_policy": (dict,),
    "compaction": (dict,),
    "context_management": (dict,),
    "fallback_credit_token": (str, dict),
    "fallbacks": (str, list),
    "mcp_servers": (list,),
    "thread": (dict,),
}
# What `messages.count_tokens` takes, and what `beta.messages.count_tokens` takes besides.
COUNT_FIELDS: Fields = {
    name: STABLE_FIELDS[name]
    for name in (
        "model",
        "messages",
        "cache_control",
        "output_config",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    )
}
BETA_COUNT_FIELDS: Fields = {
    name: BETA_FIELDS[name] for name in ("billing_policy", "compaction", "context_management", "mcp_servers")
}

_ID = r"/(?!\.+(?:/|$))([A-Za-z0-9_.-]+)"


class SdkMethod(NamedTuple):
    """A method that sends this: its name below `client` or `client.beta`, and what stands in its parentheses for ids."""

    name: str
    positional: str = ""
    named: Mapping[str, str] = {}


# (method of HTTP, pattern of the path, method of the SDK). A path may hold ids that the SDK would write the same way.
# Not here: what the SDK asks with two requests (results of a batch), or with betas of its own (managed agents).
_BODILESS = (
    ("GET", "/v1/models", "models.list"),
    ("GET", f"/v1/models{_ID}", "models.retrieve"),
    ("GET", "/v1/files", "files.list"),
    ("GET", f"/v1/files{_ID}", "files.retrieve_metadata"),
    ("GET", f"/v1/files{_ID}/content", "files.download"),
    ("DELETE", f"/v1/files{_ID}", "files.delete"),
    ("GET", "/v1/skills", "skills.list"),
    ("GET", f"/v1/skills{_ID}", "skills.retrieve"),
    ("DELETE", f"/v1/skills{_ID}", "skills.delete"),
    ("GET", f"/v1/skills{_ID}/versions", "skills.versions.list"),
    ("GET", f"/v1/skills{_ID}/versions{_ID}", "skills.versions.retrieve"),
    ("DELETE", f"/v1/skills{_ID}/versions{_ID}", "skills.versions.delete"),
    ("GET", "/v1/messages/batches", "messages.batches.list"),
    ("GET", f"/v1/messages/batches{_ID}", "messages.batches.retrieve"),
    ("POST", f"/v1/messages/batches{_ID}/cancel", "messages.batches.cancel"),
    ("DELETE", f"/v1/messages/batches{_ID}", "messages.batches.delete"),
)
_UPLOADS = (
    ("POST", "/v1/files", "files.upload"),
    ("POST", "/v1/skills", "skills.create"),
    ("POST", f"/v1/skills{_ID}/versions", "skills.versions.create"),
)


def bodiless_method(http_method: str, path: str) -> SdkMethod | None:
    """The SDK's method for a request without a body, None where it has none that sends the same."""
    return _find(_BODILESS, http_method, path)


def upload_method(http_method: str, path: str) -> SdkMethod | None:
    """The SDK's method for an upload to this path."""
    return _find(_UPLOADS, http_method, path)


def _find(table: tuple[tuple[str, str, str], ...], http_method: str, path: str) -> SdkMethod | None:
    for method, pattern, name in table:
        if method == http_method and (found := re.fullmatch(pattern, path)):
            *parents, last = ("", *found.groups())
            return SdkMethod(name, last, {"skill_id": parents[-1]} if len(parents) > 1 else {})
    return None
