"""Citations of documents and search results, where the request allows them."""

import pytest

from .talk import ask, say

TEXT = "Brass lamps flicker when they are cold. Glass lamps do not. Both are sold in Bergen."
CITED = {"citations": {"enabled": True}}


def document(source, **more):
    return {"type": "document", "source": source, "title": "On lamps", **CITED, **more}


def plain_text(text=TEXT):
    return {"type": "text", "media_type": "text/plain", "data": text}


def citations(simulator, *blocks, **changes):
    content = [*blocks, {"type": "text", "text": "Which glass lamps flicker?"}]
    with simulator.dial(repeat=1) as sock:
        reply = say(sock, ask(messages=[{"role": "user", "content": content}], **changes))
    assert reply.status == 200, reply.body
    return reply.json["content"][-1].get("citations", [])


def test_a_text_is_cited_by_its_characters(simulator):
    (citation,) = citations(simulator, document(plain_text()))
    assert citation["cited_text"] == TEXT[citation["start_char_index"] : citation["end_char_index"]]
    assert (citation["type"], citation["document_index"], citation["document_title"]) == (
        "char_location",
        0,
        "On lamps",
    )
    assert "lamps" in citation["cited_text"]


def test_other_documents_are_cited_by_page_block_or_place_in_the_results(simulator):
    pdf = document({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="})
    parts = document(
        {"type": "content", "content": [{"type": "text", "text": "Tables."}, {"type": "text", "text": TEXT}]}
    )
    result = {
        "type": "search_result",
        "source": "https://example.com/lamps",
        "title": "Lamps",
        "content": [{"type": "text", "text": TEXT}],
        **CITED,
    }
    page, block, found = citations(simulator, pdf, parts, result)
    assert (page["type"], page["start_page_number"]) == ("page_location", 1)
    assert (block["type"], block["start_block_index"], block["document_index"]) == ("content_block_location", 1, 1)
    assert (found["type"], found["source"]) == ("search_result_location", "https://example.com/lamps")


def test_nothing_is_cited_where_nobody_asked_for_it(simulator):
    assert citations(simulator, document(plain_text(), citations={"enabled": False})) == []
    schema = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
    assert citations(simulator, document(plain_text()), output_config={"format": schema}) == []


@pytest.mark.parametrize("space", ["messages", "beta.messages"])
def test_the_sdk_reads_streamed_citations_as_the_whole_ones(client, space):
    messages = client.beta.messages if space.startswith("beta") else client.messages
    content = [document(plain_text()), {"type": "text", "text": "Which lamps flicker?"}]
    asked = {**ask(messages=[{"role": "user", "content": content}]), "extra_headers": {"x-simulator": "repeat=1"}}
    whole = messages.create(**asked)
    with messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.content[0].citations[0].type == "char_location"
