"""The checks that a draft carries from the comparison it was opened from."""

import pytest

from tests.drafts.desk import Tab, a_draft, targets

pytestmark = pytest.mark.django_db
CHECKS = [{"name": "short", "kind": "length", "max": 400}, {"name": "<b>polite", "kind": "contains", "value": "sorry"}]


def test_the_composer_shows_the_checks_it_carries_and_each_can_be_dropped_and_brought_back(client, owner):
    draft = a_draft()
    draft.checks = CHECKS
    draft.save(update_fields=["checks"])
    tab = Tab(client, draft)
    page = client.get(f"/?draft={draft.public_id}").content.decode()
    assert "Drop the check short" in page
    assert "Drop the check &lt;b&gt;polite" in page
    answer = tab.post("drop_check", name="<b>polite")
    assert "carried" in targets(answer)
    assert tab.draft.checks == CHECKS[:1]
    assert "carried" in targets(tab.post("undo"))
    assert tab.draft.checks == CHECKS


def test_a_check_that_is_not_there_changes_nothing(client, owner):
    tab = Tab(client, a_draft())
    tab.post("drop_check", name="short")
    assert not tab.draft.steps.exists()
