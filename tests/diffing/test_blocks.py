"""What changed between the messages of two answers."""

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.diffing import blocks
from betaconsole.diffing.blocks import message_diff
from betaconsole.diffing.trees import leaves

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)
TYPES = st.sampled_from(
    ["text", "thinking", "redacted_thinking", "tool_use", "compaction", "mcp_tool_result", "new", 7]
)
NAMES = ("text", "thinking", "input", "name", "id", "tool_use_id", "citations", "content", "data", "extra")
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))
BLOCKS = st.builds(lambda kind, fields: {"type": kind, **fields}, TYPES, FIELDS) | JSON
MESSAGES = st.none() | st.fixed_dictionaries(
    {"content": st.lists(BLOCKS, max_size=4) | JSON}, optional={"stop_reason": JSON, "usage": JSON, "container": JSON}
)


def text(said, **fields):
    return {"type": "text", "text": said, **fields}


def call(name, given, *, id="toolu_1"):
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def told(left, right):
    return [(change.kind, change.type, change.left_at, change.right_at) for change in diff(left, right).blocks]


def diff(left, right):
    return message_diff({"content": left}, {"content": right})


@given(MESSAGES, MESSAGES)
def test_whatever_two_messages_hold_every_block_of_both_is_told_once_and_in_order(left, right):
    found = message_diff(left, right)
    for at, message in (("left_at", left), ("right_at", right)):
        content = message.get("content") if message else None
        places = [getattr(change, at) for change in found.blocks if getattr(change, at) is not None]
        assert places == list(range(len(content) if isinstance(content, list) else 0))
    assert all(change.left_at is not None or change.right_at is not None for change in found.blocks)


@given(MESSAGES)
def test_a_message_differs_in_nothing_from_itself(message):
    found = message_diff(message, message)
    assert all(change.is_same for change in found.blocks)
    assert all(field.is_same for field in found.fields)


def test_blocks_are_aligned_by_type_tool_and_position():
    left = [text("Let me look."), call("lookup_order", {"id": 1}), text("It is on its way.")]
    right = [
        {"type": "thinking", "thinking": "Which one?", "signature": "x"},
        text("Let me look."),
        call("lookup_order", {"id": 2}),
        call("refund", {"id": 2}),
        text("It was refunded."),
    ]
    assert told(left, right) == [
        ("added", "thinking", None, 0),
        ("same", "text", 0, 1),
        ("changed", "tool_use", 1, 2),
        ("added", "tool_use", None, 3),
        ("changed", "text", 2, 4),
    ]


def test_of_two_texts_the_one_that_is_alike_is_the_counterpart():
    left = [text("Your order A-1043 was delivered eight days ago.")]
    right = [text("Hello!"), text("Your order A-1043 was delivered nine days ago.")]
    assert told(left, right) == [("added", "text", None, 0), ("changed", "text", 0, 1)]


def test_very_many_blocks_are_aligned_by_their_names(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_WEIGHED", 0)
    left, right = [text("a"), call("one", {}), text("b")], [text("a"), call("two", {}), call("one", {}), text("c")]
    assert [kind for kind, *_ in told(left, right)] == ["same", "added", "same", "changed"]


def test_ids_and_signatures_make_no_difference():
    left = [
        {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
        {"type": "redacted_thinking", "data": "aaa"},
        call("lookup", {"id": "A"}),
    ]
    right = [
        {"type": "thinking", "thinking": "Hm.", "signature": "xyz"},
        {"type": "redacted_thinking", "data": "bbb"},
        call("lookup", {"id": "A"}, id="toolu_2"),
    ]
    assert {kind for kind, *_ in told(left, right)} == {"same"}
    [one] = diff([call("lookup", {"id": "A"})], [call("lookup", {"id": "B"})]).blocks
    assert [(path, node.left, node.right) for path, node in leaves(one.input)] == [("id", "A", "B")]


def test_citations_are_compared_apart_from_what_is_said():
    left = [text("It rains.", citations=[{"type": "page_location", "cited_text": "rain", "start_page_number": 1}])]
    right = [text("It rains.", citations=[{"type": "page_location", "cited_text": "rain", "start_page_number": 2}])]
    [one] = diff(left, right).blocks
    assert (one.kind, one.words.is_same) == ("changed", True)
    assert [path for path, _ in leaves(one.citations)] == ["[0].start_page_number"]


def test_a_block_of_a_type_nobody_knows_is_compared_as_json():
    [one] = diff([{"type": "hologram", "depth": 3}], [{"type": "hologram", "depth": 4}]).blocks
    assert (one.kind, one.label) == ("changed", "Unknown block: hologram")
    assert [(path, node.left, node.right) for path, node in leaves(one.rest)] == [("depth", 3, 4)]


def test_the_stop_reason_comes_first_and_what_neither_says_is_left_out():
    left = {"content": [], "model": "m", "stop_reason": "end_turn", "stop_sequence": None, "id": "msg_1"}
    right = {**left, "stop_reason": "tool_use", "context_management": {"applied_edits": []}, "id": "msg_2"}
    assert [(field.key, field.kind) for field in message_diff(left, right).fields] == [
        ("stop_reason", "changed"),
        ("model", "same"),
        ("context_management", "changed"),
    ]
