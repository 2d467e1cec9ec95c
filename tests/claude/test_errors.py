import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import errors
from betaconsole.claude.advice import _BETAS_OF_PATHS, asked_wait
from betaconsole.claude.errors import ApiError, Retry, advice, parse_error, refused_betas
from tests.recorded import beta_errors, exchanges

LONG_TAGS = "'bash_20250124', 'browser_toolset_20260801', 'custom', 'memory_20250818'"
RATE = "This request would exceed your organization's rate limit of 30,000 input tokens per minute (org: x, model: y). For details…"


def say(message, *, status=400, type="invalid_request_error", code=None, kind="http_error", path=""):
    error = ApiError(status=status, type=type, message=message, code=code, refused_betas=refused_betas(message))
    return advice(error, kind, path=path)


# Every text of api.md 8.3 and of the recorded errors, with a word its advice must have.
OBSERVED = [
    (
        "Unexpected value(s) `a-1`, `b-2` for the `anthropic-beta` header. Please consult our documentation",
        "2 of the betas",
    ),
    ("Unexpected value(s) `a-1` for the `anthropic-beta` header. Please consult our documentation at", "the beta a-1"),
    (
        "Unexpected value(s) `` for the `anthropic-beta` header. Please consult our documentation at",
        "leave the header out",
    ),
    ("Unsupported beta header: invalid-beta-name", "the beta invalid-beta-name"),
    ("invalid beta flag", "one at a time"),
    ("InvokeModelWithResponseStream: … ValidationException: invalid beta flag", "one at a time"),
    ("requests.0.params.output_format: Extra inputs are not permitted", "for the whole batch"),
    ("File 'file_011CdeLUpakHYCG43qGLsdXo' is not downloadable", "files that a tool made"),
    ("SKILL.md must be at the top level of the skill's folder", "files of one folder"),
    ("temperature: Extra inputs are not permitted", "2023-06-01"),
    ("top_k: Extra inputs are not permitted", "2023-06-01"),
    ("context_management: Extra inputs are not permitted", "context_management is not accepted"),
    ("fallbacks: Extra inputs are not permitted", "the model or the platform"),
    (
        "thinking.adaptive.block_binding: Extra inputs are not permitted",
        "thinking.adaptive.block_binding is not accepted",
    ),
    ("tools.3.custom.input_examples: Extra inputs are not permitted", "tools.3.custom.input_examples"),
    ("messages.65.content.1.tool_use.text: Extra inputs are not permitted", "take the field out"),
    ("configurations.0.code_execution_20250825.use_web_search_purpose: Extra inputs are not permitted", "not to blame"),
    ("output_format: This field is deprecated. Use 'output_config.format' instead.", "output_config.format"),
    (
        f"tools.0: Input tag 'advisor_20260301' found using 'type' does not match any of the expected tags: {LONG_TAGS}",
        "The type advisor_20260301",
    ),
    (
        "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled', 'enabled'",
        "thinking of type adaptive",
    ),
    (
        "messages.19.content.0: unexpected `tool_use_id` found in `advisor_tool_result` blocks: srvtoolu_x. Each…",
        "before its result",
    ),
    ("The long context beta is not yet available for this subscription.", "context-1m"),
    ("Extra usage is required for long context requests.", "waiting will not help"),
    (
        "Fast mode is currently available in research preview in Claude Code. It is not yet available via API.",
        "fast mode",
    ),
    ("This request would exceed your rate limit of 0 fast mode input tokens per minute (org: x)", "fast mode"),
    (RATE, "retry-after"),
    ("invalid x-api-key", "put a valid one"),
    ("OAuth authentication is currently not supported.", "oauth-2025-04-20"),
    ("model: sonnet4", "called sonnet4"),
    ("Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing…", "Buy credits"),
    ("prompt is too long: 207791 tokens > 200000 maximum", "below 200000 tokens"),
    (
        "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or…",
        "(178959 + 64000) fit into 200000",
    ),
    ("max_tokens: 128001 > 64000, which is the maximum allowed number of output tokens for c", "max_tokens to 64000"),
    (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and…',
        '{"type": "adaptive"}',
    ),
    ("adaptive thinking is not supported on this model", "budget_tokens"),
    ("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.", "Take temperature out"),
    (
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        "user turn",
    ),
    ('messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter', "top-level system"),
    ("role 'system' is not supported on this model", "top-level system"),
    ("messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to…", "thinking block out"),
    ("anthropic-version: header is required", "choose a version"),
    ('anthropic-version: "2023-06-01, 2023-06-01" is not a valid version', "a proxy"),
    ("Request not allowed", "region"),
    ("This model does not support the effort parameter.", "output_config.effort out"),
    ("output_config.effort 'max' is not supported when thinking is disabled on this model.", "to high"),
    ("'<model-id>' does not support the `speed` parameter.", "speed out"),
    ("'claude-haiku-4-5-20251001' does not support programmatic tool calling", "allowed_callers"),
    ("Skills beta requires the code_execution tool to be included in the request.", "code_execution tool"),
    ("`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive", "Turn thinking on"),
    (
        "anthropic-beta header cannot include both 'agent-api-*' and 'managed-agents-*' values; these select…",
        "keep agent-api-* or managed-agents-*",
    ),
    (
        "this API is in beta: add `agent-api-2026-03-01` to the `anthropic-beta` header to use it",
        "Tick agent-api-2026-03-01",
    ),
    ("Invalid authorization token for MCP server 'notion'. Please check your token", "MCP server notion"),
]


