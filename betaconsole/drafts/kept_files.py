"""The files of a draft: bodies made whole with them, notes on them for the page, and sweeping those nobody needs."""

from collections.abc import Iterable

from .apart import put_together, references
from .attachments import FileNote
from .models import Draft, Upload

KEPT_BYTES = 200_000_000  # of files that only steps to undo need


def whole(draft: Draft, text: str) -> str:
    """The text of a body as it is sent: with its files in it."""
    digests = {reference.digest for reference in references(text)}
    if not digests:
        return text
    rows = draft.uploads.filter(digest__in=digests)
    return put_together(text, {row.digest: bytes(row.data) for row in rows.iterator()})


def missing(text: str) -> list[str]:
    """The names of files that a whole body still refers to, because the draft has none such."""
    return [reference.name or reference.digest for reference in references(text)]


def notes_on(draft: Draft, text: str) -> dict[str, FileNote]:
    """What is known of the files that a body refers to, by digest; none of them is read."""
    digests = {reference.digest for reference in references(text)}
    if not digests:
        return {}
    rows = draft.uploads.filter(digest__in=digests).values_list("digest", "size", "about")
    return {digest: FileNote.of(size, about) for digest, size, about in rows}


def sweep(draft: Draft) -> None:
    """Drop the files that neither the draft nor a step to undo names, and the oldest steps where those hold too many."""
    sizes = dict(draft.uploads.values_list("digest", "size"))
    needed = set(_named_by(draft.parts, [draft.body_text, *draft.own_bodies.values_list("text", flat=True)]))
    steps = draft.steps.order_by("-revision").values_list("revision", "before", "body_before")
    kept = 0
    for revision, before, body_before in steps.iterator():
        more = set(_named_by(before.get("parts", ()), [body_before or ""])) - needed
        kept += sum(sizes.get(digest, 0) for digest in more)
        if kept > KEPT_BYTES:
            draft.steps.filter(revision__lte=revision).delete()
            break
        needed |= more
    if gone := set(sizes) - needed:
        Upload.objects.filter(draft=draft, digest__in=gone).delete()


def _named_by(parts: Iterable[dict[str, str]], texts: Iterable[str]) -> Iterable[str]:
    yield from (part["file"] for part in parts if part.get("file"))
    for text in texts:
        yield from (reference.digest for reference in references(text))
