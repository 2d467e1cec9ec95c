"""How much a simulated answer thinks, and what is shown of it."""

from __future__ import annotations

import math
import random

from .blocks import Block, Thinking, thinking_block
from .budgets import output_share
from .effects import DISPLAY_UPDATES, EFFECTS, INTERLEAVED_THINKING, NOISE, THINKING_TOKEN_COUNT
from .prefixes import Prefix
from .prose import Writer
from .questions import Question
from .signatures import Signed, sign, text_digest

EFFORT_THINKING = {"low": 0.4, "medium": 1.0, "high": 1.6, "xhigh": 2.4, "max": 3.2}
SUMMARY_SHARE = 0.4
DEFAULT_EFFORT = "high"
MOST_TOKENS = 100_000
SIGNED_BYTES_A_TOKEN = 2
SIGNED_BYTES_MOST = 4_000


def thinking_tokens(question: Question) -> int:
    """How many tokens this answer thinks before anything else; 0 when it does not think."""
    setting = question.body.get("thinking") or {}
    kind = setting.get("type") or question.model.thinking_default
    between = bool(question.conversation.results or question.conversation.paused_calls)
    interleaved = kind == "enabled" and INTERLEAVED_THINKING in question.betas
    if (
        kind == "disabled"
        or (kind == "between_tools" and not between)
        or (kind == "enabled" and between and not interleaved)
    ):
        return 0
    rng = question.seed.rng("thinking tokens")
    if between:
        blocks = EFFECTS[INTERLEAVED_THINKING, "thinking_blocks"].size
        tokens = blocks * EFFECTS[INTERLEAVED_THINKING, "thinking_tokens"].draw(rng)
    else:
        effort = question.effort if kind == "adaptive" else DEFAULT_EFFORT
        base = question.task.rng("thinking").uniform(110, 240)
        tokens = base * EFFORT_THINKING.get(effort, 1.0) * noise(rng, NOISE.thinking_tokens)
    tokens *= output_share(question.body)
    return max(16, min(round(tokens), setting.get("budget_tokens") or MOST_TOKENS))


def think(question: Question, tokens: int, *, prefix: Prefix, writer: Writer) -> Block:
    """A thinking block of so many tokens, bound to what stands before it."""
    counts = THINKING_TOKEN_COUNT in question.betas
    shown = _shown(question, tokens, writer)
    thinking = Thinking(
        tokens,
        summary=shown,
        quantum=int(EFFECTS[THINKING_TOKEN_COUNT, "estimate_quantum"].size) if counts else None,
        estimated=tokens * EFFECTS[THINKING_TOKEN_COUNT, "estimated_share"].draw(question.seed.rng("estimate")),
    )
    rng = question.seed.rng("thinking")
    signed = Signed(question.model_id, prefix.digest, text_digest(shown or ""), question.model.binds_thinking)
    filler = min(120 + SIGNED_BYTES_A_TOKEN * tokens, SIGNED_BYTES_MOST)
    return thinking_block(thinking, sign(signed, rng, filler=filler), rng)


def _shown(question: Question, tokens: int, writer: Writer) -> str | None:
    """What is shown of so much thinking; None where nothing is."""
    display = (question.body.get("thinking") or {}).get("display") or question.model.thinking_display
    if display == "updates":
        return writer.updates(tokens * EFFECTS[DISPLAY_UPDATES, "shown_share"].size)
    return None if display == "omitted" else writer.thoughts(tokens * SUMMARY_SHARE)


def noise(rng: random.Random, spread: float) -> float:
    """A factor with mean 1 and that relative standard deviation."""
    sigma = math.sqrt(math.log(1 + spread * spread))
    return rng.lognormvariate(-sigma * sigma / 2, sigma)
