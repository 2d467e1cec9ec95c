"""The conversation of one cell as its lane shows it: its turns, what answered the tool calls between them. Pure.

A lane stays of a bounded size: of a long conversation the first and the last turns are shown, of long texts the beginning;
everything else opens, and each turn has a page that holds all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.library.stubs import ToolStub, find
from betaconsole.runs.models import Continues, Exchange
from betaconsole.runs.sending.turns import calls_of
from betaconsole.storage.fields import showable

from .block_views import BlockView, ResultView, final_views
from .viewing import Words

FIRST_TURNS, LAST_TURNS = 2, 10  # so many of a long conversation are shown, the one that is under way among the last
FOLD_TEXT, FOLD_RESULT = 700, 280  # characters above which an earlier turn's text, and any result, is folded
MAX_EARLIER = 20_000  # characters of one text of an earlier turn, or of one result
BEGINNING = 120
TEXTS = {"text": "text", "thinking": "thinking"}


@dataclass(frozen=True)
class MessageView:
    """What a person said next. `who` as in `ResultView`."""

    who: str
    text: str
    fold: str = ""
    cut: int = 0


@dataclass(frozen=True)
class TurnView:
    """One turn. `asked` is the person's message it began with, `is_resumed` whether it goes on after a pause.

    The latest turn's blocks are the lane's own: here they are empty.
    """

    exchange: Exchange
    asked: MessageView | None
    is_resumed: bool
    blocks: list[BlockView]

    @property
    def number(self) -> int:
        return self.exchange.turn


@dataclass(frozen=True)
class Conversation:
    """The turns before the latest one: the first, those left out between (as exchanges), the last; then the latest's head."""

    first: list[TurnView]
    between: list[Exchange]
    last: list[TurnView]
    latest: TurnView

    @property
    def has_several(self) -> bool:
        return bool(self.first or self.last)


def with_words(turns: Sequence[Exchange]) -> list[Exchange]:
    """The turns whose words a lane needs: those it shows, and the one whose request answers the last of the first."""
    first, last = _bounds(turns)
    return [*turns[: first + 1], *turns[max(last, first + 1) :]]


def _bounds(turns: Sequence[Exchange]) -> tuple[int, int]:
    """Where the turns begin and end that a long conversation leaves out."""
    left_out = max(0, len(turns) - FIRST_TURNS - LAST_TURNS)
    return (FIRST_TURNS, FIRST_TURNS + left_out) if left_out else (0, 0)


def conversation_of(
    turns: Sequence[Exchange], words: Mapping[int, Words], *, stubs: Sequence[ToolStub], viewer_id: int | None
) -> Conversation:
    """The conversation of a cell from its turns; `words` holds those of `with_words`."""
    first, last = _bounds(turns)
    views = [
        turn_view(turn, words, then, stubs=stubs, viewer_id=viewer_id)
        for index, (turn, then) in enumerate(pairwise(turns))
        if not first <= index < last
    ]
    latest = _head(turns[-1], words.get(turns[-1].pk), viewer_id)
    return Conversation(views[:first], list(turns[first:last]), views[first:], latest)


def left_out(
    turns: Sequence[Exchange], words: Mapping[int, Words], *, stubs: Sequence[ToolStub], viewer_id: int | None
) -> list[TurnView]:
    """The turns that `conversation_of` leaves out; `words` holds those of all turns."""
    first, last = _bounds(turns)
    pairs = list(pairwise(turns))[first:last]
    return [turn_view(turn, words, then, stubs=stubs, viewer_id=viewer_id) for turn, then in pairs]


def turn_view(
    turn: Exchange, words: Mapping[int, Words], then: Exchange, *, stubs: Sequence[ToolStub], viewer_id: int | None
) -> TurnView:
    """An earlier turn, its calls with the answers that the request after it brought."""
    said = words.get(turn.pk)
    message = said.message if said else None
    results: dict[str, ResultView] = {}
    if then.turn == turn.turn + 1 and (next_words := words.get(then.pk)):
        results = results_in(next_words.added, message, then, stubs=stubs, viewer_id=viewer_id)
    return replace(_head(turn, said, viewer_id), blocks=earlier_views(message, turn.public_id, results))


def _head(turn: Exchange, said: Words | None, viewer_id: int | None) -> TurnView:
    """A turn without its blocks: why it was sent."""
    asked = None
    if turn.continues == Continues.MESSAGE and said:
        text = showable(content_text(said.added))
        asked = MessageView(
            who_of(turn, viewer_id),
            text[:MAX_EARLIER],
            fold=beginning(text) if len(text) > FOLD_TEXT else "",
            cut=max(0, len(text) - MAX_EARLIER),
        )
    return TurnView(turn, asked, turn.continues == Continues.PAUSE, [])


