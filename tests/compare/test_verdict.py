"""What is said of a comparison, and that it is never more than its numbers."""

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.compare.sentences import Facts, Verdict
from betaconsole.compare.single import is_single, work_out_single
from betaconsole.compare.verdict import verdict
from betaconsole.drafts.columns import letter
from betaconsole.runs.tallying import REFUSED
from betaconsole.statistics.figures import MEASURED, Figure, check
from betaconsole.statistics.inputs import Inputs
from betaconsole.statistics.results import Contribution, Result, Results
from betaconsole.statistics.working import work_out
from tests.compare.made_up import BY_KEY, cells, column, inputs, noisy

MEASURED_KEYS = [figure.key for figure in MEASURED]


def said(asked: Inputs, *, simulated: bool = False, separate_caches: bool = False) -> Verdict:
    results = work_out_single(asked) if is_single(asked) else work_out(asked)
    return verdict(Facts(asked, simulated=simulated, separate_caches=separate_caches), results)


def text(found: Verdict) -> str:
    return " ".join(one.whole for one in found.sentences)


def main(found: Verdict) -> list[str]:
    return [one.whole for one in found.main]


def fewer_tokens(repeats: int, *, mean: float = 400) -> Inputs:
    return inputs(
        column(0, {"output_tokens": noisy(500, repeats), "total_ms": noisy(6000, repeats, seed=2)}),
        column(1, {"output_tokens": noisy(mean, repeats, seed=1), "total_ms": noisy(6000, repeats, seed=3)}),
    )


def test_what_changed_by_how_much_and_on_how_many():
    found = said(fewer_tokens(20))
    assert found.enough
    assert found.trusted
    first, second = main(found)
    assert first.startswith(
        "B writes about a fifth fewer output tokens than A (output tokens −19 %, 95 % interval −22 to −16 %"
    )
    assert "n = 20 pairs" in first
    assert second.startswith("No difference shows in total time (total time within ±5 %; n = 20 pairs).")
    assert "All 40 cells count." in text(found)
    assert "Answer quality: not checked." in text(found)
    assert "simulated" not in text(found)


def test_too_few_repeats_are_said_to_be_too_few_and_how_many_would_do():
    found = said(fewer_tokens(3))
    assert not found.enough
    [only] = main(found)
    assert only.startswith("Not enough data: with 3 answers a column no difference could show, however large; ")
    assert re.search(r"\d+ more repeats would do for output tokens", only)


def test_one_answer_a_column_says_nothing_of_chance():
    found = said(fewer_tokens(1))
    assert not found.enough
    [only] = main(found)
    assert re.fullmatch(
        r"Not enough data: one answer a column says nothing of chance; it takes \d+ more repeats at least\.", only
    )


def test_so_many_more_repeats_as_it_takes_at_least_let_a_difference_show():
    for figures in (2, 7):
        asked = {key: (400 - 40 * place, 5 * place) for place, key in enumerate(MEASURED_KEYS[:figures])}

        def of(repeats: int, asked: dict[str, tuple[int, int]] = asked) -> Inputs:
            left = {key: noisy(mean, repeats, seed=seed) for key, (mean, seed) in asked.items()}
            right = {key: noisy(mean, repeats, seed=seed + 1) for key, (mean, seed) in asked.items()}
            return replace(inputs(column(0, left), column(1, right)), extended=repeats > 1)

        [only] = main(said(of(1)))
        [more] = re.findall(r"(\d+) more repeats at least", only)
        assert said(of(1 + int(more))).enough
        assert not said(of(int(more) - 3)).enough


def test_a_failed_control_takes_every_claim_away():
    base, other = fewer_tokens(20).columns
    accepted = column(2, {"output_tokens": noisy(500, 20)}, role="made_up", betas=["made-up-2026-01-01"])
    found = said(inputs(base, other, accepted))
    assert not found.trusted
    [only] = main(found)
    assert only.startswith(
        "This comparison cannot be trusted: C, whose beta is made up and must be refused, was answered"
    )
    assert "fewer" not in text(found)


