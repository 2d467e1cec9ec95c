"""A pasted request, whatever it was copied from: its body, its betas, its version. Pure.

Keys never come out of here: headers that carry credentials are dropped and named, and a key in a body is taken out.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.headers import HeaderError, check_beta, check_version, parse_betas

from .curl import STARTS, CurlError, read_curl
from .debug_lines import HTTPX, MARK, DebugLineError, read_debug_lines
from .document import indent_of
from .facts import BETAS_IN_BODY

MAX_CHARACTERS = 34_000_000
SECRET_HEADERS = {"x-api-key", "authorization", "proxy-authorization", "cookie"}
OUR_HEADERS = {"content-type", "accept", "accept-encoding", "content-length", "host", "connection"}
KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no page could show it; escaped it is the same JSON
TAKEN_OUT = "[key removed]"
MOST_NAMED = 12
ODD_NAME = re.compile(r"[^A-Za-z0-9._-]")


class PasteError(ValueError):
    """Text in which no request can be found; the message is for people and quotes no secret."""


@dataclass(frozen=True)
class Pasted:
    """A request as read. `body_text` is None where it brought none; `version` is empty where it named none.

    `dropped` names the secrets that were in it, `not_kept` its other headers, `notes` is what else to know.
    """

    source: str
    body_text: str | None
    betas: tuple[str, ...] = ()
    version: str = ""
    dropped: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_request(text: str) -> Pasted:
    """The request in the text: a curl command, a debug line of the Python SDK, or raw JSON. Raises `PasteError`."""
    if len(text) > MAX_CHARACTERS:
        raise PasteError(f"That is {len(text):,} characters; a request has at most 32 MB.")
    text = text.strip().lstrip("\ufeff")
    if not text:
        raise PasteError("Nothing was pasted.")
    for fits, read in _READERS:
        if fits(text):
            try:
                return read(text)
            except (CurlError, DebugLineError) as error:
                raise PasteError(str(error)) from error
    if HTTPX.search(text):
        raise PasteError(
            "This log line names the request but does not hold it. Set ANTHROPIC_LOG=debug and paste the line that "
            "begins with “Request options”."
        )
    raise PasteError("This is neither a curl command, nor a “Request options” line of the Python SDK, nor JSON.")


def _from_json(text: str) -> Pasted:
    return _finished("JSON", text, [])


def _from_debug(text: str) -> Pasted:
    request = read_debug_lines(text)
    notes = [f"The last of {request.count} requests in it was taken."] if request.count > 1 else []
    try:
        body = None if request.body is None else jsontext.dumps(request.body, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise PasteError("The request in the debug line holds values that JSON has no form for.") from None
    if body is None:
        notes.append("No body was in it.")
    return _finished("debug line", body, request.headers, notes=[*notes, *_about_url(request.url)])


def _from_curl(text: str) -> Pasted:
    request = read_curl(text)
    notes = [
        f"The body is in the file {_quoted(name)}, which only your shell can read: paste its content as well."
        for name in request.files[:3]
    ]
    if request.is_form:
        notes.append("Form fields and uploads (-F, -T) are not part of a Messages request and were left out.")
    if request.expansions:
        names = ", ".join(dict.fromkeys(_quoted(name) for name in request.expansions))
        notes.append(f"The shell would replace {names} in the body; here it stays as written.")
    if request.body is None and not notes:
        notes.append("No body was in it.")
    notes += _about_url(request.url)
    return _finished("curl command", request.body, request.headers, dropped=request.secrets, notes=notes)


_READERS: tuple[tuple[Callable[[str], bool], Callable[[str], Pasted]], ...] = (
    (lambda text: text[0] == "{", _from_json),
    (lambda text: MARK in text, _from_debug),
    (lambda text: STARTS.search(text) is not None, _from_curl),
    (lambda text: text[0] == "[" and not HTTPX.search(text), _from_json),
)


def _finished(
    source: str,
    body: str | None,
    headers: Iterable[tuple[str, str]],
    *,
    dropped: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Pasted:
    """Sort the headers, move betas out of the body, take keys out of it."""
    sorted_headers = _Headers(dropped, notes)
    for name, value in headers:
        sorted_headers.take(name, value)
    if body is not None:
        body = LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", body)
    text, inside = (None, ()) if body is None else betas_moved_out(body)
    for name in inside:
        sorted_headers.take_beta(name)
    if inside:
        sorted_headers.notes.append("The betas in its body became the header of column A.")
    if text is not None and KEY.search(text):
        text = KEY.sub(TAKEN_OUT, text)
        sorted_headers.dropped.append("a key (sk-ant-…) in the body")
    return Pasted(
        source=source,
        body_text=text,
        betas=tuple(sorted_headers.betas),
        version=sorted_headers.version,
        dropped=tuple(dict.fromkeys(sorted_headers.dropped)),
        not_kept=_named(sorted_headers.not_kept),
        notes=tuple(sorted_headers.notes),
    )


class _Headers:
    """The headers of a pasted request, sorted into what is used, what is dropped and what is only named."""

    def __init__(self, dropped: Iterable[str], notes: Iterable[str]) -> None:
        self.betas: dict[str, None] = {}
        self.version = ""
        self.dropped = list(dropped)
        self.not_kept: list[str] = []
        self.notes = list(notes)

    def take(self, name: str, value: str) -> None:
        name = ODD_NAME.sub("?", name.lower())[:60]
        if name in SECRET_HEADERS or KEY.search(value):
            self.dropped.append(f"{'an' if name[:1] in 'aeiox' else 'a'} {name} header")
        elif name == "anthropic-beta":
            for beta in parse_betas(value):
                self.take_beta(beta)
        elif name == "anthropic-version":
            self._take_version(value)
        elif name and name not in OUR_HEADERS:
            self.not_kept.append(name)

    def take_beta(self, beta: str) -> None:
        try:
            self.betas[check_beta(beta)] = None
        except HeaderError as error:
            self.notes.append(f"{error} It was left out.")

    def _take_version(self, value: str) -> None:
        try:
            self.version = check_version(value)
        except HeaderError as error:
            self.notes.append(f"{error} It was left out.")


def betas_moved_out(text: str) -> tuple[str, tuple[str, ...]]:
    """The body text without `betas` and `anthropic_beta`, and the names they held; a text that is no object stays."""
    try:
        body = jsontext.loads(text)
    except jsontext.JsonError:
        return text, ()
    if not isinstance(body, dict) or not any(name in body for name in BETAS_IN_BODY):
        return text, ()
    inside: list[str] = []
    for field in BETAS_IN_BODY:
        inside += _beta_names(body.pop(field, None))
    return jsontext.dumps(body, indent=indent_of(text)), tuple(inside)


def _beta_names(value: Any) -> list[str]:
    if isinstance(value, str):
        return list(parse_betas(value))
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _about_url(url: str) -> list[str]:
    """A word where the request went elsewhere than the Messages endpoint."""
    path = re.sub(r"^(?:[a-z+]+://)?[^/?#]*", "", url, flags=re.IGNORECASE).split("?")[0].split("#")[0]
    if not path or path.rstrip("/").endswith("/v1/messages"):
        return []
    return [f"It was made for {_quoted(path)}; from here it goes to /v1/messages."]


def _named(names: list[str]) -> tuple[str, ...]:
    """The names once each; a crowd of telemetry headers as one."""
    telemetry = [name for name in names if name.startswith("x-stainless-")]
    found = list(dict.fromkeys(name for name in names if name not in telemetry))
    if telemetry:
        found.append("x-stainless-*")
    return (*found[:MOST_NAMED], f"{len(found) - MOST_NAMED} more") if len(found) > MOST_NAMED else tuple(found)


def _quoted(text: str) -> str:
    shown = KEY.sub("sk-ant-…", text)
    return ascii(shown[:60])[1:-1] + ("…" if len(shown) > 60 else "")
