"""What came of each beta in real traffic: every expectation was written down by a person who read the exchange."""

from typing import Any

import pytest

from betaconsole.catalogue.outcomes import Facts, Verdict, outcomes
from tests import recorded

from .exchanges import recorded_facts, refused

STRUCTURED, STRUCTURED_LATER = "structured-outputs-2025-11-13", "structured-outputs-2025-12-15"
MCP, FILES, BATCHES = "mcp-client-2025-04-04", "files-api-2025-04-14", "message-batches-2024-09-24"
BUILT_IN = "built in since 2026-01-29: the header is not needed"

# (ids, betas with their verdicts, what the first sentence of the evidence begins with)
READ: list[tuple[str, dict[str, str], str]] = [
    # output_format in the body, and the text that came back is the JSON document asked for
    (
        "rx_0f476d483757d34c rx_4ca38b480ef14715 rx_bfdd60bb7b058afe rx_67e27ae9742afa06 rx_041119d9647e1e2b "
        "rx_f9dc5bdd27c96346 rx_052cfacc9c396237 rx_8d4966a199a844cb rx_302384cd4de198da rx_edf41daf8ae088fb "
        "rx_3116b6cc700cafcd rx_825bee2d711a2de9",
        {STRUCTURED: "effective"},
        "the text is a JSON document",
    ),
    # output_format in the body, but the model called a tool first: nothing to see yet
    (
        "rx_8e8fbb701beec23f rx_915f7d72d0c0ae94 rx_a28a96311e85ddc7",
        {STRUCTURED: "no_visible_effect"},
        "output_format was taken, which needs this header",
    ),
    # strict tools, which need no header any more
    (
        "rx_383e225b7f96df08 rx_5d6b4a3b55655293 rx_60b4612fa0728ab6 rx_c967605b836577fb rx_60b6dc8380f655b7 "
        "rx_efac688a41b73e20 rx_5e442b1dd65bc45c",
        {STRUCTURED: "no_visible_effect"},
        BUILT_IN,
    ),
    # sent by a client that always sends it, with requests that use nothing of it
    (
        "rx_c32bfcb5512c93f1 rx_6259d16ecef2af1c rx_83bbd371a7fa45c7 rx_20deb3bbab545d3e rx_3e0d4055f1b3e976 "
        "rx_396f53eb92ba9ef5 rx_0e5df112c0259b08",
        {STRUCTURED: "no_visible_effect"},
        BUILT_IN,
    ),
    # the field of today, output_config.format
    ("rx_eb04f8ae2577dec1 rx_0eeb2818d8e1f4d8", {STRUCTURED_LATER: "no_visible_effect"}, BUILT_IN),
    (
        "rx_351a5b734cbabafe rx_d24ce8dd949113dc rx_2ab55cc9220b15c6 rx_0d59e55fa3d58aa2 rx_cea3da783180bfe8",
        {STRUCTURED_LATER: "no_visible_effect"},
        BUILT_IN,
    ),
    # a wrong key, and models that do not exist: nothing to do with the header
    ("rx_c10b5aa1ea683850", {STRUCTURED: "inconclusive"}, "refused for something else: invalid x-api-key"),
    (
        "rx_059575b787ba9dc7 rx_ff54136c7c2c7530 rx_17d45c5d6fb245c1",
        {STRUCTURED: "inconclusive"},
        "refused for something else: model: this-model-does-not-exist-12345",
    ),
    # the model lists the tools of its servers and calls none
    (
        "rx_2c7a7ffffc7146bf rx_7fba765e09ae05bb rx_f75390cf7ff55c95 rx_a1a789955410319a rx_4dce292a8bf635a2 "
        "rx_7d3e94fdb80c1932",
        {MCP: "no_visible_effect"},
        "mcp_servers was taken, which needs this header",
    ),
    # past a threshold of 50,000 tokens the history was summarised
    ("rx_afeafea26572d8dd", {"compact-2026-01-12": "effective"}, "the answer holds a compaction block"),
    # all the headers a client has, none of which had anything to act on
    (
        "rx_03e9bc669dbdf6f7",
        {
            "context-management-2025-06-27": "no_visible_effect",
            "context-1m-2025-08-07": "no_visible_effect",
            "advanced-tool-use-2025-11-20": "no_visible_effect",
            "interleaved-thinking-2025-05-14": "no_visible_effect",
        },
        "the request uses nothing that it unlocks",
    ),
    # lists of files in the page shape of old
    ("rx_4783b6654634cffc rx_5f1ee35850d7b460", {FILES: "pins_older_shape"}, "has_more, first_id and last_id"),
    # uploads, deletions and messages, which have one shape
    (
        "rx_8068baa84bd2d6a4 rx_f78037c7c76416bd rx_a35e907adf6c5b66 rx_006ba40a78258f58 rx_c0203418a0879b94 "
        "rx_0afddbf2cb1d66c0 rx_8d423d7097e698a1 rx_a08069ca230df7a7 rx_75ea5b8e78d8b88a rx_01dd44168f18db36 "
        "rx_0323d726a9413abb rx_c076dbfa0bb28c8a",
        {FILES: "not_observable_here"},
        "only selects an older shape of other answers",
    ),
    (
        "rx_cc918e221716ec51 rx_cd6f00391bbb4b38 rx_25c5ef75a8c15d54 rx_2fc50a33127da60c",
        {BATCHES: "no_visible_effect"},
        "built in: the header is not needed",
    ),
    (
        "rx_64eb8d685f523cd1 rx_88c1307cf80cfe9d rx_a1ce57936ce01894",
        {"prompt-caching-2024-07-31": "no_visible_effect"},
        "built in: the header is not needed",
    ),
    # taken, and not one of the names that the catalogue knows
    (
        "rx_e85302403b1afbc1 rx_2c30a6441a8432f8 rx_a61c85ff8309538d rx_214b8b5fed0f3757 rx_ed8d729d23818d17 "
        "rx_7b1156dc438f9d83 rx_d33dc357610c2342",
        {"web-fetch-2025-09-10": "no_visible_effect"},
        "is not in the catalogue",
    ),
    # without betas, and refused for other reasons: too long, no prefill, a malformed message, rate limits, no such file
    (
        "rx_30126fa8e7b67518 rx_f9c9fb119f0dceab rx_d40297e57bd21330 rx_4079d02e19f290e8 rx_724a3b3e7497d5fc "
        "rx_57a80bcb180765d3",
        {},
        "",
    ),
]
READ_BY_ID = [(row_id, betas, begins) for ids, betas, begins in READ for row_id in ids.split()]


