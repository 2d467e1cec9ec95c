"""Variables of the prompt, the cases that fill them in, and what was changed since it was saved."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from betaconsole.drafts.models import Draft
from betaconsole.library.cases import CaseRow
from betaconsole.library.models import Combination, Prompt
from betaconsole.runs.launching.from_draft import draft_of, plan_of_draft
from betaconsole.runs.models import Comparison, Exchange
from tests.drafts.desk import BODY, Tab, a_draft, targets

RIVERS = {**BODY, "messages": [{"role": "user", "content": "Rivers of {{country}} in {{ year }}"}]}
pytestmark = pytest.mark.django_db


@pytest.fixture
def rivers(owner) -> Prompt:
    """Saved, with a default for the year and two cases."""
    version = Prompt.keep(
        team=owner.team,
        author=owner.user,
        name="Rivers",
        body_text=json.dumps(RIVERS),
        variables=[{"name": "year", "default": "1990"}],
    )
    version.prompt.set_cases([CaseRow("one", {"country": "France"}), CaseRow("", {"country": "Peru", "year": "2000"})])
    return version.prompt


def opened(client, prompt: Prompt, **values) -> Tab:
    client.post(reverse("drafts:new"), {"prompt": prompt.public_id, **values})
    return Tab(client, Draft.objects.latest("pk"))


def sent(draft: Draft) -> list[tuple[str, str]]:
    """Name and question of each case that Run would send."""
    plan = plan_of_draft(draft)
    return [(case.name, dict(case.variables)) for case in plan.cases]


def test_a_variable_that_is_typed_brings_the_table_of_cases(client, owner):
    tab = Tab(client, a_draft())
    answer = tab.post("set_text", path="/messages/0/content", text="Rivers of {{country}}")
    assert "values" in targets(answer)
    assert "Nothing fills in" in answer.content.decode()
    assert "values" not in targets(tab.post("set_text", path="/messages/0/content", text="Lakes of {{country}}"))


def test_typed_cases_are_sent_and_undone(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    tab.post("set_values", **{"name-1": "one", "value-1-country": "France", "value-2-country": ""})
    tab.post("set_values", **{"name-1": "one", "value-1-country": "France", "value-2-country": "Peru"})
    assert sent(tab.draft) == [("one", {"country": "France"}), ("", {"country": "Peru"})]
    tab.post("remove_values")
    assert sent(tab.draft) == [("", {})]
    tab.post("undo")
    assert len(sent(tab.draft)) == 2


def test_a_case_that_begins_brings_the_row_of_the_next_and_leaves_what_is_being_typed(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    begun = tab.post("set_values", **{"name-1": "one", "value-1-country": ""})
    assert {"values_head", "values_said", "case-line-2"} <= targets(begun)
    assert "values" not in targets(begun), "that would take away what somebody types meanwhile"
    assert 'id="case-2-country"' in begun.content.decode()
    emptied = tab.post("set_values", **{"name-1": "", "value-1-country": "", "name-2": "", "value-2-country": ""})
    assert not {"values", "case-line-2", "case-line-3"} & targets(emptied)
    full = tab.post("set_values", **{"value-50-country": "Peru"})
    assert "case-line-51" not in targets(full), "past fifty they come from a file"


def test_what_cannot_be_a_case_is_refused_and_changes_nothing(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    tab.post("set_values", **{"value-1-country": "France"})
    bad = SimpleUploadedFile("bad.csv", b"country\nPeru,1\n")
    for answer in (tab.post("set_values", **{"value-1-a b": "x"}), tab.post("import_values", cases=bad)):
        assert answer.status_code == 422
        assert "Nothing was changed" in answer.content.decode()
    assert sent(tab.draft) == [("", {"country": "France"})]


def test_cases_from_a_file_take_the_place_of_those_there_were(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    tab.post("set_values", **{"value-1-country": "France"})
    tab.post("import_values", cases=SimpleUploadedFile("c.jsonl", b'{"country": "Fiji"}\n{"country": "Oman"}'))
    assert [values["country"] for _, values in sent(tab.draft)] == ["Fiji", "Oman"]


def test_a_column_of_cases_that_the_prompt_does_not_name_is_marked(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    file = SimpleUploadedFile("cases.csv", b"country,contry\nPeru,Chile\n")
    drawn = tab.post("import_values", cases=file).content.decode()
    assert "contry<small>not in the prompt</small>" in drawn
    assert 'Not in the prompt, so sent nowhere: <span class="mono">contry</span>.' in drawn, (
        "the column may be out of sight"
    )
    assert "country</th>" in drawn


def test_a_prompt_opens_with_its_cases_and_its_defaults(client, rivers):
    tab = opened(client, rivers)
    assert sent(tab.draft) == [
        ("one", {"year": "1990", "country": "France"}),
        ("", {"year": "2000", "country": "Peru"}),
    ]
    rivers.set_cases([])
    assert sent(opened(client, rivers).draft) == [("", {"year": "1990"})]


def test_a_comparison_sends_every_case_and_opens_again_with_them(client, rivers):
    tab = opened(client, rivers)
    client.post(reverse("runs:run"), {"draft": tab.id, "revision": tab.revision, "tab": tab.name, "client_token": "t1"})
    comparison = Comparison.objects.get()
    assert (comparison.prompt_version, comparison.prompt_changed) == (rivers.newest, False)
    assert "Rivers</bdi> · v1</a>" in client.get(comparison.get_absolute_url()).content.decode()
    bodies = {bytes(one.request_body.data).decode() for one in Exchange.objects.select_related("request_body")}
    assert len(bodies) == 2
    assert any("Rivers of France in 1990" in body for body in bodies)
    assert sent(draft_of(comparison, rivers.author))[0] == ("one", {"year": "1990", "country": "France"})


def test_saving_keeps_the_cases_with_the_prompt_and_the_note_with_the_version(client, rivers):
    tab = opened(client, rivers)
    tab.post("set_values", **{"value-1-country": "Mali"})
    tab.post("set_text", path="/messages/0/content", text="Lakes of {{country}} in {{year}}")
    tab.post("save", note="Lakes now")
    newest = rivers.newest
    assert (newest.number, newest.note, newest.variables) == (2, "Lakes now", [{"name": "year", "default": "1990"}])
    assert [case.values for case in rivers.cases.all()] == [{"country": "Mali"}]


def test_the_composer_says_what_was_changed_since_the_version_it_opened(client, rivers):
    tab = opened(client, rivers)
    assert not tab.draft.is_changed
    answer = tab.post("set_text", path="/messages/0/content", text="Lakes")
    assert "v1, changed" in answer.content.decode()
    client.post(reverse("runs:run"), {"draft": tab.id, "revision": tab.revision, "tab": tab.name, "client_token": "t1"})
    assert Comparison.objects.get().prompt_changed
    tab.post("undo")
    assert not tab.draft.is_changed
    tab.post("set_body", body=json.dumps(RIVERS, indent=8))
    assert not tab.draft.is_changed, "only the JSON is written in another way"
    tab.post("set_max_turns", value="3")
    assert tab.draft.is_changed
    tab.post("save")
    assert not tab.draft.is_changed


def test_a_combination_from_the_palette_brings_its_betas_and_its_changes(client, owner):
    patch = '{"temperature": 1.0}'
    keep = {"team": owner.team, "author": owner.user, "name": "Thinks"}
    kept = Combination.keep(**keep, betas=["b", "a"], patch=patch).combination
    Combination.keep(team=owner.team, author=owner.user, name="Other", betas=["x"])
    tab = Tab(client, a_draft())
    found = tab.get("palette", q="thin", column="a").content.decode()
    assert kept.public_id in found
    assert "Other" not in found
    tab.post("apply_combination", "b", combination=kept.public_id)
    column = tab.draft.sheet[1]
    assert (column.betas, column.changes_text) == (("b", "a"), '{"temperature": 1.0}')
    plain = Combination.objects.get(name="Other")
    tab.post("apply_combination", "b", combination=plain.public_id)
    assert tab.draft.sheet[1].changes_text == "", "the changes were the other one's"
    tab.post("set_changes", "a", changes='{"top_k": 5}')
    tab.post("apply_combination", "a", combination=plain.public_id)
    assert tab.draft.sheet[0].changes_text == '{"top_k": 5}', "what was typed stays"


def test_recorded_requests_and_values_do_not_stand_side_by_side(client, owner):
    tab = Tab(client, a_draft(RIVERS))
    lines = "\n".join(json.dumps({**BODY, "max_tokens": number}) for number in (1, 2)).encode()
    tab.post("set_values", **{"value-1-country": "Mali"})
    tab.post("import_requests", recording=SimpleUploadedFile("log.jsonl", lines))
    assert tab.draft.recorded is not None
    assert tab.post("set_values", **{"value-1-country": "Oman"}).status_code == 422