@pytest.mark.parametrize(("message", "words"), OBSERVED)
def test_an_observed_error_text_is_answered_with_what_to_do_about_it(message, words):
    assert words in say(message)


@pytest.mark.parametrize("row", beta_errors(), ids=lambda row: row["message"][:50])
def test_each_recorded_beta_error_gets_an_advice_of_its_own_and_not_that_of_its_status(row):
    said = say(row["message"], status=row["status"], type=row["type"])
    assert said not in {say("?", status=row["status"], type=row["type"]), say("?", status=None, type=None)}
    assert said.count(". ") <= 1


def test_the_names_refused_in_the_recorded_errors_are_found_and_nothing_else():
    found = {row["message"]: refused_betas(row["message"]) for row in beta_errors()}
    assert {names for names in found.values() if names} == {
        ("prompt-caching-scope-2026-01-05", "structured-outputs-2025-12-15"),
        ("prompt-caching-2024-07-31",),
        ("effort-2025-11-24",),
        ("interleaved-thinking-2025-04-14",),
        ("computer-use-2025-04-29",),
    }


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("Unsupported beta header: a-2025-01-01", ("a-2025-01-01",)),
        ("Unsupported beta header: a-2025-01-01.", ("a-2025-01-01",)),
        ("Unsupported beta header: a-1, b-2", ("a-1", "b-2")),
        ("Error 400: Unsupported beta header: `a-1`", ("a-1",)),
        ('{"message":"Unsupported beta header: a-1"}', ("a-1",)),
        ("Unsupported beta header: ", ()),
        ("Unexpected value(s) `` for the `anthropic-beta` header.", ()),
        ("Unexpected value(s) `a`, ``, `a` for the `anthropic-beta` header.", ("a",)),
        ("Unexpected value(s) `Odd Name,x` for the `anthropic-beta` header.", ("Odd Name,x",)),
        ("Unexpected value(s) `x` for the `anthropic-version` header.", ()),
        ("Unexpected value(s) for the `anthropic-beta` header", ()),
        ("The long context beta is not yet available for this subscription.", ()),
        ("this API is in beta: add `agent-api-2026-03-01` to the `anthropic-beta` header to use it", ()),
        ("", ()),
    ],
)
def test_refused_names_are_read_from_both_wordings(message, names):
    assert refused_betas(message) == names


@pytest.mark.parametrize(
    ("status", "type", "words"),
    [
        (400, "invalid_request_error", "what the message names"),
        (401, "authentication_error", "key"),
        (402, "billing_error", "billing"),
        (403, "permission_error", "key"),
        (404, "not_found_error", "model's name"),
        (409, "conflict_error", "name is taken"),
        (412, None, "fetch it again"),
        (413, "request_too_large", "Files API"),
        (429, "rate_limit_error", "retry-after"),
        (500, "api_error", "may have been billed"),
        (503, None, "not available"),
        (504, "timeout_error", "stream it"),
        (529, "overloaded_error", "overloaded"),
        (524, None, "lost the answer"),
        (None, "overloaded_error", "overloaded"),
        (None, "timeout_error", "stream it"),
        (418, None, "request id"),
    ],
)
def test_each_status_and_type_has_an_advice(status, type, words):
    assert words in say("no known words", status=status, type=type)


