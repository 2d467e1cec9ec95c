"""`manage.py compare`: a comparison from a file, its verdict, and how it ends."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from betaconsole.runs.models import Comparison
from tests.runs.engines import running

FAST = {"betas": ["fast-mode-2026-02-01"], "patch": {"speed": "fast"}}
ASKED = {
    "title": "Is it worth it?",
    "connection": "simulator",
    "body": {"model": "claude-opus-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]},
    "variants": [{"betas": []}, FAST],
}


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "asked.json"
    path.write_text(json.dumps(ASKED))
    return path


def compare(*arguments: object, **options: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("compare", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_without_a_console_it_sends_by_itself_and_prints_the_verdict(owner, file):
    out, err = compare(file, "--wait")
    assert "Not enough data: one answer a column says nothing of chance" in out
    assert "The answers are simulated" in out
    assert "#1 /comparisons/" in err
    assert Comparison.objects.get().finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_condition_that_is_true_ends_it_with_one(owner, file):
    with running(), pytest.raises(CommandError, match="Failed: not enough") as ended:
        compare(file, "--wait", "--fail-if", "not enough", "--fail-if", "output_tokens.value < 0")
    assert ended.value.returncode == 1


@pytest.mark.django_db(transaction=True)
def test_a_figure_that_nobody_measures_is_refused_before_anything_is_sent(owner, file):
    with pytest.raises(CommandError, match="output_token is no figure") as ended:
        compare(file, "--wait", "--fail-if", "output_token.relative > 0.1")
    assert ended.value.returncode == 2
    assert not Comparison.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_verdict_comes_as_the_api_answers_it(owner, file):
    with running():
        out, _ = compare(file, "--wait", "--json", "--fail-if", "refused")
    answer = json.loads(out)
    assert answer["state"] == "finished"
    assert set(answer["verdict"]) == {"sentences", "trusted", "enough", "figures"}
    first = answer["verdict"]["figures"][0]
    assert (first["figure"], first["variant"], first["n"]) == ("output_tokens", "B", 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.json", "--wait"], "No such file"),
        (["{file}", "--wait", "--fail-if", "tokens > 1"], "is no figure with a field"),
        (["{file}", "--fail-if", "refused"], "needs --wait"),
        (["{file}", "--wait", "--user", "nobody@example.com"], "in whose name"),
    ],
)
def test_what_is_no_good_ends_it_with_two_before_anything_is_sent(owner, file, arguments, why):
    with pytest.raises(CommandError, match=why) as ended:
        compare(*(argument.format(file=file) for argument in arguments))
    assert ended.value.returncode == 2
    assert not Comparison.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "This is not JSON"),
        ('{"variants": [{"betas": ["No Good"]}]}', "variants.0.betas.0: "),
        ('{"body": {"model": "m"}, "variants": []}', "variants"),
        ('{"variants": [{"betas": []}], "repeat": 2}', "repeat: There is no such field here"),
    ],
)
def test_a_file_that_is_no_comparison_is_refused_with_the_place(owner, tmp_path, text, why):
    path = tmp_path / "asked.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=why) as ended:
        compare(path, "--wait")
    assert ended.value.returncode == 2
