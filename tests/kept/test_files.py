"""The library out as files, and in again."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from betaconsole.kept import exporting
from betaconsole.kept.importing import ImportRefused, import_lines
from betaconsole.library.cases import CaseRow
from betaconsole.library.models import Combination, Prompt
from betaconsole.teams.models import AuditEntry

pytestmark = pytest.mark.django_db
HOSTILE = '{"system": "=cmd|\' /C calc\'!A0 \\u0000", "n": 1.0} \x00\ud800'


@pytest.fixture
def library(owner) -> Prompt:
    """A prompt of two versions, one of them hostile, with a tag, a case and stubs; a combination."""
    keep = {"team": owner.team, "author": owner.user}
    stubs = [{"tool": "look", "result": "\ud83d\x00"}]
    first = Prompt.keep(
        **keep, name="=HYPERLINK()", body_text='{"system": "{{a}}"}', variables=[{"name": "a", "default": "x"}]
    )
    first.prompt.add_version(author=owner.user, body_text=HOSTILE, tool_stubs=stubs, max_turns=2, note="+1")
    first.prompt.set_tags(["t"])
    first.prompt.set_cases([CaseRow("", {"a": "\x00"}), CaseRow("b", {})])
    made = Combination.keep(**keep, name="@both", betas=["b", "a"], note="-1").combination
    made.add_version(author=owner.user, betas=["a"], patch='{"temperature": 1.0}', note="=1")
    return first.prompt


def exported(team) -> bytes:
    lines = [*exporting.prompt_lines(team.prompts.all()), *exporting.combination_lines(team.combinations.all())]
    return b"".join(lines)


def shape(team) -> list:
    """All that an export keeps of a team's library, without ids and dates."""
    prompts = [
        (
            prompt.name,
            [tag.tag for tag in prompt.tags.all()],
            [case.row for case in prompt.cases.all()],
            [(one.number, one.note, one.state) for one in prompt.versions.order_by("number")],
        )
        for prompt in team.prompts.order_by("pk")
    ]
    combinations = [
        (
            one.name,
            one.note,
            one.betas,
            one.patch,
            *one.versions.order_by("number").values_list("number", "note", "betas"),
        )
        for one in team.combinations.order_by("pk")
    ]
    return [*prompts, *combinations]


def test_what_was_exported_is_imported_whole_and_only_once(library, team, owner, eve):
    data, before = exported(team), shape(team)
    other = eve.memberships.get().team
    import_lines(io.BytesIO(data), team=other, author=eve)
    assert shape(other) == before
    assert set(team.prompts.values_list("public_id")).isdisjoint(other.prompts.values_list("public_id"))
    report = import_lines(io.BytesIO(data), team=other, author=eve)
    assert report.counts == {"already here": 6}
    assert import_lines(io.BytesIO(exported(other)), team=other, author=eve).counts == {"already here": 6}
    assert shape(other) == before
    team.prompts.all().delete()
    import_lines(io.BytesIO(data), team=team, author=owner.user)
    assert team.prompts.get().public_id == library.public_id


def test_a_newer_export_brings_the_versions_that_are_missing(library, team, owner, eve):
    other = eve.memberships.get().team
    import_lines(io.BytesIO(exported(team)), team=other, author=eve)
    library.add_version(author=owner.user, body_text='{"system": "third"}')
    report = import_lines(io.BytesIO(exported(team)), team=other, author=eve)
    assert report.counts == {"already here": 6, "version added": 1}
    assert other.prompts.get().newest.body_text == '{"system": "third"}'
    assert "third" in other.prompts.get().words


