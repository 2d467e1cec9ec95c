"""Comparisons out as lines and in again, here or in another team; and files that somebody made to harm."""

import base64
import csv
import hashlib
import io
import json

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.headers import KEY_REFERENCE
from betaconsole.drafts.importing_lines import read_line
from betaconsole.runs.finding import index_pending, search
from betaconsole.runs.history import import_reading, importing
from betaconsole.runs.history.export_lines import comparison_lines
from betaconsole.runs.models import Body, Comparison, Exchange, Import, Imported
from betaconsole.runs.states import State
from betaconsole.storage.fields import damaged_columns
from betaconsole.teams.models import AuditEntry, Connection, Membership, Role
from betaconsole.web import redaction
from tests.builders import THINKING, make_comparison, make_exchange, make_team
from tests.damage import NO_JSON, NO_ZLIB, spoil

pytestmark = pytest.mark.django_db
SAME = (
    *("state", "status", "text", "usage", "output_tokens", "stop_reason", "request_id", "total_ms", "url"),
    *(
        "timeline",
        "request_headers",
        "response_headers",
        "sent_at",
        "failure_kind",
        "error_message",
        "repeat",
        "message",
    ),
)


WHERE = dict.fromkeys(("id", "number", "author"))  # are another's in another team


@pytest.fixture
def told(team, ann):
    """A finished comparison with an answer, a lost connection and a case, as lines."""
    comparison = make_comparison(team, ann, title="Refund triage", exchanges=False, cases=("first",), tags=["launch"])
    one, other = comparison.variants.all()
    make_exchange(comparison, one, answer="Fourteen days.")
    values = {"failure_kind": "connect", "error_message": "No way there."}
    make_exchange(comparison, other, state=State.FAILED, **values)
    checks = [{"name": "polite", "kind": "contains", "value": "sorry"}]
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=timezone.now(), checks=checks)
    comparison.refresh_from_db()
    return list(comparison_lines(comparison))


@pytest.fixture
def elsewhere(db):
    return Membership.objects.select_related("team", "user").get(team=make_team("Elsewhere"))


def bring(lines, membership, name="history.jsonl"):
    file = io.BytesIO(b"".join(lines))
    return importing.import_history(file, name=name, team=membership.team, author=membership.user)


def changed(line, **values):
    return json.dumps({**json.loads(line), **values}).encode() + b"\n"


def of_kind(lines, kind):
    return next(line for line in lines if json.loads(line)["kind"].endswith(kind))


def nothing_was_kept(membership):
    return not (Comparison.objects.filter(team=membership.team).exists() or Body.objects.filter(team=membership.team))


@pytest.mark.both_databases
def test_what_goes_out_comes_in_again_the_same(told, elsewhere, team):
    report = bring(told, elsewhere)
    assert (report.comparisons, report.exchanges) == (1, 2)
    here, there = Comparison.objects.get(team=team), Comparison.objects.get(team=elsewhere.team)
    assert (there.title, there.tags, there.deleted_at) == (here.title, here.tags, None)
    assert there.public_id != here.public_id
    for mine, theirs in zip(here.exchanges.order_by("pk"), there.exchanges.order_by("pk"), strict=True):
        assert {name: getattr(theirs, name) for name in SAME} == {name: getattr(mine, name) for name in SAME}
        assert theirs.public_id != mine.public_id
        assert (theirs.request_body.data, theirs.variant.label) == (mine.request_body.data, mine.variant.label)
    assert [one.baseline and one.baseline.label for one in there.variants.all()] == [None, "Baseline"]
    index_pending()
    assert search(elsewhere.team, "fourteen days") == [there.pk]
    again = {**json.loads(of_kind(list(comparison_lines(there)), "comparison")), **WHERE}
    assert again == {**json.loads(of_kind(told, "comparison")), **WHERE}


