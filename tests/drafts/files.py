"""Files for tests: small ones that are what they say, made byte by byte."""

import struct
import zlib


def png(width: int = 3, height: int = 2, *, filler: int = 0) -> bytes:
    """A PNG image; `filler` bytes of noise that no compression makes smaller stand in a chunk of their own."""
    noise = bytes((at * 7919 + at // 251) % 256 for at in range(min(filler, 4096)))
    rows = b"".join(b"\x00" + b"\x80\x40\x20" * min(width, 64) for _ in range(min(height, 64)))
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), chunk(b"IDAT", zlib.compress(rows))]
    if filler:
        parts.insert(1, chunk(b"noIs", (noise * (filler // max(len(noise), 1) + 1))[:filler]))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(width: int = 40, height: int = 30) -> bytes:
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    thumbnail = b"\xff\xe1" + struct.pack(">H", 8) + b"\xff\xd8\xff\xd9ab"  # an end of image that is not the end
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return head + thumbnail + frame + b"\xff\xda\x00\x02" + b"\x12\x34" * 20 + b"\xff\xd9"


def gif(width: int = 5, height: int = 4) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00" + b"\x2c" + bytes(20) + b"\x3b"


def webp(width: int = 7, height: int = 6) -> bytes:
    head = b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pdf(pages: int = 1) -> bytes:
    kids = b"".join(b"%d 0 obj <</Type /Page /Parent 2 0 R>> endobj\n" % (at + 3) for at in range(pages))
    return (
        b"%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages>> endobj\n"
        + kids
        + b"%%EOF\n"
    )
