"""Requests that people really sent, through the composer: pasted, shown as a form, edited and planned."""

import json
import shlex
from typing import Any

import pytest

from betaconsole.claude import jsontext
from betaconsole.claude.headers import parse_betas
from betaconsole.drafts.document import indent_of, put, read_path, rewritten
from betaconsole.drafts.form_view import FormView, Part, form_view
from betaconsole.drafts.pasting import read_request
from tests.recorded import messages

REQUESTS = [row["request"] for row in messages() if isinstance(row["request"]["body"], dict)]


def as_curl(request: dict[str, Any]) -> str:
    """The request as a shell command, the key beside it."""
    headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request["headers"].items()]
    body = shlex.quote(json.dumps(request["body"], ensure_ascii=False))
    return f"curl 'https://api.anthropic.com{request['path']}' \\\n  -H 'x-api-key: $KEY' {' '.join(headers)} \\\n  -d {body}"


def parts(form: FormView) -> list[Part]:
    return [*form.system, *(part for message in form.messages for part in message.parts)]


def test_there_are_hundreds_of_them():
    assert len(REQUESTS) > 300


@pytest.mark.parametrize("chunk", range(8))
def test_every_recorded_request_is_pasted_whole(chunk):
    for request in REQUESTS[chunk::8]:
        pasted = read_request(as_curl(request))
        expected = {name: value for name, value in request["body"].items() if name not in ("betas", "anthropic_beta")}
        assert json.loads(pasted.body_text) == expected
        assert pasted.betas[: len(parse_betas(request["headers"].get("anthropic-beta", "")))] == parse_betas(
            request["headers"].get("anthropic-beta", "")
        )
        assert pasted.version == request["headers"].get("anthropic-version", "")
        assert "an x-api-key header" in pasted.dropped


def test_every_recorded_debug_line_would_be_read_too():
    for request in REQUESTS[::5]:
        line = f"DEBUG Request options: {{'method': 'post', 'url': '/v1/messages', 'json_data': {request['body']!r}}}"
        expected = {name: value for name, value in request["body"].items() if name not in ("betas", "anthropic_beta")}
        assert json.loads(read_request(line).body_text) == expected


def test_typing_a_text_as_it_is_changes_nothing_in_any_of_them():
    typed = 0
    for request in REQUESTS:
        text = json.dumps(request["body"], indent=2, ensure_ascii=False)
        for part in parts(form_view(request["body"])):
            if part.path and not (part.path == "/system" and "system" not in request["body"]):
                edited = rewritten(text, lambda body, part=part: put(body, read_path(part.path), part.text))
                assert edited == jsontext.dumps(jsontext.loads(text), indent=indent_of(text))
                typed += 1
                break
    assert typed > 300


def test_everything_in_them_is_shown_somewhere_in_the_form():
    for request in REQUESTS:
        form = form_view(request["body"])
        assert {name for name, _ in form.others} | {
            "model",
            "max_tokens",
            "messages",
            "system",
            "stream",
            "tools",
        } >= set(request["body"])
        assert len(form.messages) + form.messages_left_out == len(request["body"].get("messages", []))
