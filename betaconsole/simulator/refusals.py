"""How the simulated API says no: error type, status, wording and envelope (api.md section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Refusal(Exception):
    """A request that is answered with an error status. `message` is what the client reads."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.details = dict(details or {})
        self.headers = tuple(headers)

    @property
    def error(self) -> dict[str, Any]:
        """The `error` object of the envelope, which an `error` event carries too."""
        error: dict[str, Any] = {"type": ERROR_TYPES[self.status], "message": self.message}
        if self.code:
            error["details"] = {"error_code": self.code, **self.details}
        return error

    def envelope(self, request_id: str) -> dict[str, Any]:
        return {"type": "error", "error": self.error, "request_id": request_id}


def invalid(message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> Refusal:
    """The everyday refusal: 400 invalid_request_error. Only coded ones have details."""
    return Refusal(400, message, code=code, details=details)
