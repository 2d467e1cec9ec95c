"""What the API once answered to files, skills, batches and models, and what the simulator answers to the same requests."""

import json
import re
from typing import Any

import pytest

from betaconsole.simulator import Simulator
from tests import recorded

from .talk import Reply, say

FIRST_BETAS = {"files": "files-api-2025-04-14", "skills": "skills-2025-10-02"}
IDENT = re.compile(r"(file|msgbatch|skill)_[A-Za-z0-9]+")
SKILL = ("files[]", "press-review/SKILL.md", b"---\nname: press-review\ndescription: Reads.\n---\n")
REFUSED_KEY = "sk-ant-bad-key"


def exchanges() -> list[Any]:
    """All of these endpoints but for cancellations, for which something must run: they are below."""
    rows = [
        row for row in recorded.exchanges() if re.match(r"/v1/(files|skills|models|messages/batches)", path_of(row))
    ]
    return [
        pytest.param(row, id=f"{row['request']['method']} {path_of(row)} {row['id'][-4:]}")
        for row in rows
        if not path_of(row).endswith("/cancel")
    ]


def path_of(row: dict[str, Any]) -> str:
    return IDENT.sub("{id}", row["request"]["path"])


def form(*parts: tuple[str, str, bytes]) -> bytes:
    """A body whose boundary is `REDACTED`, as it stands in the recorded headers."""
    body = b""
    for name, filename, data in parts:
        body += b'--REDACTED\r\ncontent-disposition: form-data; name="%s"; filename="%s"\r\n\r\n' % (
            name.encode(),
            filename.encode(),
        )
        body += data + b"\r\n"
    return body + b"--REDACTED--\r\n"


def again(simulator: Simulator, row: dict[str, Any]) -> Reply:
    """Send a recorded request, with the id of something that is there."""
    request = row["request"]
    kind = request["path"].split("/")[2].split("?")[0]
    headers: dict[str, str | None] = {name.replace("-", "_"): value for name, value in request["headers"].items()}
    if not request["headers"].get("anthropic-beta"):
        headers["anthropic_beta"] = FIRST_BETAS.get(kind)  # what was sent is not recorded; the answers are of its shape
    if row["response"]["status"] == 401:
        headers["x_api_key"] = REFUSED_KEY
    body: Any = request["body"]
    if kind in FIRST_BETAS and request["method"] == "POST":
        headers["content_type"] = "multipart/form-data; boundary=REDACTED"
        body = form(SKILL if kind == "skills" else ("file", "apples.pdf", b"%PDF"))
    path = IDENT.sub(lambda _: standing(simulator, kind), request["path"])
    return say(simulator.dial(), body, method=request["method"], path=path, **headers)


def standing(simulator: Simulator, kind: str) -> str:
    """The id of a file, a skill or a batch made for the request to come; a batch that is to be canceled still runs."""
    multipart = {"content_type": "multipart/form-data; boundary=REDACTED"}
    if kind == "files":
        reply = say(simulator.dial(), form(("file", "apples.pdf", b"%PDF")), path="/v1/files", **multipart)
    elif kind == "skills":
        reply = say(simulator.dial(), form(SKILL), path="/v1/skills", **multipart)
    else:
        params = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        body = {"requests": [{"custom_id": "0", "params": params}]}
        reply = say(simulator.dial(), body, path="/v1/messages/batches")
    assert reply.status == 200
    return str(reply.json["id"])


def shape(value: Any) -> Any:
    """The keys and types of a value: of a list what its first element has, of null only that it was null."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def misfits(recorded_shape: Any, told: Any, place: str = "") -> list[str]:
    """Where an answer lacks a recorded key or has another type. A null stands for whatever may be null."""
    if isinstance(recorded_shape, dict) and isinstance(told, dict):
        missing = [f"{place}.{key} is missing" for key in recorded_shape if key not in told]
        inner = [misfits(recorded_shape[key], told[key], f"{place}.{key}") for key in recorded_shape if key in told]
        return missing + [each for found in inner for each in found]
    if isinstance(recorded_shape, list) and isinstance(told, list):
        return misfits(recorded_shape[0], told[0], f"{place}[]") if recorded_shape and told else []
    if recorded_shape == told or "NoneType" in (recorded_shape, told):
        return []
    return [f"{place} is {told}, not {recorded_shape}"]


@pytest.mark.parametrize("row", exchanges())
def test_a_recorded_request_gets_an_answer_of_the_recorded_shape(row, simulator):
    if row["request"]["method"] == "GET" and row["request"]["path"].split("?")[0].endswith(("files", "batches")):
        standing(simulator, "files" if "files" in row["request"]["path"] else "batches")
    reply = again(simulator, row)
    response = row["response"]
    assert reply.status == response["status"]
    assert reply.headers["content-type"].split(";")[0] == response["headers"]["content-type"].split(";")[0]
    was, told = (
        json.loads(text.splitlines()[0] if "x-jsonl" in reply.headers["content-type"] else text)
        for text in (response["body_text"], reply.body.decode())
    )
    assert misfits(shape(was), shape(told)) == []
    if "models" not in row["request"]["path"]:  # they have gained fields since
        assert set(told) == set(was)
    if reply.status >= 400:
        assert told["error"]["type"] == was["error"]["type"]
        assert IDENT.sub("{id}", told["error"]["message"]) == IDENT.sub("{id}", was["error"]["message"])


def test_canceling_is_told_as_recorded(simulator):
    rows = [row for row in recorded.exchanges() if row["request"]["path"].endswith("/cancel")]
    body = {"requests": [{"custom_id": "0", "params": {}}, {"custom_id": "1", "params": {}}]}
    batch = say(simulator.dial(), body, path="/v1/messages/batches", x_simulator="tps=80").json
    told = say(simulator.dial(), {}, path=f"/v1/messages/batches/{batch['id']}/cancel").json
    for row in rows:
        was = json.loads(row["response"]["body_text"])
        assert list(told) == list(was)
        assert shape(told) == shape(was)
        assert told["processing_status"] == was["processing_status"]
        assert told["request_counts"] == was["request_counts"]
