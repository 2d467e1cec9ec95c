"""Pasting a header line: which of its names still matter, and what to run about it."""

from datetime import date

import pytest

from betaconsole.betas.checking import Kind, check, read_names
from betaconsole.catalogue.betas import all_betas
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.from_draft import plan_of_draft
from tests.builders import CONTEXT, THINKING

TODAY = date(2026, 11, 22)
BOTH = (THINKING, CONTEXT)
CURL = f"""curl https://api.anthropic.com/v1/messages -H 'anthropic-beta: {THINKING},{CONTEXT}' \\
  -H 'anthropic-version: 2023-06-01' -H 'x-api-key: sk-ant-secret-0123456789' \\
  -d '{{"model": "claude-sonnet-4-6", "max_tokens": 5, "messages": [{{"role": "user", "content": "Hello from curl"}}]}}'"""


@pytest.mark.parametrize(
    "text",
    [
        f"{THINKING},{CONTEXT}",
        f"anthropic-beta: {THINKING}, {CONTEXT}",
        f"Anthropic-Beta:{THINKING}\n{CONTEXT}\n{THINKING}",
        f"{THINKING}\r\n\r\n{CONTEXT}",
        f"""-H "anthropic-beta: {THINKING},{CONTEXT}" """,
        f"""extra_headers={{"anthropic-beta": "{THINKING},{CONTEXT}"}}""",
        f"""betas=["{THINKING}", "{CONTEXT}"],""",
        f"""["{THINKING}", "{CONTEXT}"]""",
        CURL,
    ],
)
def test_the_names_are_read_however_the_line_is_spelt(text):
    assert read_names(text).names == BOTH


def test_a_request_brings_its_model_version_and_body_too():
    read = read_names(CURL)
    assert (read.model, read.version) == ("claude-sonnet-4-6", "2023-06-01")
    assert "Hello from curl" in read.body_text
    assert "sk-ant" not in read.body_text


def one(name, model="claude-sonnet-4-6"):
    return check([name], model=model, version="2026-10-21", today=TODAY)[0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (CONTEXT, Kind.NEEDED),
        (THINKING, Kind.NEEDED),
        ("prompt-caching-2024-07-31", Kind.BUILT_IN),
        ("files-api-2025-04-14", Kind.PINS),
        ("computer-use-2025-01-24", Kind.SUPERSEDED),
        ("token-efficient-tools-2025-02-19", Kind.RETIRED),
        ("server-side-fallback-2026-06-02", Kind.REFUSED),
        ("claude-code-20250219", Kind.UNDOCUMENTED),
        ("webhooks-2026-10-07", Kind.ELSEWHERE),
        ("made-up-2026-01-01", Kind.UNKNOWN),
        ("Interleaved_Thinking", Kind.MALFORMED),
    ],
)
def test_a_name_is_told_apart_by_what_became_of_it(name, kind):
    assert one(name).kind is kind


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-4-5", "nobody-knows", ""])
def test_every_known_name_can_be_checked_on_any_model(model):
    assert [name for name in all_betas() if not one(name, model).said] == []


def test_what_breaks_without_a_name_are_the_fields_and_tools_it_gates():
    assert "context_management" in one(CONTEXT).breaks
    assert one("computer-use-2025-11-24").breaks == ("tools[].type=computer_20251124",)
    assert one("prompt-caching-2024-07-31").breaks == ()
    assert one("structured-outputs-2025-11-13").breaks == ("output_format",)


def test_a_misspelt_name_is_shown_the_nearest():
    assert str(one("context-managment-2025-06-27").near[0]) == CONTEXT


def test_the_model_decides_about_some_names():
    needed = one("fast-mode-2026-02-01", "claude-opus-5")
    assert (needed.kind, needed.breaks) == (Kind.NEEDED, ("speed",))
    assert one("fast-mode-2026-02-01", "claude-opus-5-5").kind is Kind.BUILT_IN
    assert one("fast-mode-2026-02-01", "claude-opus-4-7").kind is Kind.RETIRED
    assert one("fast-mode-2026-02-01", "claude-sonnet-5-5").kind is Kind.OTHER_MODELS
    assert one(THINKING, "claude-opus-5-5").kind is Kind.BUILT_IN
    assert one("context-1m-2025-08-07", "claude-sonnet-4-6").kind is Kind.BUILT_IN


@pytest.mark.django_db
class TestThePage:
    def test_it_needs_nothing_but_the_line(self, owner, client):
        page = client.post("/betas/check/", {"header": f"anthropic-beta: {CONTEXT}, nope"}).text
        assert f'href="/betas/{CONTEXT}/"' in page
        assert "2 names" in page
        assert "Compare with and without each" in page

    def test_text_without_a_name_is_kept_and_answered(self, owner, client):
        page = client.post("/betas/check/", {"header": " ,, "}).text
        assert "No beta name was found" in page

    def test_a_pasted_key_does_not_come_back(self, owner, client):
        page = client.post("/betas/check/", {"header": CURL}).text
        assert "sk-ant-secret" not in page
        assert 'value="claude-sonnet-4-6"' in page
        assert 'value="2023-06-01"' in page

    def test_leaving_each_out_is_a_draft_of_all_all_but_each_and_none(self, owner, client):
        sent = {"header": f"{THINKING},{CONTEXT},Upper", "model": "claude-opus-5-5", "version": "2026-10-21"}
        answer = client.post("/betas/check/leave-out/", sent)
        draft = Draft.objects.get()
        assert answer.headers["Location"] == f"/?draft={draft.public_id}"
        assert [column.betas for column in draft.sheet] == [BOTH, (CONTEXT,), (THINKING,), ()]
        assert {variant.betas for variant in plan_of_draft(draft).variants} == {BOTH, (CONTEXT,), (THINKING,), ()}
        assert '"claude-opus-5-5"' in draft.body_text

    def test_a_pasted_request_is_what_is_compared(self, owner, client):
        client.post("/betas/check/leave-out/", {"header": CURL})
        draft = Draft.objects.get()
        assert "Hello from curl" in draft.body_text
        assert draft.version == "2023-06-01"

    def test_one_name_is_compared_with_none(self, owner, client):
        client.post("/betas/check/leave-out/", {"header": THINKING})
        assert [column.betas for column in Draft.objects.get().sheet] == [(THINKING,), ()]

    def test_a_line_without_a_sendable_name_makes_no_draft(self, owner, client):
        assert client.post("/betas/check/leave-out/", {"header": "Upper"}).headers["Location"] == "/betas/check/"
        assert not Draft.objects.exists()
