"""Citations: where in the documents of the prompt an answer found what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .questions import Question
from .tokens import as_blocks

SENTENCE = re.compile(r"[^.!?\n]+[.!?]*\s*")
MOST = 3
MOST_CITED_CHARS = 400


def citations(question: Question) -> tuple[Mapping[str, Any], ...]:
    """One citation of each document or search result that allows it, of the sentence that fits what was asked best."""
    topics = [topic.lower() for topic in question.conversation.topics]
    found: list[Mapping[str, Any]] = []
    for place, block in enumerate(_citable(question.body)):
        if (block.get("citations") or {}).get("enabled"):
            found.append(_citation(place, block, topics))
    return tuple(found[:MOST])


def _citable(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The documents and search results of the prompt in order: what `document_index` counts."""
    for message in body["messages"]:
        for block in as_blocks(message["content"]):
            if isinstance(block, Mapping) and block.get("type") in ("document", "search_result"):
                yield block


def _citation(place: int, block: Mapping[str, Any], topics: Sequence[str]) -> Mapping[str, Any]:
    if block["type"] == "search_result":
        number, text = _best_part(list(map(_text, block["content"])), topics)
        return {
            "type": "search_result_location",
            "cited_text": text[:MOST_CITED_CHARS],
            "source": block["source"],
            "title": block["title"],
            "search_result_index": place,
            "start_block_index": number,
            "end_block_index": number + 1,
        }
    head = {"document_index": place, "document_title": block.get("title")}
    source = block["source"]
    if source.get("type") == "text":
        start, cited = _sentence(source.get("data", ""), topics)
        span = {"start_char_index": start, "end_char_index": start + len(cited)}
        return {"type": "char_location", "cited_text": cited, **head, **span}
    if source.get("type") == "content":
        number, text = _best_part(list(map(_text, as_blocks(source.get("content")))), topics)
        span = {"start_block_index": number, "end_block_index": number + 1}
        return {"type": "content_block_location", "cited_text": text[:MOST_CITED_CHARS], **head, **span}
    pages = {"start_page_number": 1, "end_page_number": 2}
    return {"type": "page_location", "cited_text": "A simulated sentence of the first page.", **head, **pages}


def _text(part: object) -> str:
    """What there is to cite in a part of a block; the parts of some blocks are not looked at before they are answered."""
    text = part.get("text") if isinstance(part, Mapping) else part
    return text if isinstance(text, str) else ""


def _sentence(text: str, topics: Sequence[str]) -> tuple[int, str]:
    """Where the best sentence of a text begins, and it."""
    sentences = [(found.start(), found[0]) for found in SENTENCE.finditer(text)] or [(0, text)]
    start, sentence = max(sentences, key=lambda each: _hits(each[1], topics))
    return start, sentence[:MOST_CITED_CHARS]


def _best_part(texts: Sequence[str], topics: Sequence[str]) -> tuple[int, str]:
    return max(enumerate(texts), key=lambda each: _hits(each[1], topics), default=(0, ""))


def _hits(text: str, topics: Sequence[str]) -> int:
    return sum(topic in text.lower() for topic in topics)
