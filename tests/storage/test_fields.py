"""What goes in comes out, on both databases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.library.models import Combination, Prompt, PromptVersion
from betaconsole.runs.models import Body
from betaconsole.storage.fields import pack, showable, unpack

HOSTILE = [
    "",
    "plain",
    "NUL \x00 and CR \r and CRLF \r\n",
    "lone surrogates \ud800 and \udfff",
    "beyond the first plane 😀, separators \u2028 \u2029 \x85, a mark \ufeff",
    "long and alike " * 500,
]


@given(st.binary(max_size=2000))
def test_packed_bytes_come_back(data):
    assert unpack(pack(data)) == data


def test_packing_never_makes_more_of_it_than_one_byte():
    noise = bytes(range(256)) * 2
    assert len(pack(noise)) <= len(noise) + 1
    assert len(pack(b"alike " * 1000)) < 200


@pytest.mark.both_databases
@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_kept_exactly(team, text):
    prompt = Prompt.objects.create(team=team, name="kept")
    PromptVersion.objects.create(prompt=prompt, number=1, body_text=text)
    assert PromptVersion.objects.get().body_text == text


@pytest.mark.both_databases
@pytest.mark.parametrize("data", [b"", b"\x00\x01\xff", bytes(range(256)) * 300])
def test_bytes_are_kept_exactly(team, data):
    key = Body.keep(team.pk, data)
    assert Body.objects.get(pk=key).data == data


@pytest.mark.both_databases
def test_json_keeps_the_order_of_its_names_and_every_character(team):
    betas = [{"z": 1, "a": HOSTILE[2], "m": HOSTILE[3]}, 12345678901234567890123, None, True]
    Combination.objects.create(team=team, name="kept", betas=betas)
    kept = Combination.objects.get().betas
    assert kept == betas
    assert list(kept[0]) == ["z", "a", "m"]


@pytest.mark.both_databases
def test_a_body_is_stored_once_per_team(team, eve):
    first = Body.keep(team.pk, b"the same request")
    assert Body.keep(team.pk, b"the same request") == first
    assert Body.keep(eve.memberships.get().team_id, b"the same request") != first
    assert Body.objects.count() == 2


@given(st.text(st.characters(), max_size=200))
def test_what_is_shown_can_always_be_encoded_and_holds_no_nul(text):
    shown = showable(text)
    assert "\x00" not in shown
    shown.encode("utf-8")


def test_what_is_shown_keeps_a_pair_of_surrogates_that_is_one_character():
    assert showable("\ud83d\ude00 \ud83d \x00") == "😀 \ufffd \ufffd"
