"""Files on their way in: read up to a limit, then let pass by, so that no upload fills the disk."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponseBase]


class UpTo(FileUploadHandler):
    """Stops keeping once all files of a request have more than `max_bytes`; says so in `passed_limit`."""

    def __init__(self, request: HttpRequest, max_bytes: int) -> None:
        super().__init__(request)
        self.left = max_bytes
        self.passed_limit = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left -= len(raw_data)
        if self.left < 0:
            self.passed_limit = True
            raise StopUpload(connection_reset=False)  # the rest is read and dropped, so that the answer is heard
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