def test_it_says_who_brought_it_and_from_where_and_nothing_is_sent_on_from_it(told, client, owner, team):
    Comparison.objects.filter(team=team).update(deleted_at=timezone.now())
    sent = SimpleUploadedFile("history.jsonl", b"".join(told))
    page = client.post(reverse("runs:import_comparisons"), {"history": sent}).content.decode()
    assert "1 comparison with 2 exchanges imported" in page
    brought = Comparison.objects.get(deleted_at=None)
    shown = client.get(brought.get_absolute_url()).content.decode()
    assert "imported just now" in shown
    assert "From history.jsonl, where it was #1 by" in shown
    assert "Run again" not in shown
    brought.exchanges.update(state=State.INTERRUPTED)
    assert "Run this column again" not in client.get(brought.get_absolute_url()).content.decode()
    refused = client.post(reverse("runs:again", args=[brought.public_id]), {"client_token": "a"})
    assert refused.status_code >= 400
    assert Comparison.objects.filter(deleted_at=None).count() == 1
    assert AuditEntry.objects.filter(action="history imported").exists()


def test_the_same_file_again_changes_nothing(told, elsewhere, owner):
    bring(told, elsewhere)
    again, at_home = bring(told, elsewhere), bring(told, owner)
    assert (again.comparisons, again.here_already, at_home.here_already) == (0, 1, 1)
    assert Comparison.objects.count() == 2


def test_one_import_after_a_death_half_way_is_whole_and_nothing_half_is_seen(told, elsewhere, monkeypatch):
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    monkeypatch.setattr(importing, "_show", lambda source, report: None)
    bring(told, elsewhere)
    assert not Comparison.objects.visible_to(elsewhere.user).filter(team=elsewhere.team).exists()
    monkeypatch.undo()
    assert bring(told, elsewhere).comparisons == 1
    assert Comparison.objects.visible_to(elsewhere.user).filter(team=elsewhere.team).count() == 1


KEY = "sk-ant-api03-abcdefghijklmnop"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.4711"


def with_body(told, data):
    """The line of a body, put in front of the last exchange, and its digest."""
    digest = hashlib.sha256(data).hexdigest()
    body = {"kind": "betaconsole.body", "version": 1, "sha256": digest, "base64": base64.b64encode(data).decode()}
    told.insert(-1, json.dumps(body).encode() + b"\n")
    return digest


def test_b28_keys_never_come_in_wherever_they_stand(told, elsewhere, monkeypatch):
    monkeypatch.setattr(redaction, "_known", {"an-operators-own-key"})
    about = of_kind(told, "comparison")
    columns = json.loads(about)["columns"]
    places = {"title": f"a {KEY}", "author": KEY, "tags": [KEY], "checks": [{"kind": "contains", "value": KEY}]}
    places["tool_stubs"] = [{"tool": "look", "result": KEY}]
    columns[0] |= {"label": KEY, "header": KEY, "own_body": json.dumps({"a": KEY}), "changes": json.dumps({KEY: 1})}
    case = {"name": KEY, "variables": {"a": f"Bearer {TOKEN}", KEY: "an-operators-own-key"}}
    told[told.index(about)] = changed(about, columns=columns, cases=[case], **places).replace(b"sk-", b"sk\\u002d")
    signed = [["x-api-key", KEY], ["X-Goog-Api-Key", "abc"], ["Cookie", "a=b"], ["authorization", "Basic YTpi"]]
    signed += [["helicone-auth", "x"], ["X-Auth-Token", "y"], [KEY, "z"], ["accept", f"Bearer {TOKEN}"]]
    digest = with_body(told, json.dumps({"note": KEY}).encode())
    told[-1] = changed(told[-1], request_body=digest, request_headers=signed, response_headers=signed, error_code=KEY)
    assert bring(told, elsewhere).keys_taken_out > 10
    kept = json.dumps([list(model.objects.values()) for model in apps.get_models()], default=repr)
    last = Exchange.objects.filter(team=elsewhere.team).order_by("pk").last()
    for secret in ("sk-ant-", TOKEN, "an-operators-own-key", "YTpi", "abc"):
        assert secret not in kept.replace(Connection.objects.first().public_id, "")
        assert secret.encode() not in last.request_body.data
    assert last.request_headers[0] == ["x-api-key", KEY_REFERENCE]
    assert [name for name, _ in last.response_headers][1:] == ["accept"]
    assert json.loads(last.request_body.data)["note"] == KEY_REFERENCE.ljust(len(KEY), "*")


