"""Files as blocks of a message: making them, putting them in, taking them out, and what a card says of each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.storage.fields import showable

from .apart import BASE64, TEXT, Reference
from .document import DocumentError, put, put_field
from .file_kinds import IMAGES, LABELS, PDF, Kind
from .file_kinds import TEXT as PLAIN_TEXT

BLOCKS = ("image", "document", "container_upload")
MOST_SHOWN_PIXELS = 40_000_000  # a browser decodes what it draws: a bigger picture is not drawn
LONGEST_ID = 200
ENDING = 10
SHEETS = {"PDF": "PDF", "text": "TXT", "PNG": "PNG", "JPEG": "JPG", "GIF": "GIF", "WebP": "WEBP"}


@dataclass(frozen=True)
class FileNote:
    """What is kept beside a file: its size and what it is (`drafts.file_kinds.Kind`)."""

    size_bytes: int
    media_type: str = ""
    width: int = 0
    height: int = 0
    pages: int = 0

    @classmethod
    def of(cls, size_bytes: int, about: Mapping[str, Any]) -> "FileNote":
        """A note from its stored form."""
        known = {name: about[name] for name in ("media_type", "width", "height", "pages") if name in about}
        return cls(size_bytes, **known)

    @property
    def is_drawn(self) -> bool:
        """Whether a page shows it as a picture."""
        return self.media_type in IMAGES and 0 < self.width * self.height <= MOST_SHOWN_PIXELS


@dataclass(frozen=True)
class Card:
    """A file in a message. `digest` names it among the draft's files, empty where it is not one of them.

    `share` is its part of the 32 MB of a request, where it is worth a word; `file_id` names a file that the API has.
    """

    name: str
    label: str
    path: str  # JSON pointer of its block
    details: str = ""
    size_bytes: int | None = None
    share: str = ""
    digest: str = ""
    encoding: str = ""
    file_id: str = ""
    is_drawn: bool = False

    @property
    def key(self) -> str:
        """What tells it from another file at the same place."""
        return self.digest or self.file_id

    @property
    def place(self) -> str:
        """The path as part of an id."""
        return self.path.strip("/").replace("/", "-")

    @property
    def stem(self) -> str:
        """The name but for its last letters, which stay to be seen where there is no room for all."""
        return self.name[: -len(self.ending)] if self.ending else self.name

    @property
    def ending(self) -> str:
        return self.name[-ENDING:] if len(self.name) > 3 * ENDING else ""

    @property
    def sheet(self) -> str:
        """A few letters in place of a picture."""
        return "API" if self.file_id else SHEETS.get(self.label, "file")


def kept_as(kind: Kind) -> str:
    """How the bytes of a file stand in a body."""
    return TEXT if kind.media_type == PLAIN_TEXT else BASE64


def block_of(kind: Kind, reference: Reference) -> dict[str, Any]:
    """The block for a file of the draft."""
    if kind.media_type == PLAIN_TEXT:
        source = {"type": "text", "media_type": PLAIN_TEXT, "data": reference.value}
    else:
        source = {"type": "base64", "media_type": kind.media_type, "data": reference.value}
    return {"type": "image" if kind.is_image else "document", "source": source}


def block_of_file(file_id: str, media_type: str) -> dict[str, Any]:
    """The block for a file that was uploaded to the API before; what is neither image, PDF nor text goes to a container."""
    if (
        not file_id
        or len(file_id) > LONGEST_ID
        or not file_id.isascii()
        or not file_id.replace("-", "_").isidentifier()
    ):
        raise DocumentError("That is not the id of a file.")
    if media_type in IMAGES:
        return {"type": "image", "source": {"type": "file", "file_id": file_id}}
    if media_type in (PDF, PLAIN_TEXT):
        return {"type": "document", "source": {"type": "file", "file_id": file_id}}
    return {"type": "container_upload", "file_id": file_id}


def put_in(body: dict[str, Any], blocks: Sequence[dict[str, Any]], index: int | None) -> None:
    """The blocks in front of the text of the user message at `index`, else of the last one; there, text reads best after them."""
    message = _message_for(body, index)
    content = message.get("content")
    if content is None or isinstance(content, str):
        message["content"] = [*blocks, {"type": "text", "text": content or ""}]
        return
    if not isinstance(content, list):
        raise DocumentError("The content of that message is neither text nor a list: edit it in the JSON view.")
    texts = (at for at, block in enumerate(content) if isinstance(block, dict) and block.get("type") == "text")
    place = next(texts, len(content))
    message["content"] = [*content[:place], *blocks, *content[place:]]


def take_out(body: dict[str, Any], path: Sequence[str | int], key: str) -> None:
    """Remove the block at `path`, if it still is the one that `key` names (`Card.digest` or its file id)."""
    block = _at(body, path) if path else None
    card = card_of(block, "", {})
    holder = _at(body, path[:-1])
    if card is None or card.key != key or not isinstance(holder, list):
        raise DocumentError("That file is no longer there.")
    put(body, path[:-1], [other for other in holder if other is not block])


def point_to(body: dict[str, Any], path: Sequence[str | int], digest: str, file_id: str) -> None:
    """Let the block at `path` name the API's copy of the file in place of its bytes."""
    block = _at(body, path)
    card = card_of(block, "", {})
    if card is None or card.digest != digest:
        raise DocumentError("That file is no longer there.")
    block_of_file(file_id, PDF)
    put(body, [*path, "source"], {"type": "file", "file_id": file_id})


