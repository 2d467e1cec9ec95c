"""A request as code for the Python SDK: through the method it has for it, else through its general ones."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .headers import DEFAULT_VERSION
from .jsonspelling import Integer
from .literals import PYTHON, Source, literal
from .multipart import Part
from .sdk_methods import (
    BETA_COUNT_FIELDS,
    BETA_FIELDS,
    COUNT_FIELDS,
    STABLE_FIELDS,
    Fields,
    bodiless_method,
    upload_method,
)
from .snippet_request import OFFICIAL_ORIGIN, SnippetRequest, local_path, text_of_part

# Past this the SDK refuses a call that is not streamed unless it is given a timeout (some models: 8,192 tokens).
_LONG_ANSWER_TOKENS = 8_192
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SECONDS = re.compile(rb"[1-9][0-9]{0,8}")


def python_beta(call: SnippetRequest) -> str:
    """The request through `client.beta…(betas=[…])`."""
    return _python(call, beta=True)


def python_headers(call: SnippetRequest) -> str:
    """The request through `client…(extra_headers={"anthropic-beta": …})`."""
    return _python(call, beta=False)


def _python(call: SnippetRequest, *, beta: bool) -> str:
    if call.is_message and _is_sendable(call.value, "model", "max_tokens", "messages"):
        return _message(call, beta=beta)
    if not call.has_plain_query:
        return _general(call)
    if call.upload is not None:
        return _upload(call, beta=beta)
    if call.body is None:
        return _bodiless(call, beta=beta)
    if call.method == "POST" and call.path == "/v1/messages/count_tokens":
        return _count(call, beta=beta)
    if call.method == "POST" and call.path == "/v1/messages/batches":
        return _batch(call, beta=beta)
    return _general(call)


def _message(call: SnippetRequest, *, beta: bool) -> str:
    arguments, rest = _arguments(call.value, {**STABLE_FIELDS, **BETA_FIELDS} if beta else STABLE_FIELDS)
    given = arguments | _extras(call, beta=beta, rest=rest)
    is_stream = arguments.get("stream") is True
    if not is_stream and arguments["max_tokens"] > _LONG_ANSWER_TOKENS:
        given["timeout"] = 3600  # without one the SDK refuses long answers that are not streamed
    result, then = ("stream", "for event in stream:\n    print(event)") if is_stream else ("message", "print(message)")
    return f"{_opening(call)}{result} = {_called(_name('messages.create', beta=beta), given)}\n{then}\n"


def _count(call: SnippetRequest, *, beta: bool) -> str:
    """The method under `client.beta` adds a beta of its own unless the header is given."""
    if not isinstance(call.value, dict) or not _is_sendable(call.value, "model", "messages"):
        return _general(call)
    beta = beta and bool(call.betas)
    arguments, rest = _arguments(call.value, {**COUNT_FIELDS, **BETA_COUNT_FIELDS} if beta else COUNT_FIELDS)
    given = arguments | _extras(call, beta=False, rest=rest)
    return _asking(call, _called(_name("messages.count_tokens", beta=beta), given))


def _batch(call: SnippetRequest, *, beta: bool) -> str:
    body = call.value
    if not isinstance(body, dict) or not isinstance(body.get("requests"), list) or not _is_sayable(body):
        return _general(call)
    arguments, rest = _arguments(body, {"requests": (list,)})
    given = arguments | _extras(call, beta=beta, rest=rest)
    return _asking(call, _called(_name("messages.batches.create", beta=beta), given))


def _bodiless(call: SnippetRequest, *, beta: bool) -> str:
    method = bodiless_method(call.method, call.path)
    if method is None:
        return _general(call)
    given = {**method.named, **_extras(call, beta=beta)}
    answer = "answer.read()" if method.name == "files.download" else "answer"
    return _asking(call, _called(_name(method.name, beta=beta), given, method.positional), answer)


def _upload(call: SnippetRequest, *, beta: bool) -> str:
    method = upload_method(call.method, call.path)
    arguments = _file_arguments(call.upload or ()) if method else None
    if method is None or arguments is None or ("file" in arguments) != (method.name == "files.upload"):
        return _general(call)
    given = {**arguments, **_extras(call, beta=beta)}
    return _asking(call, _called(_name(method.name, beta=beta), given, method.positional))


def _file_arguments(parts: Sequence[Part]) -> dict[str, Any] | None:
    """What `files.upload` or `skills.create` takes for these parts, None where neither takes them."""
    arguments: dict[str, Any] = {}
    for part in parts:
        text = text_of_part(part)
        if part.name == "files[]" and part.filename:
            arguments.setdefault("files", []).append(_file(part))
        elif part.name == "file" and part.filename and not arguments.get("file"):
            arguments["file"] = _file(part)
        elif part.name == "expires_in_seconds" and _SECONDS.fullmatch(part.data) and part.name not in arguments:
            arguments[part.name] = int(part.data)
        elif part.name == "display_name" and text and not part.content_type and part.name not in arguments:
            arguments[part.name] = text
        else:
            return None
    wanted = {"file", "expires_in_seconds"} if "file" in arguments else {"files", "display_name"}
    return arguments if arguments.keys() & {"file", "files"} and arguments.keys() <= wanted else None


def _general(call: SnippetRequest) -> str:
    """For what no method of its own can send: any path, any body, byte for byte, and any upload."""
    path, query = call.target_and_query
    headers = call.headers
    given: dict[str, Any] = {"cast_to": Source("object")}
    if call.upload is not None:
        given["files"] = [_field(part) for part in call.upload]
        headers["content-type"] = "multipart/form-data"
    elif call.body is not None and call.method not in ("GET", "HEAD"):
        given["content"] = Source(f"{literal(call.text, PYTHON)}.encode()")
        if call.content_type is not None:
            headers["content-type"] = call.content_type
    options = {"headers": headers, **({"params": query} if query else {})}
    if call.method == "HEAD":  # the SDK has no method for it
        asked = {"method": "head", "url": path, **options}
        options_source = _called("anthropic._models.FinalRequestOptions", asked, indent="    ")
        return _asking(call, _called("client.request", {"cast_to": Source("str"), "options": Source(options_source)}))
    return _asking(call, _called(f"client.{call.method.lower()}", {**given, "options": options}, path))


def _asking(call: SnippetRequest, called: str, shown: str = "answer") -> str:
    return f"{_opening(call)}answer = {called}\nprint({shown})\n"


def _opening(call: SnippetRequest) -> str:
    setting = "" if call.base_url == OFFICIAL_ORIGIN else f"base_url={literal(call.base_url, PYTHON)}"
    return f"import anthropic\n\nclient = anthropic.Anthropic({setting})  # the key comes from ANTHROPIC_API_KEY\n\n"


def _name(method: str, *, beta: bool) -> str:
    return f"client.{'beta.' if beta else ''}{method}"


def _called(name: str, given: Mapping[str, Any], positional: str = "", *, indent: str = "") -> str:
    """The call with an argument on each line; on one line where there is but one."""
    first = [literal(positional, PYTHON)] if positional else []
    if not given:
        return f"{name}({''.join(first)})"
    inner = f"{indent}    "
    arguments = [*first, *(f"{key}={literal(value, PYTHON, indent=inner)}" for key, value in given.items())]
    return f"{name}(\n" + "".join(f"{inner}{argument},\n" for argument in arguments) + f"{indent})"


def _extras(call: SnippetRequest, *, beta: bool, rest: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What every method of the SDK takes besides its own arguments. The SDK sends the default version by itself."""
    version = {} if call.version == DEFAULT_VERSION else {"anthropic-version": call.version}
    extras: dict[str, Any] = {
        "betas": list(call.betas) if beta else [],
        "extra_headers": {**({} if beta else call.beta_headers), **version, **dict(call.extra)},
        "extra_query": call.query,
        "extra_body": rest,
    }
    return {name: value for name, value in extras.items() if value}


