"""A pasted request, whatever it was copied from."""

import json
import shlex
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.python_code import python_beta, python_headers
from betaconsole.claude.snippet_request import SnippetRequest
from betaconsole.drafts.pasting import PasteError, read_request

from .desk import BODY, CONTEXT, THINKING

KEY = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789-AAAA"
DOCUMENTED = f"""
curl https://api.anthropic.com/v1/messages \\
     --header "x-api-key: {KEY}" \\
     --header "anthropic-version: 2023-06-01" \\
     --header "anthropic-beta: {THINKING}, {CONTEXT}" \\
     --header "content-type: application/json" \\
     --data '{json.dumps(BODY)}'
"""
DEBUG = (
    "[2026-11-20 10:00:00 - anthropic._base_client:482 - DEBUG] Request options: {'method': 'post', 'url': "
    "'/v1/messages?beta=true', 'headers': {'anthropic-beta': 'files-api-2025-04-14', 'X-Stainless-Helper': 'x', "
    f"'X-Api-Key': '{KEY}'}}, 'timeout': Timeout(connect=5.0, read=600, write=600, pool=600), 'files': None, "
    "'idempotency_key': 'stainless-python-retry-1', 'json_data': {'max_tokens': 64, 'messages': [{'role': 'user', "
    "'content': \"it's {here}: [\\n\"}], 'model': 'claude-sonnet-4-6', 'stream': True, 'temperature': 1.0}, "
    "'extra_json': {'service_tier': 'auto'}}\n"
    '[2026-11-20 10:00:01 - httpx:1025 - INFO] HTTP Request: POST https://api.anthropic.com/v1/messages "HTTP/1.1 200 OK"'
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


def test_a_documented_curl_command_becomes_body_betas_and_version():
    pasted = read_request(DOCUMENTED)
    assert pasted.body_text == json.dumps(BODY)
    assert pasted.betas == (THINKING, CONTEXT)
    assert pasted.version == "2023-06-01"
    assert pasted.dropped == ("an x-api-key header",)
    assert pasted.not_kept == ()
    assert pasted.notes == ()


def test_b28_no_key_ever_comes_out():
    for text in (DOCUMENTED, DEBUG, json.dumps({**BODY, "note": KEY}), DOCUMENTED.replace("x-api-key", "x-other")):
        assert KEY not in repr(read_request(text))
        assert read_request(text).dropped


@pytest.mark.parametrize(
    "text",
    [
        f"curl x -H 'x-api-key {KEY}' -d '{{}}'",
        json.dumps({**BODY, "betas": ["sk-ant-api03-abcdefghijkl", KEY]}),
    ],
    ids=["the name of a header", "the betas"],
)
def test_b28_no_key_comes_out_of(text):
    pasted = read_request(text)
    assert "sk-ant-api03" not in repr(pasted)
    assert "a key (sk-ant-…)" in repr(pasted.dropped)


CHROME = "".join(
    sign if sign.isalnum() or sign == "\\" else f"^{sign}" for sign in json.dumps(BODY).replace('"', '\\"')
)
QUOTED = json.dumps(BODY).replace('"', '\\"')
WINDOWS = {
    "cmd": f'curl https://api.anthropic.com/v1/messages ^\r\n -H "x-api-key: {KEY}" ^\r\n -H "anthropic-beta: {CONTEXT}" ^\r\n -d "{QUOTED}"',
    "a browser, for cmd": f'curl ^"https://api.anthropic.com/v1/messages^" ^\n -H ^"x-api-key: {KEY}^" ^\n  -H ^"anthropic-beta: {CONTEXT}^" ^\n  --data-raw ^"{CHROME}^"',
    "PowerShell": f"curl.exe https://api.anthropic.com/v1/messages `\r\n -H 'x-api-key: {KEY}' `\r\n -H \"anthropic-beta: {CONTEXT}\" `\r\n -d '{json.dumps(BODY)}'",
    "PowerShell before 7.3": f"curl.exe https://api.anthropic.com/v1/messages `\n -H 'x-api-key: {KEY}' `\n -H 'anthropic-beta: {CONTEXT}' `\n -d '{QUOTED}'",
    "a terminal after other lines": f"$ echo 'a\n> b'\n$ curl 'https://api.anthropic.com/v1/messages' \\\n> -H 'x-api-key: {KEY}' -H 'anthropic-beta: {CONTEXT}' -d '{json.dumps(BODY)}'",
    "a terminal": f"$ curl https://api.anthropic.com/v1/messages \\\n> -H 'x-api-key: {KEY}' \\\n> -H 'anthropic-beta: {CONTEXT}' \\ \n> -d '{json.dumps(BODY)}'",
    "Markdown": f"```bash\ncurl https://api.anthropic.com/v1/messages -H 'x-api-key: {KEY}' -H 'anthropic-beta: {CONTEXT}' -d '{json.dumps(BODY)}'\n```",
}


@pytest.mark.parametrize("source", WINDOWS)
def test_a_curl_command_is_read_wherever_it_was_copied(source):
    pasted = read_request(WINDOWS[source])
    assert json.loads(pasted.body_text) == BODY
    assert pasted.betas == (CONTEXT,)
    assert (pasted.dropped, pasted.notes) == (("an x-api-key header",), ())


def test_a_caret_in_a_body_makes_no_command_of_windows():
    body = json.dumps({**BODY, "a": "x ^", "b": "`"}, indent=1)
    for command in (f"curl x -d '{body}'", f"curl x \\\n -d '{body}'", f"curl x -d @- <<'E'\n^\n`\n{body}\nE\n"):
        assert read_request(command).body_text.endswith(body + "\n" * command.endswith("E\n"))


def test_b28_a_key_in_the_address_goes_nowhere():
    for url in (
        f"https://api.anthropic.com/v1/messages?key={KEY}",
        f"https://me:{KEY}@api.anthropic.com/v1/models/{KEY}",
    ):
        pasted = read_request(f"curl '{url}' -d '{json.dumps(BODY)}'")
        assert KEY not in repr(pasted)
        assert "holds what looks like an API key" in pasted.notes[0]


def test_code_typed_at_a_prompt_or_in_a_notebook_is_read():
    call = "client.messages.create(model='m', max_tokens=5, messages=[])"
    for code in (f">>> {call}", f"%pip install anthropic\n!ls\n{call}", f"```python\n{call}\n```"):
        assert json.loads(read_request(code).body_text) == {"model": "m", "max_tokens": 5, "messages": []}


def test_powershell_without_curl_is_told_what_to_copy_instead():
    with pytest.raises(PasteError, match="PowerShell command: copy the request as cURL"):
        read_request("Invoke-WebRequest -Uri https://api.anthropic.com/v1/messages -Body '{}'")


def test_a_debug_line_of_the_sdk_becomes_the_request_it_describes():
    pasted = read_request(DEBUG)
    body = json.loads(pasted.body_text)
    assert body["messages"][0]["content"] == "it's {here}: [\n"
    assert (body["stream"], body["service_tier"]) == (True, "auto")
    assert '"temperature": 1.0' in pasted.body_text
    assert pasted.betas == ("files-api-2025-04-14",)
    assert pasted.not_kept == ("x-stainless-*",)
    assert pasted.dropped == ("an x-api-key header",)


def test_of_several_debug_lines_the_last_is_taken():
    pasted = read_request(DEBUG.replace("64", "1") + "\n" + DEBUG)
    assert json.loads(pasted.body_text)["max_tokens"] == 64
    assert "last of 2" in pasted.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Nothing"),
        ("hello", "neither"),
        ('HTTP Request: POST https://api.anthropic.com/v1/messages "HTTP/1.1 200 OK"', "ANTHROPIC_LOG=debug"),
        ("DEBUG Request options: {'json_data': {'a': 1", "cut off"),
        ("DEBUG Request options: {'json_data': {'a': f(1)}}", "plain data"),
        ("Request options: {'json_data': " + "[" * 5000 + "]" * 5000 + "}", "levels deep"),
        ("curl https://api.anthropic.com -d '{", "never closed"),
    ],
)
def test_what_cannot_be_read_says_why(text, words):
    with pytest.raises(PasteError, match=words):
        read_request(text)


