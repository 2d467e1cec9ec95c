"""Files that somebody brought, given out again under the name that they came with."""

from email import message_from_string

import pytest

from betaconsole.web.hostile_files import file_response


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nx-evil: 1",
        "a\nb",
        "a\0b",
        'a"; filename="b.html',
        'a\\"b',
        "gr\u00fcn \U0001f600",
        "a\ud800b",
        "a\x85b",
        "a\u2028b",
    ],
)
@pytest.mark.parametrize("media_type", ["text/html", "image/png"])
def test_b15_the_name_of_a_file_stays_in_its_header_and_says_nothing_else(name, media_type):
    said = file_response(b"", media_type=media_type, name=name).headers["Content-Disposition"]
    assert said.isascii()
    assert said.isprintable()
    read = message_from_string(f"Content-Disposition: {said}\n\n")
    kind, _ = read.get_params(header="content-disposition")  # type: ignore[misc]
    assert kind == ("inline" if media_type == "image/png" else "attachment", "")
    assert read.get_filename() == name.replace("\ud800", "?")