def test_a_twin_that_differs_is_a_failed_control():
    base, other = fewer_tokens(20).columns
    twin = column(2, {"output_tokens": noisy(600, 20, seed=8), "total_ms": noisy(6000, 20, seed=9)}, role="twin")
    found = said(inputs(base, other, twin))
    assert not found.trusted
    assert "C, the twin of A, differs from it in 1 figure" in main(found)[0]


def test_controls_that_hold_are_said_to_hold():
    base, other = fewer_tokens(20).columns
    refused = column(2, {}, role="made_up", excluded={"refused": 1, "skipped": 19})
    twin = column(3, {"output_tokens": noisy(500, 20, seed=8), "total_ms": noisy(6000, 20, seed=9)}, role="twin")
    found = said(inputs(base, other, refused, twin))
    assert found.trusted
    assert (
        "The controls held: the made-up beta of C was refused and D, the twin of A, shows no difference from it."
        in text(found)
    )
    assert "60 of 80 count: 1 refused, 19 skipped." in text(found)


def test_a_control_that_was_never_answered_proves_nothing():
    base, other = fewer_tokens(20).columns
    found = said(inputs(base, other, column(2, {}, role="made_up", excluded={"failed": 20})))
    assert not found.trusted
    assert "C, whose beta is made up, was neither refused nor accepted" in main(found)[0]


def test_a_refused_column_is_said_to_be_refused_and_the_others_are_compared():
    base, other = fewer_tokens(20).columns
    found = said(inputs(base, other, column(2, {}, excluded={"refused": 1, "skipped": 19})))
    assert main(found)[0] == "C was refused."
    assert "B writes about a fifth fewer" in main(found)[1]
    assert found.enough


def test_where_all_are_refused_that_is_all_there_is():
    found = said(inputs(column(0, {"output_tokens": noisy(500, 5)}), column(1, {}, excluded={"refused": 5})))
    assert main(found) == ["B was refused in 5 requests."]
    assert found.enough


def test_several_refusals_are_one_sentence_with_their_betas():
    base, _ = fewer_tokens(20).columns
    refused = [
        column(place, {}, excluded={"refused": 1, "skipped": 19}, betas=[f"made-up-{place}-2026-01-01"])
        for place in (1, 2)
    ]
    assert main(said(inputs(base, *refused))) == [
        "B and C were refused (B: made-up-1-2026-01-01, C: made-up-2-2026-01-01)."
    ]


def test_a_difference_too_small_for_any_number_of_repeats_is_not_promised():
    asked = inputs(
        column(0, {"output_tokens": cells(500, 700, 300)}), column(1, {"output_tokens": cells(500, 300, 701)})
    )
    assert "more than 1,000 more repeats would do" in text(said(asked))


def test_without_a_baseline_nothing_is_compared():
    found = said(inputs(column(0, {"output_tokens": noisy(500, 20)})))
    assert main(found) == ["Nothing is compared: no column stands beside another one."]
    assert not found.enough


def test_caches_that_only_one_column_met_leave_no_word_on_cost():
    def asked(read: float) -> Inputs:
        return inputs(
            column(0, {"cost_usd": noisy(0.02, 20), "cache_read_tokens": cells(*[0.0] * 20)}),
            column(1, {"cost_usd": noisy(0.01, 20, seed=1), "cache_read_tokens": cells(*[read] * 20)}),
        )

    found = said(asked(12_000))
    assert "costs" not in text(found)
    assert (
        "No conclusion on cost, input tokens or first text: B read 12,000 tokens from caches where A read none"
        in text(found)
    )
    assert "B costs about half as much as A" in text(said(asked(0)))
    assert "run it with separate caches" in text(found)
    apart = text(said(asked(12_000), separate_caches=True))
    assert "costs" not in apart, "how many repeats found what an earlier one wrote is chance as well"
    assert "No conclusion on cost" in apart
    assert "run it with separate caches" not in apart


def test_simulated_answers_are_said_to_say_nothing_of_the_api():
    assert "The answers are simulated: they say nothing about the API." in text(said(fewer_tokens(20), simulated=True))


