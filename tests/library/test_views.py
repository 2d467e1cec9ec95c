"""Pages of saved prompts and combinations."""

import html

import pytest
from django.urls import reverse

from betaconsole.library.models import Combination, Prompt

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def prompt(owner) -> Prompt:
    first = Prompt.keep(team=owner.team, author=owner.user, name="Refund triage", body_text='{"n": 1.0}')
    first.prompt.add_version(author=owner.user, body_text='{"n": 2.0}')
    return first.prompt


@pytest.fixture
def combination(owner) -> Combination:
    return Combination.keep(team=owner.team, author=owner.user, name="Both", betas=["b-2025-01-01", "a-2025-01-01"])


def test_empty_pages_say_how_to_fill_them(client, owner):
    assert "No saved prompts yet" in text(client.get(reverse("library:prompts")))
    assert "No saved combinations yet" in text(client.get(reverse("library:combinations")))


def test_prompts_are_listed_with_their_versions_and_a_way_to_open_them(client, prompt):
    page = text(client.get(reverse("library:prompts")))
    assert "Refund triage" in page
    assert f'name="prompt" value="{prompt.public_id}"' in page


def test_combinations_are_listed_in_the_order_their_betas_are_sent(client, combination):
    page = text(client.get(reverse("library:combinations")))
    assert page.index("b-2025-01-01") < page.index("a-2025-01-01")


def test_a_prompt_shows_its_newest_version_and_any_older_one(client, prompt):
    address = reverse("library:prompt", args=[prompt.public_id])
    assert '{"n": 2.0}' in text(client.get(address))
    assert '{"n": 1.0}' in text(client.get(address, {"version": 1}))
    assert client.get(address, {"version": 3}).status_code == 404
    assert client.get(address, {"version": "x"}).status_code == 200


def test_the_text_of_a_prompt_is_escaped(client, prompt, owner):
    prompt.add_version(author=owner.user, body_text="<script>alert(1)</script>\x00\ud800")
    prompt.rename("<b>name</b>")
    for name in ("library:prompts", "library:prompt"):
        page = client.get(reverse(name, args=[prompt.public_id] if name.endswith("prompt") else []))
        assert "<script>alert" not in page.content.decode()
        assert "<b>name" not in page.content.decode()


@pytest.mark.parametrize("kind", ["prompt", "combination"])
def test_deleting_can_be_undone_from_the_page_that_follows(client, kind, request):
    kept = request.getfixturevalue(kind)
    answer = client.post(reverse(f"library:delete_{kind}", args=[kept.public_id]), follow=True)
    page = text(answer)
    assert f"Deleted “{kept.name}”" in page
    restore = reverse(f"library:restore_{kind}", args=[kept.public_id])
    assert restore in page
    assert f">{kept.name}<" not in text(client.get(reverse(f"library:{kind}s")))
    page = text(client.post(restore, follow=True))
    assert kept.name in page
    assert "Deleted" not in page


@pytest.mark.parametrize("kind", ["prompt", "combination"])
def test_a_new_name_is_kept_on_one_line_and_an_empty_one_refused(client, kind, request):
    kept = request.getfixturevalue(kind)
    address = reverse(f"library:rename_{kind}", args=[kept.public_id])
    client.post(address, {"name": " New\r\n\x00 name "})
    kept.refresh_from_db()
    assert kept.name == "New name"
    for name in ("", " \n", "x" * 201):
        assert client.post(address, {"name": name}).status_code == 422
    kept.refresh_from_db()
    assert kept.name == "New name"


def test_a_deleted_prompt_has_no_page(client, prompt):
    prompt.archive()
    assert client.get(reverse("library:prompt", args=[prompt.public_id])).status_code == 404


def test_the_list_asks_no_more_queries_for_more_prompts(client, prompt, owner, django_assert_num_queries):
    client.get(reverse("library:prompts"))
    with django_assert_num_queries(3) as first:
        client.get(reverse("library:prompts"))
    for number in range(5):
        Prompt.keep(team=owner.team, author=owner.user, name=f"P{number}", body_text="{}")
    with django_assert_num_queries(len(first)):
        client.get(reverse("library:prompts"))


def test_a_long_list_goes_on_on_a_further_page(client, owner):
    for number in range(52):
        Prompt.keep(team=owner.team, author=owner.user, name=f"Prompt {number}", body_text="{}")
    page = text(client.get(reverse("library:prompts")))
    assert "Older" in page
    oldest = Prompt.objects.order_by("pk")[2]
    assert "Prompt 0" in text(client.get(reverse("library:prompts"), {"before": oldest.pk}))