ALL_CODES = """
compaction_block_ambiguous compaction_block_misplaced compaction_content_mismatch compaction_incomplete_turn
compaction_nothing_to_summarize compaction_signature_invalid compaction_too_many_tool_references
compaction_tool_changes_mismatch thread_already_continued thread_continue_in_flight thread_fingerprint_mismatch
thread_unsupported_request tool_name_conflict tool_reference_unresolved available_tools_limit_exceeded
image_dimensions_too_large user_profile_required user_profile_not_found file_not_downloadable storage_quota_exceeded
organization_on_hold organization_not_enrolled_in_beta request_body_encoding_invalid request_body_encoding_unsupported
unsupported_charset request_body_timeout linked_organization_billing_unavailable linked_organization_spend_limit_reached
user_profile_not_billable user_profile_billing_not_authorized api_key_scope_missing thread_not_found file_expired
skill_read_blocked_undecryptable request_body_too_large_after_decoding contract_spend_limit_reached
enforced_spend_limit_reached ramp_limit_exceeded compaction_unavailable cmek_unavailable registration_pending
"""


@pytest.mark.parametrize("code", ALL_CODES.split())
def test_each_error_code_has_an_advice_of_its_own(code):
    assert say("no known words", code=code) != say("no known words")
    assert say("no known words", code=code, path="/v1/agents", status=404) == say("no known words", code=code)
    assert "{" not in say("no known words", code=code).replace('{"type": "create"}', "")


@pytest.mark.parametrize(
    "code", [code for code in ALL_CODES.split() if code.split("_")[0] in ("compaction", "thread", "file", "storage")]
)
def test_the_codes_of_compaction_threads_and_files_say_what_happened_and_what_to_do(code):
    happened, _, to_do = say("no known words", code=code).partition(": ")
    assert len(happened.split()) > 4
    assert len(to_do.split()) > 4


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "400", "limit", "", "a" * 10_000])
def test_a_code_of_a_gateway_changes_nothing(code):
    assert say("no known words", code=code) == say("no known words")
    assert "Take temperature out" in say("`temperature` may only be set to 1", code=code)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/agents", 404, "tick managed-agents-2026-04-01"),
        ("https://host/prefix/v1/sessions/sess_1?x=/v1/dreams", 404, "tick managed-agents-2026-04-01"),
        ("/v1/memory_stores/x/memories", 404, "tick agent-memory-2026-07-22"),
        ("/v1/dreams", 404, "tick dreaming-2026-04-21"),
        ("/v1/tunnels", 404, "tick mcp-tunnels-2026-06-22"),
        ("/v1/organizations/me", 401, "an admin key"),
        ("/v1/organizations/users", 403, "an admin key"),
        ("/v1/organizations/spend_limits", 404, "tick the beta of this endpoint"),
        ("/v1/files/file_1", 404, "its ids"),
        ("/v1/messages/batches/msgbatch_1", 404, "its ids"),
        ("/v1/messages/batches/msgbatch_1", 409, "fetch it again"),
        ("/v1/messages", 404, "model's name"),
        ("/v1/messages?beta=true", 404, "model's name"),
        ("/v1/files", 401, "Check the key"),
        ("/v1/files", 413, "Make the body smaller"),
        ("/other", 404, "the address"),
    ],
)
def test_what_a_refusal_means_depends_on_the_endpoint(path, status, words):
    assert words in say("Not found", status=status, type=None, path=path)


def test_a_message_that_names_its_reason_is_answered_before_the_endpoint_is_looked_at():
    assert "called x" in say("model: x", status=404, path="/v1/messages/count_tokens")
    assert "Tick a-1" in say("this API is in beta: add `a-1` to the header", status=404, path="/v1/agents")


def test_the_betas_named_for_endpoints_are_those_the_sdk_sends_by_default():
    folder = Path(anthropic.__file__).parent / "resources" / "beta"
    for noun, beta in _BETAS_OF_PATHS.items():
        source = next(
            path for path in (folder / f"{noun}.py", folder / noun / f"{noun}.py") if path.exists()
        ).read_text()
        assert f'"/v1/{noun}"' in source
        assert f'"{beta}"' in source


@pytest.mark.parametrize(
    "kind", ["not_sent", "cut_before_status", "status_timeout", "idle_timeout", "protocol", "limit"]
)
def test_a_call_that_got_no_answer_has_an_advice_by_its_kind(kind):
    assert advice(None, kind) not in {advice(None), ""}


