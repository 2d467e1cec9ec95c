"""Text made to be slow or huge for whoever reads it. Each row once took minutes, or gigabytes; now it takes no time at all.

The limit is CPU time with plenty of air: what is looked for grows with the square of the length, or faster.
"""

import time
import tracemalloc

import pytest

from betaconsole.claude import jsontext
from betaconsole.drafts.pasting import PasteError, read_request
from betaconsole.web.incoming import MOST_VALUES, has_too_many_values
from betaconsole.web.markdown import too_heavy

CURL = "curl https://api.anthropic.com/v1/messages "
CALL = "client.messages.create(model='m', "
OPEN_STRING = '\\"' * 1_000_000  # after a quotation mark: a string that never ends
MANY_QUOTES = "a''" * 260_000
LONGEST_S = 10


def pasted(text: str) -> str:
    try:
        return read_request(text).body_text or ""
    except PasteError as error:
        return str(error)


RUNAWAYS = {
    "Markdown: a list in a list in a list": (lambda: too_heavy(("-" + " " * 30) * 11 + "x"), False),
    "JSON: a string that never ends": (
        lambda: has_too_many_values(b"," * (MOST_VALUES + 1) + b'"' + OPEN_STRING.encode()),
        True,
    ),
    "debug line: a string that never ends": (lambda: pasted('Request options: {"url": "' + OPEN_STRING), "cut off"),
    "curl: a word of many quotes": (lambda: pasted(f"{CURL}-d x{MANY_QUOTES}"), "500,000 words"),
    "curl: many pieces of a body": (lambda: len(pasted(CURL + f"-d {'a' * 200} " * 20_000)), 20_000 * 201 - 1),
    "curl: many here-documents": (lambda: pasted(CURL + "<<a " * 1_000_000 + "\na\n"), "20 here-documents"),
    "Python: a list of millions": (lambda: pasted(f"{CALL}messages=[{'1,' * 2_000_000}])"), "more values"),
    "debug line: a list of millions": (
        lambda: pasted("Request options: {'json_data': [" + "1," * 9_000_000),
        "more values",
    ),
    "body: a list of millions": (lambda: refusal_of("[" + "1.5," * 8_000_000 + "1]"), "more than 2,000,000 values"),
}


def refusal_of(text: str) -> str:
    with pytest.raises(jsontext.JsonError) as refused:
        jsontext.loads(text)
    return refused.value.message


@pytest.mark.parametrize("name", RUNAWAYS)
def test_b27_nothing_that_is_read_runs_away(name):
    read, expected = RUNAWAYS[name]
    begun = time.process_time()
    found = read()
    assert time.process_time() - begun < LONGEST_S
    assert expected in found if isinstance(found, str) else found == expected


def test_a_body_of_many_commas_in_its_texts_is_no_body_of_many_values():
    text = '["' + "," * 3_000_000 + '\\""]'
    tracemalloc.start()
    assert len(jsontext.loads(text)[0]) == 3_000_001  # type: ignore[index]
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_a_number_with_a_fraction_takes_little_more_than_a_number():
    tracemalloc.start()
    value = jsontext.loads("[" + "1.5," * 100_000 + "1]")
    assert tracemalloc.get_traced_memory()[0] < 16_000_000
    tracemalloc.stop()
    assert jsontext.dumps(value[0]) == "1.5"  # type: ignore[index]
