"""Giving out a file that somebody brought: never as something a browser would run."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

DRAWN = {"image/png", "image/jpeg", "image/gif", "image/webp"}
READ = {"text/plain": "text/plain; charset=utf-8"}
# Whatever the bytes turn out to be: no script, no origin, nothing loaded.
POLICY = "default-src 'none'; sandbox"


def file_response(data: bytes, *, media_type: str, name: str, is_kept: bool = False) -> HttpResponse:
    """The file, drawn or read where it is an image or plain text, and a download otherwise.

    `media_type` must come from the bytes and not from whoever sent them. `is_kept`: its address names these very bytes
    for good, so a browser may keep them for an hour.
    """
    is_shown = media_type in DRAWN or media_type in READ
    response = HttpResponse(
        data, content_type=READ.get(media_type, media_type if is_shown else "application/octet-stream")
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    writable = name.encode("utf-8", "replace").decode()  # no header can be made of half a surrogate pair
    response.headers["Content-Disposition"] = content_disposition_header(not is_shown, writable) or "attachment"
    response.headers["Cache-Control"] = "private, max-age=3600, immutable" if is_kept else "no-store"
    return response
