"""Long data of a body apart from its text, and back letter for letter."""

import base64
import json
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from betaconsole.drafts.apart import Reference, digest_of, grown_by, put_together, references, taken_apart

IMAGE = bytes(range(256)) * 40
ENCODED = base64.b64encode(IMAGE).decode()
LONG_TEXT = "Line\\n\\u00e9 " * 2_000


def body(data: str, *, before: str = "", after: str = "") -> str:
    return f'{{{before}"source": {{"type": "base64", "data" : "{data}"}}{after}}}'


def test_base64_stands_apart_and_a_reference_in_its_place():
    apart = taken_apart(body(ENCODED))
    assert apart.files == {digest_of(IMAGE): IMAGE}
    assert json.loads(apart.text)["source"]["data"] == f"@base64:{digest_of(IMAGE)}"
    assert put_together(apart.text, apart.files) == body(ENCODED)


def test_a_long_text_stands_apart_as_it_is_spelled():
    apart = taken_apart(body(LONG_TEXT))
    assert list(apart.files.values()) == [LONG_TEXT.encode()]
    assert put_together(apart.text, apart.files) == body(LONG_TEXT)


def test_base64_that_is_not_spelled_as_usual_is_kept_as_it_is():
    for odd in (ENCODED[:-2] + "\\n==", ENCODED.replace("/", "\\/") * 2, ENCODED.rstrip("=") * 3, "AAA=" * 400):
        text = body(odd)
        apart = taken_apart(text)
        assert put_together(apart.text, apart.files) == text


def test_short_data_and_long_text_elsewhere_stay_where_they_are():
    for text in (body("aGk="), body("Hi " * 500), json.dumps({"content": ENCODED}), json.dumps({"data": [ENCODED]})):
        assert taken_apart(text).text == text


def test_a_reference_to_nothing_stays():
    text = json.dumps({"data": Reference("base64", "0" * 32, "x.png").value})
    assert put_together(text, {}) == text


def test_names_of_every_kind_survive():
    for name in ("holiday.png", "größe 🎉.png", "a" * 120):
        reference = Reference("base64", digest_of(b"x"), name)
        text = json.dumps({"data": reference.value}, ensure_ascii=False)
        assert list(references(text)) == [reference]
        assert Reference.of(json.loads(text)["data"]) == reference
        assert put_together(text, {reference.digest: b"x"}) == '{"data": "eA=="}'


def test_the_size_of_the_whole_body_is_known_without_making_it():
    text = body(ENCODED, before='"x": "é", ')
    apart = taken_apart(text)
    sizes = {digest: len(data) for digest, data in apart.files.items()}
    assert len(apart.text.encode()) + grown_by(apart.text, sizes.get) == len(text.encode())


def test_thirty_megabytes_are_taken_apart_in_a_moment_also_where_nothing_closes():
    whole = body(base64.b64encode(IMAGE * 2_200).decode())
    open_ended = '{"data":"' * 100_000 + "x" * 10_000_000
    begun = time.process_time()
    taken_apart(whole)
    taken_apart(open_ended)
    assert time.process_time() - begun < 20  # closer to a quarter of a second; what is quadratic takes hours


DATA = st.one_of(
    st.binary(min_size=760, max_size=1_200).map(lambda data: base64.b64encode(data).decode()),
    st.text(st.sampled_from('AZaz09+/=\\"\n é\ud800@:'), max_size=40).map(lambda text: json.dumps(text)[1:-1] * 500),
    st.text(st.sampled_from('AZaz09+/=\\" {}:'), max_size=2_000),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="@"), max_size=20), DATA), max_size=3))
@example([("\ud800", "\\")])
def test_whatever_the_text_it_comes_back(pieces):
    text = "".join(f'{before}"data": "{data}"' for before, data in pieces)
    apart = taken_apart(text)
    assert put_together(apart.text, apart.files) == text
    sizes = {digest: len(data) for digest, data in apart.files.items()}
    grown = grown_by(apart.text, sizes.get)
    assert len(apart.text.encode("utf-8", "surrogatepass")) + grown == len(text.encode("utf-8", "surrogatepass"))
