"""Where a request goes: method, path and query, checked so that no path leaves the connection's address.

The path and query are kept as typed; `target` is how they stand on the request line.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import unquote

METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD")
MAX_LENGTH = 2_000
MAX_BODY_BYTES = 32 * 1024 * 1024  # of a request; the API refuses a larger one (413)

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_VISIBLE = re.compile(r"[\x21-\x7e]*")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:;[^/]*)?(?=/|$)")  # `..;x` is a dot segment too for some servers
_KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{4,}")
_SHOWN_LENGTH = 80
# RFC 3986: what stands for itself in a path and a query. The HTTP libraries encode the rest, and decode the unreserved.
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]")


class EndpointError(ValueError):
    """A method, path or query that cannot be sent; the message is one plain sentence."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the API. Not checked by itself: what a person or a program gave comes from `check_endpoint`."""

    MESSAGES: ClassVar["Endpoint"]

    method: str = "POST"
    path: str = "/v1/messages"
    query: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def has_body(self) -> bool:
        """Whether its requests have a body."""
        return self.method in _WITH_BODY

    @property
    def is_messages(self) -> bool:
        """Whether a message is what answers, so that a comparison can show blocks, stop reason and usage."""
        return (self.method, self.path) == ("POST", "/v1/messages")

    @property
    def target(self) -> str:
        """Path and query exactly as they stand on the request line."""
        return _ENCODED.sub(_encode, f"{self.path}?{self.query}" if self.query else self.path)

    def url(self, base_url: str) -> str:
        """The whole address on a connection; `base_url` has a scheme, a host and perhaps a path, but no query."""
        return base_url.rstrip("/") + self.target


Endpoint.MESSAGES = Endpoint()


def check_endpoint(method: str, path: str, query: str = "") -> Endpoint:
    """The endpoint, if requests to it stay below the connection's base URL. Raises EndpointError.

    A `?` before the query is dropped. Dot segments are refused however often they are percent-encoded: the HTTP
    library decodes them once, and servers and proxies may again.
    """
    if method not in METHODS:
        raise EndpointError(f"The method {_quoted(method)} is not one of {', '.join(METHODS)}.")
    query = query.removeprefix("?")
    _check_path(path)
    _check_query(query)
    if _KEY.search(_decoded(f"{path}?{query}")):
        raise EndpointError("The address holds what looks like an API key: keys belong into a connection.")
    return Endpoint(method, path, query)


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise EndpointError(f"The path {_quoted(path)} does not begin with a slash: write it like /v1/models.")
    _check_characters("path", path)
    for mark, why in (("?", "the query has a place of its own"), ("#", "it is never sent"), ("\\", "write / instead")):
        if mark in path:
            raise EndpointError(f"The path {_quoted(path)} contains {mark!r}: {why}.")
    if found := _PLACEHOLDER.search(path):
        raise EndpointError(f"The path {_quoted(path)} still holds {found[0]}: put an id in its place.")
    decoded = _decoded(path).replace("\\", "/")
    if decoded.startswith("//"):
        raise EndpointError(f"The path {_quoted(path)} begins with two slashes: that would name another host.")
    if _DOTS.search(decoded):
        raise EndpointError(f"The path {_quoted(path)} contains a segment of dots, which would lead out of the API.")


def _check_query(query: str) -> None:
    _check_characters("query", query)
    if "#" in query:
        raise EndpointError(f"The query {_quoted(query)} contains '#': it is never sent (write %23 for the character).")


