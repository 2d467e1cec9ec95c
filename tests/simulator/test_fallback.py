"""Models that decline, those that answer in their place, and the credit for trying again by oneself."""

import anthropic
import pytest
from anthropic.lib.middleware import BetaRefusalFallbackMiddleware

from betaconsole.simulator.caching import CacheUse
from betaconsole.simulator.conversation import Conversation
from betaconsole.simulator.credits import LIFE_S, Credits
from betaconsole.simulator.effects import (
    EFFECTS,
    FALLBACK_CREDIT,
    FALLBACK_CREDIT_0601,
    SERVER_SIDE_FALLBACK,
    SERVER_SIDE_FALLBACK_0601,
)
from betaconsole.simulator.iterations import Iteration
from betaconsole.simulator.questions import Question
from betaconsole.simulator.refusals import Refusal
from betaconsole.simulator.replies import Message
from betaconsole.simulator.rules import ModelRule
from betaconsole.simulator.seeds import Seed

from .rules import rules
from .talk import ask, say

REQUESTED, OTHER = "claude-opus-5-5", "claude-sonnet-4-6"
QUESTION = "How do locks on old doors work?"


def refused(wish="refuse", **changes):
    messages = [{"role": "user", "content": f"{QUESTION} [[simulator: {wish}]]"}]
    return ask(messages=messages, **{"model": REQUESTED, **changes})


def answered(simulator, body, *betas):
    with simulator.dial(repeat=1) as sock:
        return say(sock, body, **({"anthropic_beta": ",".join(betas)} if betas else {}))


def blocks(message):
    return [block["type"] for block in message["content"]]


def test_a_model_that_declines_says_why_and_nothing_of_betas(simulator):
    message = answered(simulator, refused("refuse=cyber")).json
    assert (message["stop_reason"], message["content"], message["model"]) == ("refusal", [], REQUESTED)
    assert set(message["stop_details"]) == {"type", "category", "explanation"}
    assert message["stop_details"]["category"] == "cyber"
    assert answered(simulator, refused()).json["stop_details"]["category"] is None
    assert answered(simulator, refused("refuse=rudeness")).json["stop_details"]["category"] is None


def test_a_model_may_decline_in_the_middle_of_its_answer(simulator):
    message = answered(simulator, refused("refuse refuse_after=200")).json
    assert (message["stop_reason"], blocks(message)) == ("refusal", ["thinking", "text"])
    assert message["usage"]["output_tokens"] == 200


def test_another_model_answers_in_its_place(simulator):
    body = refused("refuse=bio", fallbacks=[{"model": OTHER}])
    message = answered(simulator, body, SERVER_SIDE_FALLBACK).json
    assert (message["stop_reason"], message["model"]) == ("end_turn", OTHER)
    assert blocks(message) == ["fallback", "text"]
    assert message["content"][0] == {
        "type": "fallback",
        "from": {"model": REQUESTED},
        "to": {"model": OTHER},
        "trigger": {"type": "refusal", "category": "bio"},
    }
    declined, served = message["usage"]["iterations"]
    assert [(entry["type"], entry["model"]) for entry in (declined, served)] == [
        ("message", REQUESTED),
        ("fallback_message", OTHER),
    ]
    assert message["usage"]["output_tokens"] == served["output_tokens"] > declined["output_tokens"] == 0
    assert (
        len([block for block in message["content"] if block["type"] == "fallback"])
        == EFFECTS[SERVER_SIDE_FALLBACK, "fallback_blocks"].size
    )


def test_fallbacks_change_nothing_where_no_model_declines(simulator):
    plain = answered(simulator, ask(model=REQUESTED)).json
    message = answered(simulator, ask(model=REQUESTED, fallbacks="default"), SERVER_SIDE_FALLBACK).json
    assert (blocks(message), message["model"]) == (blocks(plain), REQUESTED)
    assert [entry["type"] for entry in message["usage"]["iterations"]] == ["message"]
    reply = answered(simulator, refused(fallbacks="default"))
    assert reply.message == "fallbacks: Extra inputs are not permitted"


def test_what_was_written_before_a_model_declined_stays(simulator):
    body = refused("refuse refuse_after=250", fallbacks=[{"model": OTHER}])
    message = answered(simulator, body, SERVER_SIDE_FALLBACK).json
    assert blocks(message) == ["thinking", "text", "fallback", "text"]
    declined, served = message["usage"]["iterations"]
    assert served["input_tokens"] == declined["input_tokens"] + declined["output_tokens"]
    assert message["usage"]["output_tokens_details"]["thinking_tokens"] == 0


def test_models_are_asked_in_turn_until_one_answers(simulator):
    chain = [{"model": OTHER}, {"model": REQUESTED}]
    body = refused("refuse declines=2", model="claude-sonnet-4-6", fallbacks=[{"model": REQUESTED}])
    message = answered(simulator, body, SERVER_SIDE_FALLBACK).json
    assert (message["stop_reason"], blocks(message), message["model"]) == ("refusal", ["fallback"], REQUESTED)
    assert message["stop_details"]["recommended_model"] is None
    body = refused("refuse declines=1", fallbacks=chain[:1])
    assert answered(simulator, body, SERVER_SIDE_FALLBACK).json["model"] == OTHER


def test_default_lets_the_api_choose_and_a_model_without_fallbacks_just_answers(simulator):
    message = answered(simulator, refused(fallbacks="default", model=OTHER), SERVER_SIDE_FALLBACK).json
    assert message["model"] == REQUESTED
    body = refused(fallbacks="default", model="claude-sonnet-5")
    assert answered(simulator, body, SERVER_SIDE_FALLBACK).json["stop_reason"] == "refusal"
    listed = {**body, "fallbacks": [{"model": OTHER}]}
    assert answered(simulator, listed, SERVER_SIDE_FALLBACK).message == "fallbacks: Extra inputs are not permitted"


def test_the_first_form_takes_a_list_only(simulator):
    reply = answered(simulator, refused(fallbacks="default"), SERVER_SIDE_FALLBACK_0601)
    assert (reply.status, reply.message) == (400, "fallbacks: Input should be a valid list")
    body = refused(fallbacks=[{"model": OTHER}])
    assert answered(simulator, body, SERVER_SIDE_FALLBACK_0601).json["model"] == OTHER


def test_an_entry_overrides_what_the_request_says(simulator):
    entry = {"model": OTHER, "max_tokens": 40, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    reply = answered(simulator, refused(fallbacks=[entry]), SERVER_SIDE_FALLBACK)
    assert reply.status == 400
    entry["max_tokens"] = 3000
    message = answered(simulator, refused(fallbacks=[entry]), SERVER_SIDE_FALLBACK).json
    assert blocks(message) == ["fallback", "thinking", "text"]
    entry = {"model": OTHER, "max_tokens": 40}
    message = answered(simulator, refused(fallbacks=[entry]), SERVER_SIDE_FALLBACK).json
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 40)


@pytest.mark.parametrize(
    ("fallbacks", "text"),
    [
        ([{"model": "claude-haiku-4-5"}], "fallbacks.0.model: claude-haiku-4-5 is not a permitted fallback"),
        ([{"model": OTHER, "temperature": 1}], "fallbacks.0.temperature: Extra inputs are not permitted"),
        ([{}], "fallbacks.0.model: Field required"),
        ("best", "fallbacks: Input should be a valid list or 'default'"),
        ([{"model": OTHER}] * 4, "fallbacks: List should have at most 3 items"),
    ],
)
def test_a_chain_that_does_not_fit_is_refused(simulator, fallbacks, text):
    reply = answered(simulator, refused(fallbacks=fallbacks), SERVER_SIDE_FALLBACK)
    assert reply.status == 400
    assert text in reply.message


def test_the_answer_of_another_model_is_sent_back_as_it_is(simulator):
    body = refused("refuse refuse_after=250", fallbacks=[{"model": OTHER}])
    message = answered(simulator, body, SERVER_SIDE_FALLBACK).json
    later = [{"role": "assistant", "content": message["content"]}, {"role": "user", "content": "And new ones?"}]
    again = {**body, "messages": [*ask(model=REQUESTED)["messages"], *later]}
    assert answered(simulator, {**again, "model": OTHER, "fallbacks": "default"}, SERVER_SIDE_FALLBACK).status == 200
    reply = answered(simulator, {name: again[name] for name in ("model", "max_tokens", "messages")})
    assert "Input tag 'fallback'" in reply.message


@pytest.mark.parametrize("wish", ["refuse", "refuse refuse_after=250"])
def test_the_sdk_reads_a_streamed_fallback_as_the_whole_one(client, wish):
    body = refused(wish, fallbacks=[{"model": OTHER}])
    asked = {**body, "betas": [SERVER_SIDE_FALLBACK], "extra_headers": {"x-simulator": "repeat=3"}}
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert streamed.to_dict() == whole.to_dict()
    assert whole.model == OTHER
    assert whole.usage.iterations[-1].type == "fallback_message"
    boundary = next(block for block in whole.content if block.type == "fallback")
    assert (boundary.from_.model, boundary.to.model) == (REQUESTED, OTHER)


def credited(simulator, wish="refuse", beta=FALLBACK_CREDIT):
    body = refused(wish)
    return body, answered(simulator, body, beta).json["stop_details"]


def test_a_refusal_carries_a_token_with_its_header_only(simulator):
    _, details = credited(simulator)
    assert details["fallback_credit_token"].startswith("fcr_01")
    assert details["fallback_has_prefill_claim"] is False
    assert credited(simulator, "refuse refuse_after=250")[1]["fallback_has_prefill_claim"] is True


def credit_of(reply):
    assert reply.status == 200, reply.body
    return reply.json["usage"]["fallback_credit"]["status"]


def test_the_retry_on_another_model_redeems_the_token(simulator):
    body, details = credited(simulator)
    token = details["fallback_credit_token"]
    retry = {**body, "model": OTHER, "fallback_credit_token": {"token": token, "mode": "best_effort"}}
    assert credit_of(answered(simulator, retry, FALLBACK_CREDIT)) == {"type": "redeemed"}
    changed = {**retry, "system": "Be brief."}
    reply = answered(simulator, changed, FALLBACK_CREDIT)
    assert credit_of(reply) == {"type": "not_applied", "reason": "body_mismatch"}
    same = {**retry, "model": REQUESTED}
    assert credit_of(answered(simulator, same, FALLBACK_CREDIT))["reason"] == "invalid_target_model"
    unknown = {**retry, "fallback_credit_token": {"token": "made up", "mode": "best_effort"}}
    assert credit_of(answered(simulator, unknown, FALLBACK_CREDIT))["reason"] == "expired"


def test_a_strict_token_that_fails_refuses_the_retry(simulator):
    body, details = credited(simulator)
    retry = {**body, "model": OTHER, "fallback_credit_token": details["fallback_credit_token"]}
    assert credit_of(answered(simulator, retry, FALLBACK_CREDIT_0601)) == {"type": "redeemed"}
    reply = answered(simulator, {**retry, "system": "Be brief."}, FALLBACK_CREDIT)
    assert (reply.status, "body_mismatch" in reply.message) == (400, True)
    as_object = {**retry, "fallback_credit_token": {"token": details["fallback_credit_token"]}}
    reply = answered(simulator, as_object, FALLBACK_CREDIT_0601)
    assert reply.message == "fallback_credit_token: Input should be a valid string"
    both = {**retry, "fallbacks": "default"}
    reply = answered(simulator, both, FALLBACK_CREDIT, SERVER_SIDE_FALLBACK)
    assert reply.message == "fallback_credit_token: cannot be combined with `fallbacks`"
    reply = answered(simulator, retry)
    assert reply.message == "fallback_credit_token: Extra inputs are not permitted"


def test_a_partial_answer_may_be_continued_with_its_token(simulator):
    body, details = credited(simulator, "refuse refuse_after=250")
    partial = answered(simulator, body, FALLBACK_CREDIT).json["content"]
    partial[-1]["text"] = partial[-1]["text"].rstrip()
    messages = [*body["messages"], {"role": "assistant", "content": partial}]
    retry = {**body, "model": OTHER, "messages": messages}
    assert "prefill" in answered(simulator, retry).message
    reply = answered(simulator, {**retry, "fallback_credit_token": details["fallback_credit_token"]}, FALLBACK_CREDIT)
    assert credit_of(reply) == {"type": "redeemed"}


def test_a_token_expires_after_five_minutes():
    now_s = 0.0
    credits = Credits(clock=lambda: now_s)
    question = Question(
        sent=ask(),
        body=ask(),
        betas=(FALLBACK_CREDIT,),
        model_id=REQUESTED,
        model=ModelRule(),
        rules=rules(),
        conversation=Conversation.of(ask()),
        seed=Seed.of("a refusal"),
        input_use=CacheUse(1),
    )
    message = credits.granted(Message(question, (), "refusal", (Iteration("message", CacheUse(1), 0),)), "ann")
    retry = ask(fallback_credit_token=message.stop_details["fallback_credit_token"])

    def redeemed(owner="ann"):
        return credits.redeemed(retry, owner, betas=(FALLBACK_CREDIT,), model_id=OTHER)

    assert redeemed().why_not is None
    with pytest.raises(Refusal, match="expired"):
        redeemed("eve")
    now_s = LIFE_S
    with pytest.raises(Refusal, match="expired"):
        redeemed()


def test_the_sdks_middleware_falls_back_by_itself(door):
    middleware = BetaRefusalFallbackMiddleware([{"model": OTHER}])
    with anthropic.Anthropic(
        api_key="sk-ant-test", base_url=door.url, max_retries=0, middleware=[middleware]
    ) as client:
        message = client.beta.messages.create(**refused())
    assert (message.model, message.stop_reason) == (OTHER, "end_turn")
    assert message.usage.fallback_credit.status.type == "redeemed"
