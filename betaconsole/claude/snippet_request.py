"""A request that is to become code: its address, headers and body taken apart the way code writes them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .jsonspelling import JsonError, loads
from .multipart import Part, PartError, decode

OFFICIAL_ORIGIN = "https://api.anthropic.com"
# One argument of a command may have 128 KiB on Linux; what is longer goes to curl through its input or a file.
LONGEST_ARGUMENT_BYTES = 100_000

_MESSAGES_PATH = "/v1/messages"
_PLAIN_QUERY = re.compile(r"(?:[A-Za-z0-9_.-]+=[A-Za-z0-9_.-]+(?:&(?!$)|$))*")


@dataclass(frozen=True)
class SnippetRequest:
    """What is sent, without key and connection. `url` is the whole address, `body` the exact bytes, None without one.

    `content_type` is the body's. Of an upload it is enough to give `body` and `content_type` or `parts`; what its
    files hold is not looked at: code names a file of the same name. `extra` are further headers.
    """

    method: str
    url: str
    betas: tuple[str, ...]
    version: str
    body: bytes | None
    stream: bool
    content_type: str | None = "application/json"
    parts: tuple[Part, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def base_url(self) -> str:
        parts = urlsplit(self.url)
        before, slash, _ = parts.path.partition("/v1/")
        return f"{parts.scheme}://{parts.netloc}{before if slash else ''}"

    @property
    def path(self) -> str:
        """The path from `/v1` on."""
        path = urlsplit(self.url).path
        _, slash, after = path.partition("/v1/")
        return slash + after if slash else path

    @property
    def query(self) -> dict[str, str]:
        """The query's values by name; only of a plain query are they all of it."""
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def has_plain_query(self) -> bool:
        """Whether every way to write the query out again gives the same: each name once, no character encoded."""
        query = urlsplit(self.url).query
        return _PLAIN_QUERY.fullmatch(query) is not None and len(self.query) == len(parse_qsl(query))

    @property
    def target_and_query(self) -> tuple[str, dict[str, str]]:
        """The path and the query by name; a query that would not come out the same stays with the path."""
        if self.path == _MESSAGES_PATH or self.has_plain_query:
            return self.path, self.query
        return f"{self.path}?{urlsplit(self.url).query}", {}

    @property
    def beta_headers(self) -> dict[str, str]:
        return {"anthropic-beta": ",".join(self.betas)} if self.betas else {}

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say what is asked: betas, version, for whom."""
        return {**self.beta_headers, "anthropic-version": self.version, **dict(self.extra)}

    @property
    def text(self) -> str:
        """The body as text."""
        return (self.body or b"").decode("utf-8", "replace")

    @cached_property
    def value(self) -> Any:
        """The body's JSON value; its text where it is no JSON this console reads."""
        try:
            return loads(self.text)
        except JsonError:
            return self.text

    @cached_property
    def upload(self) -> tuple[Part, ...] | None:
        """The parts of an upload, None where the request is none."""
        if self.parts or not (self.content_type or "").lower().startswith("multipart/form-data"):
            return self.parts or None
        try:
            return tuple(decode(self.body or b"", self.content_type or ""))
        except PartError:
            return ()

    @property
    def is_message(self) -> bool:
        """Whether it asks for a message with a JSON object."""
        return self.method == "POST" and self.path == _MESSAGES_PATH and isinstance(self.value, dict)


def text_of_part(part: Part) -> str | None:
    """The value of a field that is short text; None for a file, and for what must come from one."""
    if part.filename or len(part.data) > LONGEST_ARGUMENT_BYTES or b"\0" in part.data:
        return None
    try:
        return part.data.decode()
    except UnicodeDecodeError:
        return None


def local_path(part: Part) -> str:
    """Where code is to read a part from: below the folder it runs in, whatever name a file was uploaded under."""
    name = part.filename or part.name
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        name = re.split(r"[/\\]", name)[-1]
    return name if name not in ("", "-", ".", "..") else "upload"
