"""The log: a line for each request, found by the id on its answer, and without what a person typed."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

from betaconsole import urls
from betaconsole.web.log_lines import InContext, JsonLine, TextLine
from betaconsole.web.redaction import RedactKeys
from tests.team_mode import browser_of

KEY = "sk-ant-api03-NotARealKey_0123456789-log"
TYPED = "what-somebody-typed"

pytestmark = pytest.mark.django_db


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"with {KEY}\nDETAIL:  Failing row contains ({TYPED}).")


def streams(request: HttpRequest) -> HttpResponse:
    return StreamingHttpResponse(iter([b"data: 1\n\n", b"data: 2\n\n"]), content_type="text/event-stream")


urlpatterns = [path("fails/", fails), path("streams/", streams), *urls.urlpatterns]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500


class Lines(logging.Handler):
    """What the console's handler would write."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(InContext())
        self.addFilter(RedactKeys())
        self.setFormatter(JsonLine())
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(self.format(record))

    @property
    def read(self) -> list[dict]:
        return [json.loads(line) for line in self.text]

    @property
    def of_requests(self) -> list[dict]:
        return [line for line in self.read if line["logger"] == "betaconsole.requests"]


@pytest.fixture
def lines(settings) -> Iterator[Lines]:
    settings.ROOT_URLCONF = __name__
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def browser(owner) -> Client:
    return Client(headers={"host": "localhost", "x-request-id": "of-the-client"}, raise_request_exception=False)


def test_each_request_has_one_line_that_says_who_asked_for_what_and_how_it_went(lines, browser, owner):
    answer = browser.get(f"/history/?q={TYPED}")
    (line,) = lines.of_requests
    assert line.pop("duration_ms") >= 0
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "betaconsole.requests",
        "message": "request",
        "method": "GET",
        "path": "/history/",
        "status": 200,
        "user_id": owner.user_id,
        "team_id": owner.team_id,
        "request_id": answer.headers["X-Request-Id"],
    }
    browser.get("/healthz")
    browser.get("/static/css/base.css")
    assert [one["path"] for one in lines.of_requests[1:]] == ["/static/..."]  # not collected here: a 404


@pytest.mark.parametrize("address", ["/nowhere/", "/exchanges/nothing/", "/shared/nothing"])
def test_the_id_on_a_page_that_says_no_finds_the_line_and_is_never_the_clients(address, lines, browser):
    answer = browser.get(address, follow=True)
    identity = answer.headers["X-Request-Id"]
    assert identity != "of-the-client"
    found = [line for line in lines.of_requests if line["request_id"] == identity]
    assert [(line["status"], line["level"]) for line in found] == [(404, "WARNING")]
    if address != "/shared/nothing":
        assert f"Request <code>{identity}</code>" in answer.content.decode()


def test_a_fault_of_the_console_is_found_by_the_id_on_its_page(lines, browser):
    answer = browser.get(f"/fails/?{TYPED}")
    identity = answer.headers["X-Request-Id"]
    assert answer.status_code == 500
    assert f"Request <code>{identity}</code>" in answer.content.decode()
    (fault,) = [line for line in lines.read if "traceback" in line]
    assert fault["request_id"] == identity
    assert "in fails" in fault["traceback"]
    assert "ValueError: with [key removed]" in fault["traceback"]
    assert KEY not in "".join(lines.text)
    assert TYPED not in "".join(lines.text)


@pytest.mark.parametrize(
    "address",
    [
        "/shared/hunter2/",
        "/shared/hunter2",
        "/shared/hunter2/more/",
        "/account/invited/hunter2/",
        "/x/hunter2?hunter2=1",
    ],
)
def test_what_lets_somebody_in_is_in_no_line(address, team_mode, lines, settings):
    settings.ROOT_URLCONF = "betaconsole.team_urls"
    for method in ("get", "post"):
        getattr(browser_of(None), method)(address)
    assert len(lines.of_requests) == 2
    assert "hunter2" not in "".join(lines.text)


def test_nobody_writes_a_line_of_their_own_by_an_address(lines, browser):
    browser.get("/exchanges/a%0a2026 ERROR forged%1b[31m/")
    (line,) = lines.of_requests
    assert line["path"] == "/exchanges/a%0A2026%20ERROR%20forged%1B%5B31m/"


def test_a_stream_has_its_line_when_it_ends(lines, browser):
    answer = browser.get("/streams/")
    pieces = iter(answer.streaming_content)
    assert next(pieces) == b"data: 1\n\n"
    assert lines.of_requests == []
    assert list(pieces) == [b"data: 2\n\n"]
    assert [line["path"] for line in lines.of_requests] == ["/streams/"]


def test_a_line_for_people_says_the_same():
    record = logging.LogRecord("a.logger", logging.WARNING, __file__, 1, "said %s", (KEY,), None)
    record.fields = {"status": 404, "request_id": "ab12"}
    assert TextLine().format(record).endswith(" WARNING a.logger said [key removed] status=404 request_id=ab12")


def test_every_handler_of_the_console_takes_keys_out():
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    handlers = [handler for logger in (logging.getLogger(), *loggers) for handler in logger.handlers]
    ours = [
        one for one in handlers if "pytest" not in type(one).__module__ and not isinstance(one, logging.NullHandler)
    ]
    assert ours
    assert [one for one in ours if not any(isinstance(each, RedactKeys) for each in one.filters)] == []
