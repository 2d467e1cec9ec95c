import re
import time
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import get_origin, get_type_hints

import json_merge_patch
import jsonpatch
import pytest

from betaconsole.catalogue import betas
from betaconsole.catalogue.betas import AREAS, Beta, Evidence, Pins, Raises, Status, all_betas, find, search
from betaconsole.catalogue.model_specs import all_models, find_model
from betaconsole.claude.endpoints import KNOWN_ENDPOINTS, check_endpoint
from betaconsole.claude.headers import check_beta
from betaconsole.simulator.rules import parse_path

from .reference import reference_betas

PATHS = {"admin": "organizations."}  # of the words for endpoints, what is no path itself
FILE = Path(betas.__file__).with_name("betas.toml")


def test_the_catalogue_knows_85_names_as_of_its_date():
    assert len(all_betas()) == 85
    assert betas.catalogue_date() == date(2026, 11, 21)


def test_no_name_stands_twice():
    names = Counter(row["name"] for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["beta"])
    assert [name for name, times in names.items() if times > 1] == []


def test_an_unknown_name_is_simply_not_known():
    assert find("no-such-beta-2026-01-01") is None


def test_a_name_may_be_sent_and_ends_in_its_date():
    for beta in all_betas().values():
        check_beta(beta.name)
        endings = (f"-{beta.date.isoformat()}", f"-{beta.date:%Y%m%d}")
        assert beta.name.endswith(endings)
        assert beta.name.removesuffix(endings[0]).removesuffix(endings[1]) == beta.family
        assert beta.date < betas.catalogue_date()


def test_every_field_has_its_type():
    for beta in all_betas().values():
        for kind, row in ((Beta, beta), (Evidence, beta.evidence), (Pins, beta.pins), (Raises, beta.raises)):
            for name, declared in get_type_hints(kind).items() if row else ():
                check_type(getattr(row, name), declared)
        assert beta.endpoints
        assert beta.sources


def check_type(value: object, declared: object) -> None:
    if get_origin(declared) is tuple:
        assert isinstance(value, tuple)
        assert all(isinstance(element, str) and element for element in value)
        assert len(set(value)) == len(value)
    else:
        assert isinstance(value, declared)


def test_the_words_are_short_and_plain():
    for beta in all_betas().values():
        assert 0 < len(beta.title) <= 60
        assert not beta.title.endswith(".")
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", beta.summary)) <= 2
        assert beta.summary.endswith(".")
        assert beta.area in AREAS


def test_what_replaces_a_beta_is_known_and_newer():
    for beta in all_betas().values():
        if beta.superseded_by is not None:
            replacement = all_betas()[beta.superseded_by]
            assert replacement.date > beta.date
            assert beta.status in (Status.SUPERSEDED, Status.RETIRED)


def test_what_a_beta_needs_is_known():
    for beta in all_betas().values():
        assert set(beta.needs) <= set(all_betas()) - {beta.name}


def test_a_link_to_the_documentation_is_https():
    for beta in all_betas().values():
        assert beta.docs_url is None or beta.docs_url.startswith("https://platform.claude.com/docs/")


def test_unlocked_and_conflicting_paths_can_be_read():
    for beta in all_betas().values():
        for path in (*beta.unlocks, *beta.gated, *beta.conflicts):
            parse_path(path)
        assert set(beta.gated) <= set(beta.unlocks)


def test_what_may_show_in_an_answer_is_written_as_a_path():
    for beta in all_betas().values():
        evidence, shape = beta.evidence, beta.pins.shape if beta.pins else ()
        for path in (*evidence.message, *evidence.usage, *evidence.count_tokens, *evidence.models, *shape):
            parse_path(path)


def test_a_header_that_pins_a_shape_says_of_which_answers():
    asked = {f"{known.endpoint.method} {known.endpoint.path}" for known in KNOWN_ENDPOINTS}
    pinning = [beta for beta in all_betas().values() if beta.pins]
    assert {beta.family for beta in pinning} == {"files-api", "skills", "user-profiles"}
    for beta in pinning:
        assert beta.pins.requests
        assert set(beta.pins.requests) <= asked


def test_a_header_that_raises_a_limit_says_of_which_models():
    raising = {beta.family: beta.raises for beta in all_betas().values() if beta.raises}
    assert set(raising) == {"context-1m", "output-128k", "output-300k"}
    for raises in raising.values():
        assert (raises.max_tokens is None) != (raises.input_tokens is None)
        assert set(raises.models) <= set(all_models())


def test_nothing_is_built_in_before_the_beta_began():
    for beta in all_betas().values():
        assert beta.built_in_since is None or (beta.status is Status.GENERALLY_AVAILABLE)
        assert beta.built_in_since is None or beta.date < beta.built_in_since <= betas.catalogue_date()


