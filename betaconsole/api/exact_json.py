"""JSON in and out with its spelling kept: what a caller wrote as 1.0 is sent as 1.0 and shown as 1.0."""

import json
import re
from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja.parser import Parser
from ninja.types import DictStrAny

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES

NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class ExactParser(Parser):
    """Reads request bodies. Raises `RequestDataTooBig`, `UnicodeDecodeError`, and `JsonError` with line and column."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        if len(request.body) > MAX_BODY_BYTES:
            raise RequestDataTooBig
        return jsontext.loads(request.body.decode())  # type: ignore[return-value]  # validated by whoever asked


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The value as ASCII JSON: NUL and lone surrogates as escapes, whatever a reader does with character sets."""
    text = NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], jsontext.dumps(value))
    return HttpResponse(text, status=status, content_type="application/json", headers=headers)