def test_an_overload_in_the_middle_of_a_stream_is_not_said_to_be_free():
    said = advice(ApiError(status=200, type="overloaded_error", message="Overloaded"), "stream_error")
    assert "may be billed" in said


@pytest.mark.parametrize(("status", "type"), [(429, "rate_limit_error"), (529, "overloaded_error"), (503, None)])
def test_advice_to_wait_names_how_long_where_the_answer_says_it(status, type):
    error = ApiError(status=status, type=type, message=RATE if status == 429 else "Busy", retry_after_s=2.4)
    assert "ait 3 s (retry-after)" in advice(error, "http_error")
    assert "no retry-after is known" in advice(replace(error, retry_after_s=None), "http_error")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.25, "1 s"), (3.0, "3 s"), (300.0, "300 s"), (301.0, "6 min"), (86_400.0, "24 h"), (0.0, "")],
)
def test_a_wait_is_said_in_the_unit_a_person_waits_in(seconds, said):
    assert asked_wait(ApiError(status=429, type=None, message="", retry_after_s=seconds)) == said


def test_only_a_busy_api_is_waited_for():
    assert asked_wait(ApiError(status=400, type=None, message="", retry_after_s=3.0)) == ""


@given(
    st.text(max_size=200)
    | st.from_regex(r"[\w.]{0,50}(: Extra inputs are not permitted|`|\{|Input tag ')", fullmatch=True)
)
def test_any_message_gets_some_advice(message):
    assert say(message)


def http_date(moment: datetime) -> str:
    return format_datetime(moment.replace(tzinfo=UTC), usegmt=True)


def envelope(**error):
    return json.dumps({"type": "error", "error": error, "request_id": "req_body"}).encode()


def test_the_envelope_of_the_api_is_read_in_full():
    body = envelope(type="invalid_request_error", message="m", details={"error_code": "file_expired", "n": 3})
    error = parse_error(404, [("Request-Id", "req_1"), ("Retry-After", "3"), ("X-Should-Retry", "false")], body)
    assert error == ApiError(
        status=404,
        type="invalid_request_error",
        message="m",
        code="file_expired",
        request_id="req_1",
        retry_after_s=3.0,
        details={"error_code": "file_expired", "n": 3},
        should_retry=False,
    )


def test_the_request_id_in_the_body_counts_where_no_header_has_one():
    assert parse_error(400, [], envelope(type="t", message="m")).request_id == "req_body"
    assert parse_error(400, [("x-amzn-requestid", "aws")], b"{}").request_id == "aws"


@pytest.mark.parametrize(
    ("body", "type", "message"),
    [
        (b'{"message": "The model returned the following errors: invalid beta flag"}', None, "The model returned"),
        (b'{"Message": "Forbidden"}', None, "Forbidden"),
        (b'{"__type": "ValidationException", "message": "bad"}', "ValidationException", "bad"),
        (b'{"type":"forbidden","message":"Request not allowed"}', "forbidden", "Request not allowed"),
        (b'{"error": "no route"}', None, "no route"),
        (b'{"error": {"message": "m", "type": "t", "code": 400}}', "t", "m"),
        (b'[{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}]', "INVALID_ARGUMENT", "m"),
        (b'{"errors": [{"message": "m"}]}', None, "m"),
        (b'{"detail": "Not Found"}', None, "Not Found"),
        (b'{"detail": {"nested": 1}}', None, '{"detail"'),
        (b"upstream connect error", None, "upstream connect error"),
        (b"", None, "503 Service Unavailable with an empty body"),
        (b"<html><head><title>503 Busy &amp; gone</title></head></html>", None, "web page: 503 Busy & gone"),
        (b"<html><body><script>alert(1)</script><h1>Sorry</h1><p>later", None, "web page: Sorry later"),
        (b"\xff\xfe", None, "\ufffd"),
        (b"[" * 100_000, None, "[[["),
        (b'{"error": {"message": "m", "details": {"n": ' + b"9" * 5000 + b"}}}", None, "m"),
        (b"null", None, "null"),
    ],
)
def test_any_shape_of_error_body_gives_a_message(body, type, message):
    error = parse_error(503, [], body)
    assert error.type == type
    assert message in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, 1e9),
        ({"retry-after": "later"}, None),
        ({}, None),
    ],
)
def test_u5_the_wait_asked_for_is_read_in_seconds_and_nonsense_is_no_wait(headers, seconds):
    assert parse_error(429, list(headers.items()), b"{}").retry_after_s == seconds


