"""Where columns met each other's prompt cache: the first to write it pays, the others read. Pure."""

from collections.abc import Mapping, Sequence

from betaconsole.drafts.columns import letter
from betaconsole.runs.models import Exchange

SO = "cost and first text are not comparable as they stand; run with separate caches."


def cache_bias(turns: Mapping[int, Sequence[Exchange]], *, separate: bool) -> str:
    """One sentence where columns read different amounts from caches, else empty.

    `turns`: by column position the exchanges to set beside each other, such as the first turns of one cell: what a column reads
    later may be its own. `separate`: every column has a cache of its own, so a difference is the column's doing.
    """
    read = {position: _tokens(of_column, "cache_read_tokens") for position, of_column in turns.items()}
    known = {position: tokens for position, tokens in read.items() if tokens is not None}
    if separate or len(known) < 2 or len(set(known.values())) == 1:
        return ""
    least = min(known.values())
    readers = {position: tokens for position, tokens in known.items() if tokens > least}
    writers = [
        position
        for position, tokens in known.items()
        if tokens == least and (_tokens(turns[position], "cache_write_tokens") or 0) > 0
    ]
    said = _listed([f"{letter(position)} {tokens:,}" for position, tokens in sorted(readers.items())])
    if least == 0 and len(writers) == 1:
        said = _listed([f"{letter(position)} read {tokens:,}" for position, tokens in sorted(readers.items())])
        return f"{said} tokens from the cache that {letter(writers[0])} had written: {SO}"
    others = _listed([letter(position) for position in sorted(known.keys() - readers.keys())])
    return f"Tokens read from caches: {said}, {others} {least:,}: {SO}"


def _tokens(exchanges: Sequence[Exchange], name: str) -> int | None:
    counts = [getattr(exchange, name) for exchange in exchanges]
    return None if not counts or None in counts else sum(counts)


def _listed(parts: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""
