"""What a file is by its bytes, and why some cannot be attached."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.drafts.file_kinds import FileRefused, checked, kind_of, safe_name

from .files import gif, jpeg, pdf, png, webp

GOOD = {
    "image/png": (png(1200, 800), (1200, 800)),
    "image/jpeg": (jpeg(640, 480), (640, 480)),
    "image/gif": (gif(5, 4), (5, 4)),
    "image/webp": (webp(7000, 6), (7000, 6)),
    "application/pdf": (pdf(3), (0, 0)),
    "text/plain": ("Grüße\r\n".encode(), (0, 0)),
}


@pytest.mark.parametrize("media_type", GOOD)
def test_the_bytes_say_what_a_file_is_whatever_its_name(media_type):
    data, sides = GOOD[media_type]
    kind, hints = checked(data, "setup.exe")
    assert (kind.media_type, (kind.width, kind.height), hints) == (media_type, sides, [])


@pytest.mark.parametrize("media_type", [name for name in GOOD if name != "text/plain"])
def test_a_file_that_is_cut_off_is_refused(media_type):
    data, _ = GOOD[media_type]
    with pytest.raises(FileRefused, match=r"photo is a .* that is cut off"):
        checked(data[: len(data) * 2 // 3], "photo")


REFUSED = {
    "is empty.": b"",
    "is a Windows program": b"MZ\x90\x00" + bytes(100),
    "is a program": b"\x7fELF" + bytes(100),
    "is a ZIP archive": b"PK\x03\x04" + bytes(100),
    "is compressed with gzip": b"\x1f\x8b\x08\x00" + bytes(10),
    "is a HEIC or AVIF image": b"\x00\x00\x00\x18ftypheic" + bytes(10),
    "is a video": b"\x00\x00\x00\x18ftypisom" + bytes(10),
    "is a TIFF image": b"II*\x00" + bytes(10),
    "is UTF-16 text, not UTF-8": "Hallo".encode("utf-16"),
    "is neither an image the API knows, nor a PDF, nor UTF-8 text": "Grüße".encode("latin-1"),
    "holds what looks like an API key (sk-ant-…) in line 2: take it out first": b"a\nKEY=sk-ant-api03-abcdefgh\n",
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_the_api_takes_in_no_block_is_refused_with_one_sentence(sentence):
    with pytest.raises(FileRefused) as caught:
        checked(REFUSED[sentence], "thing")
    assert sentence in str(caught.value)
    assert str(caught.value).count(".") == 1


HINTS = {
    "is a PNG image and a ZIP archive in one": png() + b"PK\x05\x06" + bytes(18),
    "is a PNG image and a web page in one": png() + b"<script>alert(1)</script>",
    "is a GIF image and a PDF in one": gif()[:13] + b"%PDF-1.4 " + gif()[13:],
    "50,000 × 50,000 pixels; the API refuses sides over 8,000": png(50_000, 50_000),
    "5.3 MB; the API refuses images over 5 MB": png(filler=5_300_000),
    "about 101 pages": pdf(101),
    "protected with a password": pdf().replace(b"%%EOF", b"trailer <</Encrypt 9 0 R>> %%EOF"),
    "goes as text: the model reads its source": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
}


@pytest.mark.parametrize("sentence", HINTS)
def test_what_may_surprise_is_said_and_the_file_is_taken(sentence):
    kind, hints = checked(HINTS[sentence], "thing")
    assert kind.media_type
    assert [hint for hint in hints if sentence in hint]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ('say "hi"\x00\x1f.txt', "say hi.txt"),
        ("\ud800half.txt", "half.txt"),
        ("...", "file"),
        ("", "file"),
        ("a" * 10_000 + ".png", "a" * 115 + "….png"),
    ],
)
def test_a_name_is_shown_without_what_could_mislead(name, shown):
    assert safe_name(name) == shown


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBP", b"GIF89a", b"%PDF-"]),
)
def test_no_bytes_break_the_reading(data, beginning):
    kind = kind_of(beginning + data)
    assert kind.label
    try:
        checked(beginning + data, "x")
    except FileRefused:
        return
    assert kind.media_type


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_name_breaks_a_line_or_leaves_its_folder(name):
    shown = safe_name(name)
    assert 0 < len(shown) <= 120
    assert not set('/\\"\n\r\x00\u202e') & set(shown)
    shown.encode()
