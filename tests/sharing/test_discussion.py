"""What people say about a comparison, and whom they mention."""

import html

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from betaconsole.sharing.models import Comment, Mention
from betaconsole.sharing.names import handles, mentioned
from betaconsole.sharing.wording import shown
from betaconsole.teams.models import Membership, User
from tests.builders import make_comparison
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


def text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def comparison(crew):
    member = crew["member"]
    return make_comparison(member.teams.get(), member)


@pytest.fixture
def browsers(crew):
    return {name: browser_of(user) for name, user in crew.items()}


def say(browser, comparison, words: str, **how):
    return browser.post(reverse("sharing:say", args=[comparison.public_id]), {"text": words}, **how)


def page_of(browser, comparison) -> str:
    return text(browser.get(reverse("sharing:discussion", args=[comparison.public_id])))


def do(browser, what: str, comment: Comment, **values) -> int:
    return browser.post(reverse(f"sharing:{what}_comment", args=[comment.public_id]), values).status_code


def rendered(words: str, *people: User, **known) -> str:
    asked = {"columns": {"A": "/c/#lane-0", "B": "/c/#lane-1"}, "origins": {"https://console.example"}, **known}
    return str(shown(words, people=handles(people), **asked))


ANN, BO = User(pk=1, email="ann@example.com", name="Ann Lee"), User(pk=2, email="bo@example.com", name="Bo")
ID = "0123456789abcdef"


@pytest.mark.parametrize("words", ["see column B", "see #B", "see `B`"])
def test_a_column_is_linked_in_each_way_of_naming_it(words):
    assert 'href="/c/#lane-1"' in rendered(words)


@pytest.mark.parametrize(
    "words", ["column Z", "`column B` as code", "```\n#B\n```", "[column B](https://example.com)", "C#B", "a&#66;"]
)
def test_what_names_no_column_is_left_alone(words):
    assert "to-column" not in rendered(words)


@pytest.mark.parametrize("words", [f"/exchanges/{ID}/", f"https://console.example/exchanges/{ID}/"])
def test_the_address_of_an_exchange_leads_there(words):
    assert f'href="/exchanges/{ID}/"' in rendered(words)


def test_an_exchange_of_somewhere_else_is_not_one_of_ours():
    assert "<a" not in rendered(f"https://evil.example/exchanges/{ID}/ and x/exchanges/{ID}/")


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script> #B",
        "[x](javascript:alert(1)) column B",
        '[x](https://e.example "#B > @bo") `<b>`',
        "![#B](https://evil.example/x.png)",
        "<img src=x onerror=alert(1)> @<b>bo</b>",
        "&lt;script&gt; #B &amp;#B;",
    ],
)
def test_a_comment_is_hostile_text(words):
    found = rendered(words, BO)
    assert "<script" not in found
    assert "<img" not in found
    assert "javascript:" not in found.replace("[x](javascript:", "")
    assert found.count("<a ") == found.count("</a>")
    assert 'title="#B &gt; @bo"' in found or "title" not in found or 'title="#B > @bo"' in found


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("@Bo look", [BO]),
        ("look, @bo.", [BO]),
        ("(@AnnLee) and @bo", [ANN, BO]),
        ("@ann", [ANN]),
        ("@ann@example.com", [ANN]),
        ("mail ann@example.com", []),
        ("@nobody", []),
        ("@bo @bo", [BO]),
    ],
)
def test_a_name_after_an_at_sign_means_a_person(words, who):
    assert mentioned(words, handles([ANN, BO])) == who


def test_a_name_that_could_mean_two_means_nobody():
    other = User(pk=3, email="ann@other.example", name="Ann Poe")
    assert mentioned("@ann", handles([ANN, other])) == []
    assert mentioned("@AnnPoe", handles([ANN, other])) == [other]


def test_members_write_and_viewers_read(crew, browsers, comparison):
    assert say(browsers["member"], comparison, "Column B is **shorter**.").status_code == 302
    page = page_of(browsers["viewer"], comparison)
    assert "<strong>shorter</strong>" in page
    assert 'id="say"' not in page
    assert "Delete</button>" not in page
    assert say(browsers["viewer"], comparison, "x").status_code == 403
    assert say(browsers["stranger"], comparison, "x").status_code == 404


def test_one_changes_ones_own_and_admins_change_all(crew, browsers, comparison):
    say(browsers["member"], comparison, "first")
    say(browsers["admin"], comparison, "theirs")
    own, theirs = Comment.objects.order_by("pk")
    assert do(browsers["member"], "edit", own, text="second") == 302
    assert do(browsers["member"], "edit", theirs, text="mine now") == 404
    assert do(browsers["member"], "delete", theirs) == 404
    page = page_of(browsers["owner"], comparison)
    assert "second" in page
    assert ", edited" in page
    assert do(browsers["admin"], "delete", own) == 302
    assert do(browsers["member"], "restore", own) == 404
    gone = page_of(browsers["member"], comparison)
    assert 'Deleted by <span dir="auto">Admin</span>' in gone
    assert "second" not in gone
    assert "Undo" in page_of(browsers["admin"], comparison)
    assert do(browsers["admin"], "restore", own) == 302
    assert "second" in page_of(browsers["viewer"], comparison)


