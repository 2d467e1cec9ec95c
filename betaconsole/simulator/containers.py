"""The container in which simulated code runs: what a message says of it, with the skills that were loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from .refusals import invalid
from .skills import BUILT_IN_SKILLS, FIRST_BETA, find_skill, find_version
from .store import moment
from .visits import Caller, Visit

LIFE_S = 3_600.0


def loaded_skills(visit: Visit, caller: Caller, body: Mapping[str, Any]) -> list[dict[str, str]]:
    """The skills that a request loads, each with the version that it means. Raises a Refusal where one is not there."""
    asked = body.get("container")
    skills = (asked.get("skills") if isinstance(asked, dict) else None) or []
    if not isinstance(skills, list):
        raise invalid("container.skills: Input should be a valid array")
    return [_loaded(visit, caller, skill, f"container.skills.{number}") for number, skill in enumerate(skills)]


def container_of(
    visit: Visit, body: Mapping[str, Any], content: Sequence[Mapping[str, Any]], skills: Sequence[Mapping[str, str]]
) -> dict[str, Any] | None:
    """The container of a message whose tools ran code; None for others. One that the request names goes on."""
    if not any(str(block["type"]).endswith("code_execution_tool_result") for block in content):
        return None
    asked = body.get("container")
    ident = asked.get("id") if isinstance(asked, dict) else asked
    named = ident if ident and isinstance(ident, str) else visit.seeded().ident("container_")
    told = {"id": named, "expires_at": moment(time.time() + LIFE_S)}
    return {**told, "skills": list(skills)} if skills else told


def _loaded(visit: Visit, caller: Caller, skill: Any, place: str) -> dict[str, str]:
    if not isinstance(skill, dict):
        raise invalid(f"{place}: Input should be a valid dictionary")
    for name in ("type", "skill_id"):
        if not isinstance(skill.get(name), str):
            raise invalid(f"{place}.{name}: Field required")
    if skill["type"] not in ("anthropic", "custom"):
        raise invalid(f"{place}.type: Input should be 'anthropic' or 'custom'")
    if (skill["skill_id"] in BUILT_IN_SKILLS) != (skill["type"] == "anthropic"):
        raise invalid(f"{place}: there is no {skill['type']} skill '{skill['skill_id']}'")
    found = find_skill(visit, caller, skill["skill_id"])
    wanted = skill.get("version") or "latest"
    version = found.latest if wanted == "latest" else find_version(found, str(wanted))
    named = version.epoch if FIRST_BETA in caller.betas else version.id
    return {"type": skill["type"], "skill_id": found.id, "version": named}