def test_the_changes_apply_cleanly_to_the_example():
    for beta in all_betas().values():
        if beta.changes is None:
            continue
        assert not beta.header_only
        base = beta.example_base
        assert base is not None
        if isinstance(beta.changes, list):
            changed = jsonpatch.apply_patch(beta.example_base, beta.changes)
        else:
            changed = json_merge_patch.merge(beta.example_base, beta.changes)
        assert changed != base
        assert beta.example_body == changed
        assert beta.example_base == base


def test_an_example_is_a_request_for_a_model_that_exists():
    for beta in all_betas().values():
        body = beta.example_body
        if body is None or beta.endpoints == ("oauth",):
            continue
        for params in [item["params"] for item in body.get("requests", [])] or [body]:
            spec = find_model(params["model"])
            assert spec is not None
            assert not spec.is_retired(betas.catalogue_date())
            assert params["messages"]


def test_an_example_goes_to_an_endpoint_the_beta_acts_on():
    for beta in all_betas().values():
        method, target = beta.example_request.split(" ")
        assert method in ("GET", "POST")
        assert target.startswith("/v1/")
        check_endpoint(method, *target.split("?"))
        if beta.example_request == "POST /v1/messages":
            assert beta.on_messages
        else:
            path = target.partition("?")[0].removeprefix("/v1/").replace("/", ".")
            assert any(path.startswith(PATHS.get(word, word)) for word in beta.endpoints), beta.name


def test_regions_are_said_in_sentences_where_a_source_names_them():
    said = [text for beta in all_betas().values() for text in (beta.regions, beta.inference_geo) if text]
    assert said
    assert all(text.endswith(".") for text in said)


def test_a_beta_that_gates_fields_of_messages_brings_an_example_that_uses_them():
    for beta in all_betas().values():
        if beta.on_messages and beta.gated and beta.status is Status.ACTIVE:
            assert beta.changes is not None


def test_every_area_holds_something():
    assert {beta.area for beta in all_betas().values()} == set(AREAS)


def test_only_what_is_said_to_be_refused_counts_as_refused():
    refused = [name for name, beta in all_betas().items() if beta.refused]
    assert refused == ["server-side-fallback-2026-06-02", "server-side-fallback-2026-06-09"]


def test_facts_agree_with_the_reference():
    reference = reference_betas()
    assert set(all_betas()) == set(reference)
    for name, row in reference.items():
        beta = all_betas()[name]
        assert (beta.status, beta.superseded_by, beta.header_only, beta.docs_url) == (
            row["status"],
            row["superseded_by"],
            row["header_only"],
            row["docs_url"],
        )
        assert (beta.family, beta.date.isoformat()) == (row["family"], row["date"])
        assert len(beta.endpoints) == len(row["endpoints"])


def test_no_sentence_is_copied_from_the_reference():
    texts = ("title", "summary", "status_note", "models_note", "cost_or_limits_note")
    theirs = {
        sentence for row in reference_betas().values() for key in texts for sentence in _sentences(row[key] or "")
    }
    ours = {
        sentence
        for beta in all_betas().values()
        for text in (
            beta.title,
            beta.summary,
            beta.status_note,
            beta.models_note,
            beta.limits_note,
            beta.regions,
            beta.inference_geo,
            beta.evidence.note,
        )
        for sentence in _sentences(text)
    }
    assert {sentence for sentence in ours & theirs if len(sentence.split()) > 3} == set()


def _sentences(text: str) -> list[str]:
    return [part.strip(" .") for part in re.split(r"(?<=[.;!?])\s+", text) if part.strip(" .")]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("context-1m-2025-08-07", "context-1m-2025-08-07"),
        ("mcp", "mcp-client-2025-11-20"),
        ("interleaved thinking", "interleaved-thinking-2025-05-14"),
        ("TASK_BUDGET", "task-budgets-2026-03-13"),
        ("advisor_20260301", "advisor-tool-2026-03-01"),
        ("paces", "task-budgets-2026-03-13"),
        ("clear_at", "mid-conversation-system-clear-at-2026-08-21"),
    ],
)
def test_search_finds_by_name_words_field_and_tool_type(query: str, first: str):
    assert search(query)[0].name == first


def test_search_puts_what_can_be_tried_here_first():
    found = search("", limit=85)
    assert len(found) == 85
    assert all(beta.status is Status.ACTIVE and beta.on_messages for beta in found[:20])
    assert not found[-1].on_messages


def test_search_puts_names_that_begin_with_the_query_before_names_that_contain_it():
    names = [beta.name for beta in search("fallback")]
    assert names.index("fallback-credit-2026-06-09") < names.index("server-side-fallback-2026-07-01")


def test_search_keeps_to_its_limit_and_may_find_nothing():
    assert len(search("2026", limit=3)) == 3
    assert search("no such words anywhere") == []


def test_the_file_loads_in_a_moment():
    def once() -> float:
        betas._catalogue.cache_clear()
        start = time.process_time()
        all_betas()
        return time.process_time() - start

    assert min(once() for _ in range(5)) < 0.5  # a tenth of it here