def test_a_mention_is_unread_until_one_looks(crew, browsers, comparison):
    say(
        browsers["member"],
        comparison,
        "@Viewer and @Stranger and @Member,\n**look** at [#B](http://x.example)\n\n- `1 < 2`",
    )
    assert [mention.person for mention in Mention.objects.all()] == [crew["viewer"]]
    mentions = reverse("sharing:mentions")
    assert ">@ 1</a>" in text(browsers["viewer"].get(mentions))
    assert ">unread<" in text(browsers["viewer"].get(mentions))
    assert "Nobody has mentioned you" in text(browsers["owner"].get(mentions))
    browsers["viewer"].head(reverse("sharing:discussion", args=[comparison.public_id]))  # a program looked, nobody read
    assert Mention.objects.unread().count() == 1
    page_of(browsers["viewer"], comparison)
    read = text(browsers["viewer"].get(mentions))
    assert "@Viewer and @Stranger and @Member, look at #B 1 < 2</p>" in read
    assert ">unread<" not in read
    assert ">@ 1</a>" not in read


def test_a_page_that_renews_its_discussion_by_itself_has_not_read_it_for_anybody(crew, browsers, comparison):
    page_of(browsers["viewer"], comparison)
    say(browsers["member"], comparison, "@Viewer, look")
    renewed = browsers["viewer"].get(
        reverse("sharing:comments", args=[comparison.public_id]), {"seen": 0}, headers={"HX-Request": "true"}
    )
    assert "look" in text(renewed)
    assert ">@ 1</a>" in text(browsers["viewer"].get(reverse("sharing:mentions")))


def test_all_can_be_marked_as_read_and_what_is_deleted_mentions_nobody(crew, browsers, comparison):
    say(browsers["member"], comparison, "@Viewer one")
    say(browsers["member"], comparison, "@Viewer two")
    do(browsers["member"], "delete", Comment.objects.first())
    assert ">@ 1</a>" in text(browsers["viewer"].get(reverse("sharing:mentions")))
    browsers["viewer"].post(reverse("sharing:read_mentions"))
    assert Mention.objects.unread().readable().count() == 0


def test_an_edit_mentions_whom_it_names_now(crew, browsers, comparison):
    say(browsers["member"], comparison, "@Viewer")
    do(browsers["member"], "edit", Comment.objects.get(), text="@Owner instead")
    assert [mention.person for mention in Mention.objects.all()] == [crew["owner"]]


def test_the_list_answers_nothing_until_something_is_said(crew, browsers, comparison):
    say(browsers["member"], comparison, "one")
    comments = reverse("sharing:comments", args=[comparison.public_id])
    seen = sum(Comment.objects.values_list("version", flat=True))
    assert browsers["viewer"].get(comments, {"seen": seen}, headers=HTMX).status_code == 204
    do(browsers["member"], "delete", Comment.objects.get())
    assert browsers["viewer"].get(comments, {"seen": seen}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("words", [" ", "x" * 20_001])
def test_what_cannot_be_said_keeps_what_was_typed(browsers, comparison, words):
    for how in ({}, {"headers": HTMX}):
        answer = say(browsers["member"], comparison, words, **how)
        assert answer.status_code == 422
        assert 'class="problem"' in answer.content.decode()
    assert words.strip() in text(answer)
    assert not Comment.objects.exists()


def test_a_text_that_is_being_changed_is_not_renewed_meanwhile(browsers, comparison):
    say(browsers["member"], comparison, "first")
    edit = reverse("sharing:edit_comment", args=[Comment.objects.get().public_id])
    editing = text(browsers["member"].get(edit, headers=HTMX))
    assert ">first</textarea>" in editing
    assert "every 10s" not in editing
    assert "Save" in text(browsers["member"].get(edit))


@pytest.mark.parametrize("address", ["sharing:discussion", "sharing:mentions"])
def test_more_that_is_said_is_no_more_queries(crew, browsers, comparison, address):
    def queries() -> int:
        with CaptureQueriesContext(database) as found:
            browsers["viewer"].get(reverse(address, args=[] if "mentions" in address else [comparison.public_id]))
        return len(found)

    say(browsers["member"], comparison, "@Viewer 1")
    queries()
    few = queries()
    for number in range(10):
        say(browsers["member"], comparison, f"@Viewer {number}")
    Mention.objects.update(read_at="2026-01-01T00:00:00Z")
    assert queries() == few


def test_somebody_who_left_leaves_what_was_said(crew, browsers, comparison):
    say(browsers["member"], comparison, "I was here")
    Membership.objects.filter(user=crew["member"]).delete()
    crew["member"].delete()
    page = page_of(browsers["viewer"], comparison)
    assert "I was here" in page
    assert "somebody who left" in page