def test_raw_json_stays_as_it_was_typed():
    text = '{"max_tokens": 1e2,\n   "model":"m", "x": 1.0}'
    assert read_request(f"\n {text} \n").body_text == text


def test_json_that_does_not_parse_is_kept_for_the_editor():
    assert read_request('{"model": }').body_text == '{"model": }'


@pytest.mark.parametrize("inside", [["a-2025-01-01", CONTEXT], f"a-2025-01-01,{CONTEXT}"])
def test_betas_in_a_body_move_to_the_header(inside):
    pasted = read_request(json.dumps({**BODY, "betas": inside, "n": 1}))
    assert pasted.betas == ("a-2025-01-01", CONTEXT)
    assert json.loads(pasted.body_text) == {**BODY, "n": 1}
    assert "column A" in pasted.notes[0]


def test_a_name_that_is_no_beta_is_left_out_and_quoted():
    pasted = read_request(f"curl x -H 'anthropic-beta: $BETAS, Upper-2025-01-01,{THINKING}' -d '{{}}'")
    assert pasted.betas == (THINKING,)
    assert "'$BETAS'" in pasted.notes[0]
    assert "'Upper-2025-01-01'" in pasted.notes[1]


def test_other_headers_are_named_and_not_kept():
    pasted = read_request("curl x -A me -H 'X-Custom: 1' -H 'X-Stainless-Lang: py' -H 'X-Stainless-OS: l' -d '{}'")
    assert pasted.not_kept == ("user-agent", "x-custom", "x-stainless-*")


