"""Files on their way in: read up to a limit, then let pass by, so that no upload fills the disk."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponseBase]
FORM_BYTES = 1_000_000  # what a form may have beside its files
MOST_VALUES = 2_000_000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # or all the rest, so that it is read once only


class UpTo(FileUploadHandler):
    """Keeps nothing more once all files of a request have more than `max_bytes`; says so in `passed_limit`."""

    def __init__(self, request: HttpRequest, max_bytes: int) -> None:
        super().__init__(request)
        self.left = max_bytes
        self.passed_limit = False

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        """What is announced to be too much is not kept in part first."""
        if content_length > self.left + FORM_BYTES:
            self.left = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.left -= len(raw_data)
        if self.left < 0:
            # The rest is read piece by piece and dropped, so that the answer is heard. Not by StopUpload: Django then
            # reads it line by line, and a line may be all of it.
            self.passed_limit = True
            return None
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def takes_files(max_bytes: int) -> Callable[[View], View]:
    """The view reads files of at most so many bytes in all; `too_much` says whether there were more.

    The limit must stand before anything reads the form, and the CSRF middleware does: so the view is exempt from it and
    protected here.
    """

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            handler = UpTo(request, max_bytes)
            request.upload_handlers.insert(0, handler)
            request.files_limit = handler  # type: ignore[attr-defined]
            return protected(request, *args, **kwargs)

        return limited

    return decorate


def too_much(request: HttpRequest) -> bool:
    """Whether files were left out because they passed the limit of the view. Reads the form."""
    request.FILES  # noqa: B018 - reading it is what counts
    handler: UpTo = request.files_limit  # type: ignore[attr-defined]
    return handler.passed_limit


def has_too_many_values(line: bytes, *, most: int = MOST_VALUES) -> bool:
    """Whether JSON would take more memory than a line is worth: a value may cost a hundred times its one sign.

    Counted are commas and brackets outside of texts; those are looked for only where there are many signs in all.
    """
    if sum(map(line.count, (b",", b"[", b"{"))) <= most:
        return False
    bare = _STRING.sub(b"", line)
    return sum(map(bare.count, (b",", b"[", b"{"))) > most
