"""What the Python SDK prints with ANTHROPIC_LOG=debug: `Request options: {…}`, a Python dictionary on one line. Pure."""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

MARK = "Request options:"
HTTPX = re.compile(r"HTTP Request: (?:POST|GET) \S+ \"HTTP/")
DEEPEST = 200
MOST_MARKS = 500_000  # commas, colons and brackets outside of strings: each may become a value a hundred times its size
# A string that never ends is all the rest: it is read once only.
_TOKEN = re.compile(
    r"""(?P<string>[bru]?'(?:[^'\\]++|\\.)*+'?|[bru]?"(?:[^"\\]++|\\.)*+"?)|(?P<open>[{\[(])|(?P<close>[}\])])|(?P<mark>[,:])""",
    re.DOTALL,
)


class DebugLineError(ValueError):
    """A debug line that cannot be read; the message is for people."""


@dataclass
class DebugRequest:
    """The request of a debug line; `taken` of `count` says which one of several it is."""

    url: str = ""
    method: str = ""
    is_form: bool = False  # an upload: what it takes along is not in the line
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: dict[str, Any] | None = None
    count: int = 1


def read_debug_lines(text: str) -> DebugRequest:
    """The last request printed in the text. Raises `DebugLineError`."""
    begin = text.rindex(MARK) + len(MARK)
    fields = _members(text, begin)
    request = DebugRequest(count=text.count(MARK))
    url = _value(fields.get("url", "''"))
    request.url = url if isinstance(url, str) else ""
    method = _value(fields.get("method", "''"))
    request.method = method.upper() if isinstance(method, str) else ""
    request.is_form = fields.get("files", "None") not in ("None", "[]", "{}")
    headers = _value(fields.get("headers", "{}"))
    if isinstance(headers, dict):
        request.headers = [(str(name), value) for name, value in headers.items() if isinstance(value, str)]
    body, extra = _value(fields.get("json_data", "None")), _value(fields.get("extra_json", "None"))
    if isinstance(body, dict):
        request.body = {**body, **extra} if isinstance(extra, dict) else body
    return request


def _members(text: str, begin: int) -> dict[str, str]:
    """The source of each value in the dictionary that begins there, by key; values are not looked into."""
    members: dict[str, str] = {}
    depth, key, value_at, last_string, marks = 0, "", 0, "", 0
    for token in _TOKEN.finditer(text, begin):
        marks += not token["string"]
        if marks > MOST_MARKS:
            raise DebugLineError("The request holds more values than the console reads at once.")
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif depth == 1 and token["string"]:
            last_string = token["string"]
        elif depth == 1 and token["mark"] == ":" and not key:
            key, value_at = last_string.strip("'\""), token.end()
        if key and (depth == 0 or (depth == 1 and token["mark"] == ",")):
            members[key] = text[value_at : token.start()].strip()
            key = ""
        if depth == 0:
            return members
        if depth > DEEPEST:
            raise DebugLineError(f"The request is nested more than {DEEPEST} levels deep.")
    raise DebugLineError("The line with “Request options” is cut off: its braces never close.")


def _value(source: str) -> Any:
    """A plain Python value; None for what only code could make."""
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if source.startswith("{"):
            raise DebugLineError("The request in the debug line holds values that are not plain data.") from None
        return None