def by_id(row_id: str) -> dict[str, Any]:
    return next(row for row in recorded.exchanges() if row["id"] == row_id)


def verdicts(facts: Facts) -> dict[str, str]:
    found = outcomes(facts)
    assert len({one.beta for one in found}) == len(found)
    return {one.beta: one.outcome.value for one in found}


def test_at_least_sixty_exchanges_were_read_by_hand():
    assert len({row_id for row_id, *_ in READ_BY_ID}) == len(READ_BY_ID) >= 60


@pytest.mark.parametrize(("row_id", "betas", "begins"), READ_BY_ID, ids=[row_id for row_id, *_ in READ_BY_ID])
def test_a_recorded_exchange_is_read_as_a_person_reads_it(row_id: str, betas: dict[str, str], begins: str):
    recorded.is_there()
    found = outcomes(recorded_facts(by_id(row_id)))
    assert {one.beta: one.outcome.value for one in found} == betas
    assert [one.beta for one in found] == list(betas)
    if found:
        assert found[0].evidence[0].startswith(begins)


def test_nothing_is_said_of_the_many_that_sent_no_beta_and_were_answered():
    for row in recorded.exchanges():
        if not row["request"]["headers"].get("anthropic-beta"):
            assert outcomes(recorded_facts(row)) == [], row["id"]


def test_no_answer_without_a_header_is_taken_for_an_effect():
    """The same answers, had their header held nothing but betas that have no part in them."""
    for row in recorded.messages():
        facts = recorded_facts(row)
        if facts.is_refused or facts.betas or facts.shows("compaction") or facts.shows("advisor_tool_result"):
            continue
        sent = ("task-budgets-2026-03-13", "compact-2026-09-04", "server-side-fallback-2026-07-01")
        found = outcomes(Facts(**{**vars_of(facts), "betas": sent}))
        assert {one.outcome for one in found} == {Verdict.NO_VISIBLE_EFFECT}, row["id"]


def vars_of(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.__dataclass_fields__}


# The error bodies quoted in public threads ----------------------------------------------------------------------------

INTERLEAVED, CONTEXT_1M = "interleaved-thinking-2025-05-14", "context-1m-2025-08-07"
CONTEXT, FAST, EFFORT = "context-management-2025-06-27", "fast-mode-2026-02-01", "effort-2025-11-24"
CODE, ADVANCED, SKILLS = "code-execution-2025-08-25", "advanced-tool-use-2025-11-20", "skills-2025-10-02"
AGENTS = "managed-agents-2026-04-01"

