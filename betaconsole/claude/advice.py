"""What to do next about an error, in one or two sentences.

The tables follow the error types, codes and observed texts of the Claude API, direct and through other platforms.
The most particular rule wins: the message's words, then the error code, then the status, then how the call failed.
`{wait}` in a text stands for the time the answer asks to wait.
"""

import math
import re

from .api_errors import ApiError

_BUSY = frozenset({429, 503, 529})
_UNKNOWN_WAIT = "a little (no retry-after is known)"
_GENERIC = "Read the message; if it makes no sense, send the request id to Anthropic's support."

_NOT_DOWNLOADABLE = (
    "Only files that a tool made can be downloaded, not uploads: use your own copy, or a file of a tool."
)

_MESSAGES: tuple[tuple[str, str], ...] = (
    # The header itself
    (
        r"Unexpected value\(s\) `\s*` for",
        "The anthropic-beta header was sent empty: leave the header out where no beta is ticked.",
    ),
    (
        r"invalid beta flag",
        "This platform (Amazon Bedrock says it so) refuses a beta without naming it: untick them one at a time to find which.",
    ),
    (
        r"anthropic-beta header cannot include both '(?P<a>[^']+)' and '(?P<b>[^']+)'",
        "These betas exclude each other: keep {a} or {b} in this column and put the other one in a column of its own.",
    ),
    (r"API is in beta: add `(?P<beta>[^`]+)`", "Tick {beta} in this column: this endpoint needs it."),
    (
        r"anthropic-version: header is required",
        "The request had no anthropic-version header: choose a version for this column.",
    ),
    (
        r"anthropic-version: .* is not a valid version",
        "Choose one anthropic-version the API knows, such as 2026-10-21; two joined by a comma mean a proxy added its own.",
    ),
    # Gated fields and types
    (
        r"^(?P<field>temperature|top_p|top_k): Extra inputs are not permitted",
        "anthropic-version 2026-10-21 no longer takes {field}: take it out of the body, or use version 2023-06-01 in this column.",
    ),
    (
        r"^configurations\.\S+: Extra inputs are not permitted",
        "This field is added by the API's own servers, so the body is not to blame: try again later, and report the request id.",
    ),
    (
        r"(?P<path>requests\.\d+\.params\.[\w.\[\]-]{1,300}): Extra inputs are not permitted",
        "{path} is not accepted as this batch stands: tick the beta that unlocks it for the whole batch (betas inside a "
        "request's params do not count), or take the field out.",
    ),
    (
        r"(?P<path>[\w.\[\]-]{1,300}): Extra inputs are not permitted",
        "{path} is not accepted as this request stands: tick the beta that unlocks it, or take the field out. "
        "Where the beta is ticked, the model or the platform does not offer it.",
    ),
    (
        r"output_format: This field is deprecated",
        "Move the format to output_config.format, or tick the older structured-outputs beta that still reads output_format.",
    ),
    (
        r"^thinking: Input tag '(?P<tag>[^']+)' found",
        "This model does not take thinking of type {tag}: choose one of the types the message lists, or another model.",
    ),
    (
        r"Input tag '(?P<tag>[^']+)' found",
        "The type {tag} is not accepted as this request stands: tick the beta that unlocks it, or use one of the types listed.",
    ),
    # Accounts
    (
        r"long context beta is not yet available",
        "This account has no access to the long context window: untick context-1m, or ask Anthropic for access.",
    ),
    (
        r"Extra usage is required for long context",
        "The account's plan does not include long context, so waiting will not help: turn on extra usage, or untick context-1m.",
    ),
    (
        r"Fast mode .*not yet available via API|rate limit of 0 fast mode",
        "This account has no fast mode: take speed out of the body, or ask Anthropic for access.",
    ),
    (
        r"OAuth authentication is currently not supported",
        "Use an API key; an OAuth token needs the beta oauth-2025-04-20.",
    ),
    (r"invalid x-api-key", "The key is wrong or was revoked: put a valid one into this connection."),
    (
        r"credit balance is too low",
        "Buy credits under Plans & Billing of the account this key belongs to, then run again.",
    ),
    (r"Request not allowed", "The API refuses this place or key: check that the network and the region may use it."),
    (
        r"Invalid authorization token for MCP server '(?P<server>[^']*)'",
        "Replace the authorization_token of the MCP server {server} in mcp_servers; the Claude key is fine.",
    ),
    # Files and skills
    (r"\bis not downloadable", _NOT_DOWNLOADABLE),
    (
        r"SKILL\.md",
        "The upload is no whole skill: send the files of one folder, with a SKILL.md at its top that begins with the "
        "skill's name and description.",
    ),
    # Models
    (r"^model: (?P<model>\S+)$", "No model is called {model}: choose one from the list, or check the spelling."),
    (
        r"max_tokens: \d+ > (?P<limit>\d+), which is the maximum",
        "Set max_tokens to {limit} or less, or choose a model that writes more.",
    ),
    (
        r"exceed context limit: (?P<sum>\d+ \+ \d+) > (?P<limit>\d+)",
        "Lower max_tokens or shorten the input until both together ({sum}) fit into {limit} tokens.",
    ),
    (
        r"prompt is too long: \d+ tokens > (?P<limit>\d+)",
        "Shorten the prompt below {limit} tokens, or choose a model with a larger context window.",
    ),
    (
        r"effort '(?P<effort>\w+)' is not supported when thinking is disabled",
        "Lower output_config.effort to high, or turn thinking on.",
    ),
    (
        r"does not support the effort parameter",
        "Take output_config.effort out of the body, or choose a model that takes it.",
    ),
    (r"does not support the `?speed`? parameter", "Take speed out of the body, or choose a model that has fast mode."),
    (
        r"adaptive thinking is not supported",
        "Use thinking of type enabled with budget_tokens, or choose a newer model.",
    ),
    (
        r"thinking\.type\.enabled\W+is not supported",
        'Use thinking {{"type": "adaptive"}} and steer it with output_config.effort: this model takes no budget_tokens.',
    ),
    (
        r"does not support programmatic tool calling",
        'Give the tool "allowed_callers": ["direct"], use its older version, or choose a larger model.',
    ),
    (r"does not support assistant message prefill", "End the messages with a user turn: this model takes no prefill."),
    (r"Unexpected role \"system\"", "Move the text of the system message to the top-level system field."),
    (
        r"role 'system' is not supported",
        "Move the system message to the top-level system field, or choose another model.",
    ),
    # Fields that need each other
    (r"`temperature` may only be set to 1", "Take temperature out, or turn thinking off."),
    (r"Skills beta requires the code_execution tool", "Add the code_execution tool to tools: skills run inside it."),
    (r"strategy requires `thinking` to be enabled", "Turn thinking on, or take this edit out of context_management."),
    (
        r"unexpected `tool_use_id` found in",
        "Keep the tool call in the assistant turn before its result, or take the result out.",
    ),
    (
        r"Invalid `signature` in `thinking` block",
        "Take the thinking block out, or send it back in the very conversation it came from, unchanged.",
    ),
    (
        r"exceed your (organization's )?rate limit",
        "Wait {wait}, shorten the prompt, or run fewer columns at once.",
    ),
)

