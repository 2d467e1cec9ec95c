"""Comparisons that take what they send from the library, for programs."""

import pytest

from betaconsole.api.combinations import COMBINATION_EXAMPLE
from betaconsole.api.prompts import PROMPT_EXAMPLE
from betaconsole.api.shapes import ComparisonAnswer
from betaconsole.library.models import Combination, Prompt
from betaconsole.teams.models import Membership, Team, User
from tests.api.calling import Caller, error_of, fits

pytestmark = pytest.mark.django_db

BETAS = COMBINATION_EXAMPLE["betas"]
STUB = {"tool": "track", "result": "on its way"}


@pytest.fixture
def combination(caller: Caller) -> str:
    """The id of a combination with two versions: the first has a patch, the second none."""
    made = caller.post("/combinations", COMBINATION_EXAMPLE).json()["id"]
    caller.post(f"/combinations/{made}/versions", {"betas": BETAS[:1]})
    return made


@pytest.fixture
def prompt(caller: Caller) -> str:
    """The id of a prompt with a variable that has a default, a case, and in its second version a stub."""
    made = caller.post("/prompts", PROMPT_EXAMPLE).json()["id"]
    caller.post(f"/prompts/{made}/versions", {"body": PROMPT_EXAMPLE["body"], "tool_stubs": [STUB], "max_turns": 3})
    return made


def started(caller: Caller, **fields: object) -> dict:
    """The whole answer for a comparison that was just made."""
    made = caller.compare(**fields)
    assert made.status_code == 201, made.content
    answer = caller.get(f"/comparisons/{made.json()['id']}").json()
    assert fits(answer, ComparisonAnswer)
    return answer


def sent(caller: Caller, answer: dict) -> list[dict]:
    return [caller.get(f"/exchanges/{one['id']}").json()["request"]["body"] for one in answer["exchanges"]]


def test_a_column_takes_a_saved_combination_by_name_or_id_and_remembers_which_version(caller: Caller, combination: str):
    columns = [
        {"betas": []},
        {"combination": "Long runs"},
        {"combination": combination, "combination_version": 1, "label": "first"},
    ]
    answer = started(caller, variants=columns)
    assert [(one["label"], one["betas"], one.get("combination")) for one in answer["variants"]] == [
        ("A", [], None),
        ("B", BETAS[:1], {"id": combination, "version": 2}),
        ("first", BETAS, {"id": combination, "version": 1}),
    ]
    assert sorted(body.get("temperature", 0) for body in sent(caller, answer)) == [0, 0, 1]  # the patch of the first


def test_preflight_looks_at_the_betas_of_a_combination(caller: Caller):
    caller.post("/combinations", {"name": "Odd", "betas": ["nobody-knows-2020-01-01"]})
    asked = {"connection": "simulator", "body": PROMPT_EXAMPLE["body"], "variants": [{"combination": "Odd"}]}
    (column,) = caller.post("/preflight", asked).json()["columns"]
    assert any("nobody-knows-2020-01-01" in one["message"] for one in column["findings"])


def test_a_combination_that_cannot_be_taken_is_refused_at_its_place(
    caller: Caller, owner: Membership, eve: User, combination: str
):
    kept = [(owner.team, "Old"), (owner.team, "Twice"), (owner.team, "Twice"), (Team.objects.get(name="Eve's"), "Hers")]
    made = [Combination.keep(team=team, author=owner.user, name=name, betas=["a"]).combination for team, name in kept]
    made[0].archive()
    columns: list[tuple[dict, str, str]] = [
        ({}, "betas", "or a combination"),
        ({"combination": "Short runs"}, "combination", "no combination with the id or name 'Short runs'"),
        ({"combination": "Hers"}, "combination", "no combination"),
        ({"combination": made[3].public_id}, "combination", "no combination"),
        ({"combination": "Long runs", "betas": []}, "combination", "not both"),
        ({"combination": "Long runs", "combination_version": 3}, "combination_version", "no such version"),
        ({"combination": "Long runs", "combination_version": 1, "patch": {}}, "patch", "changes the body itself"),
        ({"betas": [], "combination_version": 1}, "combination_version", "of which combination"),
        ({"combination": made[0].public_id}, "combination", "archived"),
        ({"combination": "Twice"}, "combination", "by its id"),
    ]
    for column, field, said in columns:
        refused = caller.compare(variants=[{"betas": []}, column])
        assert (refused.status_code, error_of(refused)["field"]) == (422, f"variants.1.{field}"), column
        assert said in error_of(refused)["message"], column