# (number in the file, betas sent, what is known of the request, betas with their verdicts): what was sent is taken from the
# thread's description, or is what makes the error telling.
ERRORS: list[tuple[int, list[str], dict[str, Any], dict[str, str]]] = [
    (
        0,
        ["claude-code-20250219", "prompt-caching-scope-2026-01-05", STRUCTURED_LATER],
        {},
        {
            "claude-code-20250219": "inconclusive",
            "prompt-caching-scope-2026-01-05": "refused_unknown",
            STRUCTURED_LATER: "refused_unknown",
        },
    ),
    (1, ["prompt-caching-2024-07-31"], {}, {"prompt-caching-2024-07-31": "refused_unknown"}),
    (2, [EFFORT], {}, {EFFORT: "refused_unknown"}),
    (
        3,
        ["interleaved-thinking-2025-04-14", "token-efficient-tools-2025-02-19"],
        {},
        {"interleaved-thinking-2025-04-14": "refused_unknown", "token-efficient-tools-2025-02-19": "inconclusive"},
    ),
    (4, [""], {}, {}),
    (5, ["computer-use-2025-04-29"], {}, {"computer-use-2025-04-29": "refused_unknown"}),
    (6, [INTERLEAVED, CONTEXT], {}, {INTERLEAVED: "inconclusive", CONTEXT: "inconclusive"}),
    (7, [INTERLEAVED], {}, {INTERLEAVED: "refused_unknown"}),
    (8, [INTERLEAVED, CONTEXT_1M], {}, {INTERLEAVED: "inconclusive", CONTEXT_1M: "inconclusive"}),
    (9, ["mcp-servers-2025-12-04"], {}, {"mcp-servers-2025-12-04": "refused_unknown"}),
    (10, [], {"context_management": {"edits": []}}, {CONTEXT: "needed_but_missing"}),
    (11, [CONTEXT], {}, {CONTEXT: "refused_model"}),
    (12, [], {}, {ADVANCED: "needed_but_missing"}),
    (13, [], {"tools": [{"name": "a", "defer_loading": True}]}, {ADVANCED: "needed_but_missing"}),
    (14, [], {"tools": [{"name": "a", "eager_input_streaming": True}]}, {}),
    (15, [], {}, {"prompt-caching-scope-2026-01-05": "needed_but_missing"}),
    (16, [CODE], {}, {CODE: "inconclusive"}),
    (17, [], {"output_config": {"effort": "high"}}, {EFFORT: "needed_but_missing"}),
    (18, [], {"output_format": {}}, {STRUCTURED: "needed_but_missing"}),
    (19, [], {"requests": []}, {STRUCTURED: "needed_but_missing"}),
    (20, [CONTEXT_1M, INTERLEAVED], {}, {CONTEXT_1M: "refused_account", INTERLEAVED: "inconclusive"}),
    (21, [CONTEXT_1M], {}, {CONTEXT_1M: "refused_account"}),
    (22, [FAST], {"speed": "fast"}, {FAST: "refused_account"}),
    (23, [], {}, {"oauth-2025-04-20": "needed_but_missing"}),
    (24, [EFFORT], {"output_config": {"effort": "high"}}, {EFFORT: "refused_model"}),
    (25, [EFFORT], {"output_config": {"effort": "max"}}, {EFFORT: "inconclusive"}),
    (26, [FAST], {"speed": "fast"}, {FAST: "refused_model"}),
    (27, [], {"max_tokens": 128_000}, {"output-128k-2025-02-19": "needed_but_missing"}),
    (28, [INTERLEAVED], {"thinking": {"type": "adaptive"}}, {INTERLEAVED: "inconclusive"}),
    (29, [INTERLEAVED], {"thinking": {"type": "enabled"}}, {INTERLEAVED: "inconclusive"}),
    (30, [ADVANCED], {}, {ADVANCED: "refused_model"}),
    (31, [], {}, {FILES: "needed_but_missing"}),
    (32, [], {"tools": [{"type": "web_fetch_20250910"}]}, {}),
    (33, [], {"tools": [{"type": "web_search_20250305"}]}, {"web-search-2025-03-05": "needed_but_missing"}),
    (34, [SKILLS], {"container": {"skills": []}}, {SKILLS: "not_observable_here"}),
    (35, [CONTEXT], {}, {CONTEXT: "inconclusive"}),
    (36, [CONTEXT], {}, {CONTEXT: "inconclusive"}),
    (37, ["agent-api-2026-03-01", AGENTS], {}, {"agent-api-2026-03-01": "inconclusive", AGENTS: "inconclusive"}),
    (38, [], {}, {"agent-api-2026-03-01": "needed_but_missing"}),
    (39, [MCP], {"mcp_servers": [{"name": "notion"}]}, {MCP: "inconclusive"}),
]


@pytest.mark.parametrize(("number", "sent", "body", "expected"), ERRORS, ids=[str(number) for number, *_ in ERRORS])
def test_an_error_from_a_public_thread_is_read_as_a_person_reads_it(
    number: int, sent: list[str], body: dict[str, Any], expected: dict[str, str]
):
    recorded.is_there()
    error = recorded.beta_errors()[number]
    facts = refused(error["status"], error["message"], kind=error["type"], betas=tuple(sent), body=body)
    assert verdicts(facts) == expected
    assert [one.beta for one in outcomes(facts)] == list(expected)


def test_every_error_was_read():
    assert [number for number, *_ in ERRORS] == list(range(len(recorded.beta_errors())))
