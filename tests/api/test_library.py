"""Saved prompts and combinations, for programs."""

import pytest

from betaconsole.api.combinations import COMBINATION_EXAMPLE, CombinationAnswer, CombinationVersionAnswer
from betaconsole.api.prompts import PROMPT_EXAMPLE, PromptAnswer, VersionAnswer
from betaconsole.library.models import Combination, Prompt
from betaconsole.teams.models import Membership
from tests.api.calling import Caller, error_of, fits

pytestmark = pytest.mark.django_db


def test_a_prompt_is_saved_and_read_back_with_its_versions(caller: Caller):
    made = caller.post("/prompts", PROMPT_EXAMPLE)
    assert (made.status_code, fits(made.json(), PromptAnswer)) == (201, True)
    prompt = made.json()
    assert (prompt["tags"], prompt["cases"]) == (["geography"], PROMPT_EXAMPLE["cases"])
    version = caller.get(f"/prompts/{prompt['id']}/versions/1").json()
    assert fits(version, VersionAnswer)
    assert (version["body"], version["variables"]) == (PROMPT_EXAMPLE["body"], PROMPT_EXAMPLE["variables"])
    assert caller.get(f"/prompts/{prompt['id']}").json() == prompt


def test_a_version_is_added_once_and_its_numbers_keep_their_spelling(caller: Caller):
    prompt_id = caller.post("/prompts", PROMPT_EXAMPLE).json()["id"]
    exact = '{"body": {"temperature": 1.0, "n": 12345678901234567890}, "note": "exact"}'
    answers = [caller.post(f"/prompts/{prompt_id}/versions", exact) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert '"temperature":1.0,"n":12345678901234567890' in answers[1].content.decode().replace(" ", "")
    read = caller.get(f"/prompts/{prompt_id}").json()
    assert [(one["number"], one["note"]) for one in read["versions"]] == [(2, "exact"), (1, "")]
    assert caller.get(f"/prompts/{prompt_id}/versions/3").status_code == 404


def test_a_combination_is_saved_and_read_back(caller: Caller):
    made = caller.post("/combinations", COMBINATION_EXAMPLE)
    assert (made.status_code, fits(made.json(), CombinationAnswer)) == (201, True)
    read = caller.get(f"/combinations/{made.json()['id']}").json()
    assert read == made.json()
    assert (read["betas"], read["patch"]) == (COMBINATION_EXAMPLE["betas"], {"temperature": 1})


def test_a_combination_has_versions_like_a_prompt(caller: Caller):
    combination_id = caller.post("/combinations", COMBINATION_EXAMPLE).json()["id"]
    next_one = {"betas": ["a", "b"], "note": "other ones"}
    answers = [caller.post(f"/combinations/{combination_id}/versions", next_one) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    first = caller.get(f"/combinations/{combination_id}/versions/1").json()
    assert fits(first, CombinationVersionAnswer)
    assert (first["betas"], first["patch"]) == (COMBINATION_EXAMPLE["betas"], COMBINATION_EXAMPLE["patch"])
    second = caller.get(f"/combinations/{combination_id}/versions/2").json()
    assert (second["header"], second["patch"], second["combination"]) == ("a,b", None, combination_id)
    read = caller.get(f"/combinations/{combination_id}").json()
    assert (read["betas"], [(one["number"], one["note"]) for one in read["versions"]]) == (
        ["a", "b"],
        [(2, "other ones"), (1, "")],
    )
    assert caller.get(f"/combinations/{combination_id}/versions/3").status_code == 404
    refused = caller.post(f"/combinations/{combination_id}/versions", {"betas": ["a", "a"]})
    assert (refused.status_code, error_of(refused)["field"]) == (422, "betas")


@pytest.mark.parametrize("kind", ["prompts", "combinations"])
def test_a_list_is_read_page_by_page(caller: Caller, kind: str):
    example = {"prompts": PROMPT_EXAMPLE, "combinations": COMBINATION_EXAMPLE}[kind]
    ids = [caller.post(f"/{kind}", {**example, "name": f"No. {number}"}).json()["id"] for number in range(5)]
    read, before = [], ""
    for _ in range(3):
        page = caller.get(f"/{kind}?limit=2{before}").json()
        read += [item["id"] for item in page["items"]]
        before = f"&before={page['next']}"
    assert (read, page["next"]) == (ids[::-1], None)
    assert caller.get(f"/{kind}?before=nothing").status_code == 422
    misspelt = caller.get(f"/{kind}?archive=1")
    assert (misspelt.status_code, error_of(misspelt)["field"]) == (422, "archive")
    assert caller.get(f"/{kind}?archived=true").json()["items"] == []


def test_prompts_are_listed_by_tag_in_as_many_queries_as_one(caller: Caller, django_assert_num_queries):
    caller.post("/prompts", PROMPT_EXAMPLE)
    caller.get("/prompts?tag=geography")
    with django_assert_num_queries(5) as first:
        assert len(caller.get("/prompts?tag=geography").json()["items"]) == 1
    asked = len(first)
    caller.post("/prompts", PROMPT_EXAMPLE)
    caller.post("/prompts", {**PROMPT_EXAMPLE, "tags": []})
    with django_assert_num_queries(asked):
        assert len(caller.get("/prompts?tag=Geography").json()["items"]) == 2


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("prompts", {"name": ""}, "name"),
        ("prompts", {"name": " "}, "name"),
        ("prompts", {"body": []}, "body"),
        ("prompts", {"tags": ["x" * 41]}, "tags"),
        ("prompts", {"note": "x" * 501}, "note"),
        ("prompts", {"variables": [{"name": "a b"}]}, "variables.0.name"),
        ("prompts", {"cases": [{"variables": {"a b": "x"}}]}, "cases.0"),
        ("prompts", {"tool_stubs": [{"tool": "t"}]}, "tool_stubs.0"),
        ("combinations", {"betas": []}, "betas"),
        ("combinations", {"betas": ["a", "Not A Beta"]}, "betas.1"),
        ("combinations", {"betas": ["a", "a"]}, "betas"),
        ("combinations", {"patch": [1]}, "patch"),
        ("combinations", {"patch": {"betas": []}}, "patch"),
    ],
)
def test_what_cannot_be_kept_names_its_place_and_leaves_nothing(caller: Caller, kind, change, field):
    example = {"prompts": PROMPT_EXAMPLE, "combinations": COMBINATION_EXAMPLE}[kind]
    refused = caller.post(f"/{kind}", {**example, **change})
    assert (refused.status_code, error_of(refused)["field"]) == (422, field)
    assert not Prompt.objects.exists()
    assert not Combination.objects.exists()


