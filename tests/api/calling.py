"""A program that calls the JSON API with a token, as its users' programs do."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client
from pydantic import TypeAdapter

from betaconsole.teams.models import ApiToken, Team, User

V1 = "/api/v1"
BODY = {"model": "claude-sonnet-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello."}]}


class Caller:
    """`post` and `get` take addresses below /api/v1 and give the response; `.json()` of it is the answer."""

    def __init__(self, user: User, team: Team) -> None:
        self.token, self.secret = ApiToken.issue(user=user, team=team, name="a test")
        # CSRF checks on: a bearer token must not need what a form needs.
        self.client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})

    def get(self, path: str) -> HttpResponse:
        return self.client.get(V1 + path, headers={"authorization": f"Bearer {self.secret}"})

    def post(self, path: str, asked: object = None) -> HttpResponse:
        """Post a value as JSON, or text and bytes as they are."""
        data = asked if isinstance(asked, str | bytes) else json.dumps(asked)
        headers = {"authorization": f"Bearer {self.secret}"}
        return self.client.post(V1 + path, data, content_type="application/json", headers=headers)

    def compare(self, **fields: Any) -> HttpResponse:
        """POST a comparison on the simulator, of two columns without betas where nothing else is said."""
        return self.post("/comparisons", request(**fields))


def request(**fields: Any) -> dict[str, Any]:
    asked = {"connection": "simulator", "body": BODY, "variants": [{"betas": []}, {"betas": []}], **fields}
    return {name: value for name, value in asked.items() if value is not ...}


def error_of(response: HttpResponse) -> dict[str, Any]:
    """The error in its one form."""
    answer = response.json()
    assert list(answer) == ["error"]
    assert list(answer["error"]) == ["type", "field", "message"]
    return answer["error"]


def fits(answer: object, shape: Any) -> bool:
    """Whether the answer is what the reference says: no field less, none more, none of another type."""
    TypeAdapter(shape).validate_python(answer, strict=True, extra="forbid")
    return True