def test_a_key_in_an_answer_moves_none_of_its_moments(told, elsewhere):
    data = json.dumps({"type": "error", "error": {"type": "api_error", "message": f"no {KEY} here"}}).encode()
    digest = with_body(told, data)
    told[-1] = changed(told[-1], response_body=digest, status=500, timeline=[[1, 3, "a"], [2.5, len(data), "b"]])
    bring(told, elsewhere)
    last = Exchange.objects.filter(team=elsewhere.team).order_by("pk").last()
    assert json.loads(last.timeline)[-1] == [2.5, last.response_body.size, "b"]
    assert KEY.encode() not in last.response_body.data


def test_b28_what_is_no_key_comes_in_as_it_was(told, elsewhere):
    """Prose about keys, and what only looks like one to a log."""
    said = "Bearer authentication is required: send x-api-key: YOUR_API_KEY or Authorization: Basic realm=users."
    about = of_kind(told, "comparison")
    columns = json.loads(about)["columns"]
    # To a log `u0041…` after the backslash is the beginning of a key; without it this would be no JSON any more.
    columns[0] |= {"own_body": '{"a": "x-api-key: \\u0041bcdefghij", "b": "http://a:b@c"}', "changes": None}
    checks = [{"name": "polite", "kind": "contains", "value": "x-api-key: YOUR_API_KEY"}]
    told[told.index(about)] = changed(about, columns=columns, checks=checks)
    digest = with_body(told, said.encode())
    limits = [["anthropic-ratelimit-tokens-limit", "80000"], ["www-authenticate", "Bearer realm=everything"]]
    told[-1] = changed(told[-1], request_body=digest, error_message=said, response_headers=limits)
    assert bring(told, elsewhere).keys_taken_out == 0
    last = Exchange.objects.filter(team=elsewhere.team).order_by("pk").last()
    assert (last.request_body.data.decode(), last.error_message) == (said, said)
    assert last.response_headers == limits
    assert last.comparison.variants.first().own_body == columns[0]["own_body"]
    assert last.comparison.checks == checks


def test_a_state_the_bytes_do_not_tell_of_is_not_believed(told, elsewhere):
    line = of_kind(told, "exchange")
    told[told.index(line)] = changed(line, state="failed", cost_usd=0, text="Something else")
    bring(told, elsewhere)
    first = Exchange.objects.filter(team=elsewhere.team).order_by("pk").first()
    assert (first.state, first.text) == ("succeeded", "Fourteen days.")


HARM = [
    ("comparison", {"version": 2}, "another version of the console"),
    ("comparison", {"kind": "betaconsole.prompt"}, "none of ours"),
    ("comparison", {"finished_at": None}, "only what has finished"),
    ("comparison", {"columns": []}, "at least one of each"),
    ("comparison", {"columns": [{}] * 33}, "at most 32"),
    ("comparison", {"repeats": 10**9}, "from 1 to"),
    ("comparison", {"path": "/../../etc"}, ""),
    ("comparison", {"id": "../../x"}, "no id of ours"),
    ("comparison", {"tool_stubs": [{"name": 7}]}, ""),
    ("comparison", {"checks": [{"kind": "magic"}]}, "checks.0.kind: The kind of a check is one of"),
    ("comparison", {"title": {"a": 1}}, "a text of at most"),
    ("comparison", {"cases": [{"name": "x", "variables": {}, "body": "0" * 64}]}, "does not stand above"),
    ("exchange", {"column": 7}, "whole number"),
    ("exchange", {"state": "streaming"}, "one of"),
    ("exchange", {"url": "https://evil.example/v1/messages"}, "lets nothing go to"),
    ("exchange", {"url": "javascript:alert(1)"}, "lets nothing go to"),
    ("exchange", {"url": "http://[::1/"}, "an address"),
    ("exchange", {"total_ms": -1}, "milliseconds"),
    ("exchange", {"timeline": [[5, 0, "a"], [4, 0, "b"]]}, "must grow"),
    ("exchange", {"timeline": [[5, 10**12, "a"]]}, "must grow"),
    ("exchange", {"timeline": [[10**400, 0, "a"]]}, "must grow"),
    ("exchange", {"request_body": "f" * 64}, "does not stand above"),
    ("exchange", {"repeat": 2}, "fewer repeats"),
    ("exchange", {"request_headers": [["a"]]}, "pairs"),
    ("exchange", {"added": "{" * 500}, "not JSON"),
    ("exchange", {"damaged": ["state"]}, "names out of request_headers"),
    ("comparison", {"damaged": "tags"}, "a list of at most"),
    ("body", {"text": "other", "base64": None}, "changed or cut"),
    ("body", {"base64": "***"}, "the body as one of both"),
]


