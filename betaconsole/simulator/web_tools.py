"""Web search and web fetch: pages that nobody wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .prose import Writer
from .questions import Question
from .serving import Outcome, ServerTool, server_use

URL = re.compile(r"https?://[^\s<>\"'\])]+")
RETRIEVED_AT = "2026-11-21T12:00:00.000000+00:00"
PAGE_TOKENS = 160


def _search(question: Question, tool: Mapping[str, Any]) -> Mapping[str, Any]:
    return server_use("web_search", {"query": " ".join(question.conversation.topics[:5]) or "simulated search"})


def _found(question: Question, tool: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    topics = question.conversation.topics[:3] or ("nothing much",)
    hits = [
        {
            "type": "web_search_result",
            "title": f"A simulated page about {topic}",
            "url": f"https://example.com/{number}",
            "encrypted_content": question.seed.ident("sim", topic),
            "page_age": None,
        }
        for number, topic in enumerate(topics, 1)
    ]
    citation = {
        "type": "web_search_result_location",
        "cited_text": "A simulated sentence that the answer rests on.",
        "url": hits[0]["url"],
        "title": hits[0]["title"],
        "encrypted_index": question.seed.ident("idx"),
    }
    result = {"type": "web_search_tool_result", "tool_use_id": call["id"], "content": hits}
    return Outcome(result, {"web_search_requests": 1}, (citation,))


def _fetch(question: Question, tool: Mapping[str, Any]) -> Mapping[str, Any]:
    named = URL.search(question.conversation.ask)
    return server_use("web_fetch", {"url": named[0].rstrip(".,;!?") if named else "https://example.com/"})


def _fetched(question: Question, tool: Mapping[str, Any], call: Mapping[str, Any]) -> Outcome:
    url = str((call.get("input") or {}).get("url") or "")
    result: dict[str, Any] = {"type": "web_fetch_tool_result", "tool_use_id": call["id"]}
    if not _allowed(url, tool):
        error = {"type": "web_fetch_tool_result_error", "error_code": "url_not_allowed"}
        return Outcome({**result, "content": error}, {"web_fetch_requests": 1})
    tokens = min(PAGE_TOKENS, tool.get("max_content_tokens") or PAGE_TOKENS)
    text = Writer(question.conversation.topics, question.seed.rng("page")).answer(tokens)
    document: dict[str, Any] = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
        "title": f"A simulated page at {urlsplit(url).hostname}",
    }
    cites = bool((tool.get("citations") or {}).get("enabled"))
    if cites:
        document["citations"] = {"enabled": True}
    fetched = {"type": "web_fetch_result", "url": url, "retrieved_at": RETRIEVED_AT, "content": document}
    cited = text.split("\n")[0]
    citation = {
        "type": "char_location",
        "cited_text": cited,
        "document_index": 0,
        "document_title": document["title"],
        "start_char_index": 0,
        "end_char_index": len(cited),
    }
    return Outcome({**result, "content": fetched}, {"web_fetch_requests": 1}, (citation,) if cites else ())


def _allowed(url: str, tool: Mapping[str, Any]) -> bool:
    """Whether the tool's lists of domains let this address be fetched; a domain stands for those below it too."""
    host = urlsplit(url).hostname or ""

    def listed(domains: Any) -> bool:
        return any(host == domain or host.endswith(f".{domain}") for domain in domains)

    allowed, blocked = tool.get("allowed_domains"), tool.get("blocked_domains") or ()
    return bool(host) and (not allowed or listed(allowed)) and not listed(blocked)


WEB_SEARCH = ServerTool("web_search", _search, _found)
WEB_FETCH = ServerTool("web_fetch", _fetch, _fetched)
