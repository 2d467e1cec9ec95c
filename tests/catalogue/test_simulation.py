from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.simulator.rules import Rules

RULES = Rules.from_dict(simulator_rules())


def gate(path: str) -> set[str]:
    return set(next((gate.betas for gate in RULES.gates if gate.path == path), ()))


def test_every_name_is_accepted_but_those_the_api_refuses():
    assert len(RULES.betas) == 83
    assert "server-side-fallback-2026-06-02" not in RULES.betas
    assert "token-efficient-tools-2025-02-19" in RULES.betas
    assert "afk-mode-2026-01-31" in RULES.betas


def test_active_and_superseded_betas_open_their_fields():
    assert gate("context_management") == {"context-management-2025-06-27", "compact-2026-01-12"}
    assert gate("fallbacks") == {"server-side-fallback-2026-07-01", "server-side-fallback-2026-06-01"}
    assert gate("thinking.display=updates") == {"thinking-display-updates-2026-08-18"}
    assert gate("output_format") == {"structured-outputs-2025-11-13"}


def test_what_has_become_stable_is_not_gated():
    for path in ("output_config.format", "**.cache_control", "speed", "tools[].defer_loading", "container.skills"):
        assert gate(path) == set()
    assert "code_execution_20250522" in RULES.tool_types
    assert "code_execution_20250522" not in RULES.gated_tool_types
    assert RULES.gated_tool_types["computer_20241022"] == {"computer-use-2024-10-22"}


def test_models_come_with_their_limits_and_aliases():
    name, opus = RULES.find_model("claude-opus-4-5-20251101") or ("", None)
    assert name == "claude-opus-4-5"
    assert opus is not None
    assert (opus.max_input_tokens, opus.max_tokens, opus.thinking) == (200_000, 64_000, ("disabled", "enabled"))


def test_a_model_at_its_end_is_gone_and_one_near_it_deprecated():
    assert RULES.find_model("claude-3-opus-20240229") is None
    assert RULES.models["claude-sonnet-4-5"].lifecycle == "deprecated"
    assert RULES.models["claude-sonnet-4-5"].retires_at == "2026-11-30T00:00:00Z"


def test_always_on_thinking_is_the_default_where_it_cannot_be_switched_off():
    opus = RULES.models["claude-opus-5-5"]
    assert (opus.thinking, opus.thinking_default, opus.effort_default) == (("adaptive",), "adaptive", "medium")
    assert RULES.models["claude-sonnet-4-6"].thinking_default == "disabled"


def test_what_a_model_refuses_is_passed_on():
    assert RULES.models["claude-opus-5-5"].refuses == ()
    assert set(RULES.models["claude-sonnet-5"].refuses) == {
        "fallbacks",
        "messages[role=system].output_config",
        "output_config.task_budget",
        "thinking.display=updates",
    }
    assert "compaction" in RULES.models["claude-opus-4-5"].refuses
    assert not RULES.models["claude-sonnet-5"].system_role
    assert not RULES.models["claude-sonnet-5"].prefill
    assert RULES.models["claude-haiku-4-5"].prefill
    assert RULES.models["claude-haiku-5-5"].refuses_tool_types == ("computer_20251124",)
