"""What the catalogue offers is tried on the simulator, with the rules the catalogue makes for it."""

from copy import deepcopy

import json_merge_patch
import pytest

from betaconsole.catalogue.betas import Beta, all_betas
from betaconsole.catalogue.examples import Example, examples
from betaconsole.simulator import Simulator

from .asking import Answer, ask, simulator


@pytest.fixture(scope="module")
def far_end() -> Simulator:
    return simulator()


def answers(far_end: Simulator, example: Example) -> list[Answer]:
    found = []
    for column in example.columns:
        body = json_merge_patch.merge(deepcopy(example.body), column.changes or {})
        found.append(ask(far_end, body, betas=column.betas, version=column.version))
    return found


def conversation(far_end: Simulator, example: Example, betas: tuple[str, ...]) -> list[Answer]:
    """The answers of one column, its calls answered by the example's stubs."""
    results = {stub["tool"]: stub["result"] for stub in example.tool_stubs}
    messages, found = list(example.body["messages"]), []
    while True:
        answer = ask(far_end, {**example.body, "messages": messages}, betas=betas)
        assert answer.status == 200, answer.message
        found.append(answer)
        calls = [block for block in answer.message["content"] if block["type"] == "tool_use"]
        if not calls:
            return found
        given = [{"type": "tool_result", "tool_use_id": call["id"], "content": results[call["name"]]} for call in calls]
        messages += [
            {"role": "assistant", "content": answer.message["content"]},
            {"role": "user", "content": given},
        ]


def test_of_two_columns_with_two_tools_only_the_one_with_the_header_thinks_between_the_calls(far_end: Simulator):
    example = examples()[0]
    baseline, interleaved = (conversation(far_end, example, column.betas) for column in example.columns)
    for column in (baseline, interleaved):
        assert [answer.message["stop_reason"] for answer in column] == ["tool_use", "tool_use", "end_turn"]
        assert "thinking" in column[0].block_types
    assert ["thinking" in answer.block_types for answer in baseline[1:]] == [False, False]
    assert ["thinking" in answer.block_types for answer in interleaved[1:]] == [True, True]


def test_of_three_headers_only_the_misspelt_one_is_refused(far_end: Simulator):
    correct, misspelt, retired = answers(far_end, examples()[1])
    assert (correct.status, misspelt.status, retired.status) == (200, 400, 200)
    assert "interleaved-thinking-2025-04-14" in misspelt.error
    assert "thinking" in correct.block_types
    assert "thinking" not in retired.block_types


def test_leaving_one_out_shows_which_of_six_headers_matter(far_end: Simulator):
    example = examples()[2]
    found = dict(zip([column.label for column in example.columns], answers(far_end, example), strict=True))
    assert {answer.status for answer in found.values()} == {200}
    everything = found["all six"]
    changed = {
        label
        for label, answer in found.items()
        if answer.block_types != everything.block_types
        or answer.message["usage"]["input_tokens"] != everything.message["usage"]["input_tokens"]
    }
    assert changed == {"none", "−think", "−ctx"}
    assert found["−ctx"].message["usage"]["input_tokens"] > 1.5 * everything.message["usage"]["input_tokens"]


def on_messages() -> list[Beta]:
    return [beta for beta in all_betas().values() if beta.example_body and "messages" in beta.endpoints]


# examples that stand for a value only an earlier answer has, and what is said of them
NOT_RUN = {"fallback-credit-2026-06-01": "the token cannot be redeemed: expired"}


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_the_example_of_a_beta_runs_with_its_header(beta: Beta, far_end: Simulator):
    answer = ask(far_end, beta.example_body, betas=(beta.name, *beta.needs))
    if beta.name in NOT_RUN:
        assert NOT_RUN[beta.name] in answer.error
        return
    assert answer.status == 200, answer.message


@pytest.mark.parametrize("beta", on_messages(), ids=lambda beta: beta.name)
def test_the_example_without_the_changes_runs_without_the_header(beta: Beta, far_end: Simulator):
    answer = ask(far_end, beta.example_base)
    assert answer.status == 200, answer.message


@pytest.mark.parametrize(
    "beta",
    [beta for beta in all_betas().values() if beta.example_request != "POST /v1/messages"],
    ids=lambda beta: beta.name,
)
def test_the_example_of_another_endpoint_is_answered_where_the_simulator_plays_it(beta: Beta, far_end: Simulator):
    body = {} if beta.example_request.startswith("GET ") else beta.example_body or {}
    answer = ask(far_end, body, betas=(beta.name,), request=beta.example_request)
    if answer.status != 200:
        assert answer.error.startswith("The simulator does not play this endpoint") or beta.endpoints == ("oauth",)


@pytest.mark.parametrize("beta", [beta for beta in on_messages() if beta.gated], ids=lambda beta: beta.name)
def test_what_a_beta_gates_is_refused_without_its_header(beta: Beta, far_end: Simulator):
    answer = ask(far_end, beta.example_body)
    assert answer.status == 400
    assert answer.message["error"]["type"] == "invalid_request_error"
