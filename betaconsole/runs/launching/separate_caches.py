"""Keeping the prompt caches of columns apart: a line of its own at the start of each column's system text. Pure but for chance.

Columns share a prefix, so the first one to write the API's cache pays for the others. With a nonce in front no prefix is
shared, and a column meets only what it wrote itself.
"""

import secrets
from typing import Any

from betaconsole.drafts.columns import letter


def new_nonce(position: int) -> str:
    """What tells one column of one comparison from every other: `A·k3f9…`."""
    return f"{letter(position)}·{secrets.token_hex(8)}"


def with_nonce(body: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The body with the nonce in front of its system text; a system that is neither text nor blocks is left alone."""
    line = f"[separate cache {nonce}]\n"
    system = body.get("system")
    if system is None or isinstance(system, str):
        return {**body, "system": line + (system or "")}
    return {**body, "system": _in_blocks(system, line)} if isinstance(system, list) else body


def _in_blocks(blocks: list[Any], line: str) -> list[Any]:
    for index, block in enumerate(blocks):
        if isinstance(block, dict) and isinstance(block.get("text"), str):
            return [*blocks[:index], {**block, "text": line + block["text"]}, *blocks[index + 1 :]]
    return [{"type": "text", "text": line}, *blocks]
