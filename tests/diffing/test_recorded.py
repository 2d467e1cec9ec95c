"""Every recorded answer beside the next one of the same address: whatever the API said can be compared."""

import json
from collections import defaultdict
from itertools import pairwise

import pytest

from betaconsole.claude.reading import Reading
from betaconsole.diffing.blocks import message_diff
from betaconsole.diffing.headers import header_diff
from betaconsole.diffing.requests import Sent, request_diff
from betaconsole.diffing.trees import applied, canonical
from betaconsole.diffing.usage import usage_diff
from tests import recorded


def sent(row):
    request = row["request"]
    body = json.dumps(request["body"]).encode() if request["body"] is not None else b""
    return Sent(request["method"], request["path"], list(request["headers"].items()), body)


def answer(row):
    reading = Reading(row["response"]["status"], list(row["response"]["headers"].items()))
    reading.feed(row["response"]["body_text"].encode())
    return reading.finish()


def differ(one, other):
    asked = request_diff(sent(one), sent(other))
    if asked.body.kind == "json":
        assert canonical(applied(asked.body.tree, one["request"]["body"])) == canonical(other["request"]["body"])
    header_diff(one["response"]["headers"].items(), other["response"]["headers"].items())
    left, right = answer(one), answer(other)
    usage_diff(left.usage, right.usage)
    found = message_diff(left.message, right.message)
    for block in found.blocks:
        if block.type == "text" and block.left_at is not None and block.words is not None:
            said = "".join(piece.left for piece in block.words.pieces)
            assert said == left.message["content"][block.left_at]["text"]


def by_path():
    found = defaultdict(list)
    for row in recorded.exchanges():
        found[row["request"]["method"], row["request"]["path"].split("?")[0]].append(row)
    return found


@pytest.mark.parametrize("path", by_path(), ids=" ".join)
def test_recorded_answers_of_one_address_are_compared_without_an_error(path):
    rows = by_path()[path]
    for one, other in [*pairwise(rows), (rows[-1], rows[0])]:
        differ(one, other)
