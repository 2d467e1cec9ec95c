"""What goes wrong, as one JSON form: `{"error": {"type", "field", "message"}}`, with a status that fits."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pydantic
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.claude.jsontext import JsonError
from betaconsole.runs.launching.budgeting import OverBudget
from betaconsole.runs.launching.continuing import TooLate
from betaconsole.runs.launching.launching import NotAllowed, SendingDisabled, TokenReused
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.sending.pausing import CannotPause
from betaconsole.web.troubles import trouble_of

from .exact_json import json_response

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 30
TYPES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    500: "internal",
    503: "sending_disabled",
    507: "storage_full",
}


class Problem(Exception):
    """An answer that is an error. `field` is the place in the request, such as `variants.1.betas.0`; `kind` its type where
    the status does not say it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = f"{field}: {message}" if field else message
        self.field = field
        self.kind = kind or TYPES[status]
        self.headers = dict(headers or {})

    def response(self) -> HttpResponse:
        error = {"type": self.kind, "field": self.field, "message": self.message}
        return json_response({"error": error}, status=self.status, headers=self.headers)


def install(api: NinjaAPI) -> None:
    """Make every exception in an operation of `api` an answer of the one form."""
    for exception in (Exception, HttpError, ValidationError, Http404):
        api.add_exception_handler(exception, _answer)


def _answer(request: HttpRequest, exception: Any) -> HttpResponse:
    problem = problem_of(exception)
    if problem.status == 500:
        logger.error("%s %s failed", request.method, request.path, exc_info=exception)
    return problem.response()


def problem_of(exception: BaseException) -> Problem:
    """What an exception means to the caller."""
    match exception:
        case Problem():
            return exception
        case AuthenticationError():
            return Problem(
                401,
                "Send a token: `Authorization: Bearer bc_…`. Make one at /team/tokens/, or alone on this machine with "
                "`manage.py token NAME`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        case HttpError(__cause__=BaseException() as cause):  # ninja's wrapping of what a parser raises
            return problem_of(cause)
        case ValidationError():
            return _invalid(exception.errors)
        case Http404():
            return Problem(404, "There is no such thing, or it belongs to another team.")
        case RequestDataTooBig():
            return Problem(413, f"A request holds at most {MAX_BODY_BYTES:,} bytes (32 MB).")
        case JsonError():
            return Problem(422, f"This is not JSON: {exception}.")
        case UnicodeDecodeError():
            return Problem(422, f"This is not UTF-8: byte {exception.start + 1} does not belong there.")
        case TooLate():
            return Problem(409, exception.message, field=exception.field)
        case CannotPause():
            return Problem(409, str(exception))
        case OverBudget():
            said = exception.message
            if exception.may_pass:
                said += " `over_budget`: true sends it anyway."
            return Problem(409, said, field=exception.field, kind="over_budget")
        case NotAllowed():
            return Problem(403, exception.message, field=exception.field)
        case PlanError():
            return Problem(422, exception.message, field=exception.field)
        case TokenReused():
            return Problem(409, "This token was used for another request.", field="client_token")
        case SendingDisabled():
            return Problem(
                503,
                str(exception),
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        case _ if trouble := trouble_of(exception):
            wait = {} if trouble.retry_after_s is None else {"Retry-After": str(trouble.retry_after_s)}
            return Problem(trouble.status, trouble.message, kind=trouble.kind, headers=wait)
        case _:
            return Problem(500, "The console made a mistake; its log says more.")


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The first of pydantic's errors. `loc` starts with the source and, for a body, the name of our argument."""
    error = errors[0]
    source, *path = error["loc"]
    field = ".".join(str(part) for part in (path[1:] if source == "body" else path))
    return Problem(422, _message(error, field), field=field or None)


def check_parameters(request: HttpRequest, known: Collection[str]) -> None:
    """Raises the 422 for a parameter in the address that is none: whoever misspells a filter must not get everything."""
    for name in request.GET:
        if name not in known:
            raise Problem(422, f"There is no such parameter; there are {', '.join(known)}.", field=name)


def read_invalid(error: pydantic.ValidationError) -> str:
    """The same of a model that was read without ninja: the place and what is wrong there."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    said = _message(first, field)
    return f"{field}: {said}" if field else said


def _message(error: Mapping[str, Any], field: str) -> str:
    kind = error["type"]
    if kind == "value_error":
        return error["ctx"]["error"]
    if kind == "extra_forbidden":
        return "There is no such field here."
    if kind == "missing" and field:
        return "This field is needed."
    if not field:
        return "The request is one JSON object."
    return f"{error['msg']}."
