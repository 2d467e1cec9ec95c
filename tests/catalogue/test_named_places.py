import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.checks.paths import read_path
from betaconsole.catalogue.evidence.named_places import is_kind_named, is_named


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


@given(place=st.text(alphabet="messages.toolscontent0123", max_size=400))
def test_any_text_may_be_asked(place: str):
    for beta in all_betas().values():
        for text in beta.unlocks:
            is_named(read_path(text), place)
