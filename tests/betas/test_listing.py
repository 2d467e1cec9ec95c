"""What of the catalogue matches, and in which order."""

import pytest

from betaconsole.betas.listing import Wanted, needs_header, rows
from betaconsole.betas.spelling import spelt
from betaconsole.betas.suggesting import suggested
from betaconsole.catalogue.betas import all_betas


def names(**wanted):
    return [str(row.name) for row in rows(Wanted(**wanted), {})]


def test_what_a_playground_can_use_comes_first():
    listed = rows(Wanted(), {})
    assert len(listed) == len(all_betas())
    usable = [row.can_try and row.status == "Active" for row in listed]
    assert usable == sorted(usable, reverse=True)
    assert [row.can_try for row in listed] == sorted((row.can_try for row in listed), reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("context-management-2025-06-27", "context-management-2025-06-27"),
        ("advisor", "advisor-tool-2026-03-01"),
        ("output_config.task_budget", "task-budgets-2026-03-13"),
        ("Administration", "webhooks-2026-10-07"),
        ("computer_20251124", "computer-use-2025-11-24"),
        ("MCP client", "mcp-client-2025-11-20"),
    ],
)
def test_names_titles_areas_fields_and_tools_are_searched(query, found):
    assert found in names(query=query)


def test_an_exact_name_comes_first():
    assert names(query="mcp-client-2025-04-04")[0] == "mcp-client-2025-04-04"


def test_filters_narrow_and_add_up():
    retired = names(status="retired")
    assert retired
    assert all(all_betas()[name].status == "retired" for name in retired)
    counted = names(endpoint="messages.count_tokens", status="active")
    assert "compact-2026-09-04" in counted
    assert "message-threads-2026-08-12" not in counted
    assert names(area="admin", status="retired") == []
    assert names(status="nonsense") == []


def test_what_is_built_in_needs_no_header_but_its_older_field_may():
    needed = {beta.name for beta in all_betas().values() if needs_header(beta)}
    assert {"context-management-2025-06-27", "structured-outputs-2025-11-13", "computer-use-2025-01-24"} <= needed
    assert not {"prompt-caching-2024-07-31", "effort-2025-11-24", "token-efficient-tools-2025-02-19"} & needed


def test_a_name_is_shown_whole():
    names = [*all_betas(), "no-date", "claude-code-20250219"]
    assert [str(spelt(name)) for name in names] == names


def test_a_name_breaks_before_its_date_only():
    assert (spelt("compact-2026-09-04").stem, spelt("compact-2026-09-04").date) == ("compact", "-2026-09-04")


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("context managment", ["context-management-2025-06-27"]),
        ("context-managment-2025-06-27", ["context-management-2025-06-27"]),
        (
            "anthropic-beta: fast-mode-2026-02-01,task-budget-2026-03-13",
            ["fast-mode-2026-02-01", "task-budgets-2026-03-13"],
        ),
        ("zzzz qqqqqqq", []),
    ],
)
def test_a_search_that_finds_nothing_is_told_what_it_may_have_meant(query, meant):
    assert names(query=query) == []
    assert [str(name) for name in suggested(query)][: len(meant)] == meant
    assert bool(suggested(query)) == bool(meant)
