"""One line of a log, or one JSON document: the Messages requests in it, whatever they are wrapped in. Pure.

Read: a request body; one in `body`, `params` (a line of a batch), `request`, `json`, `json_data` or `data`, as an object
or as its text; a HAR file; an array of such things; and a “Request options” line of the Python SDK. What our own API
gives out for an exchange is one of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.headers import parse_betas

from .debug_lines import MARK, DebugLineError, read_debug_lines
from .facts import BETAS_IN_BODY

DEEPEST_WRAPPING = 6
MOST_MARKS = 2_000_000  # commas and brackets: each may become a value a hundred times its size
MOST_MARKS_IN_DEBUG = 300_000
INSIDE = ("body", "params", "request", "json", "json_data", "data", "request_body", "payload", "text")
KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
KEY_TAKEN_OUT = "[key removed]"
LONGEST_NAME = 120
_MESSAGES = re.compile(r"(?:^|/)v1/messages/?$")


class NoRequest(ValueError):
    """Nothing to import here; the message is a few words that say why."""


@dataclass(frozen=True)
class Found:
    """A request body. `text` is its JSON as it stood, or as near as its wrapping lets us come; `name` is its own, if any."""

    text: str
    body: dict[str, Any]
    name: str = ""
    betas: tuple[str, ...] = ()
    had_key: bool = False


def read_line(text: str) -> tuple[list[Found], list[str]]:
    """The requests in one line or document, and why others in it were passed over. Raises `NoRequest` where there is none."""
    text = text.strip().lstrip("\ufeff")
    if MARK in text:
        return [_from_debug(text)], []
    if text[:1] not in ("{", "["):
        raise NoRequest("no JSON")
    reader = _Reader()
    found = list(reader.requests(_parsed(text), text, ()))
    if not found:
        raise NoRequest(reader.passed[0] if reader.passed else "no Messages request in it")
    return found, reader.passed


def is_body(value: Any) -> bool:
    """Whether this looks like the body of a Messages request."""
    has_messages = isinstance(value, dict) and isinstance(value.get("messages"), list)
    return has_messages and ("model" in value or "max_tokens" in value)


def _parsed(text: str) -> Any:
    if sum(map(text.count, ",[{")) > MOST_MARKS:
        raise NoRequest("more values in it than the console reads at once")
    try:
        return jsontext.loads(text)
    except jsontext.JsonError as error:
        where = f"line {error.line}, column {error.column}" if error.line > 1 else f"column {error.column}"
        raise NoRequest(f"not JSON: {error.message} ({where})") from None


def _from_debug(text: str) -> Found:
    line = text[text.rindex(MARK) :]
    if sum(map(line.count, ",[{(")) > MOST_MARKS_IN_DEBUG:
        raise NoRequest("more values in it than the console reads at once")
    try:
        request = read_debug_lines(line)
    except DebugLineError as error:
        raise NoRequest(str(error).rstrip(".")) from None
    if request.body is None or not _is_messages(request.url):
        raise NoRequest("no Messages request in it")
    betas = parse_betas(",".join(value for name, value in request.headers if name.lower() == "anthropic-beta"))
    try:
        text = jsontext.dumps(request.body)
        return _found(text, _parsed(text), "", betas)
    except (TypeError, ValueError, RecursionError):
        raise NoRequest("values that JSON has no form for") from None


class _Reader:
    """Looks for requests in a value; `passed` says why some in it are none of ours."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def requests(
        self, value: Any, text: str | None, betas: tuple[str, ...], *, name: str = "", depth: int = 0
    ) -> Iterator[Found]:
        """Every request in a value; `text` is its own JSON text where that is at hand."""
        if depth > DEEPEST_WRAPPING:
            return
        if isinstance(value, str):
            yield from self._in_text(value, betas, name=name, depth=depth)
        elif isinstance(value, list):
            for item in value:
                yield from self.requests(item, None, betas, depth=depth + 1)
        elif is_body(value):
            yield _found(jsontext.dumps(value) if text is None else text, value, name, betas)
        elif isinstance(value, dict):
            yield from self._in_wrapping(value, betas, name=name, depth=depth)

    def _in_text(self, value: str, betas: tuple[str, ...], *, name: str, depth: int) -> Iterator[Found]:
        """A body that a log kept as text."""
        inner = value.strip()
        if inner[:1] != "{":
            return
        try:
            parsed = _parsed(inner)
        except NoRequest as reason:
            self.passed.append(str(reason))
            return
        yield from self.requests(parsed, inner, betas, name=name, depth=depth + 1)

    def _in_wrapping(self, value: dict[str, Any], betas: tuple[str, ...], *, name: str, depth: int) -> Iterator[Found]:
        if not _is_messages(target := _target(value)):
            self.passed.append(f"a request to {ascii(_path(target))[1:-1][:60]}")
            return
        named = value.get("custom_id")
        name = named[:LONGEST_NAME] if isinstance(named, str) and named else name
        betas = (*betas, *_betas_of(value.get("headers")))
        if isinstance(log := value.get("log"), dict) and isinstance(log.get("entries"), list):
            for entry in log["entries"]:
                yield from self._in_entry(entry, depth)
        elif isinstance(requests := value.get("requests"), list):
            yield from self.requests(requests, None, betas, depth=depth + 1)
        else:
            yield from self._in_first_of(value, betas, name=name, depth=depth)

    def _in_first_of(self, value: dict[str, Any], betas: tuple[str, ...], *, name: str, depth: int) -> Iterator[Found]:
        """The first of the usual fields that holds a request."""
        for field in INSIDE:
            if isinstance(inner := value.get(field), dict | str | list):
                found = list(self.requests(inner, None, betas, name=name, depth=depth + 1))
                yield from found
                if found:
                    return

    def _in_entry(self, entry: Any, depth: int) -> Iterator[Found]:
        """A request in a HAR file; the others of a page's many are passed over without a word."""
        request = entry.get("request") if isinstance(entry, dict) else None
        sent = request.get("postData") if isinstance(request, dict) else None
        if isinstance(request, dict) and isinstance(sent, dict) and _is_messages(str(request.get("url", ""))):
            text = sent.get("text")
            yield from self.requests(text, None, _betas_of(request.get("headers")), depth=depth + 1)


