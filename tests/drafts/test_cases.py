"""Recorded requests in place of the prompt: imported in one go, shown without reading them, undone."""

import html
import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from betaconsole.claude import jsontext
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import CaseBody, CaseSet, Draft

from .desk import BODY, CONTEXT, Tab, a_draft, targets
from .test_importing import body, log

pytestmark = pytest.mark.django_db
TURNS = [body("One?"), body("One?", "a", "Two?"), body("One?", "a", "Two?", "b", "Three?")]


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft())


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def sent(data: bytes, name: str = "log.jsonl") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_a_trace_stands_in_place_of_the_prompt_and_is_planned_in_order(tab):
    answer = tab.post("import_requests", recording=sent(log(*TURNS)))
    assert {"notice", "body", "parameters", "matrix", "count"} <= targets(answer)
    said = text(answer)
    assert "Trace: 3 recorded turns from" in said
    assert "recorded history, not a live run" in said
    assert "6 requests" in said
    assert "parameter-model" not in said
    composed = plan_inputs(tab.draft)
    assert [case for _, case in composed.cases] == TURNS
    assert composed.is_trace
    assert composed.body == TURNS[-1]


def test_independent_cases_keep_their_names_and_their_spelling(tab):
    spelled = '{"model": "m", "max_tokens": 1e2, "messages": [], "x": 1.0}'
    answer = tab.post("import_requests", recording=sent(log({"custom_id": "first", "params": TURNS[0]}, spelled)))
    assert "2 independent cases from" in text(answer)
    composed = plan_inputs(tab.draft)
    assert [name for name, _ in composed.cases] == ["first", ""]
    assert jsontext.dumps(composed.cases[1][1]) == spelled.replace(": ", ":").replace(", ", ",")
    assert not composed.is_trace


def test_one_request_alone_becomes_the_prompt(tab):
    answer = tab.post("import_requests", recording=sent(log(TURNS[1])))
    assert "One request was in log.jsonl" in text(answer).replace("<bdi>", "").replace("</bdi>", "")
    assert json.loads(tab.draft.body_text) == TURNS[1]
    assert tab.draft.case_set is None


def test_the_person_can_say_what_it_is(tab):
    tab.post("import_requests", recording=sent(log(*TURNS)))
    assert "3 independent cases" in text(tab.post("set_case_kind", kind="cases"))
    assert not plan_inputs(tab.draft).is_trace
    assert "Trace: 3 recorded turns" in text(tab.post("set_case_kind", kind="trace"))


def test_removing_leads_back_to_the_prompt_and_undo_brings_the_recording_back(tab):
    tab.post("import_requests", recording=sent(log(*TURNS)))
    removed = tab.post("remove_cases")
    assert "Hello" in text(removed)
    assert plan_inputs(tab.draft).body == BODY
    undone = tab.post("undo")
    assert {"body", "parameters"} <= targets(undone)
    assert len(plan_inputs(tab.draft).cases) == 3
    tab.post("undo")
    assert plan_inputs(tab.draft).cases == []


def test_recordings_that_nothing_names_any_more_are_swept(tab):
    for _ in range(3):
        tab.post("import_requests", recording=sent(log(*TURNS)))
    tab.draft.steps.all().delete()
    tab.post("import_requests", recording=sent(log(*TURNS)))
    assert CaseSet.objects.count() == 2
    assert set(CaseSet.objects.values_list("pk", flat=True)) >= {tab.draft.case_set_id}


