"""Where a person is sent to read on."""

import pytest

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.help import (
    BETA_HEADERS,
    CHANGELOG,
    ERRORS,
    MODELS,
    RATE_LIMITS,
    VERSIONING,
    help_for_beta,
    help_for_error,
)


def test_every_beta_has_a_page_to_read_and_the_changelog():
    for name, beta in all_betas().items():
        first, *_, last = help_for_beta(name)
        assert first.url == beta.docs_url or (first == BETA_HEADERS and beta.docs_url is None)
        assert last == CHANGELOG


def test_a_name_that_nobody_knows_has_them_too():
    assert help_for_beta("made-up-2026-01-01") == [BETA_HEADERS, CHANGELOG]


@pytest.mark.parametrize(
    ("status", "message", "first"),
    [
        (429, "This request would exceed your organization's rate limit", RATE_LIMITS),
        (404, "model: sonnet4", MODELS),
        (400, "temperature: Extra inputs are not permitted", VERSIONING),
        (400, "anthropic-version: header is required", VERSIONING),
        (400, "Unexpected value(s) `x-2026-01-01` for the `anthropic-beta` header.", BETA_HEADERS),
        (400, "context_management: Extra inputs are not permitted", BETA_HEADERS),
        (529, "Overloaded", ERRORS),
        (None, "", ERRORS),
    ],
)
def test_an_error_leads_to_what_it_is_about(status: int | None, message: str, first: object):
    found = help_for_error(status=status, message=message)
    assert found[0] == first
    assert found[-2:] == [ERRORS, CHANGELOG]


def test_the_betas_an_error_is_about_come_first_and_nothing_comes_twice():
    name = "task-budgets-2026-03-13"
    found = help_for_error(status=400, message="", betas=[name, "made-up-2026-01-01", name])
    assert [link.label for link in found] == ["About task-budgets", "About errors", "Changelog"]
    assert found[0].url == all_betas()[name].docs_url