def _target(value: dict[str, Any]) -> str:
    """Where the request went, as far as is said."""
    return next((value[name] for name in ("url", "path") if isinstance(value.get(name), str)), "")


def _is_messages(url: str) -> bool:
    return not url or _MESSAGES.search(_path(url)) is not None


def _path(url: str) -> str:
    return re.sub(r"^[a-z+]+://[^/?#]*", "", url, flags=re.IGNORECASE).split("?")[0].split("#")[0]


def _betas_of(headers: Any) -> tuple[str, ...]:
    """The betas that recorded headers name: an object, pairs, or the objects with name and value of a HAR file."""
    if isinstance(headers, dict):
        pairs = list(headers.items())
    elif isinstance(headers, list):
        pairs = [(one.get("name"), one.get("value")) if isinstance(one, dict) else one for one in headers]
    else:
        return ()
    values = [
        pair[1]
        for pair in pairs
        if isinstance(pair, list | tuple) and len(pair) == 2 and str(pair[0]).lower() == "anthropic-beta"
    ]
    return parse_betas(",".join(value for value in values if isinstance(value, str)))


def _found(text: str, body: dict[str, Any], name: str, betas: tuple[str, ...]) -> Found:
    """The body without what no body may hold: betas, which are a header, and keys."""
    if any(field in body for field in BETAS_IN_BODY):
        body = dict(body)
        for field in BETAS_IN_BODY:
            betas = (*betas, *_names(body.pop(field, None)))
        text = jsontext.dumps(body)
    had_key = KEY.search(text) is not None
    if had_key:
        text = KEY.sub(KEY_TAKEN_OUT, text)
        body = jsontext.loads(text)  # type: ignore[assignment]
    return Found(text, body, name, tuple(dict.fromkeys(betas)), had_key)


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return parse_betas(value)
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
