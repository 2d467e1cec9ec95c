"""Remote MCP servers that nobody has to run."""

import pytest

from betaconsole.simulator.effects import MCP_CLIENT, MCP_CLIENT_0404, MCP_LISTING

from .talk import ask, say

SERVER = {"type": "url", "url": "https://example.com/mcp", "name": "lamps"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "lamps"}
ASK = [{"role": "user", "content": "Search for brass lamps in the lamps catalogue."}]


def asked(**changes):
    return ask(**{"mcp_servers": [SERVER], "tools": [TOOLSET], "messages": ASK, **changes})


def sent(simulator, body, *betas):
    with simulator.dial(repeat=1) as sock:
        return say(sock, body, **({"anthropic_beta": ",".join(betas)} if betas else {}))


def kinds(reply):
    assert reply.status == 200, reply.body
    return [block["type"] for block in reply.json["content"]]


def test_a_tool_of_a_server_is_called_within_the_answer(simulator):
    reply = sent(simulator, asked(), MCP_CLIENT)
    assert kinds(reply) == ["mcp_tool_use", "mcp_tool_result", "text"]
    call, result, _ = reply.json["content"]
    assert (call["server_name"], call["name"]) == ("lamps", "search")
    assert call["id"].startswith("mcptoolu_")
    assert (result["tool_use_id"], result["is_error"]) == (call["id"], False)
    assert "lamps search" in result["content"][0]["text"]


def test_without_the_header_nothing_of_it_is_known(simulator):
    assert sent(simulator, asked()).message == "mcp_servers: Extra inputs are not permitted"
    assert "Input tag 'mcp_toolset'" in sent(simulator, ask(tools=[TOOLSET])).message


def test_the_first_form_needs_no_toolset(simulator):
    body = asked(tools=None)
    assert kinds(sent(simulator, body, MCP_CLIENT_0404)) == ["mcp_tool_use", "mcp_tool_result", "text"]
    off = {**body, "mcp_servers": [{**SERVER, "tool_configuration": {"enabled": False}}]}
    assert kinds(sent(simulator, off, MCP_CLIENT_0404)) == ["text"]
    only = {**body, "mcp_servers": [{**SERVER, "tool_configuration": {"allowed_tools": ["read"]}}]}
    assert sent(simulator, only, MCP_CLIENT_0404).json["content"][0]["name"] == "read"
    reply = sent(simulator, only, MCP_CLIENT)
    assert reply.message == "mcp_servers.0.tool_configuration: Extra inputs are not permitted"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tools": None}, "no `mcp_toolset` in `tools` refers to MCP server 'lamps'"),
        ({"tools": [{**TOOLSET, "mcp_server_name": "other"}]}, "MCP server 'other' is not defined in `mcp_servers`"),
        ({"mcp_servers": [{**SERVER, "url": "http://example.com"}]}, "mcp_servers.0.url: URL must start with https://"),
        ({"mcp_servers": [SERVER, SERVER]}, "MCP server names must be unique"),
        ({"mcp_servers": [{"type": "url", "name": "lamps"}]}, "mcp_servers.0.url: Field required"),
    ],
)
def test_servers_and_toolsets_have_to_fit(simulator, changes, text):
    reply = sent(simulator, asked(**changes), MCP_CLIENT)
    assert (reply.status, text in reply.message) == (400, True), reply.message


def test_a_toolset_says_which_tools_may_be_called(simulator):
    off = {**TOOLSET, "configs": {"search": {"enabled": False}}}
    assert sent(simulator, asked(tools=[off]), MCP_CLIENT).json["content"][0]["name"] == "read"
    none = {**TOOLSET, "default_config": {"enabled": False}}
    assert kinds(sent(simulator, asked(tools=[none]), MCP_CLIENT)) == ["text"]


def test_the_listing_is_shown_once_and_replayed(simulator):
    body = asked()
    first = sent(simulator, body, MCP_CLIENT, MCP_LISTING)
    assert kinds(first) == ["mcp_tool_listing", "mcp_tool_use", "mcp_tool_result", "text"]
    assert [tool["name"] for tool in first.json["content"][0]["tools"]] == ["search", "read"]
    assert "mcp_tool_listing" not in kinds(sent(simulator, body, MCP_CLIENT))
    turns = [{"role": "assistant", "content": first.json["content"]}, {"role": "user", "content": "And glass ones?"}]
    later = {**body, "messages": [*ASK, *turns]}
    assert "mcp_tool_listing" not in kinds(sent(simulator, later, MCP_CLIENT, MCP_LISTING))
    assert "Input tag 'mcp_tool_listing'" in sent(simulator, later, MCP_CLIENT).message


def test_a_pinned_listing_is_used_as_it_is(simulator):
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    pinned = {**TOOLSET, "tools": [{"name": "find_lamp", "description": "Finds a lamp", "input_schema": schema}]}
    reply = sent(simulator, asked(tools=[pinned]), MCP_CLIENT, MCP_LISTING)
    assert kinds(reply)[0] == "mcp_tool_use"
    assert (reply.json["content"][0]["name"], list(reply.json["content"][0]["input"])) == ("find_lamp", ["colour"])
    reply = sent(simulator, asked(tools=[pinned]), MCP_CLIENT)
    assert reply.message == "tools.0.mcp_toolset.tools: Extra inputs are not permitted"


def test_a_call_cut_off_by_a_client_tool_gets_its_result_first(simulator):
    tool = {"name": "add", "description": "Adds", "input_schema": {"type": "object", "properties": {}}}
    call = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "search", "server_name": "lamps", "input": {}}
    use = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "4"}
    turns = [{"role": "assistant", "content": [call, use]}, {"role": "user", "content": [result]}]
    reply = sent(simulator, asked(messages=[*ASK, *turns], tools=[TOOLSET, tool]), MCP_CLIENT)
    assert kinds(reply)[0] == "mcp_tool_result"
    assert reply.json["content"][0]["tool_use_id"] == "mcptoolu_1"


def test_the_sdk_reads_a_streamed_answer_with_mcp_as_the_whole_one(client):
    body = {**asked(), "betas": [MCP_CLIENT, MCP_LISTING], "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.beta.messages.create(**body)
    with client.beta.messages.stream(**body) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert [block.type for block in whole.content][:2] == ["mcp_tool_listing", "mcp_tool_use"]
    assert whole.content[0].tools[0].name == "search"