def who_of(turn: Exchange, viewer_id: int | None) -> str:
    """Who gave what began this turn."""
    if turn.author_id is None:
        return "somebody who left"
    return "you" if turn.author_id == viewer_id else showable(str(turn.author))


def results_in(
    added: Any, message: Mapping[str, Any] | None, then: Exchange, *, stubs: Sequence[ToolStub], viewer_id: int | None
) -> dict[str, ResultView]:
    """The tool results of an added user message, by the id of their call. `then` is the turn that brought them.

    Where a person gave results, what a stub gives in the same words was the stub's.
    """
    calls = {call.id: call for call in calls_of(message)}
    found: dict[str, ResultView] = {}
    for block in added if isinstance(added, list) else ():
        if not isinstance(block, dict) or block.get("type") != "tool_result" or block.get("tool_use_id") not in calls:
            continue
        call = calls[block["tool_use_id"]]
        stub = find(stubs, call.name, call.input) if then.continues == Continues.RESULTS else None
        is_stub = then.continues == Continues.STUBS or (stub is not None and stub.content == block.get("content"))
        who = "stub" if is_stub else who_of(then, viewer_id)
        found[call.id] = result_view(who, block.get("content"), is_error=block.get("is_error") is True)
    return found


def stub_results(message: Mapping[str, Any] | None, stubs: Sequence[ToolStub]) -> dict[str, ResultView]:
    """What stubs say to the calls of a turn that is not answered yet, by the id of the call."""
    answers = {call.id: find(stubs, call.name, call.input) for call in calls_of(message)}
    return {
        call_id: result_view("stub", stub.content, is_error=stub.is_error) for call_id, stub in answers.items() if stub
    }


def result_view(who: str, content: Any, *, is_error: bool) -> ResultView:
    text = showable(content_text(content))
    fold = beginning(text) if len(text) > FOLD_RESULT else ""
    return ResultView(who, text[:MAX_EARLIER], is_error, fold, cut=max(0, len(text) - MAX_EARLIER))


def content_text(content: Any) -> str:
    """The content of a user message or a tool result in words: its text, other blocks as JSON."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return jsontext.dumps(content)
    return "\n".join(_block_text(block) for block in content)


def _block_text(block: Any) -> str:
    text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
    return text if isinstance(text, str) else jsontext.dumps(block)


def beginning(text: str) -> str:
    """How a long text begins, in one line."""
    return " ".join(text[: BEGINNING * 2].split())[:BEGINNING].rstrip() + f"… {len(text):,} characters"


def earlier_views(message: Mapping[str, Any] | None, xid: str, results: Mapping[str, ResultView]) -> list[BlockView]:
    """The blocks of a turn that is over: calls with their results, long texts folded and cut."""
    content = message.get("content") if message else None
    blocks = content if isinstance(content, list) else []
    short = [_cut(block) for block in blocks]
    views = final_views({**(message or {}), "content": short}, xid)
    of_blocks = [
        _folded(with_result(view, block, results), whole=block)
        for view, block in zip(views[: len(blocks)], blocks, strict=True)
    ]
    return of_blocks + views[len(blocks) :]


def with_results(
    views: Sequence[BlockView], message: Mapping[str, Any] | None, results: Mapping[str, ResultView]
) -> list[BlockView]:
    """The views of a message, its calls with their results."""
    content = message.get("content") if message else None
    blocks = content if isinstance(content, list) else []
    answered = [with_result(view, block, results) for view, block in zip(views, blocks, strict=False)]
    return [*answered, *views[len(answered) :]]


def with_result(view: BlockView, block: Any, results: Mapping[str, ResultView]) -> BlockView:
    call_id = block.get("id") if isinstance(block, dict) and block.get("type") == "tool_use" else None
    return replace(view, result=results.get(call_id)) if isinstance(call_id, str) else view


def _cut(block: Any) -> Any:
    name = _text_field(block)
    return {**block, name: block[name][:MAX_EARLIER]} if name and len(block[name]) > MAX_EARLIER else block


def _folded(view: BlockView, *, whole: Any) -> BlockView:
    name = _text_field(whole)
    if not name or len(whole[name]) <= FOLD_TEXT:
        return view
    text = showable(whole[name])
    return replace(view, fold=beginning(text), cut=max(0, len(text) - MAX_EARLIER))


def _text_field(block: Any) -> str:
    """The field that holds the text of a block that may be long; empty for any other block."""
    name = TEXTS.get(str(block.get("type"))) if isinstance(block, dict) else None
    return name if name and isinstance(block.get(name), str) else ""
