"""What a file is, by its bytes and never by its name: images, PDF and UTF-8 text, or why it cannot be attached. Pure.

Nothing is decoded: a picture's size is read from its header, so that a small file of a huge picture costs nothing.
"""

import re
import struct
from dataclasses import dataclass

PNG, JPEG, GIF, WEBP, PDF, TEXT = "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"
LABELS = {PNG: "PNG image", JPEG: "JPEG image", GIF: "GIF image", WEBP: "WebP image", PDF: "PDF", TEXT: "text"}
IMAGES = (PNG, JPEG, GIF, WEBP)

# What the API's documentation gives as limits of one image or document. Said as a hint: the API has the last word.
MAX_IMAGE_BYTES = 5 * 1024 * 1024
MAX_IMAGE_SIDE = 8_000
MAX_PDF_PAGES = 100
MAX_SEGMENTS = 1_000
MAX_NAME = 120

_PNG_HEAD, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_UNSENDABLE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]')
_KEY = re.compile(rb"sk-ant-[A-Za-z0-9_-]{8,}")
_PAGE = re.compile(rb"/Type\s?/Page(?![A-Za-z])")
_MARKUP = re.compile(rb"<(?:!doctype html|html|script|svg|body)\b", re.IGNORECASE)
# First bytes of what people try to attach, and what it is called.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"PK\x03\x04", "a ZIP archive (Word, Excel and PowerPoint files are such, too)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"BM", "a BMP image"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\xff\xfe", "UTF-16 text, not UTF-8"),
    (b"\xfe\xff", "UTF-16 text, not UTF-8"),
    (b"OggS", "an Ogg recording"),
    (b"ID3", "an MP3 recording"),
    (b"SQLite format 3\x00", "a database"),
)


class FileRefused(ValueError):
    """A file that cannot be attached; the message is one sentence that names it."""


@dataclass(frozen=True)
class Kind:
    """What bytes are. `media_type` is empty for what the API takes in no block; sides and pages are 0 where unknown."""

    media_type: str
    label: str
    width: int = 0
    height: int = 0
    pages: int = 0

    @property
    def is_image(self) -> bool:
        return self.media_type in IMAGES


def kind_of(data: bytes) -> Kind:
    """What the bytes are, as far as their beginning says; text only where all of it is UTF-8 without NUL."""
    for media_type, read in _HEADS:
        if (sides := read(data)) is not None:
            return Kind(media_type, LABELS[media_type], *sides)
    if data[:5] == b"%PDF-":
        return Kind(PDF, LABELS[PDF], pages=len(_PAGE.findall(data)))
    return Kind(TEXT, LABELS[TEXT]) if _is_text(data) else Kind("", _other(data))


def checked(data: bytes, name: str) -> tuple[Kind, list[str]]:
    """The kind of a file to be attached, and what is worth a sentence about it. Raises `FileRefused`."""
    if not data:
        raise FileRefused(f"{name} is empty.")
    kind = kind_of(data)
    if not kind.media_type:
        raise FileRefused(f"{name} is {kind.label}: images (PNG, JPEG, GIF, WebP), PDF and UTF-8 text can be attached.")
    if _is_cut(data, kind):
        raise FileRefused(f"{name} is a {kind.label} that is cut off: its end is missing. Get the whole file again.")
    if kind.media_type == TEXT and (key := _KEY.search(data)):
        line = data.count(b"\n", 0, key.start()) + 1
        raise FileRefused(f"{name} holds what looks like an API key (sk-ant-…) in line {line}: take it out first.")
    return kind, hints(data, kind, name)


