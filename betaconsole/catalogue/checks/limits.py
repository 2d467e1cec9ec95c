"""Limits of tokens: what a model writes, what it reads, and when an answer is too long to wait for in one piece."""

from __future__ import annotations

from collections.abc import Iterator

from .asked import Asked
from .estimate import CHARACTERS_A_TOKEN, estimated_tokens
from .findings import Finding, error, hint, remove_field, set_field, warning

LONG_OUTPUT = "output-300k-2026-03-24"
LONGEST_UNSTREAMED = 21_333  # the SDK refuses to wait for more without a stream (api.md section 10)
SURELY = 0.6  # of the estimate: no text is that much shorter in tokens
MOST_MARKS = 4


def max_tokens(asked: Asked) -> Iterator[Finding]:
    """max_tokens_over_limit, max_tokens_zero, long_answer_unstreamed."""
    wanted, model = asked.whole("max_tokens"), asked.model
    if wanted is None or asked.is_counted:
        return
    place = ("max_tokens",)
    most = model.max_output_tokens if model else None
    if model and asked.is_batched and LONG_OUTPUT in asked.betas:
        most = model.batch_max_output_tokens or most
    if model and most is not None and wanted > most:
        message = f"{model.display_name} writes at most {most:,} tokens: max_tokens is {wanted:,}."
        fix = set_field(asked.pointer(place), most)
        yield error("max_tokens_over_limit", message, path=asked.shown(place), fix=fix)
    elif wanted > LONGEST_UNSTREAMED and not asked.request.is_stream and not asked.is_batched:
        message = f"An answer of up to {wanted:,} tokens may take long: streamed, it shows at once and no connection falls idle."
        yield hint("long_answer_unstreamed", message, path=asked.shown(place), fix=set_field("/stream", True))
    if wanted == 0 and not asked.is_batched:
        yield hint(
            "max_tokens_zero", "max_tokens 0 only warms the cache: no answer is written.", path=asked.shown(place)
        )


def context(asked: Asked) -> Iterator[Finding]:
    """prompt_too_long, context_exceeded: an estimate against the model's window."""
    window = asked.model.context_tokens if asked.model else None
    if asked.model is None or window is None:
        return
    tokens = estimated_tokens(asked.body)
    most = 0 if asked.is_counted else asked.whole("max_tokens") or 0
    shown = round(tokens, -3) if tokens > 10_000 else tokens
    said = f"about {shown:,} tokens (estimated at {CHARACTERS_A_TOKEN} characters each)"
    if tokens > window:
        message = f"The prompt is too long for {asked.model.display_name}: {said}, and at most {window:,} fit."
        make = error if tokens * SURELY > window else warning
        yield make("prompt_too_long", message)
    elif tokens + most > window and most <= (asked.model.max_output_tokens or most):
        message = (
            f"The prompt has {said}: with max_tokens that is more than the {window:,} of {asked.model.display_name}."
        )
        yield warning("context_exceeded", message, path=asked.shown(("max_tokens",)))


def cache_marks(asked: Asked) -> Iterator[Finding]:
    """too_many_cache_marks: a request holds at most four."""
    holders = [each for each in _markable(asked) if isinstance(each[1].get("cache_control"), dict)]
    if len(holders) > MOST_MARKS:
        place = (*holders[0][0], "cache_control")
        message = f"cache_control stands in {len(holders)} places: at most {MOST_MARKS} are taken."
        fix = remove_field(asked.pointer(place)) if len(holders) == MOST_MARKS + 1 and not asked.is_cut else None
        yield error("too_many_cache_marks", message, path=asked.shown(place), fix=fix)


def _markable(asked: Asked) -> Iterator[tuple[tuple[str | int, ...], dict[str, object]]]:
    yield (), asked.body
    yield from asked.tools
    yield from asked.objects("system")
    for place, _, block in asked.blocks:
        yield place, block
        content = block.get("content")
        for index, inner in enumerate(content if isinstance(content, list) else ()):
            if isinstance(inner, dict):
                yield (*place, "content", index), inner
