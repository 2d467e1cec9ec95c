import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.checks.endpoints import endpoint_word
from betaconsole.catalogue.checks.paths import found, occurs, pointer, read_path, shown
from betaconsole.simulator.gates import occurrences
from betaconsole.simulator.rules import parse_path

BODY = {
    "output_config": {"task_budget": {"total": 1}, "effort": None},
    "thinking": {"type": "adaptive", "display": "updates", "block_binding": {}},
    "stream": True,
    "system": [{"type": "text"}, {"type": "text", "cache_control": {"type": "ephemeral", "scope": "x"}}],
    "tools": [{"name": "a", "defer_loading": True}, {"type": "mcp_toolset", "tools": []}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "cache_control": {"ttl": "1h"}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "input": {"cache_control": {"ttl": "1h"}}}]},
        {"role": "system", "content": [{"type": "tool_addition"}], "clear_at": "never"},
        {"role": "user", "content": "clear_at", "clear_at": "never"},
        {"role": "user", "content": [{"type": "text"}, {"type": "document", "source": {"type": "file"}}]},
    ],
}


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("output_config.task_budget", [("output_config", "task_budget")]),
        ("output_config.effort", []),
        ("thinking.display=updates", [("thinking", "display")]),
        ("thinking.display=omitted", []),
        ("stream=true", [("stream",)]),
        ("tools[].defer_loading", [("tools", 0, "defer_loading")]),
        ("tools[type=mcp_toolset].tools", [("tools", 1, "tools")]),
        ("messages[role=system].clear_at", [("messages", 2, "clear_at")]),
        ("messages[role=system].content[].type=tool_addition", [("messages", 2, "content", 0, "type")]),
        ("messages[].role=system", [("messages", 2, "role")]),
        ("**.cache_control.ttl=1h", [("messages", 0, "content", 0, "cache_control", "ttl")]),
        ("messages[role=assistant]", [("messages", 1)]),
        ("no.such.path", []),
    ],
)
def test_a_path_is_found_wherever_it_leads(path: str, places: list[tuple[str | int, ...]]):
    assert [place for place, _ in found(BODY, read_path(path))] == places
    assert occurs(BODY, read_path(path)) == bool(places)


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", "a[b", "a=", "a[]b", "=x", "**", "a.**.b"])
def test_what_is_no_path_is_refused(text: str):
    with pytest.raises(ValueError, match="not a path"):
        read_path(text)


def test_every_path_of_the_catalogue_can_be_read():
    for beta in all_betas().values():
        evidence = beta.evidence
        given = (*evidence.message, *evidence.usage, *evidence.count_tokens, *evidence.models)
        for text in (*beta.unlocks, *beta.gated, *beta.conflicts, *given):
            assert read_path(text).text == text


def test_it_finds_what_the_simulator_gates():
    for beta in all_betas().values():
        for text in beta.unlocks:
            steps, value = parse_path(text)
            for body in (beta.example_base, beta.example_body, BODY):
                assert {place for place, _ in found(body, read_path(text))} == set(occurrences(body, steps, value))


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (("context_management",), "context_management"),
        (("tools", 0, "defer_loading"), "tools.0.custom.defer_loading"),
        (("tools", 1), "tools.1"),
        (("tools", 1, "tools"), "tools.1.mcp_toolset.tools"),
        (("thinking", "block_binding"), "thinking.adaptive.block_binding"),
        (("system", 1, "cache_control", "scope"), "system.1.cache_control.ephemeral.scope"),
        (("messages", 4, "content", 1, "source"), "messages.4.content.1.document.source"),
        (("messages", 2, "clear_at"), "messages.2.clear_at"),
        ((), ""),
    ],
)
def test_a_place_is_written_as_the_api_writes_it_in_its_errors(place: tuple[str | int, ...], written: str):
    assert shown(BODY, place) == written


def test_a_json_pointer_escapes_what_it_has_to():
    assert pointer(("a/b", 0, "c~d")) == "/a~1b/0/c~0d"
    assert pointer(()) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "content", "type", "x"]), inner)
    ),
    max_leaves=20,
)


@given(json=JSON, place=st.lists(st.text(max_size=5) | st.integers(-2, 5), max_size=4))
def test_any_json_and_any_place_may_be_asked(json: object, place: list[str | int]):
    for text in ("messages[role=user].content[].type=text", "**.type", "x.content"):
        list(found(json, read_path(text)))
    shown(json, tuple(place))


def test_deep_json_is_walked_without_recursion():
    deep: object = {"x": 1}
    for _ in range(3_000):
        deep = {"inner": deep}
    assert occurs(deep, read_path("**.x"))


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/messages", "messages"),
        ("/v1/messages?beta=true", "messages"),
        ("/v1/messages/count_tokens", "messages.count_tokens"),
        ("/v1/messages/batches/msgbatch_1/results", "messages.batches"),
        ("/v1/files/file_1/content", "files"),
        ("/v1/organizations/users", "admin"),
        ("/v1/oauth/token", "oauth"),
        ("/v1/complete", ""),
        ("/v2/messages", ""),
        ("/v1/messages/else", ""),
        ("", ""),
    ],
)
def test_an_endpoint_is_known_by_its_path(path: str, word: str):
    assert endpoint_word(path) == word


def test_every_endpoint_the_catalogue_names_is_one_of_the_words():
    named = {word for beta in all_betas().values() for word in beta.endpoints} - {"all"}
    paths = {"admin": "/v1/organizations/x", "messages.count_tokens": "/v1/messages/count_tokens"}
    paths["messages.batches"] = "/v1/messages/batches"
    assert {word for word in named if endpoint_word(paths.get(word, f"/v1/{word}")) != word} == set()