def test_betas_it_was_recorded_with_become_rows_that_nobody_ticked(tab):
    wrapped = [{"request": {"headers": {"anthropic-beta": CONTEXT}, "body": turn}} for turn in TURNS]
    answer = tab.post("import_requests", recording=sent(log(*wrapped)))
    assert f"Recorded with {CONTEXT}" in text(answer)
    assert tab.draft.rows == [CONTEXT]
    assert all(column.betas == () for column in tab.draft.sheet)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "log.jsonl is empty."),
        (b"<!doctype html>" + b" " * 40, "is a web page or XML, not a log"),
        (b"\x1f\x8b\x08" + bytes(40), "is compressed with gzip: unpack it first"),
        (b'{"messages": ' + b"[" * 5_000, "There is no Messages request in log.jsonl. Line 1: not JSON"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_half_done(tab, data, sentence):
    answer = tab.post("import_requests", recording=sent(data))
    assert (answer.status_code, targets(answer)) == (422, {"problem-import"})
    assert sentence in text(answer)
    assert (CaseSet.objects.count(), CaseBody.objects.count(), tab.draft.revision) == (0, 0, 1)


def test_an_import_that_breaks_on_the_way_leaves_nothing(tab, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(CaseBody.objects, "bulk_create", broken)
    with pytest.raises(RuntimeError):
        tab.post("import_requests", recording=sent(log(*TURNS)))
    assert (CaseSet.objects.count(), tab.draft.revision) == (0, 1)


def test_nothing_chosen_and_too_much_are_said(tab, monkeypatch):
    assert "choose one first" in text(tab.post("import_requests"))
    big = sent(b'{"a": 1}\n' * 23_000_000)
    assert "more than 200 MB" in text(tab.post("import_requests", recording=big))


def test_pasted_lines_are_imported_and_a_pasted_request_takes_their_place(tab):
    lines = "\n".join(map(json.dumps, TURNS))
    assert "Trace: 3 recorded turns from" in text(tab.post("paste", request=lines))
    tab.post("paste", request=json.dumps(TURNS[0]))
    assert plan_inputs(tab.draft).cases == []
    assert plan_inputs(tab.draft).body == TURNS[0]


def test_more_requests_than_a_comparison_holds_are_said_before_run(tab):
    tab.post("import_requests", recording=sent(log(*[body(str(at)) for at in range(700)])))
    answer = tab.post("set_repeats", value="2")
    assert "2,800 requests; one comparison holds at most 2,000" in text(answer)
    assert tab.draft.repeats == 1
    Draft.objects.update(repeats=2)  # as where cases came in later
    with pytest.raises(NotReady):
        plan_inputs(tab.draft)


def test_a_body_that_is_no_json_is_no_matter_while_recorded_requests_run(client, owner):
    tab = Tab(client, a_draft(text="{oops"))
    answer = tab.post("import_requests", recording=sent(log(*TURNS)))
    assert "not JSON" not in text(answer)
    assert len(plan_inputs(tab.draft).cases) == 3


def test_hostile_words_are_shown_harmless(tab):
    hostile = "</dd><script>alert(1)</script>\x00\ud800"
    answer = tab.post(
        "import_requests", recording=sent(log(body(hostile), body(hostile, "b", hostile)), f"{hostile[:29]}.jsonl")
    )
    assert "<script>alert" not in answer.content.decode()
    assert plan_inputs(tab.draft).cases[0][1] == body(hostile)


def test_a_hundred_thousand_tokens_in_twenty_turns_are_imported_and_opened_quickly(tab):
    turn = "The quick brown fox jumps over the lazy dog. " * 440
    turns = [body(*[f"{at} {turn}" for at in range(2 * n + 1)]) for n in range(20)]
    recording = sent(log(*turns))
    begun = time.process_time()
    assert tab.post("import_requests", recording=recording).status_code == 200
    imported_s = time.process_time() - begun
    page = tab.client.get(f"/?draft={tab.id}").content
    opened_s = time.process_time() - begun - imported_s
    assert imported_s < 10
    assert opened_s < 3
    assert len(page) < 100_000


def test_without_javascript_the_form_posts_and_leads_back(tab):
    address = reverse("drafts:import_requests", args=[tab.id])
    answer = tab.client.post(address, {"recording": sent(log(*TURNS))})
    assert (answer.status_code, answer["Location"]) == (302, f"/?draft={tab.id}")
    assert tab.draft.case_set.count == 3
    refused = tab.client.post(address, {"recording": sent(b"{}")})
    assert (refused.status_code, refused["Content-Type"]) == (422, "text/plain; charset=utf-8")


def test_lines_pasted_without_javascript_begin_a_draft_of_their_own(tab):
    answer = tab.client.post(reverse("drafts:new"), {"request": "\n".join(map(json.dumps, TURNS))})
    page = text(tab.client.get(answer["Location"]))
    assert answer.status_code == 302
    assert "Trace: 3 recorded turns from" in page