def card_of(block: Any, path: str, notes: Mapping[str, FileNote]) -> Card | None:
    """The card of a block that is a file; None for any other block. `notes` by digest, of files kept apart."""
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in BLOCKS:
        return None
    if kind == "container_upload":
        return _of_file(block.get("file_id"), "file for the container", path)
    source = block.get("source")
    if not isinstance(source, dict):
        return None
    title = block.get("title")
    given = showable(title[:200]) if isinstance(title, str) else ""
    match source.get("type"):
        case "base64" | "text":
            return _of_data(source, given, kind, path, notes)
        case "file":
            return _of_file(source.get("file_id"), kind, path)
        case "url" if isinstance(source.get("url"), str):
            return Card(given or showable(source["url"][:300]), f"{kind} at an address", path)
    return None


def _of_data(source: dict[str, Any], title: str, kind: str, path: str, notes: Mapping[str, FileNote]) -> Card | None:
    data = source.get("data")
    if not isinstance(data, str):
        return None
    reference = Reference.of(data)
    note = notes.get(reference.digest) if reference else None
    declared = source.get("media_type")
    media_type = declared if isinstance(declared, str) else ""
    label = LABELS[media_type].removesuffix(" image") if media_type in LABELS else showable(media_type[:60]) or kind
    if reference is None:
        return Card(title or label, label, path, "written out in the JSON", len(data), share_of(len(data)))
    name = reference.name or title or label
    if note is None:
        return Card(name, label, path, "", digest=reference.digest, encoding=reference.encoding)
    length = reference.length(note.size_bytes)
    return Card(
        name,
        label,
        path,
        _details(note, media_type),
        note.size_bytes,
        share_of(length),
        reference.digest,
        reference.encoding,
        is_drawn=note.is_drawn,
    )


def _details(note: FileNote, declared: str) -> str:
    """Sides or pages; and where the bytes are something else than the block says."""
    said = []
    if note.width:
        said.append(f"{note.width:,} × {note.height:,}")
    if note.pages:
        said.append(f"about {note.pages:,} page{'s' if note.pages > 1 else ''}")
    if note.media_type and declared and note.media_type != declared:
        said.append(f"its bytes are {LABELS[note.media_type]}")
    return " · ".join(said)


def _of_file(file_id: Any, kind: str, path: str) -> Card:
    shown = showable(file_id[:LONGEST_ID]) if isinstance(file_id, str) else "no file_id"
    return Card(shown, f"{kind} on the API" if kind in BLOCKS else kind, path, file_id=shown)


def share_of(length: int) -> str:
    """A part of the 32 MB of a request: `3%`; empty for less than one percent."""
    percent = 100 * length / MAX_BODY_BYTES
    return f"{percent:.0f}%" if percent >= 1 else ""


def _message_for(body: dict[str, Any], index: int | None) -> dict[str, Any]:
    messages = body.get("messages")
    if messages is None:
        put_field(body, "messages", messages := [])
    if not isinstance(messages, list):
        raise DocumentError("`messages` is not an array: edit it in the JSON view.")
    asked = messages[index] if index is not None and 0 <= index < len(messages) else None
    users = [message for message in messages if isinstance(message, dict) and message.get("role") == "user"]
    if isinstance(asked, dict) and asked.get("role") == "user":
        return asked
    if not users:
        messages.append({"role": "user", "content": ""})
        return messages[-1]
    return users[-1]


def _at(body: Any, path: Sequence[str | int]) -> Any:
    try:
        for part in path:
            body = body[part]
    except (KeyError, IndexError, TypeError):
        return None
    return body
