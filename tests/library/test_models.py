"""Prompts and combinations as rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.library.models import Combination, Prompt
from betaconsole.library.names import BadName, checked_name, one_line


@pytest.mark.django_db
def test_versions_are_numbered_and_keep_their_text_exactly(owner):
    texts = ['{"n": 1.0}', "{ not json \x00", "{}"]
    prompt = Prompt.keep(team=owner.team, author=owner.user, name="P", body_text=texts[0]).prompt
    for text in texts[1:]:
        prompt.add_version(author=owner.user, body_text=text)
    assert list(prompt.versions.order_by("number").values_list("number", "body_text")) == list(
        enumerate(texts, start=1)
    )


@pytest.mark.django_db
def test_what_was_used_last_is_listed_first_and_what_was_deleted_not(owner):
    first, second, third = (
        Prompt.keep(team=owner.team, author=owner.user, name=name, body_text="{}").prompt for name in ("1", "2", "3")
    )
    first.add_version(author=owner.user, body_text="{ }")
    second.archive()
    assert list(Prompt.objects.visible_to(owner.user).kept()) == [first, third]


@pytest.mark.django_db
def test_a_name_of_a_deleted_combination_is_free_again(owner):
    keep = {"team": owner.team, "author": owner.user, "name": "Mine"}
    Combination.keep(**keep, betas=["a"]).combination.archive()
    Combination.keep(**keep, betas=["b"])
    assert [kept.betas for kept in Combination.objects.all().kept()] == [["b"]]


@pytest.mark.django_db
@pytest.mark.both_databases
def test_versions_of_a_combination_never_change_and_an_old_one_comes_back_as_a_new_one(owner, bo):
    keep = {"team": owner.team, "author": owner.user}
    first = Combination.keep(**keep, name="Mine", betas=["a", "b"], patch='{"top_k": 1}')
    again = Combination.keep_under("Mine", team=owner.team, author=bo, betas=["a", "b"], patch='{"top_k": 1}')
    assert again == first, "nothing has changed since"
    spelled = Combination.keep_under("Mine", team=owner.team, author=bo, betas=["a", "b"], patch='{\n  "top_k":1\n}')
    assert (spelled, spelled.patch) == (first, '{"top_k": 1}'), "the same patch, written in another way"
    second = Combination.keep_under("Mine", team=owner.team, author=bo, betas=["b", "a"])
    made = Combination.objects.get()
    assert (second.number, second.author, made.betas, made.patch) == (2, bo, ["b", "a"], "")
    made.bring_back(first, author=owner.user)
    said = [(one.number, one.betas, one.patch, one.note) for one in made.versions.order_by("number")]
    patch = '{"top_k": 1}'
    assert said == [(1, ["a", "b"], patch, ""), (2, ["b", "a"], "", ""), (3, ["a", "b"], patch, "v1 again")]
    made.refresh_from_db()
    assert (made.betas, made.patch) == (["a", "b"], patch)


@given(st.text(max_size=30))
def test_a_name_is_one_line_that_every_database_takes(text):
    line = one_line(text)
    assert one_line(line) == line
    line.encode()
    assert not any(character in line for character in "\x00\r\n\t")


@pytest.mark.parametrize("text", ["", "   ", "\x00", "x" * 201])
def test_a_name_that_cannot_be_is_refused_in_words(text):
    with pytest.raises(BadName):
        checked_name(text)


@pytest.mark.django_db
def test_a_version_is_the_same_only_while_its_stubs_and_turns_are(owner):
    stubs = [{"tool": "look", "match": {"n": 1}, "result": "1.0"}]
    first = Prompt.keep(team=owner.team, author=owner.user, name="P", body_text="{}", tool_stubs=stubs)
    again = {"author": owner.user, "body_text": "{}"}
    assert first.prompt.add_version(**again, tool_stubs=stubs) == first
    assert first.prompt.add_version(**again, tool_stubs=stubs, max_turns=3).number == 2
    assert first.prompt.add_version(**again, max_turns=3).number == 3
    first.refresh_from_db()
    assert (first.tool_stubs, first.max_turns) == (stubs, None)