def _arguments(body: Mapping[str, Any], named: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body's fields the method takes by name, and the rest."""
    by_name = {name: value for name, value in body.items() if name in named and _has_type(value, named[name])}
    return by_name, {name: value for name, value in body.items() if name not in by_name}


def _file(part: Part) -> Source:
    """A file of an upload as the SDK takes it."""
    kind = part.content_type or "application/octet-stream"
    opened = f'open({literal(local_path(part), PYTHON)}, "rb")'
    return Source(f"({literal(part.filename, PYTHON)}, {opened}, {literal(kind, PYTHON)})")


def _field(part: Part) -> Source:
    """Any part of an upload with its name."""
    if part.filename:
        return Source(f"({literal(part.name, PYTHON)}, {_file(part)})")
    text = text_of_part(part)
    value = literal(text, PYTHON) if text is not None else f'open({literal(local_path(part), PYTHON)}, "rb").read()'
    kind = f", {literal(part.content_type, PYTHON)}" if part.content_type else ""
    return Source(f"({literal(part.name, PYTHON)}, (None, {value}{kind}))")


def _is_sendable(body: Mapping[str, Any], *required: str) -> bool:
    """Whether the SDK's typed methods can send it: an object with all they require, in words that source can carry."""
    return all(_has_type(body.get(name), STABLE_FIELDS[name]) for name in required) and _is_sayable(body)


def _is_sayable(value: object) -> bool:
    """Whether Python source and the SDK can carry it: no lone surrogate, no number that Python has no literal for."""
    if isinstance(value, dict):
        return all(_is_sayable(key) and _is_sayable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_sayable, value))
    if isinstance(value, str):
        return _LONE_SURROGATE.search(value) is None
    if isinstance(value, Integer):
        return value == 0 or str(int(value)) == value.spelling
    return not isinstance(value, float) or math.isfinite(value)


def _has_type(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)
