import dataclasses
import hashlib
import time
import tracemalloc
from email import message_from_bytes
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import multipart
from betaconsole.claude.multipart import Part, PartError, decode, encode
from tests.claude.test_fuzzing import spoiled

FILE = Part("file", b"%PDF-1.7\r\n\x00\xff", "apples.pdf", "application/pdf")
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda name: not {"%22", "%0A", "%0D"} & {name[at : at + 3] for at in range(len(name))}
)
data = st.binary(max_size=40) | st.sampled_from(
    [b"\r\n--", b"--betaconsole-", b"\r\n--betaconsole-x--\r\n", b"\r\n\r\n"]
)
types = st.sampled_from(["", "text/plain", "image/png", "text/markdown; charset=utf-8"])
parts = st.lists(st.builds(Part, names, data, names | st.just(""), types), max_size=5)


def test_an_upload_is_what_browsers_send():
    body, content_type = encode([FILE, Part("expires_in_seconds", b"3600")])
    boundary = content_type.removeprefix("multipart/form-data; boundary=")
    assert (
        body
        == (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="apples.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode()
        + FILE.data
        + (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="expires_in_seconds"\r\n\r\n3600\r\n--{boundary}--\r\n'
        ).encode()
    )


@given(parts)
def test_every_upload_can_be_read_back(given_parts):
    sent = [
        dataclasses.replace(
            part, content_type=part.content_type or ("application/octet-stream" if part.filename else "")
        )
        for part in given_parts
    ]
    body, content_type = encode(given_parts)
    assert decode(body, content_type) == sent
    assert encode(given_parts) == (body, content_type)


@given(parts.filter(bool))
def test_the_standard_librarys_parser_finds_the_same_parts(given_parts):
    body, content_type = encode(given_parts)
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    assert len(message.get_payload()) == len(given_parts)


def test_equal_uploads_give_equal_bytes_and_different_ones_another_boundary():
    assert encode([FILE]) == encode([Part("file", bytes(FILE.data), "apples.pdf", "application/pdf")])
    others = [dataclasses.replace(FILE, **change) for change in ({"name": "f"}, {"data": b""}, {"filename": "b.pdf"})]
    # Fields that run into one another differ too.
    others += [Part("a", b"bc"), Part("ab", b"c"), Part("a", b"", "bc")]
    assert len({encode([part])[1] for part in [FILE, *others]} | {encode([])[1]}) == 8


def test_a_boundary_that_stands_in_the_data_is_not_taken(monkeypatch):
    class Weak:
        """A hash that an uploader can foresee."""

        def __init__(self) -> None:
            self.turns = 0

        def update(self, piece: bytes) -> None:
            self.turns += piece == b"+"

        def hexdigest(self) -> str:
            return f"{self.turns}" * 64

    monkeypatch.setattr(hashlib, "sha256", Weak)
    hostile = [
        Part("a", b"\r\n--betaconsole-" + digit * 40 + b"\r\nContent-Disposition: x\r\n") for digit in (b"0", b"1")
    ]
    body, content_type = encode(hostile)
    assert content_type.endswith("2" * 40)
    assert decode(body, content_type) == hostile


@pytest.mark.parametrize(
    "name", ['a"b.txt', "grün 😀.txt", "a\\b", "skill/SKILL.md", "a;filename=b", " x ", "';--", "=?utf-8?q?x?="]
)
def test_b15_an_odd_name_comes_back_as_it_was_and_stays_in_its_header(name):
    body, content_type = encode([Part(name, b"x", name)])
    assert decode(body, content_type)[0].filename == name
    assert decode(body, content_type)[0].name == name
    assert body.count(b"\r\n") == 6


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (Part("", b"x"), "has no name"),
        (Part("a\r\nx: y", b""), r"The name of a part 'a\r\nx: y' contains '\r'"),
        (Part("a", b"", "b\nc"), r"The file name 'b\nc' contains '\n'"),
        (Part("a", b"", "b\0c"), r"contains '\x00'"),
        (Part("a", b"", "b\x85"), r"contains '\x85'"),
        (Part("a", b"", "b\ud800"), r"contains '\ud800'"),
        (Part("a", b"", "b" * 501), "is too long: 501 characters"),
        (Part("a", b"", "b", "text"), "'text' is not of the form image/png"),
        (Part("a", b"", "b", "text/plain\r\nx: y"), r"'text/plain\r\nx: y' is not of the form"),
        (Part("a", b"", "b", 'text/plain; a="b"'), "is not of the form"),
    ],
)
def test_b15_a_part_that_could_change_the_upload_is_refused_with_a_sentence(part, why):
    with pytest.raises(PartError) as caught:
        encode([FILE, part])
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


