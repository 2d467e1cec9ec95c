import pytest

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.examples import Example, examples, find_example
from betaconsole.claude.headers import check_version, join_betas
from betaconsole.library.stubs import read_stubs

every_example = pytest.mark.parametrize("example", examples(), ids=lambda example: example.slug)


def test_the_first_visit_offers_three_questions():
    assert [example.title for example in examples()] == [
        "Does thinking between tool calls change the answer?",
        "What does a wrong header look like?",
        "Which of six headers still matter?",
    ]
    assert find_example("wrong-header") is examples()[1]
    assert find_example("nothing") is None


@every_example
def test_the_stubs_of_an_example_answer_its_tools(example: Example):
    stubs = read_stubs([*example.tool_stubs])
    assert {stub.tool for stub in stubs} in (set(), {tool["name"] for tool in example.body["tools"]})


@every_example
def test_the_columns_of_an_example_can_be_sent(example: Example):
    for column in example.columns:
        join_betas(column.betas)
        check_version(column.version)
    assert len({column.label for column in example.columns}) == len(example.columns)
    assert 1 <= example.repeats <= 20
    assert {beta for column in example.columns for beta in column.betas if beta in all_betas()}