def test_a_viewer_reads_and_a_stranger_finds_nothing(caller: Caller, stranger: Caller):
    prompt_id = caller.post("/prompts", PROMPT_EXAMPLE).json()["id"]
    combination_id = caller.post("/combinations", COMBINATION_EXAMPLE).json()["id"]
    Membership.objects.filter(user__email__startswith="eve").update(role="owner")
    kept = [f"/prompts/{prompt_id}", f"/combinations/{combination_id}"]
    for address in (*kept, *(f"{one}/versions/1" for one in kept)):
        assert stranger.get(address).status_code == 404
    assert stranger.get("/prompts").json() == {"items": [], "next": None}
    assert stranger.post(f"/prompts/{prompt_id}/versions", {"body": {}}).status_code == 404
    assert stranger.post(f"/combinations/{combination_id}/versions", {"betas": ["a"]}).status_code == 404
    Membership.objects.update(role="viewer")
    assert caller.get(f"/prompts/{prompt_id}").status_code == 200
    assert caller.post("/prompts", PROMPT_EXAMPLE).status_code == 403
    assert caller.post(f"/prompts/{prompt_id}/versions", {"body": {}}).status_code == 403
    assert caller.post("/combinations", COMBINATION_EXAMPLE).status_code == 403
    assert caller.post(f"/combinations/{combination_id}/versions", {"betas": ["a"]}).status_code == 403