def test_b28_credentials_of_every_kind_are_dropped_and_named():
    pasted = read_request("curl -u me:secret x -H 'Authorization: Bearer secret' -b 'a=secret' -d '{}'")
    assert "secret" not in repr(pasted)
    assert set(pasted.dropped) == {"user name and password (-u)", "cookies (-b)", "an authorization header"}


@pytest.mark.parametrize("option", ["-d @request.json", "--data-binary @request.json", "--json @request.json"])
def test_a_body_in_a_file_is_explained(option):
    pasted = read_request(f"curl x -H 'anthropic-beta: {THINKING}' {option}")
    assert pasted.body_text is None
    assert "request.json" in pasted.notes[0]
    assert pasted.betas == (THINKING,)


def test_an_at_sign_in_raw_data_is_no_file():
    assert read_request("curl x --data-raw '@{}'").body_text == "@{}"


def test_a_here_document_is_a_body():
    assert read_request('curl x -d @- <<EOF\n{"a": 1}\nEOF').body_text == '{"a": 1}\n'


def test_clustered_and_glued_options_are_read():
    pasted = read_request(
        """$ KEY=1 curl -sSXPOST -H"anthropic-version: 2023-06-01" --max-time 5 -d'{"a":1}' https://x/v1/messages"""
    )
    assert (pasted.body_text, pasted.version, pasted.notes) == ('{"a":1}', "2023-06-01", ())


def test_shell_variables_in_a_body_are_named():
    pasted = read_request('curl x -d "{\\"model\\": \\"$MODEL\\"}"')
    assert pasted.body_text == '{"model": "$MODEL"}'
    assert "$MODEL" in pasted.notes[0]


def test_another_endpoint_is_pointed_out():
    elsewhere = read_request("curl https://gateway.example/model/claude/invoke -d '{}'")
    assert "/model/claude/invoke" in elsewhere.notes[0]
    assert elsewhere.endpoint == Endpoint.MESSAGES


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [("curl https://api.anthropic.com/v1/messages/count_tokens -d '{}'", "POST /v1/messages/count_tokens"), ("curl 'https://api.anthropic.com/v1/models?limit=5'", "GET /v1/models?limit=5"),
     ("curl -X DELETE https://api.anthropic.com/v1/files/file_1", "DELETE /v1/files/file_1"), ("curl https://api.anthropic.com/v1/files -F file=@a.pdf", "POST /v1/files"),
     ("curl https://gateway.example/claude/v1/messages?beta=true -d '{}'", "POST /v1/messages"), ("curl https://api.anthropic.com/v1/complete -d '{}'", "POST /v1/complete"),
     ("curl https://elsewhere.example/v1/complete -d '{}'", "POST /v1/messages"), ("curl -I https://api.anthropic.com/v1/new", "HEAD /v1/new"),
     ("curl https://api.anthropic.com/v1/messages -H 'a: b'", "POST /v1/messages"), ("curl -XPATCH https://api.anthropic.com/v1/x -d '{}'", "PATCH /v1/x")],
)  # fmt: skip
def test_a_request_goes_where_it_went(text, endpoint):
    assert str(read_request(text).endpoint) == endpoint


def test_what_says_nothing_of_where_it_went_goes_where_the_draft_goes():
    assert read_request('{"model": "m"}').endpoint is None
    odd = read_request("curl 'https://api.anthropic.com/v1/../x?k=sk-ant-api03-abcdefghij' -d '{}'")
    assert odd.endpoint is None
    assert "segment of dots" in odd.notes[0]
    assert "abcdefghij" not in repr(odd)


def test_a_body_where_none_is_taken_is_left_out_and_said():
    pasted = read_request("curl -X GET https://api.anthropic.com/v1/models -d '{\"a\": 1}'")
    assert (pasted.body_text, pasted.notes) == (None, ("This request takes no JSON: its body was left out.",))
    assert read_request("curl https://api.anthropic.com/v1/models").notes == ()
    upload = read_request("curl https://api.anthropic.com/v1/files -F file=@a.pdf")
    assert upload.notes == ("Its files are on the machine it comes from: add them below.",)


def test_for_whom_a_request_was_made_goes_with_it():
    pasted = read_request("curl https://api.anthropic.com/v1/messages -H 'Anthropic-Workspace-Id: wrkspc_1' -H 'anthropic-user-profile-id: a b' -d '{}'")  # fmt: skip
    assert pasted.headers == (("anthropic-workspace-id", "wrkspc_1"),)
    assert "was left out" in pasted.notes[0]


