"""Pages of saved prompts and combinations."""

import html
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from betaconsole.drafts.models import Draft
from betaconsole.library.cases import CaseRow
from betaconsole.library.models import Combination, Prompt
from betaconsole.teams.models import Membership
from tests.builders import make_comparison

pytestmark = pytest.mark.django_db
BODY = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Rivers of {{country}}"}],
}


def text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def prompt(owner) -> Prompt:
    first = Prompt.keep(team=owner.team, author=owner.user, name="Refund triage", body_text='{"n": 1.0}')
    first.prompt.add_version(author=owner.user, body_text='{"n": 2.0}', note="Twice as much")
    return first.prompt


@pytest.fixture
def filled(owner) -> Prompt:
    """A prompt with a variable and two cases."""
    made = Prompt.keep(team=owner.team, author=owner.user, name="Rivers", body_text=json.dumps(BODY)).prompt
    made.set_cases([CaseRow("one", {"country": "France"}), CaseRow("", {"country": "Peru"})])
    made.set_tags(["geo"])
    return made


@pytest.fixture
def combination(owner) -> Combination:
    betas = ["b-2025-01-01", "a-2025-01-01"]
    return Combination.keep(team=owner.team, author=owner.user, name="Both", betas=betas).combination


def page_of(client, kept, **asked) -> str:
    return text(client.get(reverse(f"library:{kept._meta.model_name}", args=[kept.public_id]), asked))


def post(client, name: str, kept, /, **values):
    return client.post(reverse(f"library:{name}", args=[kept.public_id]), values)


def test_empty_pages_say_how_to_fill_them(client, owner):
    assert "No saved prompts yet" in text(client.get(reverse("library:prompts")))
    assert "No saved combinations yet" in text(client.get(reverse("library:combinations")))


def test_prompts_are_listed_with_newest_version_author_and_uses(client, prompt, owner):
    version = prompt.versions.get(number=1)
    make_comparison(owner.team, owner.user, prompt_version=version)
    page = text(client.get(reverse("library:prompts")))
    assert f'name="prompt" value="{prompt.public_id}"' in page
    assert ">v2<" in page
    assert "1 time<" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "REFUND"}, "Refund triage"),
        ({"q": "rivers of"}, "Rivers"),
        ({"q": "geo"}, "Rivers"),
        ({"tag": "geo"}, "Rivers"),
    ],
)
def test_prompts_are_found_by_name_text_and_tag(client, prompt, filled, asked, found):
    page = text(client.get(reverse("library:prompts"), asked))
    assert [name for name in ("Refund triage", "Rivers") if f">{name}</a>" in page] == [found]


def test_what_is_not_found_says_so(client, prompt):
    assert "No prompt has “<bdi>zebra" in text(client.get(reverse("library:prompts"), {"q": "zebra"}))


def test_combinations_are_listed_in_the_order_their_betas_are_sent(client, combination):
    page = text(client.get(reverse("library:combinations")))
    assert page.index("<span>b</span>") < page.index("<span>a</span>")


def test_a_prompt_shows_its_newest_version_and_any_older_one(client, prompt):
    address = reverse("library:prompt", args=[prompt.public_id])
    assert "n: 2.0" in text(client.get(address))
    assert "n: 1.0" in text(client.get(address, {"version": 1}))
    assert '{"n": 1.0}' in text(client.get(address, {"version": 1, "as": "json"}))
    assert client.get(address, {"version": 3}).status_code == 404
    assert client.get(address, {"version": "x"}).status_code == 200