@given(
    st.sampled_from(["retry-after", "retry-after-ms"]),
    st.text(max_size=40) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(http_date),
    st.none() | st.text(max_size=40) | st.datetimes().map(http_date),
)
def test_u5_no_wait_is_negative_or_endless_whatever_stands_there(name, wait, date):
    headers = [(name, wait), *([("date", date)] if date is not None else [])]
    seconds = parse_error(429, headers, b"{}").retry_after_s
    assert seconds is None or (0 <= seconds < math.inf)


@given(st.floats(-3600, 3600), st.integers(0, 86_400))
def test_u5_a_date_to_wait_for_counts_from_the_answers_own_date_however_wrong_our_clocks_are(skew_s, wait_s):
    there = datetime.now(UTC) + timedelta(seconds=skew_s)
    headers = [("date", http_date(there)), ("retry-after", http_date(there + timedelta(seconds=wait_s)))]
    assert parse_error(429, headers, b"{}").retry_after_s == wait_s


def test_a_key_echoed_in_an_error_is_not_repeated_in_the_message():
    error = parse_error(401, [], envelope(type="authentication_error", message="bad key sk-ant-api03-abcDEF_123-x"))
    assert "abcDEF" not in error.message
    assert "sk-ant-***" in error.message


@pytest.mark.parametrize(
    "row", [row for row in exchanges() if row["response"]["status"] >= 400], ids=lambda row: row["id"]
)
def test_recorded_error_answers_are_read(row):
    answer = row["response"]
    error = parse_error(answer["status"], list(answer["headers"].items()), answer["body_text"].encode())
    assert f"error:{error.type}" in row["tags"]
    assert error.message in json.loads(answer["body_text"])["error"]["message"]
    assert error.message


@given(
    st.binary(max_size=300),
    st.dictionaries(st.sampled_from(["retry-after", "date", "request-id"]), st.text(max_size=40)),
)
def test_reading_an_error_never_fails(body, headers):
    assert parse_error(500, list(headers.items()), body).message


def tree(root=errors.CallError):
    """The failures of the wire: upper floors have some of their own, which may be loaded or not."""
    children = [child for child in root.__subclasses__() if child.__module__ == root.__module__]
    return [root] + [below for child in children for below in tree(child)]


def make(kind):
    takes_error = issubclass(kind, (errors.HttpError, errors.StreamError))
    return kind(ApiError(status=400, type="t", message="m")) if takes_error else kind()


@pytest.mark.parametrize("kind", tree())
def test_every_failure_leads_to_a_final_state_and_says_a_sentence(kind):
    failure = make(kind)
    assert failure.state in {"failed", "incomplete", "unknown_outcome", "cancelled"}
    assert failure.message
    assert str(failure) == failure.message


def test_only_what_was_not_sent_or_was_turned_away_unread_may_be_sent_again_by_itself():
    again = {kind for kind in tree() if make(kind).retry in (Retry.SAFE, Retry.AFTER_DELAY)}
    assert again == set(tree(errors.NotSent)) - {errors.AddressRefused}  # it would be refused again
    assert {kind for kind in tree() if make(kind).retry is Retry.ASK} == set(tree(errors.UnknownOutcome))


@pytest.mark.parametrize(
    ("status", "type", "should_retry", "retry"),
    [
        (400, "invalid_request_error", None, Retry.NEVER),
        (401, "authentication_error", None, Retry.NEVER),
        (409, "conflict_error", None, Retry.NEVER),
        (413, None, None, Retry.NEVER),
        (408, None, None, Retry.AFTER_DELAY),
        (429, "rate_limit_error", None, Retry.AFTER_DELAY),
        (529, "overloaded_error", None, Retry.AFTER_DELAY),
        (503, None, None, Retry.AFTER_DELAY),
        (502, "api_error", None, Retry.AFTER_DELAY),
        (502, None, None, Retry.ASK),
        (500, "api_error", None, Retry.ASK),
        (504, "timeout_error", None, Retry.ASK),
        (429, "rate_limit_error", False, Retry.NEVER),
        (400, "invalid_request_error", True, Retry.AFTER_DELAY),
    ],
)
def test_u6_u7_the_status_and_the_api_itself_say_whether_a_refusal_may_be_repeated(status, type, should_retry, retry):
    error = ApiError(status=status, type=type, message="m", should_retry=should_retry)
    assert errors.HttpError(error).retry is retry