PYTHON = """
import anthropic
client = anthropic.Anthropic(api_key="sk-ant-api03-abcdefghijkl")
SYSTEM = "Be brief."
message = client.beta.messages.create(
    model="claude-sonnet-4-6", max_tokens=1_000, system=SYSTEM, temperature=0.5, betas=["context-1m-2025-08-07"],
    messages=[{"role": "user", "content": question}], tools=load(), thinking=None, timeout=5,
    extra_headers={"anthropic-version": "2023-06-01", "anthropic-workspace-id": "wrkspc_1"}, extra_body={"n": True},
)
"""


def test_a_call_of_the_sdk_is_read_and_never_run():
    pasted = read_request(PYTHON)
    assert json.loads(pasted.body_text) == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 1000,
        "system": "Be brief.",
        "temperature": 0.5,
        "thinking": None,
        "n": True,
    }
    assert (pasted.betas, pasted.version) == (("context-1m-2025-08-07",), "2023-06-01")
    assert pasted.headers == (("anthropic-workspace-id", "wrkspc_1"),)
    assert pasted.endpoint == Endpoint.MESSAGES
    assert "messages, tools" in pasted.notes[0]
    assert "abcdefghijkl" not in repr(pasted)


@pytest.mark.parametrize(
    ("code", "endpoint"),
    [("client.models.list(limit=5)", "GET /v1/models?limit=5"), ("client.beta.files.retrieve_metadata('file_1', betas=['a-2025-01-01'])", "GET /v1/files/file_1"),
     ("with client.messages.stream(model='m', max_tokens=5, messages=[]) as s: pass", "POST /v1/messages"), ("await client.messages.count_tokens(model='m', messages=[])", "POST /v1/messages/count_tokens"),
     ("client.messages.batches.retrieve(message_batch_id='b_1')", "GET /v1/messages/batches/b_1"), ("client.files.upload(file=open('a', 'rb'))", "POST /v1/files")],
)  # fmt: skip
def test_other_calls_of_the_sdk_are_read_too(code, endpoint):
    assert str(read_request(code).endpoint) == endpoint


def test_the_code_this_console_gives_comes_back_as_the_request_it_was_made_from():
    body = {"model": "claude-sonnet-4-6", "max_tokens": 64, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}  # fmt: skip
    sent = {"url": "https://api.anthropic.com/v1/messages", "betas": ("context-1m-2025-08-07",), "version": "2023-06-01", "stream": True}  # fmt: skip
    for code_of in (python_beta, python_headers):
        pasted = read_request(code_of(SnippetRequest(method="POST", body=json.dumps(body).encode(), **sent)))
        assert (json.loads(pasted.body_text), pasted.betas) == (body, ("context-1m-2025-08-07",))


@pytest.mark.parametrize("code", ["await client.messages.create({ model: 'm' });", "client.messages.create(", "x.messages.create(" + "(" * 5000, "a.messages.delete()"])  # fmt: skip
def test_code_that_cannot_be_read_is_said_plainly(code):
    with pytest.raises(PasteError):
        read_request(code)
    assert read_request("curl https://user:pw@host/v1/messages?key=1 -d '{}'").notes == ()


def test_text_around_the_command_does_no_harm():
    assert read_request(f"Try this:\n\n{DOCUMENTED}\nThanks!").betas == (THINKING, CONTEXT)


def test_text_past_the_limit_is_refused_before_it_is_read():
    with pytest.raises(PasteError, match="32 MB"):
        read_request("x" * 34_000_001)


@given(JSON, st.lists(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True), max_size=3, unique=True))
def test_every_quoted_body_comes_out_as_it_went_in(value, betas):
    body = json.dumps({"messages": value}, ensure_ascii=False)
    header = f"anthropic-beta: {','.join(betas)}"
    pasted = read_request(f"curl https://x/v1/messages -H {shlex.quote(header)} -d {shlex.quote(body)}")
    assert json.loads(pasted.body_text) == json.loads(body)
    assert pasted.betas == tuple(betas)


@given(JSON)
def test_every_body_in_a_debug_line_comes_out_as_it_went_in(value):
    pasted = read_request(f"DEBUG Request options: {{'method': 'post', 'json_data': { ({'messages': value})!r}}}")
    assert json.loads(pasted.body_text) == {"messages": value}


@given(st.text(max_size=80) | st.text("curl -dH'\"\\$<>{}@\n x:", max_size=80).map(lambda text: f"curl {text}")
       | st.text("Request options:{}[]'\", \\", max_size=80).map(lambda text: f"Request options: {{{text}"))  # fmt: skip
def test_any_text_is_read_or_refused_in_words(text):
    with suppress(PasteError):
        read_request(text)