def hints(data: bytes, kind: Kind, name: str) -> list[str]:
    """What may surprise about a file that can be attached, one sentence each."""
    said = []
    if other := _second_nature(data, kind):
        said.append(f"{name} is a {kind.label} and {other} in one; only the {kind.label} counts here.")
    if kind.media_type == TEXT and _MARKUP.search(data[:1024]):
        said.append(f"{name} goes as text: the model reads its source, it is not drawn.")
    if kind.is_image and len(data) > MAX_IMAGE_BYTES:
        said.append(f"{name} has {len(data) / 1_000_000:.1f} MB; the API refuses images over 5 MB.")
    if max(kind.width, kind.height) > MAX_IMAGE_SIDE:
        said.append(f"{name} has {kind.width:,} × {kind.height:,} pixels; the API refuses sides over 8,000.")
    if kind.pages > MAX_PDF_PAGES:
        said.append(f"{name} has about {kind.pages:,} pages; many models take at most {MAX_PDF_PAGES}.")
    if kind.media_type == PDF and b"/Encrypt" in data:
        said.append(f"{name} seems to be protected with a password; the API refuses such files.")
    return said


def safe_name(name: str) -> str:
    """A file's name to be shown and sent: no folders, no quotes, nothing invisible or that turns the writing round."""
    last = re.split(r"[/\\]", name)[-1]
    shown = " ".join(_UNSENDABLE.sub("", last).split()).strip(". ")
    if len(shown) > MAX_NAME:
        ending = found[0] if (found := re.search(r"\.\w{1,9}$", shown)) else ""
        shown = f"{shown[: MAX_NAME - len(ending) - 1]}…{ending}"
    return shown or "file"


Sides = tuple[int, int] | None


def _png(data: bytes) -> Sides:
    if not data.startswith(_PNG_HEAD):
        return None
    return struct.unpack(">II", data[16:24]) if data[12:16] == b"IHDR" and len(data) >= 24 else (0, 0)


def _gif(data: bytes) -> Sides:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    return struct.unpack("<HH", data[6:10]) if len(data) >= 10 else (0, 0)


def _jpeg(data: bytes) -> Sides:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    for kind, at, _ in _jpeg_segments(data):
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC) and len(data) >= at + 9:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
    return 0, 0


def _webp(data: bytes) -> Sides:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    chunk, head = data[12:16], data[20:30]
    if len(head) < 10:
        return 0, 0
    if chunk == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[6:10])
    return width & 0x3FFF, height & 0x3FFF


_HEADS = ((PNG, _png), (JPEG, _jpeg), (GIF, _gif), (WEBP, _webp))


def _jpeg_segments(data: bytes) -> list[tuple[int, int, int]]:
    """Kind, place and end of the segments up to the picture's data (kind 0xDA), as far as they are whole."""
    segments: list[tuple[int, int, int]] = []
    at = 2
    while len(segments) < MAX_SEGMENTS and at + 4 <= len(data) and data[at] == 0xFF:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append((data[at + 1], at, end))
        if data[at + 1] == 0xDA:
            break
        at = end
    return segments


def _is_cut(data: bytes, kind: Kind) -> bool:
    """Whether the end of the file is missing."""
    match kind.media_type:
        case "image/png":
            return _PNG_END not in data
        case "image/jpeg":
            segments = _jpeg_segments(data)
            return not segments or data.find(b"\xff\xd9", segments[-1][2]) < 0
        case "image/gif":
            return b"\x3b" not in data[-64:]
        case "image/webp":
            return len(data) < 8 + int.from_bytes(data[4:8], "little")
        case "application/pdf":
            return b"%%EOF" not in data[-4096:]
        case _:
            return False


def _second_nature(data: bytes, kind: Kind) -> str:
    """What else an image or PDF is, made so on purpose or by a virus; empty for nothing."""
    if kind.media_type == TEXT:
        return ""
    if b"PK\x05\x06" in data[-66_000:]:
        return "a ZIP archive"
    if kind.is_image and b"%PDF-" in data[:1024]:
        return "a PDF"
    if kind.is_image and (_MARKUP.search(data[:1024]) or _MARKUP.search(data[-4096:])):
        return "a web page"
    return ""


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return bool(data)


def _other(data: bytes) -> str:
    for beginning, called in _OTHERS:
        if data.startswith(beginning):
            return called
    if data[4:8] == b"ftyp":
        return "a HEIC or AVIF image" if data[8:12] in (b"heic", b"heix", b"mif1", b"avif") else "a video"
    if data[:4] == b"RIFF":
        return "a recording"
    return "neither an image the API knows, nor a PDF, nor UTF-8 text"
