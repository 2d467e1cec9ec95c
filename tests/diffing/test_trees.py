"""What changed between two JSON values."""

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.jsontext import loads
from betaconsole.diffing.trees import MAX_ITEMS, MISSING, applied, canonical, is_same, leaves, tree_diff

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=20,
)


def told(left, right):
    return [(path, node.kind) for path, node in leaves(tree_diff(left, right))]


@given(JSON, JSON)
def test_applying_the_diff_gives_the_other_side(left, right):
    assert canonical(applied(tree_diff(left, right), left)) == canonical(right)


@given(JSON)
def test_a_value_is_the_same_as_itself(value):
    assert tree_diff(value, value).is_same
    assert told(value, value) == []


def test_each_place_that_differs_is_named():
    left = {"order": "A-1043", "notify": True, "lines": [{"sku": 1, "n": 2}, {"sku": 2, "n": 1}]}
    right = {"order": "A-1043", "lines": [{"sku": 1, "n": 3}, {"sku": 2, "n": 1}, {"sku": 9}], "reason": None}
    assert told(left, right) == [
        ("notify", "removed"),
        ("lines[0].n", "changed"),
        ("lines[2]", "added"),
        ("reason", "added"),
    ]


def test_an_item_put_in_front_moves_the_others_and_changes_none():
    assert told([{"a": 1}, {"b": 2}], [{"new": 0}, {"a": 1}, {"b": 2}]) == [("[0]", "added")]


def test_true_is_not_one_and_numbers_are_what_was_written():
    assert told({"a": True, "b": 1}, {"a": 1, "b": 1}) == [("a", "changed")]
    assert told(loads('{"t": 1.0, "n": 10}'), loads('{"t": 1, "n": 10}')) == [("t", "changed")]
    assert told(loads("[1e2]"), loads("[100.0]")) == [("[0]", "changed")]


def test_null_is_something_and_missing_is_nothing():
    assert told({"a": None}, {}) == [("a", "removed")]
    assert tree_diff(MISSING, {"a": 1}).kind == "added"
    assert tree_diff(MISSING, MISSING).is_same


def test_members_in_another_order_are_the_same():
    assert is_same({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1})
    assert not is_same([1, 2], [2, 1])
    assert not is_same({"a": "b"}, {'a": "b"}': ""})


def test_values_nested_deeper_than_any_stack_are_compared():
    def nested(end):
        value = end
        for _ in range(20_000):
            value = [value]
        return value

    assert is_same(nested(1), nested(1))
    assert not tree_diff(nested(1), nested(2)).is_same


def test_hostile_texts_are_compared_as_they_are():
    left, right = {"\x00": "\ud800", "‮": "<script>"}, {"\x00": "\udfff", "‮": "<script>"}
    assert told(left, right) == [("\x00", "changed")]


def test_long_lists_are_compared_item_by_item():
    left = list(range(MAX_ITEMS + 1))
    assert told(left, [*left[:5], -1, *left[6:], "end"]) == [("[5]", "changed"), (f"[{MAX_ITEMS + 1}]", "added")]
