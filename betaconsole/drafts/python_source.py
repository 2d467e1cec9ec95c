"""A call of the Anthropic SDK in Python source as the request it would send. The code is parsed and never run. Pure."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 5_000_000  # characters
MARKS, MOST_MARKS = ",[{(;=<>.+\n", 300_000  # each may become a value a hundred times its size
TYPED_IN = re.compile(r"^(?:>>> |\.\.\. |[!%].*)", re.MULTILINE)  # a prompt of Python's, a command of a notebook
CALL = re.compile(r"\.(?:messages|batches|models|files|skills|versions)\.(?:[a-z_]+)\(")
WITH_BODY = {
    "messages.create": "/v1/messages",
    "messages.stream": "/v1/messages",
    "messages.count_tokens": "/v1/messages/count_tokens",
    "messages.batches.create": "/v1/messages/batches",
}
WITHOUT_BODY = {
    "messages.batches.list": "GET /v1/messages/batches",
    "messages.batches.retrieve": "GET /v1/messages/batches/{}",
    "messages.batches.results": "GET /v1/messages/batches/{}/results",
    "messages.batches.cancel": "POST /v1/messages/batches/{}/cancel",
    "messages.batches.delete": "DELETE /v1/messages/batches/{}",
    "models.list": "GET /v1/models",
    "models.retrieve": "GET /v1/models/{}",
    "files.list": "GET /v1/files",
    "files.retrieve_metadata": "GET /v1/files/{}",
    "files.download": "GET /v1/files/{}/content",
    "files.delete": "DELETE /v1/files/{}",
    "files.upload": "POST /v1/files",
    "skills.list": "GET /v1/skills",
    "skills.retrieve": "GET /v1/skills/{}",
    "skills.delete": "DELETE /v1/skills/{}",
    "skills.create": "POST /v1/skills",
}
NOT_PYTHON = "This looks like code, but not like Python: paste the request as curl instead."
NOT_IN_BODY = {"betas", "extra_headers", "extra_body", "extra_query", "timeout"}


class SourceError(ValueError):
    """Source that cannot be read as a request; the message is for people."""


@dataclass
class SourceRequest:
    """The request of a call. `left_out` names the arguments that only running the code could tell."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    query: dict[str, Any] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    count: int = 1


def read_source(text: str) -> SourceRequest:
    """The last call of the SDK in the text. Raises `SourceError`."""
    if sum(map(text.count, MARKS)) > MOST_MARKS:
        raise SourceError("This code holds more values than the console reads at once.")
    if len(text) > LONGEST:
        raise SourceError(f"That is {len(text):,} characters of code; at most {LONGEST:,} are read.")
    try:
        tree = ast.parse(TYPED_IN.sub("", text))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise SourceError(NOT_PYTHON) from None
    calls = list(_calls(tree))
    if not calls:
        raise SourceError("No call of the SDK that sends a request was found in this code.")
    name, call = calls[-1]
    request = _request(name, call, _assigned(tree))
    request.count = len(calls)
    return request


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ".".join(part for part in _dotted(node.func)[1:] if part not in ("beta", "with_raw_response", "with_streaming_response"))  # fmt: skip
            if name in WITH_BODY or name in WITHOUT_BODY:
                yield name, node


def _dotted(node: ast.expr) -> list[str]:
    """`client.beta.messages.create` in parts; what comes before the first name counts as one part."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return ["", *parts]


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """What plain names at the top of the code are set to, the last time."""
    return {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }


def _request(name: str, call: ast.Call, names: Mapping[str, ast.expr]) -> SourceRequest:
    given, left_out = _arguments(call, names)
    if name in WITH_BODY and call.args:
        raise SourceError(NOT_PYTHON)  # in other languages one object holds the arguments
    if name in WITH_BODY:
        request = SourceRequest("POST", WITH_BODY[name], left_out=left_out)
        extra = given.get("extra_body")
        request.body = {key: value for key, value in given.items() if key not in NOT_IN_BODY}
        request.body |= extra if isinstance(extra, dict) else {}
        if name == "messages.stream":
            request.body["stream"] = True
    else:
        method, path = WITHOUT_BODY[name].split(" ")
        request = SourceRequest(method, path.replace("{}", _id(call, given, names)), left_out=left_out)
        if method == "GET":
            request.query = {key: value for key, value in given.items() if key not in NOT_IN_BODY and not key.endswith("_id")}  # fmt: skip
    query, headers = given.get("extra_query"), given.get("extra_headers")
    request.query |= query if isinstance(query, dict) else {}
    if isinstance(headers, dict):
        request.headers += [(key, value) for key, value in headers.items() if isinstance(value, str)]
    request.headers += [("anthropic-beta", beta) for beta in _strings(given.get("betas"))]
    return request


def _arguments(call: ast.Call, names: Mapping[str, ast.expr]) -> tuple[dict[str, Any], list[str]]:
    """The named arguments whose value stands in the code, and the names of the others."""
    given: dict[str, Any] = {}
    left_out: list[str] = []
    for argument in call.keywords:
        try:
            value = _value(argument.value, names)
        except ValueError:
            left_out.append(argument.arg or "**")
            continue
        if argument.arg is not None:
            given[argument.arg] = value
        elif isinstance(value, dict):
            given |= value
    return given, left_out


def _value(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    """A plain value, or that of a name that was set to one. ValueError for what only running the code could tell."""
    if isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError from None


def _id(call: ast.Call, given: Mapping[str, Any], names: Mapping[str, ast.expr]) -> str:
    """The id in the parentheses, by place or by name; `{id}` where only running the code could tell."""
    try:
        value = (
            _value(call.args[0], names) if call.args else next((v for k, v in given.items() if k.endswith("_id")), "")
        )
    except ValueError:
        value = ""
    return value if isinstance(value, str) and value else "{id}"


def _strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []
