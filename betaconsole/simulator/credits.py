"""Fallback credits: a refusal carries a token, and the retry on another model that presents it is billed as if the conversation
had been there from the start (beta fallback-credit)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .effects import FALLBACK_CREDIT, FALLBACK_CREDIT_0601
from .refusals import invalid
from .replies import Message
from .store import Shelf
from .tokens import as_blocks

LIFE_S = 300.0
MOST = 1_000
MOST_BYTES = 4 * 1024 * 1024
MOST_TOKEN_CHARS = 4_096
# the fields that make the prompt, which have to be the same in the retry
RENDERED = ("system", "tools", "messages", "tool_choice", "mcp_servers", "output_format")
FORMS = (FALLBACK_CREDIT, FALLBACK_CREDIT_0601)


@dataclass(frozen=True)
class Credit:
    """What a refusal grants. `continued` is the digest of the request with the partial answer appended, if there is one."""

    id: str
    owner: str
    model_id: str
    same: bytes
    continued: bytes | None
    made_at_s: float
    size_bytes: int = 1


@dataclass(frozen=True)
class Redemption:
    """What became of the token of a request; `why_not` is the reason it brought nothing."""

    why_not: str | None = None
    continues: bool = False

    def usage(self) -> dict[str, Any]:
        status = {"type": "not_applied", "reason": self.why_not} if self.why_not else {"type": "redeemed"}
        return {"fallback_credit": {"status": status}}


class Credits:
    """The tokens of one simulator. `clock` is in seconds and only differences count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: Shelf[Credit] = Shelf(most=MOST, most_bytes=MOST_BYTES)

    def redeemed(
        self, body: Mapping[str, Any], owner: str, *, betas: Collection[str], model_id: str
    ) -> Redemption | None:
        """Check the token of a (well-formed) request; None where there is none. Raises a Refusal."""
        asked = body.get("fallback_credit_token")
        if not asked:
            return None
        if isinstance(asked, Mapping) and FALLBACK_CREDIT not in betas:
            raise invalid("fallback_credit_token: Input should be a valid string")
        token, mode = (asked, "strict") if isinstance(asked, str) else (asked["token"], asked.get("mode") or "strict")
        if not 0 < len(token) <= MOST_TOKEN_CHARS:
            raise invalid("fallback_credit_token: malformed token")
        redemption = self._checked(token, body, owner, model_id)
        if redemption.why_not and mode == "strict":
            raise invalid(f"fallback_credit_token: the token cannot be redeemed: {redemption.why_not}")
        return redemption

    def granted(self, message: Message, owner: str) -> Message:
        """The refusal with its token, where the request's betas bring one; any other message as it is."""
        question = message.question
        if message.stop_reason != "refusal" or not set(FORMS) & set(question.betas):
            return message
        written = [block.content for block in message.blocks if block.content["type"] != "fallback"]
        turn = {"role": "assistant", "content": _stripped(written)}
        longer = {**question.sent, "messages": [*question.sent["messages"], turn]}
        credit = Credit(
            question.seed.ident("fcr_"),
            owner,
            question.model_id,
            _rendered(question.sent),
            _rendered(longer) if written else None,
            self._clock(),
        )
        self._held.put(credit)
        details = {"fallback_credit_token": credit.id, "fallback_has_prefill_claim": bool(written)}
        return replace(message, stop_details={**(message.stop_details or {}), **details})

    def _checked(self, token: str, body: Mapping[str, Any], owner: str, model_id: str) -> Redemption:
        credit = self._held.find(token, owner)
        if credit is None or self._clock() >= credit.made_at_s + LIFE_S:
            return Redemption("expired")
        if credit.model_id == model_id:
            return Redemption("invalid_target_model")
        sent = _rendered(body)
        if sent == credit.same:
            return Redemption()
        return Redemption(continues=True) if sent == credit.continued else Redemption("body_mismatch")


def _rendered(body: Mapping[str, Any]) -> bytes:
    said = {name: body[name] for name in RENDERED if body.get(name) is not None}
    said["messages"] = [{**message, "content": _plain(message["content"])} for message in body["messages"]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode("utf-8", "surrogatepass")).digest()


def _plain(content: Any) -> list[Any]:
    return [{"type": "text", "text": block} if isinstance(block, str) else block for block in as_blocks(content)]


def _stripped(blocks: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The partial answer without the blanks at its end and without calls that nobody answered."""
    kept = [block for block in blocks if block["type"] != "tool_use"]
    if kept and kept[-1]["type"] == "text":
        kept[-1] = {**kept[-1], "text": str(kept[-1]["text"]).rstrip()}
    return kept