@pytest.mark.parametrize(("kind", "values", "why"), HARM, ids=[f"{kind} {next(iter(v))}" for kind, v, _ in HARM])
def test_b27_a_bad_line_is_named_and_nothing_is_kept(told, elsewhere, kind, values, why):
    line = of_kind(told, kind)
    told[told.index(line)] = changed(line, **values)
    with pytest.raises(importing.ImportRefused) as refused:
        bring(told, elsewhere)
    assert why in refused.value.problems[0][1]
    assert nothing_was_kept(elsewhere)
    assert not Import.objects.exists()
    assert not Imported.objects.exists()


@pytest.mark.both_databases
def test_what_is_damaged_is_exported_and_imported_as_damaged_but_for_what_the_bytes_say(told, client, elsewhere, team):
    comparison = Comparison.objects.get(team=team)
    answered, lost = comparison.exchanges.order_by("pk")
    spoil(comparison, tags=NO_JSON, checks=NO_JSON, tool_stubs=NO_JSON)
    spoil(answered, text=NO_ZLIB, usage=NO_JSON, timeline=NO_ZLIB, request_headers=NO_JSON, response_headers=NO_JSON)
    spoil(lost, error_message=NO_ZLIB)
    comparison.refresh_from_db()
    lines = list(comparison_lines(comparison))
    head, first, last = (json.loads(line) for line in lines if b"betaconsole.body" not in line)
    assert sorted(head["damaged"]) == ["checks", "tags", "tool_stubs"]
    assert sorted(first["damaged"]) == ["request_headers", "response_headers", "text", "timeline", "usage"]
    assert last["damaged"] == ["error_message"]
    assert all(line[name] is None for line in (head, first, last) for name in line["damaged"])
    bring(lines, elsewhere)
    there = Comparison.objects.get(team=elsewhere.team)
    mine, other = there.exchanges.order_by("pk")
    assert sorted(damaged_columns(there)) == ["checks", "tags", "tool_stubs"]
    assert sorted(damaged_columns(mine)) == ["request_headers", "response_headers", "timeline"]
    assert (mine.text, mine.usage["output_tokens"], mine.state) == ("Fourteen days.", 455, "succeeded")
    assert damaged_columns(other) == ["error_message"]

    listed = json.loads(client.get("/history/export.jsonl").getvalue())
    assert (listed["tags"], listed["damaged"]) == (None, ["tags"])
    [row] = csv.DictReader(io.StringIO(client.get("/history/export.csv").getvalue().decode()))
    assert (row["tags"], row["damaged"]) == ("", "tags")
    rows = csv.DictReader(io.StringIO(client.get(reverse("runs:export_exchanges")).getvalue().decode()))
    assert [row["damaged"] for row in rows] == ["text", "error_message"]
    alone = json.loads(client.get(reverse("runs:export_exchange", args=[answered.public_id])).content)
    assert (alone["request_headers"], "request_headers" in alone["damaged"]) == (None, True)


@pytest.mark.both_databases
@pytest.mark.parametrize("what", ["body", "column"])
def test_s10_a_comparison_that_cannot_be_read_is_left_out_and_the_others_are_not_lost(
    told, what, client, ann, elsewhere, team
):
    hurt = make_comparison(team, ann, title="Hurt", exchanges=False)
    one = make_exchange(hurt, hurt.variants.first(), answer="Thirty days.")
    Comparison.objects.filter(pk=hurt.pk).update(finished_at=timezone.now())
    if what == "body":
        spoil(one.response_body, data=NO_ZLIB)
    else:
        spoil(one.variant, betas=NO_JSON)
    lines = client.get(reverse("runs:export_whole")).getvalue().splitlines(keepends=True)
    assert [line for line in lines if b"left_out" not in line] == told
    left = json.loads(lines[0])
    assert (left["id"], left["number"], "cannot be read" in left["why"]) == (hurt.public_id, hurt.number, True)
    report = bring(lines, elsewhere)
    assert (report.comparisons, report.exchanges, report.left_out) == (1, 2, 1)
    table = client.get(reverse("runs:export_exchanges")).getvalue().decode()
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["title"] != "Hurt"]
    assert len(rows) == 2
    if what == "column":
        assert "the rest is left out" in table


