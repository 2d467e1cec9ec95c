"""The uploaded files that a message refers to, put in its place where they are text, else with their size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .refusals import invalid
from .stored import StoredFile

# The caller's file of that id; raises a Refusal where there is none.
FindFile = Callable[[str], StoredFile]
WITH_SOURCE = ("image", "document")


def with_files(body: Mapping[str, Any], find: FindFile) -> Mapping[str, Any]:
    """The body of a well-formed request as if its files stood in it.

    A source `{"type": "file"}` becomes the text of a text file; of another file it says `size_bytes` too, so that its tokens
    can be counted. The same body where it names no file. Raises a Refusal for files that are not there.
    """
    messages = [
        {**message, "content": _content(message["content"], find, f"messages.{number}.content")}
        if isinstance(message.get("content"), list)
        else message
        for number, message in enumerate(body["messages"])
    ]
    return body if messages == body["messages"] else {**body, "messages": messages}


def _content(blocks: list[Any], find: FindFile, place: str) -> list[Any]:
    return [_block(block, find, f"{place}.{index}") for index, block in enumerate(blocks)]


def _block(block: Any, find: FindFile, place: str) -> Any:
    if not isinstance(block, dict):
        return block
    kind, source = block.get("type"), block.get("source")
    if kind == "container_upload":
        find(_file_id(block, f"{place}.container_upload"))
    elif kind in WITH_SOURCE and isinstance(source, dict) and source.get("type") == "file":
        found = find(_file_id(source, f"{place}.{kind}.source.file"))
        return {**block, "source": _source(found)}
    elif kind == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": _content(block["content"], find, f"{place}.tool_result.content")}
    return block


def _file_id(holder: Mapping[str, Any], place: str) -> str:
    file_id = holder.get("file_id")
    if not isinstance(file_id, str):
        raise invalid(
            f"{place}.file_id: " + ("Field required" if file_id is None else "Input should be a valid string")
        )
    return file_id


def _source(found: StoredFile) -> dict[str, Any]:
    if found.mime_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": found.data.decode("utf-8", "replace")}
    return {"type": "file", "file_id": found.id, "size_bytes": found.size_bytes}