def lines_of(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.parametrize(
    ("line", "change", "said"),
    [
        (1, {"kind": "something"}, "none of ours"),
        (1, {"name": ""}, "name"),
        (1, {"id": "../../x"}, "no id of ours"),
        (1, {"tags": "x"}, "a list of texts"),
        (1, {"cases": [{"variables": {"a": 1}}]}, "texts"),
        (2, {"prompt": "nothing"}, "above it"),
        (2, {"number": 0}, "whole number"),
        (2, {"body_text": {"a": 1}}, "the body as a text"),
        (2, {"tool_stubs": [{}]}, "tool"),
        (2, {"variables": {}}, "a list"),
        (4, {"betas": ["a", "a"]}, "each once"),
        (4, {"betas": ["Not A Beta"]}, "Not A Beta"),
        (4, {"patch": "[]"}, "JSON object"),
        (5, {"combination": "nothing"}, "above it"),
        (5, {"betas": []}, "each once"),
        (6, {"number": -1}, "whole number"),
    ],
)
def test_one_bad_line_and_nothing_is_imported(library, team, eve, line, change, said):
    lines = lines_of(exported(team))
    lines[line - 1] |= change
    other = eve.memberships.get().team
    with pytest.raises(ImportRefused) as refused:
        import_lines(io.BytesIO("\n".join(map(json.dumps, lines)).encode()), team=other, author=eve)
    assert shape(other) == []
    number, why = refused.value.problems[0]
    assert number == line
    assert said in why


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xff\xfe", b"[" * 100_000, b'{"kind": 1}', b"null", b"PK\x03\x04", b"\x00"]
)
def test_b27_no_bytes_make_an_import_stumble(team, owner, data):
    with pytest.raises(ImportRefused):
        import_lines(io.BytesIO(data), team=team, author=owner.user)


def test_a_prompt_without_a_version_is_not_taken(library, team, eve):
    first = exported(team).splitlines()[0]
    other = eve.memberships.get().team
    with pytest.raises(ImportRefused) as refused:
        import_lines(io.BytesIO(first), team=other, author=eve)
    assert refused.value.problems == [(1, "No version of this prompt stands below it.")]
    assert shape(other) == []


def test_a_combination_of_a_file_without_versions_begins_with_what_it_is(library, team, eve):
    line = next(line for line in exported(team).splitlines() if b'"betaconsole.combination"' in line)
    other = eve.memberships.get().team
    import_lines(io.BytesIO(line), team=other, author=eve)
    assert [one.state for one in other.combinations.get().versions.all()] == [
        {"betas": ["a"], "patch": '{"temperature": 1.0}'}
    ]


def test_a_version_that_differs_from_the_one_here_is_not_written_over(library, team, owner):
    data = exported(team).replace(b"{{a}}", b"{{b}}")
    with pytest.raises(ImportRefused) as refused:
        import_lines(io.BytesIO(data), team=team, author=owner.user)
    assert "versions never change" in refused.value.problems[0][1]


def test_b28_keys_do_not_come_in_and_a_date_before_all_dates_is_now(library, team, eve):
    library.add_version(author=eve, body_text='{"system": "sk-ant-api03-abcdefghijkl"}')
    data = exported(team).replace(b'"created_at": "2', b'"created_at": "0001-01-01T00:00:00+14:00", "was": "2')
    other = eve.memberships.get().team
    assert import_lines(io.BytesIO(data), team=other, author=eve).keys_taken_out == 1
    assert "sk-ant-" not in str(shape(other))
    assert import_lines(io.BytesIO(data), team=team, author=eve).counts == {"already here": 7}


def test_b26_no_cell_of_an_exported_spreadsheet_is_run(client, library):
    for name in ("prompts", "combinations"):
        answer = client.get(reverse(f"library:export_{name}_csv"))
        rows = list(csv.reader(io.StringIO(answer.getvalue().decode(), newline="")))
        assert len(rows) == {"prompts": 3, "combinations": 3}[name]
        assert not [cell for row in rows[1:] for cell in row if cell[:1] in ("=", "+", "-", "@")]


def test_a_file_is_exported_and_imported_in_the_pages_and_noted(client, library, team):
    data = b"".join(client.get(reverse(f"library:export_{name}")).getvalue() for name in ("prompts", "combinations"))
    team.prompts.all().delete()
    page = client.post(reverse("library:import_library"), {"library": SimpleUploadedFile("lib.jsonl", data)})
    said = page.content.decode()
    assert "1 prompt added" in said
    assert "Line 4" in said
    refused = client.post(reverse("library:import_library"), {"library": SimpleUploadedFile("x.jsonl", b"{}\n[]")})
    assert refused.status_code == 422
    assert "Line 2" in refused.content.decode()
    assert client.post(reverse("library:import_library")).status_code == 422
    noted = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert noted == ["library exported", "library exported", "library imported"]