@pytest.mark.parametrize("name", ["a,b", "a b", "a\r\nx: 1", "a\0", "ä", "a" * 129])
def test_b15_a_beta_that_could_change_a_header_line_does_not_come_in(told, elsewhere, name):
    line = of_kind(told, "comparison")
    columns = json.loads(line)["columns"]
    told[told.index(line)] = changed(line, columns=[{**columns[0], "betas": [name]}, *columns[1:]])
    with pytest.raises(importing.ImportRefused) as refused:
        bring(told, elsewhere)
    assert "beta name" in refused.value.problems[0][1]
    assert nothing_was_kept(elsewhere)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\xff\xfe\n", "not UTF-8"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"kind": NaN}\n', "not JSON"),
        (b'{"kind": ' + b"9" * 5_000 + b"}\n", "not JSON"),
        (b'{"a": ' + b"[" * 80 + b"]" * 80 + b"}\n", "nested more than 70"),
        (b"[1]\n", "not a JSON object"),
        (b'{"number": 3, "title": "the short export"}\n', "short export of the list"),
    ],
)
def test_b27_what_is_no_line_of_ours_is_refused(told, elsewhere, line, why):
    with pytest.raises(importing.ImportRefused) as refused:
        bring([*told, line], elsewhere)
    assert [number for number, _ in refused.value.problems] == [len(told) + 1]
    assert why in refused.value.problems[0][1]
    assert nothing_was_kept(elsewhere)


def test_b27_lines_too_long_too_many_and_empty_files_are_refused(told, elsewhere, monkeypatch):
    monkeypatch.setattr(import_reading, "MAX_LINES", 2)
    with pytest.raises(importing.ImportRefused, match="more than 2 lines"):
        bring(told, elsewhere)
    monkeypatch.setattr(import_reading, "MAX_LINE_BYTES", 100)
    with pytest.raises(importing.ImportRefused, match="Line 1 is longer"):
        bring(told, elsewhere)
    with pytest.raises(importing.ImportRefused, match="no comparison"):
        bring([b"\n"], elsewhere)
    assert nothing_was_kept(elsewhere)


def test_the_page_refuses_in_words_and_asks_for_a_file(client, owner):
    address = reverse("runs:import_comparisons")
    assert client.post(address).status_code == 422
    sent = SimpleUploadedFile("<b>.jsonl", b'{"kind": "<script>alert(1)</script>"}\n')
    page = client.post(address, {"history": sent})
    assert (page.status_code, "Line 1: " in page.content.decode()) == (422, True)
    assert "<script>alert" not in page.content.decode()


def test_a_viewer_takes_away_and_brings_nothing(client, told, owner, team):
    Membership.objects.filter(pk=owner.pk).update(role=Role.VIEWER)
    lines = client.get(reverse("runs:export_whole")).getvalue().splitlines(keepends=True)
    assert lines == told
    assert client.get(reverse("runs:import_comparisons")).status_code == 403
    assert reverse("runs:import_comparisons") not in client.get(reverse("runs:history")).content.decode()


def test_one_exchange_is_taken_away_whole_and_all_of_them_as_a_table(client, told, team):
    one = Exchange.objects.filter(state="succeeded").get()
    found = json.loads(client.get(reverse("runs:export_exchange", args=[one.public_id])).content)
    assert found["request_body"]["text"].encode() == bytes(one.request_body.data)
    assert (found["text"], found["column"]["letter"]) == ("Fourteen days.", "A")
    table = client.get(reverse("runs:export_exchanges")).getvalue().decode().splitlines()
    assert len(table) == 3
    assert table[0].startswith("number,comparison,title,simulated,id,column,label,betas,case,sent_at")
    assert THINKING in table[2]


def test_no_connection_can_send_what_was_imported(told, elsewhere):
    bring(told, elsewhere)
    assert not Connection.objects.usable().filter(name=importing.CONNECTION).exists()


def test_the_file_of_one_exchange_is_a_request_that_the_composer_takes(client, told):
    one = Exchange.objects.filter(state="succeeded").get()
    file = client.get(reverse("runs:export_exchange", args=[one.public_id])).content.decode()
    assert [found.text.encode() for found in read_line(file)[0]] == [bytes(one.request_body.data)]