def test_leaving_one_out_tells_what_each_beta_contributes():
    def tokens(mean: float, seed: int) -> dict:
        return {"output_tokens": noisy(mean, 20, seed=seed)}

    found = said(
        inputs(
            column(0, tokens(600, 0), betas=["one-2026-01-01", "two-2026-01-01"]),
            column(1, tokens(500, 1), betas=["two-2026-01-01"]),
            column(2, tokens(600, 2), betas=["one-2026-01-01"]),
            column(3, tokens(500, 3), betas=[]),
        )
    )
    first = main(found)[0]
    assert first.startswith(
        "With all the other betas on, one-2026-01-01 changes output tokens; two-2026-01-01 changes nothing that shows ("
    )
    assert "one-2026-01-01: output tokens +" in first
    assert "all together beyond the sum of these: output tokens" in first


def test_what_is_beyond_the_sum_is_not_said_where_no_beta_changes_anything():
    betas = ["one-2026-01-01", "two-2026-01-01"]
    sent = [betas, betas[1:], betas[:1], []]
    columns = [
        column(place, {"output_tokens": noisy(500, 20, seed=place)}, betas=own) for place, own in enumerate(sent)
    ]
    first = main(said(inputs(*columns)))[0]
    assert "one-2026-01-01 and two-2026-01-01 change nothing that shows" in first
    assert re.search(
        r"\(one-2026-01-01: output tokens within ±\d+ %; two-2026-01-01: output tokens within ±\d+ %; n", first
    )
    assert "beyond the sum" not in first


def test_where_the_baseline_is_refused_it_is_said_that_nothing_can_be_compared():
    refused = column(0, {}, betas=["one-2026-01-01"], excluded={REFUSED: 3})
    found = said(inputs(refused, column(1, {"output_tokens": noisy(500, 3)})))
    assert main(found) == [
        "A was refused in 3 requests (A: one-2026-01-01).",
        "Nothing can be compared: no answer of B, or of what stands beside.",
    ]
    assert not found.enough


def test_a_block_that_only_one_column_brings_is_said_in_shares():
    asked = inputs(
        column(0, {"block:thinking": cells(*[0.0] * 20), "output_tokens": noisy(500, 20)}),
        column(1, {"block:thinking": cells(*[1.0] * 20), "output_tokens": noisy(620, 20, seed=1)}),
    )
    assert main(said(asked))[0].startswith(
        "B brings a thinking block in all of its answers (A in none) and writes about a quarter more output tokens ("
    )


def test_many_columns_fit_into_three_sentences():
    columns = [
        column(
            place, {"output_tokens": noisy(500 + 60 * place, 20, seed=place), "total_ms": noisy(6000, 20, seed=place)}
        )
        for place in range(8)
    ]
    found = said(inputs(*columns))
    assert len(found.main) <= 3
    assert "2 more columns differ" in main(found)[0]


def test_cells_that_waited_alone_or_none_are_counted_in_words():
    assert "The one cell counts." in text(said(inputs(column(0, {"output_tokens": cells(5.0)}))))
    alone = said(inputs(column(0, {"output_tokens": cells(5.0)}, excluded={"waiting for a person": 1})))
    assert "1 of 2 count: 1 waiting for a person." in text(alone)


def test_costs_that_are_not_all_known_are_not_compared():
    asked = inputs(
        column(0, {"output_tokens": noisy(500, 20), "cost_usd": noisy(0.02, 20)}),
        column(1, {"output_tokens": noisy(500, 20, seed=1), "cost_usd": noisy(0.01, 12, seed=1)}),
    )
    found = said(asked)
    assert "costs" not in text(found)
    assert "No conclusion on cost: it is not known of 8 cells of B." in text(found)


def test_a_figure_that_few_cells_have_is_named():
    base, other = fewer_tokens(20).columns
    asked = inputs(
        column(0, {**base.values, "first_text_ms": noisy(300, 2)}),
        column(1, {**other.values, "first_text_ms": noisy(300, 2, seed=1)}),
    )
    assert "Not enough data for first text (n = 2)." in text(said(asked))


