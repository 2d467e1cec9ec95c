"""What holds of every page there is: generated from the URLconf."""

import re

import pytest
from django.http import HttpResponseBase
from django.test import Client

from betaconsole.teams.models import Membership
from tests.test_every_url import address, objects_of
from tests.urls import every_url

PAGES = [url for url in every_url() if not url.name.startswith("api:") and url.name != "runs:live"]
OF_NO_SECTION = ("connections", "let-pass", "team", "public-links", "mentions", "promises", "shared")
MARKED = re.compile(r'<a [^>]*aria-current="(?:page|true)"[^>]*>(\w+)</a>')

pytestmark = pytest.mark.django_db
Answers = dict[str, tuple[HttpResponseBase, HttpResponseBase]]


@pytest.fixture
def answers(owner: Membership) -> Answers:
    """What GET and HEAD are answered, by path, where GET is answered at all."""
    client, own = Client(headers={"host": "localhost"}), objects_of(owner)
    paths = [address(url, own) if url.parameters else url.path() for url in PAGES]
    both = {path: (client.get(path), client.head(path)) for path in paths}
    return {path: (got, head) for path, (got, head) in both.items() if got.status_code != 405}


def test_a_page_answers_head_as_it_answers_get_and_its_section_is_marked(answers: Answers) -> None:
    assert len(answers) > 60
    told = {path: (got.status_code, got.headers.get("Content-Type")) for path, (got, _) in answers.items()}
    assert told == {path: (head.status_code, head.headers.get("Content-Type")) for path, (_, head) in answers.items()}
    for path, (got, _) in answers.items():
        if got.streaming or '<nav class="sections"' not in (page := got.content.decode()):
            continue
        marked = MARKED.findall(page[page.index('<nav class="sections"') : page.index("</nav>")])
        word = path.split("/")[1]
        assert len(marked) == (word not in OF_NO_SECTION), (path, marked)
        if word in ("betas", "history", "prompts", "combinations"):
            assert marked == [word.title()], path


def test_a_stream_does_not_answer_head(owner: Membership) -> None:
    own = objects_of(owner)
    assert Client(headers={"host": "localhost"}).head(f"/comparisons/{own['comparisons']}/live/").status_code == 405
