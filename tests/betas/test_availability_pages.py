"""Where betas are accepted, as people see it: the list, what changed, one beta's history, checks and schedules."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.availability.keeping import keep
from betaconsole.availability.models import Check, Method, Schedule, State, Visit
from betaconsole.catalogue.betas import all_betas
from betaconsole.library.models import Combination
from betaconsole.teams.models import AuditEntry, Connection
from tests.availability.probed import BEGUN, MODEL, a_check, a_connection, days, found
from tests.builders import CONTEXT, THINKING, make_comparison, make_exchange, make_team

pytestmark = pytest.mark.django_db
OTHER = "claude-opus-4-8"
FILES = "files-api-2025-04-14"
HERE = {"model": MODEL}


@pytest.fixture
def key(owner):
    return a_connection(owner.team)


def text_of(client: Client, path: str, **asked: str) -> str:
    """The page as somebody reads it: no tags, runs of white space as one blank."""
    answer = client.get(path, asked)
    assert answer.status_code == 200
    bare = re.sub(r"<(script|style|option)\b.*?</\1>|<wbr>|</?span>|<[^>]+>", _blank, answer.text, flags=re.S)
    return " ".join(html.unescape(bare).split())


def _blank(tag: re.Match[str]) -> str:
    return "" if tag[0] in ("<wbr>", "<span>", "</span>") else " "


def rows_of(client: Client, **asked: str) -> dict[str, str]:
    """What the list says of each known beta on the key and model that are looked at."""
    page = client.get("/betas/", asked).text.split("All known values")[-1]
    rows = re.findall(r'row"><a href="/betas/([^/"]+)/">.*?<td class="here">(.*?)</td>', page, re.S)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", cell).split()) for name, cell in rows}


# The list ------------------------------------------------------------------------------------------------------------


def test_each_beta_says_how_this_key_and_model_answered(client, key):
    states = [
        State.ACCEPTED,
        State.REFUSED,
        State.REFUSED_MODEL,
        State.REFUSED_ACCOUNT,
        State.NOT_CHECKED,
        State.UNREACHABLE,
    ]
    names = list(all_betas())[: len(states)]
    found(key, dict(zip(names, states, strict=True)))
    rows = rows_of(client, connection=key.public_id, model=MODEL)
    assert [rows[name] for name in names] == [
        "✓ accepted",
        "✕ refused since 1 Nov",
        "✕ refused for this model since 1 Nov",
        "✕ refused for this account since 1 Nov",
        "◌ this endpoint does not check",
        "! not reachable",
    ]
    assert rows[list(all_betas())[-1]] == "– not checked"
    assert set(rows_of(client, connection=key.public_id, model=OTHER).values()) == {"– not checked"}


def test_a_probe_that_said_nothing_stands_beside_what_is_known(client, key):
    found(key, {CONTEXT: State.ACCEPTED})
    found(key, {CONTEXT: State.UNREACHABLE}, at=BEGUN + days(1))
    assert rows_of(client, **HERE)[CONTEXT] == "✓ accepted last time: not reachable"


def test_a_name_of_ones_own_is_listed_once_it_was_asked_about(client, key):
    found(key, {"our-own-2026-01-01": State.REFUSED})
    page = text_of(client, "/betas/", **HERE)
    assert "our-own-2026-01-01 Asked about by this team ? Not in the catalogue — ✕ refused since 1 Nov" in page


def test_the_list_can_be_narrowed_to_what_was_refused(client, key):
    found(key, {CONTEXT: State.REFUSED, THINKING: State.ACCEPTED})
    assert set(rows_of(client, answer="refused", **HERE)) == {CONTEXT}
    assert set(rows_of(client, answer="accepted", **HERE)) == {THINKING}
    assert len(rows_of(client, answer="unknown", **HERE)) == len(all_betas()) - 2


def test_without_a_choice_it_speaks_of_the_model_that_was_asked_about_last(client, key):
    found(key, {CONTEXT: State.ACCEPTED}, model=OTHER)
    found(key, {CONTEXT: State.REFUSED})
    assert rows_of(client)[CONTEXT].startswith("✕ refused")


def test_a_model_that_does_not_exist_is_not_spoken_of_by_itself(client, key):
    found(key, {CONTEXT: State.ACCEPTED})
    found(key, {CONTEXT: State.UNREACHABLE}, model="claude-none")
    check = a_check(key, [FILES], models=["claude-none"])
    keep(check, model="claude-none", beta=FILES, state=State.ACCEPTED, method=Method.ENDPOINT)
    assert rows_of(client)[CONTEXT] == "✓ accepted"
    assert rows_of(client, model="claude-none")[CONTEXT] == "! not reachable"


def test_a_connection_of_another_team_is_no_choice_and_opens_nothing(client, key, eve):
    theirs = a_connection(eve.teams.get(), "Their key")
    found(theirs, {CONTEXT: State.REFUSED})
    page = client.get("/betas/", {"connection": theirs.public_id, **HERE}).text
    assert "Their key" not in page
    assert rows_of(client, connection=theirs.public_id, **HERE)[CONTEXT] == "– not checked"


def test_the_list_asks_as_much_of_the_database_however_many_betas_were_probed(client, key, django_assert_num_queries):
    found(key, {CONTEXT: State.ACCEPTED})
    client.get("/betas/")
    with CaptureQueriesContext(database) as few:
        client.get("/betas/")
    found(key, dict.fromkeys(all_betas(), State.REFUSED), at=BEGUN + days(1), model=OTHER)
    found(key, dict.fromkeys(all_betas(), State.ACCEPTED), at=BEGUN + days(1))
    with django_assert_num_queries(len(few)):
        client.get("/betas/")


# What changed --------------------------------------------------------------------------------------------------------


def test_it_opens_with_what_changed_since_the_last_visit(client, owner, key):
    for name in ("Agent", "Agent with memory"):
        Combination.keep(team=owner.team, author=owner.user, name=name, betas=[CONTEXT, THINKING])
    Visit.objects.create(user=owner.user, team=owner.team, seen_at=BEGUN)
    found(key, {CONTEXT: State.ACCEPTED, THINKING: State.ACCEPTED}, at=BEGUN - days(1))
    found(key, {CONTEXT: State.REFUSED, THINKING: State.ACCEPTED}, at=BEGUN + days(11))
    page = text_of(client, "/betas/")
    assert (
        f"Since your last visit: {CONTEXT} is refused on Production key for sonnet-4-6 since 12 Nov, 09:14 . "
        "Two saved combinations use it." in page
    )
    again = text_of(client, "/betas/")
    assert "Since your last visit" in again, "loading the page again does not take it away"
    Visit.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    assert "Since your last visit" not in text_of(client, "/betas/")


def test_the_last_check_says_what_it_found_and_what_had_changed(client, key):
    found(key, {CONTEXT: State.ACCEPTED, THINKING: State.REFUSED})
    found(key, {CONTEXT: State.ACCEPTED, THINKING: State.ACCEPTED}, at=BEGUN + days(3), model=MODEL)
    page = text_of(client, "/betas/")
    assert "Last check on Production key, 4 Nov : 2 accepted" in page
    assert f"{THINKING} is now accepted on Production key for sonnet-4-6 since 4 Nov, 09:14" in page
    assert "Since your last visit" not in page, "this is the first one"


def test_where_nobody_has_checked_the_page_says_what_a_check_is(client, owner):
    page = text_of(client, "/betas/")
    assert "Nobody has asked yet. A check sends the cheapest request that tells" in page


def test_what_changed_on_an_archived_connection_is_no_news(client, owner, key):
    Visit.objects.create(user=owner.user, team=owner.team, seen_at=BEGUN)
    found(key, {CONTEXT: State.ACCEPTED})
    found(key, {CONTEXT: State.REFUSED}, at=BEGUN + days(1))
    assert "Since your last visit" in text_of(client, "/betas/")
    Connection.objects.filter(pk=key.pk).update(archived_at=timezone.now())
    assert "Since your last visit" not in text_of(client, "/betas/")
    assert "Production key" in text_of(client, f"/betas/{CONTEXT}/"), "its history stays"


def test_a_change_on_another_teams_key_is_no_news_here(client, owner, eve):
    Visit.objects.create(user=owner.user, team=owner.team, seen_at=BEGUN)
    theirs = a_connection(eve.teams.get())
    found(theirs, {CONTEXT: State.ACCEPTED})
    found(theirs, {CONTEXT: State.REFUSED}, at=BEGUN + days(1))
    page = text_of(client, "/betas/")
    assert "Since your last visit" not in page
    assert "Last check" not in page


# One beta ------------------------------------------------------------------------------------------------------------


def test_a_betas_page_tells_its_history_with_the_words_of_the_refusal(client, owner, key):
    exchange = make_comparison(owner.team, owner.user).exchanges.first().public_id
    for day, state in enumerate([State.ACCEPTED, State.ACCEPTED, State.REFUSED]):
        found(key, {CONTEXT: state}, at=BEGUN + days(day), exchange=exchange)
    page = text_of(client, f"/betas/{CONTEXT}/")
    assert "Production key , sonnet-4-6 ✕ refused since 3 Nov" in page
    assert "3 Nov, 09:14 ✕ refused was accepted · Production key, sonnet-4-6" in page
    assert f"Unexpected value(s) `{CONTEXT}` for the `anthropic-beta` header." in page
    raw = client.get(f"/betas/{CONTEXT}/").text
    assert 'aria-label="Last 3 probes: 2 accepted, 1 refused"' in raw
    assert f'href="/exchanges/{exchange}/"' in raw
    assert "No check has asked about it yet" in text_of(client, f"/betas/{THINKING}/")


def test_a_name_that_the_catalogue_does_not_hold_has_its_history_too(client, key):
    found(key, {"our-own-2026-01-01": State.ACCEPTED})
    assert "✓ accepted" in text_of(client, "/betas/our-own-2026-01-01/")


def test_more_names_than_a_header_holds_are_all_asked_about(client, owner, key):
    names = [f"beta-{number}-2026-01-01" for number in range(80)]
    asked = {"connection": key.public_id, "which": "these", "names": "\n".join(names), "models": MODEL}
    client.post("/betas/availability/start/", asked)
    assert Check.objects.get().betas == names
    saved = {"connection": key.public_id, "every_hours": "24", "daily_requests": "9", "daily_usd": "1"}
    client.post("/betas/availability/schedule/", {**saved, "betas": "\n".join(names)})
    assert Schedule.objects.get().betas == names
    refused = client.post("/betas/availability/start/", {**asked, "names": " ".join(f"beta-{n}" for n in range(300))})
    assert (refused.status_code, Check.objects.count()) == (422, 1)


def test_names_on_a_comparisons_page_lead_to_their_betas(client, owner):
    comparison = make_comparison(owner.team, owner.user, betas=((), (CONTEXT,)), exchanges=False)
    make_exchange(comparison, comparison.variants.last(), state="succeeded")
    page = client.get(comparison.get_absolute_url()).text
    matrix = page[page.index('id="sent-betas"') :]
    assert f'<a href="/betas/{CONTEXT}/">' in matrix
    exchange = client.get(comparison.exchanges.get().get_absolute_url()).text
    assert f'<p class="mono"><a href="/betas/{CONTEXT}/">' in exchange


def test_words_of_the_far_end_are_text(client, key):
    check = found(key, {CONTEXT: State.REFUSED}, message="<script>alert(1)</script>")
    for path in (f"/betas/{CONTEXT}/", f"/betas/availability/{check.public_id}/"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_the_check_of_a_header_line_says_how_the_key_answered(client, key):
    found(key, {CONTEXT: State.REFUSED})
    answer = client.post("/betas/check/", {"header": f"{CONTEXT}, {THINKING}, Upper", "model": MODEL})
    cells = re.findall(r'<td class="here">(.*?)</td>', answer.text, re.S)
    shown = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]
    assert shown == ["✕ refused since 1 Nov", "– not checked", "—"]


# Checks --------------------------------------------------------------------------------------------------------------


def test_refusals_come_first_and_say_how_it_was_before(client, key):
    found(key, {CONTEXT: State.ACCEPTED})
    answers = {THINKING: State.ACCEPTED, CONTEXT: State.REFUSED, "made-up": State.REFUSED_MODEL}
    check = found(key, answers, requests=5, exchange="x1")
    page = text_of(client, f"/betas/availability/{check.public_id}/")
    order = [page.index(word) for word in ("Refused as unknown", "Refused for this model", "✓ Accepted")]
    assert order == sorted(order)
    assert f"{CONTEXT} was accepted" in page
    assert "3 of 3 answers · 5 requests sent" in page
    assert "Both controls were answered as they must be" in page
    assert "no-such-beta-2020-01-01" in page


def test_what_was_not_asked_says_nothing_of_the_controls(client, key):
    check = found(key, {"oidc-federation-2026-04-01": State.INCONCLUSIVE}, status=Check.Status.RUNNING)
    address = f"/betas/availability/{check.public_id}/"
    assert "First two controls are asked" in text_of(client, address)
    Check.objects.update(status=Check.Status.DONE)
    assert "No control was answered" in text_of(client, address)


def test_where_a_control_failed_nothing_is_called_accepted(client, key):
    words = "The made-up name no-such-beta-2020-01-01 was accepted too: acceptance says nothing."
    check = found(key, dict.fromkeys(all_betas(), State.NOT_CHECKED), message=words, note=f"POST /v1/messages: {words}")
    page = text_of(client, f"/betas/availability/{check.public_id}/")
    assert "A control failed, so nothing is called accepted" in page
    assert "✓ Accepted" not in page
    assert page.count(words) == 2, "the note, and once for all betas"


def test_a_check_is_asked_for_again_only_while_it_runs(client, key):
    check = a_check(key, [CONTEXT], status=Check.Status.RUNNING, finished_at=None)
    address = f"/betas/availability/{check.public_id}/"
    part = client.get(address, headers={"hx-request": "true"}).text
    assert part.lstrip().startswith('<div id="check"')
    assert 'hx-trigger="every 2s"' in part
    assert ">Stop</button>" in part
    assert client.post(address + "stop/").status_code == 302
    ended = client.get(address).text
    assert "hx-trigger" not in ended.split('id="check"')[1]
    assert "Stopped by a person" in ended
    assert ">Ask again</button>" in ended


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"which": "these", "names": ""}, "There is no name to ask about."),
        ({"which": "these", "names": "Upper-Case"}, "Upper-Case"),
        ({"which": "used"}, "There is no name to ask about."),
        (
            {"which": "active", "other_model": "m" * 21, "models": [f"m{n}" for n in range(30)]},
            "models; one check asks",
        ),
    ],
)
def test_a_check_that_cannot_be_made_is_refused_with_what_was_typed(sent, said, client, key):
    answer = client.post("/betas/availability/start/", {"connection": key.public_id, **sent})
    assert answer.status_code == 422
    assert said in answer.text
    assert not Check.objects.exists()


def test_the_form_says_at_most_how_many_requests_it_will_take(client, key):
    def size(**asked: str) -> str:
        return text_of(client, "/betas/availability/size/", connection=key.public_id, **asked)

    one = size(which="these", names=CONTEXT, models=MODEL)
    assert one.startswith("1 beta × 1 model: at most 4 requests , controls included. They count tokens"), one
    assert "of one token" in size(which="all", models=MODEL)
    assert size(which="these", names="").startswith("No name is chosen")


# Schedules -----------------------------------------------------------------------------------------------------------

WANTED = {
    "is_on": "on",
    "every_hours": "6",
    "daily_requests": "300",
    "daily_usd": "0.50",
    "betas": f"{CONTEXT}\n{THINKING}",
    "models": f"{MODEL}\n{OTHER}",
}


def test_a_schedule_is_off_until_somebody_switches_it_on(client, key):
    assert text_of(client, "/betas/availability/").count(" off ") >= 2
    answer = client.post("/betas/availability/schedule/", {"connection": key.public_id, **WANTED})
    assert answer.status_code == 302
    row = Schedule.objects.get(connection=key)
    assert (row.is_on, row.every_hours, row.daily_requests, str(row.daily_usd)) == (True, 6, 300, "0.50")
    assert (row.betas, row.models_asked) == ([CONTEXT, THINKING], [MODEL, OTHER])
    page = text_of(client, "/betas/availability/", scheduled=key.public_id)
    assert "In a day that is up to" in page
    assert "Production key every 6 hours at most 300 requests and $0.50 a day" in page
    assert AuditEntry.objects.get(action="schedule changed").about == "Production key"


@pytest.mark.parametrize(
    ("field", "typed"),
    [("every_hours", "0"), ("daily_requests", "many"), ("daily_usd", "-1"), ("daily_usd", "NaN"), ("betas", "Upper")],
)
def test_a_schedule_that_makes_no_sense_is_refused_and_keeps_what_was_typed(field, typed, client, key):
    answer = client.post("/betas/availability/schedule/", {"connection": key.public_id, **WANTED, field: typed})
    assert answer.status_code == 422
    assert answer.text.count('role="alert"') == 1
    assert typed in answer.text
    assert not Schedule.objects.exists()


def test_who_may_not_run_or_manage_sees_results_and_no_buttons(client, owner, key):
    check = found(key, {CONTEXT: State.REFUSED})
    owner.role = "viewer"
    owner.save()
    for path in ("/betas/", "/betas/availability/", f"/betas/availability/{check.public_id}/", f"/betas/{CONTEXT}/"):
        page = client.get(path).text
        for button in ("Check now", "Ask again", ">Save<", ">Check availability</button>"):
            assert button not in page, (path, button)


def test_a_connection_or_check_of_another_team_is_not_found(client, owner):
    strangers = make_team("Strangers")
    theirs = Connection.objects.get(team=strangers)
    check = a_check(theirs, [CONTEXT])
    for path in ("start/", "schedule/"):
        assert client.post(f"/betas/availability/{path}", {"connection": theirs.public_id}).status_code == 404
    assert client.get(f"/betas/availability/{check.public_id}/").status_code == 404
    assert client.post(f"/betas/availability/{check.public_id}/stop/").status_code == 404