_CREATE_THREAD = 'send the whole conversation with thread {{"type": "create"}}'

_CODES: tuple[tuple[str, str], ...] = (
    (
        r"compaction_unavailable",
        "The compaction broke off on the API's side, and not for what was sent: wait {wait} and run again.",
    ),
    (
        r"compaction_block_ambiguous",
        "The messages hold more than one compaction block: keep only the one that was returned last.",
    ),
    (
        r"compaction_block_misplaced",
        "The compaction block stands in the wrong place: make it the first block of the conversation, outside system messages.",
    ),
    (
        r"compaction_(content|tool_changes)_mismatch|compaction_signature_invalid",
        "The compaction block is not the one the API made: send it back exactly as it came, with its content, "
        "signature and tool_changes.",
    ),
    (
        r"compaction_incomplete_turn",
        "The conversation to compact ends in an unfinished assistant turn: add the missing tool results, or end it with a user turn.",
    ),
    (
        r"compaction_nothing_to_summarize",
        "There is nothing to compact: add user or assistant turns with content, or take compaction out.",
    ),
    (
        r"compaction_too_many_tool_references",
        "The conversation names more tools than a compaction block can record: remove tools it no longer needs, or compact earlier.",
    ),
    (
        r"compaction_.*",
        "Check the compaction block: send it back exactly as it came, in its place, with the same tools.",
    ),
    (
        r"thread_already_continued",
        f"This message was continued once, which is all it can be: continue from the thread's newest reply, or {_CREATE_THREAD}.",
    ),
    (
        r"thread_continue_in_flight",
        "Another request is continuing this thread from the same message: wait until it has ended and continue from its reply.",
    ),
    (
        r"thread_fingerprint_mismatch",
        f"A field that is fixed for the whole thread was changed (the message names it): put back what it was, or {_CREATE_THREAD}.",
    ),
    (
        r"thread_unsupported_request",
        "A thread cannot be combined with a field of this request or a setting of the organisation: take out what the "
        "message names, or take thread out and send the whole conversation.",
    ),
    (r"thread_not_found", f"The thread is gone or belongs to another workspace: {_CREATE_THREAD}."),
    (
        r"thread_.*",
        "Create a new thread with the whole conversation, or take the fields out that a thread does not take.",
    ),
    (r"tool_name_conflict", "Give each tool a name of its own."),
    (r"tool_reference_unresolved", "Declare the tool the reference names, or take the reference out."),
    (r"available_tools_limit_exceeded", "Send fewer tools, or let tool search load them."),
    (r"image_dimensions_too_large", "Make the image smaller, or let the API do it (oversized_image: downsize)."),
    (
        r"user_profile_required",
        "The request is to be billed to a user profile and names none: add the header anthropic-user-profile-id to this column.",
    ),
    (
        r"user_profile_not_found",
        "No active user profile has this id in the organisation: check the header anthropic-user-profile-id of this column.",
    ),
    (r"user_profile_.*", "Check the user profile of the request and whether this key may bill it."),
    (r"file_expired", "The file's time is over and its content is gone: upload it again and use the new id."),
    (r"file_not_downloadable", _NOT_DOWNLOADABLE),
    (
        r"storage_quota_exceeded",
        "The organisation's space for files is full: delete files it no longer needs, then upload again.",
    ),
    (r"organization_on_hold", "The organisation is on hold: its admin finds the way to appeal in the error's details."),
    (
        r"organization_not_enrolled_in_beta",
        "This organisation has no access to the beta the message names: ask Anthropic for it, or untick it.",
    ),
    (r"request_body_timeout", "The body arrived too slowly: check the network and run again."),
    (r"request_body_too_large_after_decoding", "Make the body smaller: send large files through the Files API."),
    (r"request_body_encoding_.*|unsupported_charset", "Send the body as plain UTF-8 JSON without content-encoding."),
    (
        r"(contract|enforced)_spend_limit_reached|linked_organization_spend_limit_reached",
        "The spend limit is reached: raise it in the account's billing settings.",
    ),
    (r"ramp_limit_exceeded", "Traffic grew too fast: run fewer columns at once and try again in a few minutes."),
    (r"linked_organization_billing_unavailable", "Ask the linked organisation's admin to put its billing in order."),
    (r"api_key_scope_missing", "Use a key whose scope covers this endpoint."),
    (r"(skill|plugin)_name_taken", "This name is taken in the organisation: choose another one."),
    (
        r"skill_read_blocked_undecryptable",
        "A skill the request names lies under an encryption key that cannot be used now: upload the skill again, or have "
        "an admin check the key.",
    ),
    (
        r"workspace_.*|org_.*",
        "A rule or limit of the workspace or organisation stands against this: its admin can change it; the message says which it is.",
    ),
    (r"cmek_.*", "The organisation's own encryption key cannot be reached: its admin must check it."),
    (r"registration_pending", "The registration is not finished yet: wait a little and run again."),
)

