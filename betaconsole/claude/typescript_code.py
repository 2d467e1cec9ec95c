"""A request as code for the TypeScript SDK: a message through its own method, the rest through its general ones."""

from typing import Any

from .literals import JAVASCRIPT, Source, literal
from .multipart import Part
from .sdk_methods import STABLE_FIELDS
from .snippet_request import OFFICIAL_ORIGIN, SnippetRequest, local_path, text_of_part

_READ_FILE = 'import { readFile } from "node:fs/promises";\n'


def typescript(call: SnippetRequest) -> str:
    """The request through the TypeScript SDK; betas and version as headers, which no version of it rewrites."""
    reads_files = any(part.filename or text_of_part(part) is None for part in call.upload or ())
    settings = {} if call.base_url == OFFICIAL_ORIGIN else {"baseURL": call.base_url}
    opening = (
        f'import Anthropic from "@anthropic-ai/sdk";\n{_READ_FILE if reads_files else ""}\n'
        f"const client = new Anthropic({_js(settings)}); // the key comes from ANTHROPIC_API_KEY\n\n"
    )
    return opening + (_message(call) if call.is_message else _general(call))


def _message(call: SnippetRequest) -> str:
    body = call.value
    options = {"headers": call.headers, **({"query": call.query} if call.query else {})}
    is_typed = body.keys() <= STABLE_FIELDS.keys()
    arguments = f"({_js(body)}{'' if is_typed else ' as any'}, {_js(options)})"
    if body.get("stream") is True:
        then = "for await (const event of stream) console.log(event);"
        return f"const stream = client.messages.stream{arguments};\n{then}\n"
    return f"const message = await client.messages.create{arguments};\nconsole.log(message);\n"


def _general(call: SnippetRequest) -> str:
    """For any other endpoint. An object is sent as JSON; what is no JSON is sent as it is, with its content type."""
    path, query = call.target_and_query
    headers = call.headers
    options: dict[str, Any] = {"headers": headers, **({"query": query} if query else {})}
    form = ""
    if call.upload is not None:
        form = _form(call.upload)
        options["body"] = Source("form")
    elif call.body is not None:
        options["body"] = call.value
        if isinstance(call.value, str) and call.content_type is not None:
            headers["content-type"] = call.content_type
    if call.method == "HEAD":  # the SDK has no method for it
        asking = f"client.request({_js({'method': 'head', 'path': path, **options})} as any)"
    else:
        asking = f"client.{call.method.lower()}({_js(path)}, {_js(options)})"
    return f"{form}const answer = await {asking};\nconsole.log(answer);\n"


def _form(parts: tuple[Part, ...]) -> str:
    return "const form = new FormData();\n" + "".join(f"form.append({_field(part)});\n" for part in parts)


def _field(part: Part) -> str:
    """What `FormData.append` takes for a part."""
    text = None if part.filename else text_of_part(part)
    if text is not None:
        return f"{literal(part.name, JAVASCRIPT)}, {literal(text, JAVASCRIPT)}"
    kind = part.content_type or ("application/octet-stream" if part.filename else "")
    type_ = f", {{ type: {_js(kind)} }}" if kind else ""
    blob = f"new Blob([await readFile({_js(local_path(part))})]{type_})"
    return f"{literal(part.name, JAVASCRIPT)}, {blob}" + (f", {_js(part.filename)}" if part.filename else "")


def _js(value: object) -> str:
    return literal(value, JAVASCRIPT) if value else ""
