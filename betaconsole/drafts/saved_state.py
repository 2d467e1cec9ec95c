"""Whether a draft still says what the version of the prompt says that it was opened from or saved as."""

from collections.abc import Mapping, Sequence
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.library.models import PromptVersion

from .apart import taken_apart

WATCHED = frozenset({"body_text", "tool_stubs", "max_turns", "prompt_version_id"})


def differs(
    version: PromptVersion | None, *, body_text: str, tool_stubs: Sequence[Mapping[str, Any]], max_turns: int | None
) -> bool:
    """Whether these are anything but what the version keeps; how the JSON is written makes no difference.

    `body_text` is a draft's: its long data stand apart (drafts.apart).
    """
    if version is None:
        return False
    if (version.tool_stubs, version.max_turns) != (list(tool_stubs), max_turns):
        return True
    saved = taken_apart(version.body_text).text
    return saved != body_text and _plain(saved) != _plain(body_text)


def after(draft: Any, fields: Mapping[str, Any]) -> dict[str, bool]:
    """What the draft's `is_changed` is once these fields are written; nothing where they do not bear on it."""
    if not WATCHED & fields.keys():
        return {}
    version_id = fields.get("prompt_version_id", draft.prompt_version_id)
    version = PromptVersion.objects.filter(pk=version_id).first() if version_id else None
    if version is None:
        return {"is_changed": False}
    now = {name: fields.get(name, getattr(draft, name)) for name in ("body_text", "tool_stubs", "max_turns")}
    return {"is_changed": differs(version, **now)}


def _plain(text: str) -> str:
    try:
        return jsontext.dumps(jsontext.loads(text))
    except jsontext.JsonError:
        return text
