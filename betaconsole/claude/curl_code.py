"""A request as a shell command."""

import re
import shlex

from .headers import KEY_REFERENCE
from .multipart import Part
from .snippet_request import LONGEST_ARGUMENT_BYTES, SnippetRequest, local_path, text_of_part

_PLAIN_NAME = re.compile(r"[\w.][\w.-]*")
_GLOB = re.compile(r"[][{}]")


def curl(call: SnippetRequest) -> str:
    """The request as a shell command, its body byte for byte (through a here-document where it is very long).

    The files of an upload are read from files of the same names. curl knows no way to send a part named with a `=`.
    """
    globs = _GLOB.search(call.url.partition("//")[2].partition("/")[2]) is not None
    flags = [*(["--no-buffer"] if call.stream else []), *(["--globoff"] if globs else [])]
    command = " ".join(["curl", *flags, shlex.quote(call.url)])
    headers = call.headers
    if call.body is not None and call.upload is None and call.content_type is not None:
        headers["content-type"] = call.content_type
    options = _method(call)
    options += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    options.append(f'--header "x-api-key: {KEY_REFERENCE}"')
    here_document = ""
    if call.upload is not None:
        options += [_form(part) for part in call.upload]
    elif call.body is not None:
        data, here_document = _data(call.text)
        options.append(data)
    return " \\\n  ".join([command, *options]) + here_document + "\n"


def _method(call: SnippetRequest) -> list[str]:
    """The option for the method, where curl would take another one."""
    if call.method == "HEAD":
        return ["--head"]
    by_itself = "GET" if call.body is None and not call.upload else "POST"
    return [] if call.method == by_itself else [f"--request {shlex.quote(call.method)}"]


def _data(text: str) -> tuple[str, str]:
    """curl's option for the body, and the here-document it reads (empty where the body stands in the option)."""
    if len(text.encode()) <= LONGEST_ARGUMENT_BYTES:
        return f"--data-raw {shlex.quote(text)}", ""
    end = "END_OF_BODY"
    while end in text:
        end += "_"
    return "--data-binary @-", f" <<'{end}'\n{text}\n{end}"


def _form(part: Part) -> str:
    """curl's option for one part of an upload."""
    text = text_of_part(part)
    if text is not None and not part.content_type:
        return f"--form-string {shlex.quote(f'{part.name}={text}')}"
    path = local_path(part)
    if text is not None:
        value = _quoted(text)
    elif not part.filename:
        value = f"<{_quoted(path)}"
    elif path == part.filename and _PLAIN_NAME.fullmatch(path):
        value = f"@{path}"
    else:
        value = f"@{_quoted(path)};filename={_quoted(part.filename)}"
    kind = f";type={part.content_type}" if part.content_type else ""
    return f"--form {shlex.quote(f'{part.name}={value}{kind}')}"


def _quoted(text: str) -> str:
    """A value of curl's `--form` that ends where its quotes end."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