# Endpoints that answer as if they were not there until their beta is ticked: what the SDK sends by default.
_BETAS_OF_PATHS = {
    "agents": "managed-agents-2026-04-01",
    "sessions": "managed-agents-2026-04-01",
    "environments": "managed-agents-2026-04-01",
    "deployments": "managed-agents-2026-04-01",
    "deployment_runs": "managed-agents-2026-04-01",
    "vaults": "managed-agents-2026-04-01",
    "memory_stores": "agent-memory-2026-07-22",
    "dreams": "dreaming-2026-04-21",
    "tunnels": "mcp-tunnels-2026-06-22",
}

_TYPES = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "api_error": 500,
    "timeout_error": 504,
    "invalid_request_error": 400,
}

_STATUSES = {
    400: "Change what the message names in the body or in the header, then run again.",
    401: "Check the key of this connection: it is missing, wrong or revoked.",
    402: "Put the account's billing in order, then run again.",
    403: "This key may not do that: use a key of the right workspace, or ask its admin.",
    404: "Check the model's name and the address; some endpoints answer so when their beta is not ticked.",
    408: "The API gave up waiting for the request: check the network and run again.",
    409: "Something changed at the same moment, or the name is taken: look at the current state and run again.",
    412: "The state the request relied on has changed: fetch it again, then run again.",
    413: "Make the body smaller (this limit counts bytes, not tokens): send large files through the Files API.",
    422: "Change what the message names in the body, then run again.",
    429: "Wait {wait} and run fewer columns at once; a 429 without retry-after may be a spend limit.",
    500: "The fault is on the API's side. Running again is possible, but this request may have been billed.",
    502: "A server between here and the API lost the answer. Running again is possible, but this request may have been billed.",
    503: "The service is not available for now: wait {wait} and run again.",
    504: "The request took too long on the API's side: stream it, or ask for less. It may have been billed.",
    529: "The API is overloaded: wait {wait} and run again; nothing was billed.",
}

