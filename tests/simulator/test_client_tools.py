"""Tools that the API defines and the client runs."""

import pytest

from .talk import ask, say

SIZE = {"display_width_px": 1024, "display_height_px": 768}
TOOLS = {
    "bash": ({"type": "bash_20250124", "name": "bash"}, {"name": "bash", "input": {"command": "ls -la"}}),
    "editor": (
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        {"name": "str_replace_based_edit_tool", "input": {"command": "view", "path": "/repo/README.md"}},
    ),
    "memory": (
        {"type": "memory_20250818", "name": "memory"},
        {"name": "memory", "input": {"command": "view", "path": "/memories"}},
    ),
    "computer toolset": (
        {"type": "computer_toolset_20260801"},
        {"name": "screenshot", "toolset_name": "computer", "input": {}},
    ),
    "browser toolset": (
        {"type": "browser_toolset_20260801"},
        {"name": "navigate", "toolset_name": "browser", "input": {"url": "https://example.com/"}},
    ),
}


@pytest.mark.parametrize("kind", TOOLS)
def test_a_known_tool_is_called_once_as_the_api_calls_it(simulator, kind):
    tool, expected = TOOLS[kind]
    body = ask(tools=[tool])
    with simulator.dial() as sock:
        answer = say(sock, body).json
        call = answer["content"][-1]
        assert {name: value for name, value in call.items() if name not in ("type", "id")} == expected
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": "Done."}
        turns = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [result]}]
        assert say(sock, {**body, "messages": [*body["messages"], *turns]}).json["stop_reason"] == "end_turn"


def test_an_older_computer_tool_is_called_by_its_own_name(simulator):
    tool = {"type": "computer_20251124", "name": "computer", **SIZE}
    with simulator.dial() as sock:
        call = say(sock, ask(tools=[tool]), anthropic_beta="computer-use-2025-11-24").json["content"][-1]
    assert (call["name"], call["input"]) == ("computer", {"action": "screenshot"})


@pytest.mark.parametrize("kind", ["computer toolset", "browser toolset"])
def test_the_sdk_reads_a_streamed_call_of_a_toolset_as_the_whole_one(client, kind):
    asked = {**ask(tools=[TOOLS[kind][0]]), "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.content[-1].toolset_name == kind.partition(" ")[0]
