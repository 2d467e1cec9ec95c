"""`make audit` never takes "nobody could be asked" for "nothing is known"."""

import json

import pytest

from tools.audit import told

GOOD = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {"name": "requests", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}
UNKNOWN = {"name": "nh3", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([GOOD], 0, "1 pins were looked up, 0 known weaknesses."),
        ([GOOD, BAD], 1, "requests 2.0: PYSEC-1, mended in 2.1"),
        ([GOOD, UNKNOWN], 2, "1 of 2 pins are not known"),
        ([UNKNOWN, BAD], 1, "requests 2.0: PYSEC-1"),
    ],
)
def test_it_says_what_is_known_and_what_nobody_could_say(found, code, said):
    outcome, lines = told(json.dumps({"dependencies": found, "fixes": []}))
    assert outcome == code
    assert said in "\n".join(lines)


@pytest.mark.parametrize("answer", ["", "Traceback (most recent call last)", "{}"])
def test_an_answer_that_is_none_means_nothing_was_audited(answer):
    assert told(answer) == (2, ["Nothing was audited: the advisory service cannot be reached from here."])
