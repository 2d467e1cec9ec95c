"""Which cells of a comparison go together into one Message Batch, and the request that makes it. Pure.

A batch has one header line, so only cells with the same one (the same version and extra headers too) share a batch. What
a batch brings back is read as one response: its size is bounded beforehand by what its requests ask for.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from betaconsole.claude.endpoints import MAX_BODY_BYTES

MAX_RESULT_BYTES = 60_000_000  # as guessed; the console reads a little more of a response
BYTES_PER_TOKEN = 6  # of JSON text, where much of it is escaped
LINE_BYTES = 2_000  # of a result, around its text
UNKNOWN_MAX_TOKENS = 8_192


@dataclass(frozen=True)
class Cell:
    """A queued cell: the id it has in the batch, its header lines, and the size of its request in bytes."""

    pk: int
    custom_id: str
    headers: Sequence[Sequence[str]]
    body_id: int
    size: int
    max_tokens: int = UNKNOWN_MAX_TOKENS


def groups(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells of each batch, in the order of their first cells."""
    by_headers: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_headers[json.dumps(cell.headers)].append(cell)
    return [part for same in by_headers.values() for part in _parts(same)]


def _parts(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    part: list[Cell] = []
    sent = expected = 0
    for cell in cells:
        size, result = len(_opening(cell)) + cell.size + 2, LINE_BYTES + cell.max_tokens * BYTES_PER_TOKEN
        if part and (sent + size > MAX_BODY_BYTES or expected + result > MAX_RESULT_BYTES):
            yield part
            part, sent, expected = [], 0, 0
        part.append(cell)
        sent, expected = sent + size, expected + result
    if part:
        yield part


def create_body(cells: Sequence[Cell], bodies: Mapping[int, bytes]) -> bytes:
    """The request that makes a batch of these cells; each one's own body stands in it as it is."""
    return b'{"requests":[' + b",".join(_opening(cell) + bodies[cell.body_id] + b"}" for cell in cells) + b"]}"


def _opening(cell: Cell) -> bytes:
    return b'{"custom_id":%b,"params":' % json.dumps(cell.custom_id).encode()
