"""Answers that go wrong on demand: error statuses, streams that end badly, frames that make no sense."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .directions import Directions
from .refusals import ERROR_TYPES, Refusal
from .seeds import Seed
from .stream import Frame, error_frame
from .wire import Answer, Ending, Part

STATUS_MESSAGES = {
    400: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    401: "invalid x-api-key",
    402: "There is a problem with this organization's billing.",
    403: "This API key does not have permission to use the specified resource.",
    404: "Not Found",
    429: "This request would exceed your organization's rate limit of 30,000 input tokens per minute. For details, refer to: "
    "https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt "
    "length or the maximum tokens requested, or try again later.",
    500: "Internal server error",
    503: "Service unavailable",
    504: "The request took too long.",
    529: "Overloaded",
}
EDGE_PAGE = (
    b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large"
    b"</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
HANG_S = 3_600.0


@dataclass(frozen=True)
class Struck:
    """A stream after a fault: its frames and how it ends."""

    frames: Sequence[Frame]
    ending: Ending = Ending.WHOLE


def strikes(directions: Directions, seed: Seed) -> str | None:
    """The fault that this answer meets, if any: chance is drawn per request and repeat."""
    if directions.fault is None or seed.rng("fault").random() >= directions.chance:
        return None
    return directions.fault if directions.fault.isdigit() or directions.fault in FAULTS else None


def status_refusal(fault: str, directions: Directions) -> Refusal | None:
    """The refusal of a status fault ("529"); None for the other faults, and for 413, whose page is no API answer."""
    status = int(fault) if fault.isdigit() and len(fault) == 3 else 0
    if status not in STATUS_MESSAGES or status not in ERROR_TYPES:
        return None
    headers = [("retry-after", str(directions.retry_after))] if status == 429 else []
    return Refusal(status, STATUS_MESSAGES[status], headers=headers)


def edge_page(at_s: float, *, status: int) -> Answer:
    """An HTML page of the edge where an API answer was due."""
    headers = (("server", "cloudflare"), ("content-type", "text/html"))
    return Answer(status, headers, (Part(at_s, EDGE_PAGE),), len(EDGE_PAGE), at_s)


def without_answer(fault: str, directions: Directions) -> Answer | None:
    """The faults that never send a status line: a reset, or silence."""
    after_s = (directions.after_ms or 0) / 1000
    if fault == "reset":
        return Answer(0, (), head_at_s=after_s, ending=Ending.RESET, silent=True)
    if fault == "hang":
        return Answer(0, (), head_at_s=HANG_S, ending=Ending.CUT, silent=True)
    return None


def strike_stream(fault: str, frames: Sequence[Frame], directions: Directions) -> Struck:
    return FAULTS[fault](list(frames), _place(frames, directions), directions) if fault in FAULTS else Struck(frames)


def strike_body(fault: str, answer: Answer, directions: Directions) -> Answer:
    """The same faults on an answer that comes whole, as far as they make sense there."""
    part = answer.parts[0]
    half = part.data[: len(part.data) // 2]
    if fault in ("cut", "no_stop"):
        return replace(answer, parts=(Part(part.at_s, half),), ending=Ending.CUT)
    if fault == "stall":
        rest = Part(part.at_s + directions.stall_ms / 1000, part.data[len(half) :])
        return replace(answer, parts=(Part(part.at_s, half), rest))
    if fault == "bad_json":
        return replace(answer, parts=(Part(part.at_s, half),), length=len(half))
    if fault == "bad_utf8":
        data = part.data.replace(b'"text": "', b'"text": "\xff\xfe\xc3', 1)
        return replace(answer, parts=(Part(part.at_s, data),), length=len(data))
    return answer


def _place(frames: Sequence[Frame], directions: Directions) -> int:
    """Where in a stream the fault strikes: after so many events, at the first event due after so long, or halfway."""
    if directions.after_events is not None:
        return min(directions.after_events, len(frames))
    if directions.after_ms is not None:
        late = (place for place, frame in enumerate(frames) if frame.at_s * 1000 > directions.after_ms)
        return next(late, len(frames))
    return max(1, len(frames) // 2)


def _error_event(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return Struck([*frames[:place], error_frame(_due(frames, place), Refusal(529, "Overloaded").error)])


def _cut(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return Struck(frames[:place], Ending.CUT)


def _reset_stream(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return Struck(frames[:place], Ending.RESET)


def _stall(frames: list[Frame], place: int, directions: Directions) -> Struck:
    late = [replace(frame, at_s=frame.at_s + directions.stall_ms / 1000) for frame in frames[place:]]
    return Struck([*frames[:place], *late])


def _no_stop(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return Struck([frame for frame in frames if frame.event != "message_stop"])


def _bad_json(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return _inserted(
        frames, place, "content_block_delta", '{"type":"content_block_delta","index":0,"delta":{"type":"text_'
    )


def _bad_utf8(frames: list[Frame], place: int, directions: Directions) -> Struck:
    start, index = _open_block(frames, place)
    delta = b'{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":" \xff\xfe\xc3( "}}' % index
    return _inserted(frames, start, "content_block_delta", delta)


def _unknown_event(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return _inserted(frames, place, "weather_report", '{"type":"weather_report","wind":{"knots":12}}')


def _unknown_delta(frames: list[Frame], place: int, directions: Directions) -> Struck:
    start, index = _open_block(frames, place)
    data = {"type": "content_block_delta", "index": index, "delta": {"type": "melody_delta", "notes": ["c", "e", "g"]}}
    return _inserted(frames, start, "content_block_delta", json.dumps(data))


def _unknown_block(frames: list[Frame], place: int, directions: Directions) -> Struck:
    end = next(at for at, frame in enumerate(frames) if frame.event == "message_delta")
    index = sum(frame.event == "content_block_start" for frame in frames)
    block = {"type": "melody", "notes": ["c", "e", "g"]}
    start = {"type": "content_block_start", "index": index, "content_block": block}
    struck = _inserted(frames, end, "content_block_start", json.dumps(start)).frames
    return _inserted(
        list(struck), end + 1, "content_block_stop", json.dumps({"type": "content_block_stop", "index": index})
    )


def _unstruck(frames: list[Frame], place: int, directions: Directions) -> Struck:
    return Struck(frames)


def _inserted(frames: list[Frame], place: int, event: str, data: str | bytes) -> Struck:
    return Struck([*frames[:place], Frame(_due(frames, place), event, data), *frames[place:]])


def _due(frames: Sequence[Frame], place: int) -> float:
    return frames[min(place, len(frames) - 1)].at_s


def _open_block(frames: Sequence[Frame], place: int) -> tuple[int, int]:
    """The delta at or after `place` (else the last one), and the index of its block."""
    deltas = [at for at, frame in enumerate(frames) if frame.event == "content_block_delta"]
    if not deltas:
        return 1, 0
    chosen = next((at for at in deltas if at >= place), deltas[-1])
    data: dict[str, Any] = json.loads(frames[chosen].data)
    return chosen, data["index"]


FAULTS: dict[str, Callable[[list[Frame], int, Directions], Struck]] = {
    "error_event": _error_event,
    "cut": _cut,
    "reset_stream": _reset_stream,
    "stall": _stall,
    "no_stop": _no_stop,
    "bad_json": _bad_json,
    "bad_utf8": _bad_utf8,
    "unknown_event": _unknown_event,
    "unknown_delta": _unknown_delta,
    "unknown_block": _unknown_block,
    # these four act before there is a stream
    "reset": _unstruck,
    "hang": _unstruck,
    "json": _unstruck,
    "html": _unstruck,
}
