"""A request as code to paste: curl, the Python SDK in two ways, the TypeScript SDK.

Each sends the same request when run: method, path, betas, version and body. The key is never in it: it comes from the
environment. curl sends the body byte for byte; the SDKs write numbers their own way (1e2 becomes 100.0).
"""

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import parse_qsl, urlsplit

from .headers import DEFAULT_VERSION, KEY_REFERENCE
from .jsonspelling import Integer, JsonError, loads
from .literals import JAVASCRIPT, PYTHON, literal

OFFICIAL_ORIGIN = "https://api.anthropic.com"
MESSAGES_PATH = "/v1/messages"

# What `messages.create` of the Python SDK 2.12 takes by name, and the types in JSON under which it passes a value on.
STABLE_FIELDS: Mapping[str, tuple[type, ...]] = {
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
BETA_FIELDS: Mapping[str, tuple[type, ...]] = {
    "billing_policy": (dict,),
    "compaction": (dict,),
    "context_management": (dict,),
    "fallback_credit_token": (str, dict),
    "fallbacks": (str, list),
    "mcp_servers": (list,),
    "thread": (dict,),
}
_REQUIRED = ("model", "max_tokens", "messages")
# Past this the SDK refuses a call that is not streamed unless it is given a timeout (some models: 8,192 tokens).
_LONG_ANSWER_TOKENS = 8_192
# One argument of a command may have 128 KiB on Linux; a longer body goes to curl through its input.
_LONGEST_ARGUMENT_BYTES = 100_000
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class SnippetRequest:
    """What is sent, without key and connection. `url` is the whole address, `body` the exact bytes (JSON)."""

    method: str
    url: str
    betas: tuple[str, ...]
    version: str
    body: bytes | None
    stream: bool


def curl(call: SnippetRequest) -> str:
    """The request as a shell command, its body byte for byte (through a here-document where it is very long)."""
    command = " ".join(["curl", *(["--no-buffer"] if call.stream else []), shlex.quote(call.url)])
    headers = dict(_headers(call))
    if call.body is not None:
        headers["content-type"] = "application/json"
    options = [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    options.append(f'--header "x-api-key: {KEY_REFERENCE}"')
    if call.method != ("GET" if call.body is None else "POST"):
        options.insert(0, f"--request {shlex.quote(call.method)}")
    here_document = ""
    if call.body is not None:
        data, here_document = _curl_data(call.body)
        options.append(data)
    return " \\\n  ".join([command, *options]) + here_document + "\n"


def python_beta(call: SnippetRequest) -> str:
    """The request through `client.beta.messages.create(betas=[…])`."""
    body = _sayable_body(call)
    if body is None:
        return _python_raw(call)
    arguments, rest = _arguments(body, {**STABLE_FIELDS, **BETA_FIELDS})
    if call.betas:
        arguments["betas"] = list(call.betas)
    return _python_create("client.beta.messages.create", call, arguments, _version_header(call), rest)


def python_headers(call: SnippetRequest) -> str:
    """The request through `client.messages.create(extra_headers={"anthropic-beta": …})`."""
    body = _sayable_body(call)
    if body is None:
        return _python_raw(call)
    arguments, rest = _arguments(body, STABLE_FIELDS)
    betas = {"anthropic-beta": ",".join(call.betas)} if call.betas else {}
    return _python_create("client.messages.create", call, arguments, {**betas, **_version_header(call)}, rest)


def typescript(call: SnippetRequest) -> str:
    """The request through the TypeScript SDK; betas and version as headers, which no version of it rewrites."""
    base_url, path, query = _address(call.url)
    settings = {} if base_url == OFFICIAL_ORIGIN else {"baseURL": base_url}
    opening = (
        'import Anthropic from "@anthropic-ai/sdk";\n\n'
        f"const client = new Anthropic({_js(settings)}); // the key comes from ANTHROPIC_API_KEY\n\n"
    )
    options: dict[str, Any] = {"headers": _headers(call), **({"query": query} if query else {})}
    body = _body(call)
    if not _is_message(call, body):
        if call.body is not None:
            options["body"] = body
        asking = f"client.{call.method.lower()}({_js(path)}, {_js(options)})"
        return f"{opening}const answer = await {asking};\nconsole.log(answer);\n"
    is_typed = body.keys() <= STABLE_FIELDS.keys()
    arguments = f"({_js(body)}{'' if is_typed else ' as any'}, {_js(options)})"
    if body.get("stream") is True:
        then = "for await (const event of stream) console.log(event);"
        return f"{opening}const stream = client.messages.stream{arguments};\n{then}\n"
    return f"{opening}const message = await client.messages.create{arguments};\nconsole.log(message);\n"


def _curl_data(body: bytes) -> tuple[str, str]:
    """curl's option for the body, and the here-document it reads (empty where the body stands in the option)."""
    text = body.decode()
    if len(body) <= _LONGEST_ARGUMENT_BYTES:
        return f"--data-raw {shlex.quote(text)}", ""
    end = "END_OF_BODY"
    while end in text:
        end += "_"
    return "--data-binary @-", f" <<'{end}'\n{text}\n{end}"


def _headers(call: SnippetRequest) -> dict[str, str]:
    betas = {"anthropic-beta": ",".join(call.betas)} if call.betas else {}
    return {**betas, "anthropic-version": call.version}


def _version_header(call: SnippetRequest) -> dict[str, str]:
    """The version, where it is not the one the Python SDK sends by itself."""
    return {} if call.version == DEFAULT_VERSION else {"anthropic-version": call.version}


def _address(url: str) -> tuple[str, str, dict[str, str]]:
    """An address as base URL, path from `/v1` on, and query."""
    parts = urlsplit(url)
    before, slash, after = parts.path.partition("/v1/")
    path = slash + after if slash else parts.path
    return f"{parts.scheme}://{parts.netloc}{before if slash else ''}", path, dict(parse_qsl(parts.query))


def _body(call: SnippetRequest) -> Any:
    """The body's value; its text where it is no JSON this console reads."""
    text = (call.body or b"").decode()
    try:
        return loads(text)
    except JsonError:
        return text


def _is_message(call: SnippetRequest, body: object) -> TypeGuard[dict[str, Any]]:
    return call.method == "POST" and _address(call.url)[1] == MESSAGES_PATH and isinstance(body, dict)


def _sayable_body(call: SnippetRequest) -> dict[str, Any] | None:
    """The body if the SDK's typed methods can send it: a Messages request with all they require."""
    body = _body(call)
    if not _is_message(call, body) or not all(_has_type(body.get(name), STABLE_FIELDS[name]) for name in _REQUIRED):
        return None
    return body if _is_sayable(body) else None


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


def _arguments(body: Mapping[str, Any], named: Mapping[str, tuple[type, ...]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body's fields the method takes by name, and the rest."""
    by_name = {name: value for name, value in body.items() if name in named and _has_type(value, named[name])}
    return by_name, {name: value for name, value in body.items() if name not in by_name}


def _python_create(
    method: str, call: SnippetRequest, arguments: dict[str, Any], headers: dict[str, str], rest: dict[str, Any]
) -> str:
    is_stream = arguments.get("stream") is True
    needs_timeout = not is_stream and arguments["max_tokens"] > _LONG_ANSWER_TOKENS
    extras = {
        "extra_headers": headers,
        "extra_query": _address(call.url)[2],
        "extra_body": rest,
        "timeout": 3600 if needs_timeout else None,  # without one the SDK refuses long answers that are not streamed
    }
    given = {**arguments, **{name: value for name, value in extras.items() if value}}
    lines = "".join(f"    {name}={literal(value, PYTHON, indent='    ')},\n" for name, value in given.items())
    result, then = ("stream", "for event in stream:\n    print(event)") if is_stream else ("message", "print(message)")
    return f"{_python_client(call)}{result} = {method}(\n{lines})\n{then}\n"


def _python_raw(call: SnippetRequest) -> str:
    """For what the typed methods cannot send: any path, any body, byte for byte."""
    _, path, query = _address(call.url)
    content_type = {} if call.body is None else {"content-type": "application/json"}
    options = {"headers": {**_headers(call), **content_type}, **({"params": query} if query else {})}
    content = f"    content={literal(call.body.decode(), PYTHON)}.encode(),\n" if call.body is not None else ""
    return (
        f"{_python_client(call)}answer = client.{call.method.lower()}(\n"
        f"    {literal(path, PYTHON)},\n    cast_to=object,\n{content}"
        f"    options={literal(options, PYTHON, indent='    ')},\n)\nprint(answer)\n"
    )


def _python_client(call: SnippetRequest) -> str:
    base_url = _address(call.url)[0]
    setting = "" if base_url == OFFICIAL_ORIGIN else f"base_url={literal(base_url, PYTHON)}"
    return f"import anthropic\n\nclient = anthropic.Anthropic({setting})  # the key comes from ANTHROPIC_API_KEY\n\n"


def _js(value: object) -> str:
    return literal(value, JAVASCRIPT) if value else ""