def _check_characters(part: str, text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise EndpointError(f"The {part} is too long: {len(text):,} characters, at most {MAX_LENGTH:,}.")
    if not _VISIBLE.fullmatch(text):
        odd = next(character for character in text if not _VISIBLE.fullmatch(character))
        what = "a space" if odd == " " else f"{odd!a}, which is not a visible ASCII character"
        raise EndpointError(f"The {part} {_quoted(text)} contains {what}: write it percent-encoded.")
    if _LONE_PERCENT.search(text):
        raise EndpointError(
            f"The {part} {_quoted(text)} contains a '%' without two hex digits after it: write %25 for it."
        )


def _decoded(text: str) -> str:
    """The text with all percent-encoding undone, however often it was done."""
    while (once := unquote(text, "latin-1")) != text:
        text = once
    return text


def _encode(found: re.Match[str]) -> str:
    """One character or encoded byte in the spelling of RFC 3986, section 6.2.2."""
    if len(found[0]) == 1:
        return f"%{ord(found[0]):02X}"
    character = chr(int(found[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()


def _quoted(text: str) -> str:
    return ascii(text) if len(text) <= _SHOWN_LENGTH else ascii(text[:_SHOWN_LENGTH]) + "…"


@dataclass(frozen=True)
class KnownEndpoint:
    """An endpoint to pick from a list; its path may hold placeholders such as `{id}`."""

    endpoint: Endpoint
    title: str
    takes: Literal["json", "multipart", "nothing"] = "nothing"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in braces in its path, in order: a person puts ids in their place."""
        return tuple(_PLACEHOLDER.findall(self.endpoint.path))

    def fits(self, endpoint: Endpoint) -> bool:
        """Whether `endpoint` is this one with its placeholders filled (query aside)."""
        pattern = "[^/]+".join(map(re.escape, _PLACEHOLDER.split(self.endpoint.path)[::2]))
        return endpoint.method == self.endpoint.method and re.fullmatch(pattern, endpoint.path) is not None


def known_endpoint(endpoint: Endpoint) -> KnownEndpoint | None:
    """The known endpoint this one is, None where it is none."""
    return next((known for known in KNOWN_ENDPOINTS if known.fits(endpoint)), None)


def _known(
    method: str, path: str, title: str, takes: Literal["json", "multipart", "nothing"] = "nothing"
) -> KnownEndpoint:
    return KnownEndpoint(Endpoint(method, path), title, takes)


KNOWN_ENDPOINTS: tuple[KnownEndpoint, ...] = (
    _known("POST", "/v1/messages", "Create a message", "json"),
    _known("POST", "/v1/messages/count_tokens", "Count the tokens of a request", "json"),
    _known("GET", "/v1/models", "List models"),
    _known("GET", "/v1/models/{id}", "One model"),
    _known("POST", "/v1/files", "Upload a file", "multipart"),
    _known("GET", "/v1/files", "List files"),
    _known("GET", "/v1/files/{id}", "What is known of a file"),
    _known("GET", "/v1/files/{id}/content", "Download a file"),
    _known("DELETE", "/v1/files/{id}", "Delete a file"),
    _known("POST", "/v1/skills", "Create a skill", "multipart"),
    _known("GET", "/v1/skills", "List skills"),
    _known("GET", "/v1/skills/{id}", "One skill"),
    _known("DELETE", "/v1/skills/{id}", "Delete a skill with all its versions"),
    _known("POST", "/v1/skills/{id}/versions", "Create a version of a skill", "multipart"),
    _known("GET", "/v1/skills/{id}/versions", "List the versions of a skill"),
    _known("GET", "/v1/skills/{id}/versions/{version}", "One version of a skill"),
    _known("GET", "/v1/skills/{id}/versions/{version}/content", "Download a version of a skill"),
    _known("DELETE", "/v1/skills/{id}/versions/{version}", "Delete a version of a skill"),
    _known("POST", "/v1/messages/batches", "Create a batch of messages", "json"),
    _known("GET", "/v1/messages/batches", "List batches"),
    _known("GET", "/v1/messages/batches/{id}", "One batch"),
    _known("GET", "/v1/messages/batches/{id}/results", "The results of a batch"),
    _known("POST", "/v1/messages/batches/{id}/cancel", "Cancel a batch"),
    _known("DELETE", "/v1/messages/batches/{id}", "Delete a batch"),
    _known("GET", "/v1/agents", "List agents"),
    _known("GET", "/v1/agents/{id}", "One agent"),
    _known("GET", "/v1/sessions", "List sessions of agents"),
    _known("GET", "/v1/sessions/{id}", "One session of an agent"),
    _known("GET", "/v1/environments", "List environments of agents"),
    _known("GET", "/v1/deployments", "List deployments of agents"),
    _known("GET", "/v1/vaults", "List vaults"),
    _known("GET", "/v1/memory_stores", "List memory stores"),
    _known("GET", "/v1/dreams", "List dreams"),
    _known("GET", "/v1/tunnels", "List MCP tunnels"),
    _known("GET", "/v1/user_profiles", "List user profiles"),
    _known("GET", "/v1/organizations/me", "The organization of an admin key"),
    _known("GET", "/v1/organizations/workspaces", "List workspaces (admin key)"),
    _known("GET", "/v1/organizations/api_keys", "List API keys (admin key)"),
    _known("GET", "/v1/organizations/users", "List users (admin key)"),
)
