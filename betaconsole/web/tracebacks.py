"""Reports of what went wrong inside, as a mail to the operator or as the page of DEBUG: without a key in them.

Django prints the values of every frame's variables there, and what was posted. Frames that hold a key name it
(`sensitive_variables`); this takes out what they forgot: whatever a form sent under a name that a secret has, and
everything else that looks like a key or is known to be one.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .redaction import MARK, redact

SHORTEST = 4  # characters; taking out less would leave no word whole


class ReportFilter(SafeExceptionReporterFilter):
    """Hides as much in DEBUG as anywhere else."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any] | QueryDict:
        found = super().get_post_parameters(request)
        return {name: self.cleanse_setting(name, value) for name, value in found.items()}


class Report(ExceptionReporter):
    """Django's report, redacted as a whole at the end."""

    def get_traceback_html(self) -> SafeString:
        return self._without_secrets(super().get_traceback_html())

    def get_traceback_text(self) -> SafeString:
        return self._without_secrets(super().get_traceback_text())

    def _without_secrets(self, report: str) -> SafeString:
        for secret in self._sent():
            for form in {secret, escape(secret), escape(repr(secret))[1:-1]}:
                report = report.replace(form, MARK)
        return mark_safe(redact(report))  # noqa: S308 - a report, escaped by Django

    def _sent(self) -> Iterator[str]:
        """What this request brought under the name of a secret: in fields of a form, in headers, in cookies."""
        if self.request is None:
            return
        hidden = self.filter.hidden_settings
        for place in (self.request.POST, self.request.headers, self.request.COOKIES):
            for name, value in place.items():
                if hidden.search(name):
                    yield from (part for part in (str(value), *str(value).split()) if len(part) >= SHORTEST)
