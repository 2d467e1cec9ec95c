"""Lines of a history as `runs.history.export_lines` writes them, made without a database."""

import hashlib
import json

from betaconsole.runs.history.records import BODY, COMPARISON, EXCHANGE, VERSION

DATA = '{"model":"m"}'
DIGEST = hashlib.sha256(DATA.encode()).hexdigest()
MOMENT = "2026-11-01T09:14:03+00:00"
BODY_LINE = {"kind": BODY, "version": VERSION, "sha256": DIGEST, "text": DATA}
COLUMN = {
    "label": "A", "betas": ["context-1m-2025-08-07"], "header": "x", "anthropic_version": "2023-06-01", "model": "m",
    "model_override": "", "changes": '{"a":null}', "own_body": None, "headers": [["anthropic-workspace-id", "w"]],
    "cache_nonce": "", "role": "", "baseline": None,
}  # fmt: skip
COMPARISON_LINE = {
    "kind": COMPARISON, "version": VERSION, "id": "a1b2c3d4e5", "number": 1, "author": "ann", "created_at": MOMENT,
    "finished_at": MOMENT, "title": "T", "simulated": False, "content_type": "application/json",
    "anthropic_version": "2023-06-01", "repeats": 2, "method": "POST", "path": "/v1/messages", "query": "",
    "engine": "live", "tool_stubs": [{"name": "t", "input": {"a": 1}, "result": "r"}], "max_turns": 3,
    "is_trace": False, "separate_caches": False, "seed": 1, "planned_repeats": None, "preset": "", "tags": ["launch"],
    "body": DIGEST, "columns": [COLUMN], "cases": [{"name": "x", "variables": {"a": "b"}, "body": None}],
}  # fmt: skip
EXCHANGE_LINE = {
    "kind": EXCHANGE, "version": VERSION, "column": 0, "case": 0, "repeat": 1, "attempt": 1, "turn": 1, "continues": "",
    "state": "succeeded", "waited": False, "method": "POST", "url": "simulator:/v1/messages", "stream": True,
    "request_headers": [["x-api-key", "sk-ant-abcdefghijk"], ["accept", "a"]], "model": "m", "status": 200,
    "response_headers": [["request-id", "req_1"]], "connect_ms": 1.5, "queue_ms": 0, "first_byte_ms": 3,
    "first_text_ms": None, "total_ms": 9, "created_at": MOMENT, "sent_at": MOMENT, "ended_at": MOMENT,
    "failure_kind": "", "error_type": "", "error_message": "", "error_code": "", "added": None,
    "timeline": [[5, 3, "a"], [6.5, 13, "b"]], "request_body": DIGEST, "response_body": DIGEST,
}  # fmt: skip
HISTORY = (b"\n".join(json.dumps(line).encode() for line in (BODY_LINE, COMPARISON_LINE, EXCHANGE_LINE)),)