def test_checks_are_told_column_by_column():
    figure = check("valid JSON")
    asked = inputs(
        column(0, {figure.key: cells(*[1.0] * 19, 0.0), "output_tokens": noisy(500, 20)}),
        column(1, {figure.key: cells(*[1.0] * 20), "output_tokens": noisy(500, 20, seed=1)}),
        shown=[figure],
    )
    found = text(said(asked))
    assert "not checked" not in found
    assert (
        "Of the answers was looked at: check “valid JSON” (check “valid JSON”: A 19 of 20, 76 % to 99 %; B 20 of 20"
        in found
    )


STATES = st.sampled_from(["differs", "no_difference", "identical", "not_enough"])
NUMBERS = st.one_of(st.none(), st.floats(-1e12, 1e12))
CHANCES = st.sampled_from([None, 0.0, 0.04, 0.06, 0.4, 1.0])
KEYS = st.sampled_from([*BY_KEY, "check:{0}", "stop_reason:<b>{name}", "blocks:{}", "field:%s"])


@st.composite
def weighed(draw) -> tuple[Facts, Results]:
    """Results of any kind, whatever they were worked out from."""
    width, n = draw(st.integers(2, 7)), draw(st.sampled_from([0, 3, 20, 30]))
    keys = draw(st.lists(KEYS, min_size=1, max_size=5, unique=True))
    columns = [
        column(
            place,
            {key: cells(*[1.0] * n) for key in keys},
            role=draw(st.sampled_from(["", "", "", "twin", "made_up"])),
            betas=draw(st.lists(st.sampled_from(["a-1", "b-2", "{0}"]), unique=True)),
            excluded=draw(st.dictionaries(st.sampled_from(["refused", "failed", "stopped"]), st.integers(1, 9))),
        )
        for place in range(width)
    ]
    results = tuple(
        Result(
            key,
            place,
            0,
            n,
            n,
            True,
            0,
            "",
            *(draw(NUMBERS) for _ in range(13)),
            draw(STATES),
            draw(st.integers(1, 99)),
        )
        for place in range(1, width)
        for key in keys
    )
    contributions = tuple(
        Contribution(key, beta, 1.0, *(draw(NUMBERS) for _ in range(2)), draw(CHANCES))
        for key in keys
        for beta in ("a-1", "b-2")
        if draw(st.booleans())
    )
    shown = [Figure(key, key, "count" if key.startswith("blocks") else "share") for key in keys if key not in BY_KEY]
    asked = Facts(inputs(*columns, shown=shown), simulated=draw(st.booleans()), separate_caches=draw(st.booleans()))
    return asked, Results(results, (), {}, contributions, {}, (), "")


@settings(max_examples=60, deadline=None)
@given(weighed())
def test_no_difference_is_claimed_that_does_not_stand(asked):
    facts, results = asked
    found = verdict(facts, results)
    differing = {one.variant for one in results.results if one.state == "differs"}
    for sentence in found.sentences:
        if sentence.kind == "changed":
            assert {letter(place) for place in differing} >= set(re.findall(r"(?:^|, |and )([B-G]) ", sentence.text))
        if sentence.kind == "contribution":
            standing = {
                one.beta for one in results.contributions if one.p_corrected is not None and one.p_corrected <= 0.05
            }
            assert set(re.findall(r"([ab]-[12])(?= changes (?!nothing))", sentence.text)) <= standing
    if not differing:
        assert not any(sentence.kind == "changed" for sentence in found.sentences)
    assert 1 <= len(found.main) <= 3
    assert found == verdict(facts, results), "the same figures say the same"
    if not found.trusted:
        assert [one.kind for one in found.main] == ["untrusted"]
    assert not any("better" in one.whole or "worse" in one.whole or "None" in one.whole for one in found.sentences)


def test_a_verdict_survives_being_kept():
    found = said(fewer_tokens(20), simulated=True)
    assert Verdict.load(json.loads(json.dumps(found.dump()))) == found
