import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.body_paths import find_in, is_kind_named, is_named, read_path, stands_in
from betaconsole.simulator.gates import occurrences
from betaconsole.simulator.rules import parse_path

BODY = {
    "output_config": {"task_budget": {"total": 1}, "effort": None},
    "thinking": {"type": "adaptive", "display": "updates"},
    "tools": [{"name": "a", "defer_loading": True}, {"type": "mcp_toolset", "tools": []}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "cache_control": {"ttl": "1h"}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "input": {"cache_control": {"ttl": "1h"}}}]},
        {"role": "system", "content": [{"type": "tool_addition"}], "clear_at": "never"},
        {"role": "user", "content": "clear_at", "clear_at": "never"},
    ],
}


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("output_config.task_budget", [("output_config", "task_budget")]),
        ("output_config.effort", []),
        ("thinking.display=updates", [("thinking", "display")]),
        ("thinking.display=omitted", []),
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
    assert [place for place, _ in find_in(BODY, read_path(path))] == places
    assert stands_in(BODY, read_path(path)) == bool(places)


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", "a[b", "a=", "a[]b", "=x"])
def test_what_is_no_path_is_refused(text: str):
    with pytest.raises(ValueError, match="cannot be read"):
        read_path(text)


def test_every_path_of_the_catalogue_can_be_read():
    for beta in all_betas().values():
        evidence = beta.evidence
        shown = (*evidence.message, *evidence.usage, *evidence.count_tokens, *evidence.models)
        for text in (*beta.unlocks, *beta.gated, *beta.conflicts, *shown):
            assert read_path(text).text == text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("context_management", "context_management"),
        ("tools[].defer_loading", "tools.0.custom.defer_loading"),
        ("tools[].input_examples", "tools.13.input_examples"),
        ("thinking.block_binding", "thinking.adaptive.block_binding"),
        ("**.cache_control.scope", "system.1.cache_control.ephemeral.scope"),
        ("**.cache_control.scope", "messages.0.content.2.text.cache_control.scope"),
        ("output_format", "requests.3.params.output_format"),
        ("messages[role=system].clear_at", "messages.2.clear_at"),
    ],
)
def test_a_place_in_an_error_message_is_known_as_its_path(path: str, place: str):
    assert is_named(read_path(path), place)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("context_management", "context_management.edits"),
        ("tools[].defer_loading", "tools.custom.defer_loading"),
        ("tools[].defer_loading", "tools.0.custom.strict"),
        ("thinking.block_binding", "thinking.adaptive.odd.block_binding"),
        ("fallbacks", "messages.fallbacks.0"),
        ("output_config.effort", "output_config"),
        ("output_config.effort", ""),
    ],
)
def test_a_place_that_is_another_one_is_not(path: str, place: str):
    assert not is_named(read_path(path), place)


def test_an_unexpected_kind_is_known_by_its_place_and_value():
    file_source = read_path("messages[].content[].source.type=file")
    assert is_kind_named(file_source, "messages.0.content.1.document.source", "file")
    assert not is_kind_named(file_source, "messages.0.content.1.document.source", "url")
    assert not is_kind_named(file_source, "messages.0.content.1", "file")
    assert not is_kind_named(read_path("fallbacks"), "fallbacks", "file")


def test_it_finds_what_the_simulator_gates():
    for beta in all_betas().values():
        for text in beta.unlocks:
            steps, value = parse_path(text)
            for body in (beta.example_base, beta.example_body, BODY):
                assert {place for place, _ in find_in(body, read_path(text))} == set(occurrences(body, steps, value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "content", "type", "x"]), inner)
    ),
    max_leaves=20,
)


@given(json=JSON, place=st.text(max_size=30))
def test_any_json_and_any_place_may_be_asked(json: object, place: str):
    for text in ("messages[role=user].content[].type=text", "**.type", "x.content"):
        list(find_in(json, read_path(text)))
        is_named(read_path(text), place)


def test_deep_json_is_walked_without_recursion():
    deep: object = {"x": 1}
    for _ in range(3_000):
        deep = {"inner": deep}
    assert stands_in(deep, read_path("**.x"))
