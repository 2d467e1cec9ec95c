"""Columns of figures as the simulator draws them, without its wire: thousands of comparisons in seconds.

The table of effects, the noise of the lengths and the pace are the simulator's own; what it says of a cell follows from them as in
`simulator/answering.py`, `thinking.py` and `stream.py`, for a prompt that it answers in `ANSWER_TOKENS` on average.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from betaconsole.simulator.effects import (
    ADVISOR_TOOL,
    COMPACTION,
    EFFECTS,
    FAST_MODE,
    INTERLEAVED_THINKING,
    MESSAGE_THREADS,
    NOISE,
    TASK_BUDGETS,
)
from betaconsole.simulator.pace import Pace
from betaconsole.simulator.stream import HEAD_SHARE

Floats = npt.NDArray[np.float64]

NOTHING = ""
BETAS = (INTERLEAVED_THINKING, TASK_BUDGETS, FAST_MODE, MESSAGE_THREADS, COMPACTION, ADVISOR_TOOL)
ANSWER_TOKENS = 250.0
THINKING_TOKENS = 175.0
INPUT_TOKENS = 900.0
USD_A_TOKEN_IN, USD_A_TOKEN_OUT = 3e-6, 15e-6
CHARACTERS_A_TOKEN = 4.2
TOKENS_A_DELTA = 3.0
PACE = Pace()
# How often a cell ends in a refusal, and how often at max_tokens; what the table says nothing of is invented here.
REFUSED, CUT = 0.1, 0.3
CUT_WITH = {TASK_BUDGETS: 0.1, INTERLEAVED_THINKING: 0.5}


def drawn(beta: str, count: int, rng: np.random.Generator) -> Mapping[str, Floats]:
    """So many cells of a column with this beta, or with none: by figure, a value of each cell."""
    answer = ANSWER_TOKENS * _noise(NOISE.answer_tokens, count, rng)
    thinking = np.zeros(count)
    if beta == INTERLEAVED_THINKING:
        thinking = np.maximum(16, np.round(_effect(beta, "thinking_tokens", count, rng)))
    share = 1 + EFFECTS[beta, "output_share"].size if beta == TASK_BUDGETS else 1.0
    answer = np.maximum(1, np.round(answer * share))
    prompt = np.full(count, INPUT_TOKENS)
    if beta in (TASK_BUDGETS, ADVISOR_TOOL):
        prompt += _effect(beta, "prompt_tokens", count, rng)
    beside_in, beside_out = np.zeros(count), np.zeros(count)
    if beta == COMPACTION:
        beside_in, beside_out = (_effect(beta, one, count, rng) for one in ("instruction_tokens", "summary_tokens"))
    if beta == ADVISOR_TOOL:
        beside_out = _effect(beta, "advice_tokens", count, rng)
    ttft_ms = PACE.ttft_ms * _jitter(count, rng)
    if beta == MESSAGE_THREADS:
        ttft_ms *= 1 + EFFECTS[beta, "ttft_share"].size
    tps = PACE.tps * _jitter(count, rng) * (EFFECTS[beta, "pace"].size if beta == FAST_MODE else 1.0)
    output = answer + thinking
    cut = CUT_WITH.get(beta, CUT)
    return {
        "output_tokens": output,
        "input_tokens": prompt,
        "cost_usd": (prompt + beside_in) * USD_A_TOKEN_IN + (output + beside_out) * USD_A_TOKEN_OUT,
        "first_text_ms": ttft_ms + thinking / tps * 1000,
        "total_ms": ttft_ms + (output - 1) / tps * 1000,
        "tokens_per_second": tps,
        "longest_silence_ms": np.maximum(ttft_ms * HEAD_SHARE, (thinking + TOKENS_A_DELTA) / tps * 1000),
        "text_length": np.round(answer * CHARACTERS_A_TOKEN),
        "refusal": (rng.random(count) < REFUSED).astype(np.float64),
        "stop_reason:max_tokens": (rng.random(count) < cut).astype(np.float64),
    }


def _noise(spread: float, count: int, rng: np.random.Generator) -> Floats:
    sigma = math.sqrt(math.log(1 + spread * spread))
    return rng.lognormal(-sigma * sigma / 2, sigma, count)


def _jitter(count: int, rng: np.random.Generator) -> Floats:
    return np.maximum(0.3, rng.normal(1.0, PACE.jitter, count))


def _effect(beta: str, figure: str, count: int, rng: np.random.Generator) -> Floats:
    effect = EFFECTS[beta, figure]
    return (
        np.maximum(0.0, rng.normal(effect.size, effect.spread, count)) if effect.spread else np.full(count, effect.size)
    )
