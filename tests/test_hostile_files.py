"""Any file at every address that takes one: a clear answer, never a crash, and what is refused leaves nothing behind."""

import json
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.drafts.models import Draft
from betaconsole.runs.history.export_lines import comparison_lines
from betaconsole.runs.models import Comparison
from tests.builders import make_comparison, make_exchange
from tests.drafts.desk import BODY, a_draft
from tests.drafts.files import pdf, png
from tests.test_every_url import address, objects_of
from tests.test_mass_assignment import OURS
from tests.urls import every_url

pytestmark = pytest.mark.django_db
FIELDS = {
    "drafts:attach": "files",
    "drafts:add_parts": "files",
    "drafts:import_requests": "recording",
    "drafts:import_values": "cases",
    "runs:import_comparisons": "history",
    "library:import_library": "library",
    "library:import_cases": "cases",
}
ANY_BYTES = "runs:upload_file"  # sends what comes to the Files API as it is: there is nothing to refuse
URLS = {url.name: url for url in every_url() if getattr(url.view, "csrf_exempt", False)}

REQUEST = json.dumps({"custom_id": "a", "params": BODY}).encode()
COMBINATION = json.dumps({"kind": "betaconsole.combination", "id": "0a0a0a0a0a0a0a0a", "name": "C", "betas": ["a"]})
COMBINATION_TOO = COMBINATION.replace("0a", "0b").encode()
HAR_OF_WRONG_TYPES = [
    {"log": 1},
    {"log": {"entries": {"a": 1}}},
    {"log": {"entries": [None, 1, "x", [], {"request": 5}, {"request": {"url": 7, "postData": []}}]}},
    {"log": {"entries": [{"request": {"url": "/v1/messages", "headers": 3, "postData": {"text": {"a": [1]}}}}]}},
    {
        "log": {
            "entries": [{"request": {"url": "/v1/messages", "headers": [[], {"name": 1}], "postData": {"text": ""}}}]
        }
    },
    {"log": {"entries": [{"request": {"url": "/v1/messages", "postData": {"text": "{"}}}]}},
]
HOSTILE = {
    "nothing": b"",
    "only line ends": b"\r\n\n\r\r\n",
    "cut off": REQUEST[:-20],
    "Latin-1": '{"name": "Grüße"}'.encode("latin-1"),
    "UTF-16": json.dumps(BODY).encode("utf-16"),
    "two BOMs": b"\xef\xbb\xbf\xef\xbb\xbf" + REQUEST,
    "NUL": b'{"a": "\x00"}\nname,a\x00\n',
    "gzip": b"\x1f\x8b\x08\x00" + bytes(30),
    "ZIP": b"PK\x03\x04" + bytes(30),
    "a web page": b"<!doctype html><script>alert(1)</script>",
    "a huge number": b'{"kind": "betaconsole.combination", "number": ' + b"9" * 6_000 + b', "n": 1e999}',
    "nested deep": b'{"a":' * 100_000,
    "a list nested deep": b"[" * 100_000 + b"]" * 100_000,
    "a key twice": b'{"kind": "betaconsole.body", "kind": [], "a": 1, "a": {}}',
    "a lone surrogate": b'{"kind": "\\ud800", "name": "\\udfff", "messages": "\\ud800", "a\\ud800": 1}',
    "raw surrogates": b'{"a": "\xed\xa0\x80"}',
    "line ends mixed": b'name,a\r\nx,1\n\ry,2\r\r\n"z\r\n",3,4\n',
    "10,000 columns": ",".join(f"a{n}" for n in range(10_000)).encode() + b"\n1\n",
    "NaN": b'{"kind": NaN, "messages": [Infinity]}',
    "a picture cut off": png()[:-9],
    "a PDF cut off": pdf()[:-30],
}
HARS = {f"HAR {n}": json.dumps(har).encode() for n, har in enumerate(HAR_OF_WRONG_TYPES)}
FEW = ("nothing", "Latin-1", "NUL", "gzip", "a picture cut off", "a PDF cut off")
OF_EACH = {  # the cases of a draft and of a prompt have one reader, and an upload takes any bytes at all
    "drafts:attach": {what: HOSTILE[what] for what in FEW},
    "drafts:add_parts": {"nothing": b""},
    "drafts:import_requests": {**HOSTILE, **HARS},
    "library:import_cases": {what: HOSTILE[what] for what in FEW},
}