def test_too_many_parts_are_refused_both_ways(monkeypatch):
    body, content_type = encode([FILE] * 5)
    monkeypatch.setattr(multipart, "MAX_PARTS", 4)
    with pytest.raises(PartError, match="5 parts are too many"):
        encode([FILE] * 5)
    with pytest.raises(PartError, match="more than 4 parts"):
        decode(body, content_type)


UPLOAD, UPLOAD_TYPE = encode([FILE, Part("a", b"")])


def test_an_upload_of_another_client_is_read_too():
    body = (
        b'ignored\r\n--X y\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data;name=a; filename="b.txt"\r\n\r\none'
        b'\r\n--X y\r\nContent-Disposition: form-data; name="c"\r\n\r\n\r\n--X y--\r\nignored'
    )
    assert decode(body, 'Multipart/Form-Data; charset=utf-8; boundary="X y"') == [
        Part("a", b"one", "b.txt", "text/plain"),
        Part("c", b""),
    ]


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=a", "x" * 10_000]
)
def test_a_body_of_another_type_is_no_upload(content_type):
    with pytest.raises(PartError, match="content type is not that of an upload"):
        decode(UPLOAD, content_type)


def test_a_part_without_a_name_is_told_by_its_place():
    body = b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X\r\nContent-Type: text/plain\r\n\r\n2\r\n--X--\r\n'
    with pytest.raises(PartError, match="Part 2 of the upload has no name"):
        decode(body, "multipart/form-data; boundary=X")


@pytest.mark.parametrize("end", range(0, len(UPLOAD) - 4, 5))
def test_an_upload_that_was_cut_is_refused(end):
    with pytest.raises(PartError):
        decode(UPLOAD[:end], UPLOAD_TYPE)


pieces = st.lists(
    st.sampled_from(
        [
            b"--b",
            b"--b--",
            b"\r\n",
            b"\r\n\r\n",
            b'Content-Disposition: form-data; name="a"',
            b"\xff",
            b"a",
            b"--",
            b":",
        ]
    ),
    max_size=12,
).map(b"".join)


kinds = st.text(max_size=30) | st.sampled_from(["multipart/form-data; boundary=b"])
whole, its_kind = encode([Part("purpose", b"tests"), Part("file", b"\r\n--bytes\xff", "a.bin", "image/png")])


@given(st.tuples(st.binary(max_size=60) | pieces, kinds) | st.tuples(spoiled(whole), st.just(its_kind)))
def test_any_bytes_are_an_upload_or_refused(upload):
    body, content_type = upload
    message = ""
    try:
        found = decode(body, content_type)
    except PartError as error:
        found, message = [], str(error)
    assert all(part.name for part in found)
    assert message.isprintable()


def test_thirty_two_megabytes_are_encoded_and_read_without_much_time_or_memory():
    large = Part("file", b"\r\n--beta" * (4 << 20), "large.bin")
    tracemalloc.start()
    began = time.process_time()
    body, content_type = encode([large])
    peak = tracemalloc.get_traced_memory()[1]
    assert decode(body, content_type)[0].data == large.data
    tracemalloc.stop()
    assert time.process_time() - began < 12
    assert peak < 3 * len(large.data)