def test_what_people_wrote_is_escaped(client, prompt, owner):
    prompt.add_version(author=owner.user, body_text="<script>alert(1)</script>\x00\ud800", note="<b>note</b>")
    prompt.rename("<b>name</b>")
    prompt.set_tags(["<b>tag</b>"])
    for address in (
        reverse("library:prompts"),
        reverse("library:prompt", args=[prompt.public_id]),
        reverse("library:diff", args=[prompt.public_id]),
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>n" not in page
        assert "<b>t" not in page


@pytest.mark.parametrize("kind", ["prompt", "combination"])
def test_archiving_can_be_undone_from_the_page_that_follows(client, kind, request):
    kept = request.getfixturevalue(kind)
    page = text(client.post(reverse(f"library:archive_{kind}", args=[kept.public_id]), follow=True))
    assert "Archived “" in page
    restore = reverse(f"library:restore_{kind}", args=[kept.public_id])
    assert restore in page
    address = reverse(f"library:{kind}s")
    emptied = text(client.get(address))
    assert f">{kept.name}<" not in emptied
    assert f'href="{address}?archived=1"' in emptied
    assert f">{kept.name}<" in text(client.get(address, {"archived": 1}))
    assert "Bring back" in page_of(client, kept)
    client.post(restore)
    assert f">{kept.name}<" in text(client.get(address))


@pytest.mark.parametrize("kind", ["prompt", "combination"])
def test_a_new_name_is_kept_on_one_line_and_a_bad_one_refused_with_what_was_typed(client, kind, request):
    kept = request.getfixturevalue(kind)
    post(client, f"rename_{kind}", kept, name=" New\r\n\x00 name ")
    kept.refresh_from_db()
    assert kept.name == "New name"
    answer = post(client, f"rename_{kind}", kept, name="x" * 201)
    assert answer.status_code == 422
    assert "x" * 201 in text(answer)
    assert post(client, f"rename_{kind}", kept, name=" ").status_code == 422


def test_the_diff_marks_the_words_that_changed(client, prompt):
    page = text(client.get(reverse("library:diff", args=[prompt.public_id]), {"from": 1, "to": 2}))
    assert "<del>1</del><ins>2</ins>" in page
    assert "Nothing: the two are the same" in text(
        client.get(reverse("library:diff", args=[prompt.public_id]), {"from": 2, "to": 2})
    )


def test_restoring_makes_a_new_version_of_an_old_one(client, prompt):
    post(client, "restore_version", prompt, version=1)
    newest = prompt.newest
    assert (newest.number, newest.body_text, newest.note) == (3, '{"n": 1.0}', "v1 again")


def test_a_duplicate_has_its_own_versions_tags_and_cases(client, filled):
    post(client, "duplicate_prompt", filled)
    copy = Prompt.objects.get(name="Rivers (copy)")
    assert copy.newest.number == 1
    assert [case.values for case in copy.cases.all()] == [{"country": "France"}, {"country": "Peru"}]
    assert [tag.tag for tag in copy.tags.all()] == ["geo"]


def test_describing_a_variable_makes_a_version_that_later_ones_inherit(client, filled, owner):
    values = {"description-country": "where", "default-country": "Chile", "default-other": "x"}
    post(client, "describe_variables", filled, **values)
    described = [{"name": "country", "description": "where", "default": "Chile"}]
    assert (filled.newest.number, filled.newest.variables) == (2, described)
    changed = filled.add_version(author=owner.user, body_text=json.dumps({**BODY, "max_tokens": 10}))
    assert changed.variables == described
    assert filled.versions.get(number=1).variables == []
    refused = post(client, "describe_variables", filled, **{"description-country": "x" * 501})
    assert refused.status_code == 422
    assert "x" * 501 in text(refused)


def test_cases_are_typed_in_a_table_and_an_emptied_row_is_dropped(client, filled):
    values = {"name-1": "", "value-1-country": "", "name-2": "b", "value-2-country": "Peru", "value-3-country": "Fiji"}
    post(client, "set_cases", filled, **values)
    page = client.get(reverse("library:prompt", args=[filled.public_id])).content.decode()
    rows = filled.cases.count()
    assert (f'name="name-{rows + 3}"' in page, f'name="name-{rows + 4}"' in page) == (True, False), "three to type more"
    assert [(case.name, case.values) for case in filled.cases.all()] == [
        ("b", {"country": "Peru"}),
        ("", {"country": "Fiji"}),
    ]
    refused = post(client, "set_cases", filled, **{"value-1-country": "Oman", "value-2-not a name": "x"})
    assert refused.status_code == 422
    assert "Oman" in text(refused)
    assert filled.cases.count() == 2


def test_cases_come_from_a_file_as_a_whole_or_not_at_all(client, filled):
    def send(data: bytes, **values):
        return post(client, "import_cases", filled, cases=SimpleUploadedFile("c.csv", data), **values)

    send(b"case,country\nx,Mali\n", add="on")
    assert [case.values["country"] for case in filled.cases.all()] == ["France", "Peru", "Mali"]
    refused = send(b"country\nOman\nYemen,2\n")
    assert refused.status_code == 422
    assert "Line 3 has 2 cells" in text(refused)
    assert filled.cases.count() == 3
    again = client.get(reverse("library:export_cases", args=[filled.public_id])).getvalue()
    send(b"capital,country\nRome,Italy\n")
    head = text(client.get(reverse("library:prompt", args=[filled.public_id])))
    assert re.findall(r"(\w+)<small>not in the prompt<", head) == ["capital"]
    send(again)
    assert [(case.name, case.values["country"]) for case in filled.cases.all()] == [
        ("one", "France"),
        ("", "Peru"),
        ("x", "Mali"),
    ]


def test_the_request_of_an_exchange_becomes_a_prompt(client, owner):
    exchange = make_comparison(owner.team, owner.user).exchanges.first()
    address = reverse("library:new_prompt")
    assert "Order A-1043 arrived broken." in text(client.get(address, {"exchange": exchange.public_id}))
    refused = client.post(address, {"exchange": exchange.public_id, "name": "", "note": "kept"})
    assert refused.status_code == 422
    assert "kept" in text(refused)
    client.post(address, {"exchange": exchange.public_id, "name": "Broken order", "note": "first"})
    version = Prompt.objects.get(name="Broken order").newest
    assert json.loads(version.body_text)["messages"][0]["content"] == "Order A-1043 arrived broken."
    assert version.note == "first"


def test_the_betas_of_a_combination_are_reordered_added_and_taken_out(client, combination):
    def betas():
        combination.refresh_from_db()
        return combination.betas

    def edited(betas, **pressed):
        return post(client, "edit_combination", combination, beta=betas, **pressed)

    def form(answer):
        return re.findall('name="beta" value="(.*?)"', text(answer))

    before = betas()
    shown = edited(before, up="a-2025-01-01", note="why")
    assert form(shown) == ["a-2025-01-01", "b-2025-01-01"]
    assert "Not saved yet" in text(shown)
    assert 'value="why"' in text(shown)
    shown = edited(form(shown), add="anthropic-beta: c, b-2025-01-01")
    assert form(shown) == ["a-2025-01-01", "b-2025-01-01", "c"]
    shown = edited(form(shown), remove="b-2025-01-01")
    assert betas() == before, "nothing is kept before it is saved"
    edited(form(shown), save="1", note="why", add="d")
    assert betas() == ["a-2025-01-01", "c", "d"]
    refused = edited(betas(), add="Not A Beta", save="1")
    assert refused.status_code == 422
    assert "Not A Beta" in text(refused)
    assert edited(["c"], remove="c").status_code == 422
    assert [(one.number, one.note) for one in combination.versions.order_by("number")] == [(1, ""), (2, "why")]


def test_a_patch_is_checked_before_it_is_kept(client, combination):
    betas = combination.betas
    refused = post(client, "edit_combination", combination, beta=betas, patch="{oops", save="1")
    assert refused.status_code == 422
    assert "{oops" in text(refused)
    post(client, "edit_combination", combination, beta=betas, patch='{"temperature": 1.0}', save="1")
    post(client, "describe_combination", combination, about="n")
    combination.refresh_from_db()
    assert (combination.note, combination.patch) == ("n", '{"temperature": 1.0}')


def test_an_old_version_of_a_combination_is_read_compared_and_restored(client, combination, owner):
    combination.add_version(author=owner.user, betas=["c"], patch='{"top_k": 5}', note="less")
    address = reverse("library:combination", args=[combination.public_id])
    assert "v1 of 2" in text(client.get(address, {"version": 1}))
    assert client.get(address, {"version": 3}).status_code == 404
    changes = text(client.get(reverse("library:diff_combination", args=[combination.public_id])))
    assert "from v1 to v2" in changes
    assert "top_k" in changes
    post(client, "restore_combination_version", combination, version=1)
    assert combination.newest.state == combination.versions.get(number=1).state
    assert "v1 again" in text(client.get(address))


def test_a_combination_lists_every_comparison_whose_column_took_it_and_which_version(client, combination, owner):
    first = combination.newest
    combination.add_version(author=owner.user, betas=["c"])
    ran = {"team": owner.team, "author": owner.user}
    comparisons = [
        make_comparison(**ran, betas=((), betas), title=title)
        for title, betas in (("as saved", first.betas), ("with more", [*first.betas, "d"]), ("not it", ["x"]))
    ]
    for comparison in comparisons[:2]:
        comparison.variants.filter(position=1).update(combination_version=first)
    page = page_of(client, combination)
    assert re.findall(r">([^<>]*)</a><small>#.*?<td>(.*?)</td>", page, re.S) == [
        ("with more", "v1, changed"),
        ("as saved", "v1"),
    ]
    assert "B: <bdi>Both</bdi> · v1, changed" in text(client.get(comparisons[1].get_absolute_url()))


def test_a_combination_lists_the_comparisons_that_sent_exactly_its_header(client, combination, owner):
    betas = combination.betas
    make_comparison(owner.team, owner.user, betas=((), betas, betas), title="exactly", labels=("A", "B", "C"))
    make_comparison(owner.team, owner.user, betas=((), betas[::-1]), title="other order")
    make_comparison(owner.team, owner.user, betas=((), [*betas, "c"]), title="one more")
    page = page_of(client, combination)
    assert page.count(">exactly</a>") == 1
    assert "other order" not in page
    assert "one more" not in page


def test_a_prompt_lists_the_comparisons_that_ran_it_and_which_version(client, prompt, owner):
    make_comparison(owner.team, owner.user, prompt_version=prompt.versions.get(number=1), title="ran it")
    page = page_of(client, prompt)
    assert ">ran it</a>" in page
    assert "<td>v1</td>" in page


@pytest.mark.parametrize("name", ["prompts", "prompt", "combinations", "combination"])
def test_no_page_asks_more_queries_where_there_is_more(
    client, name, owner, filled, combination, django_assert_num_queries, django_assert_max_num_queries
):
    arguments = {"prompt": [filled.public_id], "combination": [combination.public_id]}.get(name, [])
    address = reverse(f"library:{name}", args=arguments)

    def grow(times):
        for number in range(times):
            made = Prompt.keep(team=owner.team, author=owner.user, name=f"P{number}", body_text="{}").prompt
            made.set_tags([f"tag {number}"])
            Combination.keep(team=owner.team, author=owner.user, name=f"C{number}", betas=["x"])
            version = filled.add_version(author=owner.user, body_text=json.dumps({**BODY, "max_tokens": number + 20}))
            make_comparison(owner.team, owner.user, betas=((), combination.betas), prompt_version=version)

    grow(1)
    client.get(address)
    with django_assert_max_num_queries(30) as first:
        client.get(address)
    grow(4)
    with django_assert_num_queries(len(first)):
        client.get(address)


def test_a_long_list_goes_on_on_a_further_page(client, owner):
    for number in range(52):
        Prompt.keep(team=owner.team, author=owner.user, name=f"Prompt {number}", body_text="{}")
    page = text(client.get(reverse("library:prompts")))
    assert "Older" in page
    oldest = Prompt.objects.order_by("pk")[2]
    assert "Prompt 0" in text(client.get(reverse("library:prompts"), {"before": oldest.pk}))


def test_a_viewer_reads_and_is_offered_nothing_to_press(client, owner, filled, combination):
    Membership.objects.filter(pk=owner.pk).update(role="viewer")
    for address in (
        reverse("library:prompts"),
        reverse("library:combinations"),
        reverse("library:prompt", args=[filled.public_id]),
        reverse("library:combination", args=[combination.public_id]),
    ):
        page = text(client.get(address))
        assert 'method="post"' not in page[page.index("<main") :]
    assert post(client, "set_cases", filled).status_code == 403


def test_what_a_draft_changed_is_shown_to_its_author_only(client, prompt, owner, bo):
    version = prompt.newest
    fields = {"team": owner.team, "connection": None, "columns": (), "prompt_version": version}
    mine = Draft.start(author=owner.user, body_text='{"n": 3.0}', **fields)
    others = Draft.start(author=bo, body_text='{"n": 3.0}', **fields)
    address = reverse("library:changed", args=[prompt.public_id])
    assert "<del>2</del><ins>3</ins>" in text(client.get(address, {"draft": mine.public_id}))
    assert client.get(address, {"draft": others.public_id}).status_code == 404