@pytest.fixture
def place(client, owner):
    """Posts a file to an address by its name; what it does is undone."""
    objects = objects_of(owner)
    made = make_comparison(owner.team, owner.user, exchanges=False)
    make_exchange(made, made.variants.first())
    Comparison.objects.filter(pk=made.pk).update(finished_at=timezone.now())
    made.refresh_from_db()
    objects["drafts"] = a_draft().public_id
    objects["history"] = [line.replace(made.public_id.encode(), b"another-id-0001") for line in comparison_lines(made)]

    def post(name: str, data: bytes):
        draft = Draft.objects.get(public_id=objects["drafts"])
        sent = {FIELDS[name]: SimpleUploadedFile("odd <b>.jsonl", data), "revision": draft.revision, "tab": "t"}
        with undone():
            before = everything(draft)
            answer = client.post(
                address(URLS[name], objects) if URLS[name].parameters else URLS[name].path(),
                sent,
                headers={"HX-Request": "true"} if name.startswith("drafts:") else {},
            )
            return answer.status_code, answer.content.decode(), everything(draft) == before

    post.history = objects["history"]
    return post


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything(draft: Draft) -> list[object]:
    """How many rows every table has, and what the draft is."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in OURS]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table[1:-1]}', COUNT(*) FROM {table}" for table in tables))
        counts = cursor.fetchall()
    return [counts, Draft.objects.filter(pk=draft.pk).values().get()]


def wrong_with(status: int, page: str, is_same: bool) -> str:
    """What is wrong with the answer to a file; empty where nothing is."""
    if status not in (200, 302, 422):
        return f"answered with {status}"
    if status == 422 and not is_same:
        return "refused, and something was left behind"
    if status == 422 and not any(mark in page for mark in ('role="alert"', 'class="problem"', "problem-")):
        return "refused without a word"
    return "markup of the name came through" if "odd <b>" in page else ""


def test_every_address_that_takes_a_file_is_known_here():
    takers = {name for name, url in URLS.items() if url.view.access_rule not in ("token", "public")}
    assert takers == {*FIELDS, ANY_BYTES}


@pytest.mark.parametrize("name", FIELDS)
def test_b27_a_hostile_file_is_answered_and_nothing_refused_is_kept(name, place):
    told = {what: place(name, data) for what, data in OF_EACH.get(name, HOSTILE).items()}
    assert {what: wrong for what, answer in told.items() if (wrong := wrong_with(*answer))} == {}
    assert told["nothing"][0] == 422


THIRD = b'{"kind": }\n'
GOOD_TWICE = {
    "drafts:import_values": b'{"a": "1"}\n{"a": "2"}\n',
    "library:import_cases": b'{"a": "1"}\n{"a": "2"}\n',
    "library:import_library": COMBINATION.encode() + b"\n" + COMBINATION_TOO + b"\n",
}


@pytest.mark.parametrize("name", GOOD_TWICE)
def test_b27_one_bad_line_after_two_good_ones_is_named_and_none_of_them_is_taken(name, place):
    status, page, is_same = place(name, GOOD_TWICE[name] + THIRD)
    assert (status, "Line 3" in page, is_same) == (422, True, True)
    assert place(name, GOOD_TWICE[name])[2] is False, "without it both are taken: it was that line"


def test_b27_of_a_log_the_bad_line_is_named_and_the_others_are_taken(place):
    lines = [REQUEST] * 1_000
    lines[699] = b'{"messages": [}'
    status, page, _ = place("drafts:import_requests", b"\n".join(lines))
    assert (status, "1 was skipped: line 700 (not JSON" in page) == (200, True)


keys = st.sampled_from(["kind", "version", "id", "name", "cases", "betas", "sha256", "text", "messages", "columns"])
scalars = st.none() | st.booleans() | st.integers(-2, 10**30) | st.floats() | st.sampled_from(["", "\x00", "\ud800", "=1", "x" * 999])  # fmt: skip
values = st.recursive(scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(keys, one, max_size=3), max_leaves=6)  # fmt: skip


@settings(max_examples=12, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 9), st.integers(0, 60), values)
def test_b27_a_good_file_with_one_odd_value_in_it_is_taken_whole_or_not_at_all(place, number, field, value):
    for name, lines in (
        ("runs:import_comparisons", place.history),
        ("library:import_library", [COMBINATION.encode(), COMBINATION_TOO]),
        ("drafts:import_requests", [REQUEST, REQUEST]),
    ):
        lines, at = list(lines), number % len(lines)
        spoilt = json.loads(lines[at])
        spoilt[list(spoilt)[field % len(spoilt)]] = value
        lines[at] = json.dumps(spoilt).encode() + b"\n"
        assert wrong_with(*place(name, b"\n".join(lines))) == ""
