import pytest

from betaconsole.simulator.rules import Rules, parse_path

from .rules import rules


def test_two_betas_that_unlock_one_path_share_its_gate():
    gate = next(gate for gate in rules().gates if gate.path == "context_management")
    assert gate.betas == {"context-management-2025-06-27", "compact-2026-01-12"}


def test_a_model_is_found_by_its_alias_and_a_retired_one_is_not():
    assert rules().find_model("claude-haiku-4-5")[0] == "claude-haiku-4-5-20251001"
    assert rules().find_model("claude-3-opus-20240229") is None


@pytest.mark.parametrize("path", ["", "a..b", "a.**", "=x", "a=", "a[b", "a b"])
def test_a_bad_path_is_refused(path):
    with pytest.raises(ValueError, match="not a path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"betas": {"a": {"unlock": []}}, "models": {}}, "betas.a: unknown key 'unlock'"),
        ({"betas": {}, "models": {"m": {"thinking": "adaptive"}}}, "models.m.thinking: a list is needed"),
        ({"betas": {}, "models": {}, "gates": []}, "rules: unknown key 'gates'"),
    ],
)
def test_rules_with_a_mistake_name_it(data, says):
    with pytest.raises(ValueError, match=says):
        Rules.from_dict(data)