def test_a_saved_prompt_brings_its_body_stubs_cases_and_name(caller: Caller, prompt: str):
    answer = started(caller, body=..., prompt="Rivers", variants=[{"betas": []}])
    assert (answer["title"], answer["prompt"]) == ("Rivers", {"id": prompt, "version": 2, "changed": False})
    assert [one["case"] for one in answer["exchanges"]] == ["south"]
    assert sent(caller, answer)[0]["messages"][0]["content"] == "Name three rivers of Peru."
    saved = Prompt.objects.get(public_id=prompt).newest.comparisons.get()
    assert (saved.tool_stubs, saved.max_turns) == ([STUB], 3)


def test_what_a_request_says_itself_stands_in_place_of_what_was_saved(caller: Caller, prompt: str):
    fields = {"title": "Mine", "tool_stubs": [], "max_turns": 0, "cases": [{"name": "default"}]}
    answer = started(caller, body=..., prompt=prompt, variants=[{"betas": []}], **fields)
    assert (answer["title"], answer["prompt"]["changed"]) == ("Mine", True)
    assert sent(caller, answer)[0]["messages"][0]["content"] == "Name three rivers of France."
    first = started(caller, body=..., prompt=prompt, prompt_version=1, variants=[{"betas": []}])
    assert first["prompt"] == {"id": prompt, "version": 1, "changed": False}


def test_a_prompt_that_cannot_be_run_is_refused_at_its_place(caller: Caller, prompt: str):
    def refused(**fields: object) -> tuple[int, str]:
        answer = caller.compare(**{"body": ..., "prompt": prompt, **fields})
        return answer.status_code, error_of(answer)["field"]

    assert refused(prompt="Lakes") == (422, "prompt")
    assert refused(body={}) == (422, "prompt")
    assert refused(prompt_version=9) == (422, "prompt_version")
    assert refused(prompt=..., body={}, prompt_version=1) == (422, "prompt_version")
    Prompt.objects.get(public_id=prompt).add_version(author=None, body_text="{ half")  # type: ignore[arg-type]
    assert refused() == (422, "prompt")
    Prompt.objects.get(public_id=prompt).archive()
    assert refused(prompt_version=1) == (422, "prompt")


def test_asking_again_finds_what_the_first_try_made_whatever_became_of_the_names(
    caller: Caller, combination: str, prompt: str
):
    asked = {"body": ..., "client_token": "today", "prompt": "Rivers", "variants": [{"combination": "Long runs"}]}
    first = caller.compare(**asked)
    assert first.status_code == 201
    caller.post(f"/combinations/{combination}/versions", {"betas": BETAS})
    caller.post(f"/prompts/{prompt}/versions", {"body": {**PROMPT_EXAMPLE["body"], "max_tokens": 9}})
    with_newer_versions = caller.compare(**asked)
    assert (with_newer_versions.status_code, with_newer_versions.json()) == (200, first.json())
    Prompt.objects.get(public_id=prompt).archive()
    without_the_prompt = caller.compare(**asked)
    assert (without_the_prompt.status_code, without_the_prompt.json()) == (200, first.json())
    variants = [{"combination": "Long runs", "label": "other"}]
    for other in ({"repeats": 2}, {"variants": variants}, {"prompt": ..., "body": PROMPT_EXAMPLE["body"]}):
        refused = caller.compare(**{**asked, **other})
        assert (refused.status_code, error_of(refused)["field"]) == (409, "client_token"), other