_KINDS = {
    "not_sent": "Nothing was sent, so nothing was billed: check the address, the network and the proxy, then run again.",
    "cut_before_status": "The API may have run this request: running again may be billed twice.",
    "status_timeout": "The API may have run this request: running again may be billed twice. Streaming answers begin sooner.",
    "redirect_refused": "Set the connection's base URL to the address that answers itself: redirects are never followed.",
    "stream_error": "The answer broke off with an error after it had begun; what had arrived is kept and may be billed. Run again for a whole one.",
    "cut_after_status": "What had arrived is kept and may be billed. Run again for a whole answer.",
    "idle_timeout": "The answer stalled; what had arrived is kept and may be billed. Run again for a whole one.",
    "total_timeout": "The answer took too long; what had arrived is kept and may be billed. Ask for less output, or run again.",
    "protocol": "Check the connection's base URL: what answered there does not speak the Claude API.",
    "limit": "Ask for less output: the answer is larger than this console reads. What had arrived is kept.",
    "cancelled": "Stopped here; the API may still bill what it had generated.",
}


def advice(error: ApiError | None, kind: str = "", *, path: str = "") -> str:
    """What to do about this error; `kind` is the stored kind of the call's failure where there is one. Never empty.

    `path` is the address that was asked, or its path: what the same refusal means depends on the endpoint.
    """
    if error is not None:
        wait = f"{said} (retry-after)" if (said := asked_wait(error)) else _UNKNOWN_WAIT
        particular = _about_betas(error.refused_betas) or _by_code(error.code, wait) or _by_message(error.message, wait)
        if particular:
            return particular
        if said_of_path := _by_path(path, _status(error)):
            return said_of_path
        if kind != "stream_error" and (status := _status(error)):
            return _STATUSES[status].format(wait=wait)
    return _KINDS.get(kind, _GENERIC)


def asked_wait(error: ApiError) -> str:
    """How long a busy API asks to wait before the next request: `3 s`, `10 min`, rounded up. Empty where it does not."""
    seconds = error.retry_after_s
    if error.status not in _BUSY or not seconds:
        return ""
    if seconds <= 300:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60):,} min" if seconds <= 7200 else f"{math.ceil(seconds / 3600):,} h"


def _status(error: ApiError) -> int | None:
    """The status whose advice fits: its own, that of its type, or that of a broken way for the other 5xx of an edge."""
    if error.status in _STATUSES:
        return error.status
    return _TYPES.get(error.type or "") or (502 if error.status and error.status >= 500 else None)


def _about_betas(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    if len(names) == 1:
        return f"This API does not take the beta {names[0]}: add a column without it, or check the name and its date."
    return (
        f"This API does not take {len(names)} of the betas: add a column without them, or check their names and dates."
    )


def _by_message(message: str, wait: str) -> str:
    for pattern, text in _MESSAGES:
        if found := re.search(pattern, message[:20_000], re.IGNORECASE | re.MULTILINE):
            return text.format_map({**found.groupdict(), "wait": wait})
    return ""


def _by_path(path: str, status: int | None) -> str:
    """What a refusal without a particular message means at an endpoint other than Messages."""
    found = re.search(r"/v1/(?P<noun>[a-z_]+)(?P<rest>/[^?]*)?", path)
    if found is None or (found["noun"] == "messages" and not found["rest"]):
        return ""
    if status == 404 and (beta := _BETAS_OF_PATHS.get(found["noun"])):
        return f"Nothing answers at this path: tick {beta}, which these endpoints need, and check the path and its ids."
    if found["noun"] == "organizations" and status in (401, 403, 404):
        return "These endpoints take an admin key and often a beta: use a connection with an admin key, and tick the beta of this endpoint."
    if status == 404:
        return "Nothing is at this path: check it and its ids (an id of another workspace, deleted or expired is not found either), and whether this endpoint needs a beta."
    if status == 409:
        return "Something changed at the same moment, a name is taken, or the state does not allow it: fetch it again, then decide."
    return ""


def _by_code(code: str | None, wait: str) -> str:
    return next((text.format(wait=wait) for pattern, text in _CODES if re.fullmatch(pattern, code or "")), "")
