"""The simulator's Models API, and how paths and methods find their endpoint."""

import anthropic
import pytest

from .talk import say

MODEL = "claude-opus-5-5"


@pytest.mark.parametrize("space", ["stable", "beta"])
def test_the_sdk_lists_models_in_pages_and_retrieves_one_by_its_alias(client, space):
    models = client.beta.models if space == "beta" else client.models
    listed = [model.id for model in models.list(limit=3)]
    assert listed == ["claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"]
    assert models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5-20251001"
    with pytest.raises(anthropic.NotFoundError, match="model: claude-none"):
        models.retrieve("claude-none")


def test_retired_models_are_listed_only_where_they_are_asked_for(client):
    assert [model.id for model in client.models.list(lifecycle=["retired"])] == ["claude-3-opus-20240229"]
    assert len(list(client.models.list(lifecycle=["active", "retired"]))) == 5
    with pytest.raises(anthropic.BadRequestError, match="lifecycle"):
        client.models.list(lifecycle=["ancient"])


def test_on_demand_compaction_shows_what_models_can_with_its_beta_only(client):
    assert client.beta.models.retrieve(MODEL).capabilities.compaction is None
    compaction = client.beta.models.retrieve(MODEL, betas=["compact-2026-09-04"]).capabilities.compaction
    assert (compaction.supported, compaction.summarize.supported) == (True, True)


def test_server_side_fallback_shows_which_models_may_stand_in_with_its_beta_only(client):
    beta = "server-side-fallback-2026-07-01"
    assert client.beta.models.retrieve(MODEL).allowed_fallback_models is None
    allowed = client.beta.models.retrieve(MODEL, betas=[beta]).allowed_fallback_models
    assert allowed == ["claude-sonnet-5", "claude-sonnet-4-6"]
    assert client.beta.models.retrieve("claude-sonnet-5", betas=[beta]).allowed_fallback_models == []


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/files/a/b", "/v1/agents", "/v1/organizations/usage", "/"])
def test_an_unknown_path_and_one_that_needs_a_beta_are_404(simulator, path):
    reply = say(simulator.dial(), None, method="GET", path=path)
    assert (reply.status, reply.json["error"]) == (404, {"type": "not_found_error", "message": "Not Found"})


@pytest.mark.parametrize("path", ["/v1/agents", "/v1/agents/agent_1/versions?beta=true", "/v1/sessions"])
def test_an_endpoint_that_is_not_played_says_so_to_whoever_sends_its_beta(simulator, path):
    reply = say(simulator.dial(), None, method="GET", path=path, anthropic_beta="managed-agents-2026-04-01")
    assert (reply.status, reply.json["error"]["type"]) == (404, "not_found_error")
    assert reply.message.startswith("The simulator does not play this endpoint: /v1/")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/models"),
        ("PUT", "/v1/files"),
        ("POST", "/v1/files/file_1"),
        ("GET", "/v1/messages/batches/msgbatch_1/cancel"),
        ("PATCH", "/v1/skills/skill_1/versions"),
    ],
)
def test_a_wrong_method_is_405(simulator, method, path):
    reply = say(simulator.dial(), None, method=method, path=path)
    assert (reply.status, reply.json["error"]["type"]) == (405, "invalid_request_error")


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/v1/models/claude-sonnet-5", "/v1/files", "/v1/skills", "/v1/messages/batches", "/v1/files/file_1"],
)
def test_every_endpoint_checks_key_version_and_betas(simulator, path):
    def status(**headers: str | None) -> int:
        return say(simulator.dial(), None, method="GET", path=f"{path}?beta=true", **headers).status

    assert status() == (404 if path.endswith("file_1") else 200)
    assert status(x_api_key=None) == 401
    assert status(anthropic_version=None) == 400
    assert status(anthropic_beta="made-up-2026-01-01") == 400


def test_faults_can_be_wished_for_everywhere(simulator):
    def wished(wish: str) -> int:
        return say(simulator.dial(), None, method="GET", path="/v1/files", x_simulator=wish).status

    assert wished("fault=529") == 529
    broken = say(simulator.dial(), None, method="GET", path="/v1/files", x_simulator="fault=bad_json")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = broken.json
