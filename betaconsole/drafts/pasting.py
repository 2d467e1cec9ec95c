"""A pasted request, whatever it was copied from: its body, its betas, its version. Pure.

Keys never come out of here: headers that carry credentials are dropped and named, and a key in a body is taken out.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint, EndpointError, check_endpoint, known_endpoint
from betaconsole.claude.headers import (
    EXTRA_HEADERS,
    HeaderError,
    check_beta,
    check_extra_header,
    check_version,
    parse_betas,
)

from .curl import STARTS, CurlError, read_curl
from .debug_lines import HTTPX, MARK, DebugLineError, read_debug_lines
from .document import indent_of
from .endpoint_choice import takes
from .facts import BETAS_IN_BODY
from .python_source import CALL, SourceError, read_source

MAX_CHARACTERS = 34_000_000
SECRET_HEADERS = {"x-api-key", "authorization", "proxy-authorization", "cookie"}
OUR_HEADERS = {"content-type", "accept", "accept-encoding", "content-length", "host", "connection"}
KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no page could show it; escaped it is the same JSON
TAKEN_OUT = "[key removed]"
ADDRESS = re.compile(
    r"(?:[a-z+]+://)?(?P<host>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
OFFICIAL = "api.anthropic.com"
POWERSHELL = re.compile(r"\b(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm)\b", re.IGNORECASE)
OLD_BETA_MARK = "beta=true"  # older SDKs add it to the address; the API ignores it
ADD_FILES = "Its files are on the machine it comes from: add them below."
KEY_IN_A_NAME = "a key (sk-ant-…) in the name of a header"
KEY_AMONG_BETAS = "a key (sk-ant-…) among the betas"
MOST_NAMED = 12
ODD_NAME = re.compile(r"[^A-Za-z0-9._-]")


class PasteError(ValueError):
    """Text in which no request can be found; the message is for people and quotes no secret."""


@dataclass(frozen=True)
class Pasted:
    """A request as read. `body_text` is None where it brought none; `version` is empty where it named none.

    `endpoint` is None where nothing said where it went; `headers` are those of claude.headers.EXTRA_HEADERS.

    `dropped` names the secrets that were in it, `not_kept` its other headers, `notes` is what else to know.
    """

    source: str
    body_text: str | None
    betas: tuple[str, ...] = ()
    version: str = ""
    dropped: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    endpoint: Endpoint | None = None
    headers: tuple[tuple[str, str], ...] = ()


def read_request(text: str) -> Pasted:
    """The request in the text: curl, a debug line or a call of the Python SDK, or raw JSON. Raises `PasteError`."""
    if len(text) > MAX_CHARACTERS:
        raise PasteError(f"That is {len(text):,} characters; a request has at most 32 MB.")
    text = _without_fence(text.strip().lstrip("\ufeff"))
    if not text:
        raise PasteError("Nothing was pasted.")
    for fits, read in _READERS:
        if fits(text):
            try:
                return read(text)
            except (CurlError, DebugLineError, SourceError) as error:
                raise PasteError(str(error)) from error
    if HTTPX.search(text):
        raise PasteError(
            "This log line names the request but does not hold it. Set ANTHROPIC_LOG=debug and paste the line that "
            "begins with “Request options”."
        )
    if POWERSHELL.search(text):
        raise PasteError(
            "This is a PowerShell command: copy the request as cURL (bash or cmd) instead, or paste the JSON of its body."
        )
    raise PasteError(
        "This is neither a curl command, nor a call or a “Request options” line of the Python SDK, nor JSON."
    )


def _without_fence(text: str) -> str:
    """The text without the line of three marks before and after it that it has in Markdown."""
    if not text.startswith("```"):
        return text
    return text.partition("\n")[2].rstrip().removesuffix("```").strip()


def _from_json(text: str) -> Pasted:
    return _finished("JSON", text, [])


def _from_debug(text: str) -> Pasted:
    request = read_debug_lines(text)
    notes = [f"The last of {request.count} requests in it was taken."] if request.count > 1 else []
    try:
        body = None if request.body is None else jsontext.dumps(request.body, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise PasteError("The request in the debug line holds values that JSON has no form for.") from None
    went = _went(request.method or "POST", request.url, has_body=body is not None or request.is_form)
    if request.is_form:
        notes.append(ADD_FILES)
    return _finished("debug line", body, request.headers, notes=notes, went=went)


def _from_source(text: str) -> Pasted:
    request = read_source(text)
    notes = [f"The last of {request.count} calls in it was taken."] if request.count > 1 else []
    if request.left_out:
        names = _listed(request.left_out)
        notes.append(f"Left out, as only running the code could tell their values: {names}.")
    try:
        body = None if request.body is None else jsontext.dumps(request.body, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise PasteError("The call in the code holds values that JSON has no form for.") from None
    url = f"{request.path}?{urlencode(request.query, doseq=True)}" if request.query else request.path
    went = _went(request.method, url, has_body=True)
    if went.endpoint and takes(went.endpoint) == "multipart":
        notes.append(ADD_FILES)
    return _finished("call in the code", body, request.headers, notes=notes, went=went)


def _from_curl(text: str) -> Pasted:
    request = read_curl(text)
    notes = [
        f"The body is in the file {_quoted(name)}, which only your shell can read: paste its content as well."
        for name in request.files[:3]
    ]
    went = _went(request.asked_method, request.url, has_body=bool(request.body or request.files or request.is_form))
    if request.is_form:
        is_upload = went.endpoint is not None and takes(went.endpoint) == "multipart"
        notes.append(
            ADD_FILES if is_upload else "Form fields and uploads (-F, -T) were left out: this request takes none."
        )
    if request.expansions:
        names = _listed(request.expansions)
        notes.append(f"The shell would replace {names} in the body; here it stays as written.")
    return _finished("curl command", request.body, request.headers, dropped=request.secrets, notes=notes, went=went)


_READERS: tuple[tuple[Callable[[str], bool], Callable[[str], Pasted]], ...] = (
    (lambda text: text[0] == "{", _from_json),
    (lambda text: MARK in text, _from_debug),
    (lambda text: STARTS.search(text) is not None, _from_curl),
    (lambda text: CALL.search(text) is not None and not HTTPX.search(text), _from_source),
    (lambda text: text[0] == "[" and not HTTPX.search(text), _from_json),
)


def _finished(
    source: str,
    body: str | None,
    headers: Iterable[tuple[str, str]],
    *,
    dropped: Iterable[str] = (),
    notes: Iterable[str] = (),
    went: "_Went | None" = None,
) -> Pasted:
    """Sort the headers, move betas out of the body, take keys out of it; leave a body out where none is taken."""
    went = went or _Went(None)
    sorted_headers = _Headers(dropped, [*notes, *went.notes])
    kind = takes(went.endpoint) if went.endpoint else "json"
    if body is not None and kind != "json":
        body = None
        sorted_headers.notes.append("This request takes no JSON: its body was left out.")
    elif body is None and kind == "json" and not notes:
        sorted_headers.notes.append("No body was in it.")
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
        notes=tuple(dict.fromkeys(sorted_headers.notes))[:MOST_NAMED],
        endpoint=went.endpoint,
        headers=tuple(sorted(sorted_headers.extra.items())),
    )


class _Headers:
    """The headers of a pasted request, sorted into what is used, what is dropped and what is only named."""

    def __init__(self, dropped: Iterable[str], notes: Iterable[str]) -> None:
        self.betas: dict[str, None] = {}
        self.extra: dict[str, str] = {}
        self.version = ""
        self.dropped = list(dropped)
        self.not_kept: list[str] = []
        self.notes = list(notes)

    def take(self, name: str, value: str) -> None:
        if KEY.search(name.lower()):
            self.dropped.append(KEY_IN_A_NAME)
            return
        name = ODD_NAME.sub("?", name.lower())[:60]
        if name in SECRET_HEADERS or KEY.search(value):
            self.dropped.append(f"{'an' if name[:1] in 'aeiox' else 'a'} {name} header")
        elif name == "anthropic-beta":
            for beta in parse_betas(value):
                self.take_beta(beta)
        elif name == "anthropic-version":
            self._take_version(value)
        elif name in EXTRA_HEADERS:
            self._take_extra(name, value)
        elif name and name not in OUR_HEADERS:
            self.not_kept.append(name)

    def take_beta(self, beta: str) -> None:
        if KEY.search(beta):
            self.dropped.append(KEY_AMONG_BETAS)
            return
        try:
            self.betas[check_beta(beta)] = None
        except HeaderError as error:
            self.notes.append(f"{error} It was left out.")

    def _take_extra(self, name: str, value: str) -> None:
        try:
            self.extra.update([check_extra_header(name, value)])
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


@dataclass(frozen=True)
class _Went:
    """Where a pasted request went, None where nothing said so, and what to know about that."""

    endpoint: Endpoint | None
    notes: tuple[str, ...] = ()


def _went(method: str, url: str, *, has_body: bool) -> _Went:
    """The endpoint of an address. What is neither known nor at the API itself is read as a request for messages."""
    origin, path, query = _split_url(url)
    if not path:
        return _Went(None)
    start = path.find("/v1/")
    path, other = (path[start:], "") if start >= 0 else (path, path)
    query = "" if query == OLD_BETA_MARK else query
    try:
        is_post = path == Endpoint.MESSAGES.path and not has_body
        endpoint = check_endpoint("POST" if is_post else method, path, query)
    except EndpointError as error:
        return _Went(None, (f"{KEY.sub('sk-ant-…', str(error))} It goes where this draft goes.",))
    if known_endpoint(endpoint) or (origin in ("", OFFICIAL) and not other):
        return _Went(endpoint)
    return _Went(Endpoint.MESSAGES, (f"It was made for {_quoted(path)}; from here it goes to /v1/messages.",))


def _split_url(url: str) -> tuple[str, str, str]:
    """Host, path and query of an address; a path alone has no host."""
    found = ADDRESS.fullmatch(url)
    return (found["host"].lower(), found["path"], found["query"] or "") if found else ("", "", "")


def _named(names: list[str]) -> tuple[str, ...]:
    """The names once each; a crowd of telemetry headers as one."""
    telemetry = [name for name in names if name.startswith("x-stainless-")]
    found = list(dict.fromkeys(name for name in names if name not in telemetry))
    if telemetry:
        found.append("x-stainless-*")
    return (*found[:MOST_NAMED], f"{len(found) - MOST_NAMED} more") if len(found) > MOST_NAMED else tuple(found)


def _listed(texts: Iterable[str]) -> str:
    """The first of them, each once."""
    names = list(dict.fromkeys(map(_quoted, texts)))
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _quoted(text: str) -> str:
    shown = KEY.sub("sk-ant-…", text)
    return ascii(shown[:60])[1:-1] + ("…" if len(shown) > 60 else "")
