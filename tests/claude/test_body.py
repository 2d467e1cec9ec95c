"""Where a body ends: chunks cut anywhere give the same bytes, and `http.client` is the judge of what they hold."""

import gzip
import http.client
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.body import Chunked, Inflated, Sized, UntilClose, decoded
from betaconsole.claude.errors import Incomplete, LimitExceeded, ProtocolError
from tests.upstream import chunked

BODY = chunked([b"event: a\r\ndata: {}\r\n\r\n", b"0\r\n\r\n", b"x" * 40, b"\n"])
PLAIN = b"event: a\r\ndata: {}\r\n\r\n0\r\n\r\n" + b"x" * 40 + b"\n"


def as_http_client_reads(framed: bytes) -> bytes:
    class Pipe(io.BytesIO):
        def makefile(self, *args: object, **kwargs: object) -> io.BytesIO:
            return self

    response = http.client.HTTPResponse(Pipe(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + framed))
    response.begin()
    return response.read()


class TestChunked:
    @pytest.mark.parametrize("cut", range(1, len(BODY)))
    def test_two_pieces_cut_anywhere(self, cut):
        framing = Chunked()
        assert framing.feed(BODY[:cut]) + framing.feed(BODY[cut:]) == PLAIN
        assert framing.done

    def test_one_byte_at_a_time(self):
        framing = Chunked()
        assert b"".join(framing.feed(BODY[n : n + 1]) for n in range(len(BODY))) == PLAIN
        assert framing.done

    @given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 400), min_size=1, max_size=30))
    def test_any_chunks_in_any_pieces(self, parts, sizes):
        rest, out, framing, turn = chunked(parts), b"", Chunked(), 0
        while rest:
            size = sizes[turn % len(sizes)]
            out, rest, turn = out + framing.feed(rest[:size]), rest[size:], turn + 1
        assert framing.done
        assert out == b"".join(parts) == as_http_client_reads(chunked(parts))

    @pytest.mark.parametrize(
        "framed",
        [
            b"5;name=value;x\r\nhello\r\n0\r\n\r\n",
            b"005 \r\nhello\r\n000\r\n\r\n",
            b"5\nhello\n0\n\n",
            b"5\r\nhello\r\n0;last\r\nx-trailer: 1\r\ny: 2\r\n\r\n",
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
        ],
        ids=["extension", "zeros", "bare LF", "trailers", "more behind"],
    )
    def test_the_liberties_of_the_format(self, framed):
        framing = Chunked()
        assert framing.feed(framed) == b"hello"
        assert framing.done

    @pytest.mark.parametrize(
        "framed",
        [
            b"x\r\n",
            b"\r\n",
            b"0x5\r\nhello",
            b"+5\r\nhello",
            b"5_0\r\n",
            b"-1\r\n",
            b"5\r\nhello!\r\n",
            b"f" * 16 + b"\r\n",
        ],
    )
    def test_what_is_no_chunk_is_refused(self, framed):
        with pytest.raises(ProtocolError):
            Chunked().feed(framed)

    def test_a_chunk_header_without_end_is_refused_before_it_fills_the_memory(self):
        framing = Chunked()
        with pytest.raises(ProtocolError):
            [framing.feed(b"1" * 100) for _ in range(1000)]

    def test_an_end_in_the_middle_is_incomplete_but_missing_trailers_are_not(self):
        for cut in (b"", b"5", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0"):
            framing = Chunked()
            framing.feed(cut)
            with pytest.raises(Incomplete):
                framing.end()
        framing = Chunked()
        framing.feed(b"5\r\nhello\r\n0\r\n")
        framing.end()
        assert framing.done


class TestOtherFramings:
    def test_a_sized_body_ends_at_its_size(self):
        framing = Sized(5)
        assert framing.feed(b"hel") + framing.feed(b"lo, and more") == b"hello"
        assert framing.done
        assert Sized(0).done

    def test_a_sized_body_that_is_too_short_says_how_much_came(self):
        framing = Sized(5)
        framing.feed(b"hel")
        with pytest.raises(Incomplete, match="3 of 5 bytes"):
            framing.end()

    def test_without_a_size_the_end_of_the_connection_is_the_end(self):
        framing = UntilClose()
        assert framing.feed(b"hello") == b"hello"
        framing.end()
        assert framing.done


class TestEncodings:
    @pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15), (" GZIP ", 31)])
    @pytest.mark.parametrize("size", [1, 10, 100_000])
    def test_an_encoding_is_undone_however_it_is_cut(self, encoding, window, size):
        packer = zlib.compressobj(wbits=window)
        packed = packer.compress(PLAIN * 500) + packer.flush()
        pieces = (packed[start : start + size] for start in range(0, len(packed), size))
        assert b"".join(decoded(pieces, encoding, 1 << 30)) == PLAIN * 500

    @pytest.mark.parametrize("size", [1, 7, 100_000])
    def test_gzip_members_in_a_row_are_one_body(self, size):
        packed = gzip.compress(b"data: 1\n\n") + gzip.compress(b"data: 2\n\n")
        pieces = (packed[start : start + size] for start in range(0, len(packed), size))
        assert b"".join(decoded(pieces, "gzip", 1 << 20)) == b"data: 1\n\ndata: 2\n\n"

    def test_no_piece_of_a_bomb_is_large(self):
        packer = zlib.compressobj(wbits=31)
        bomb = packer.compress(bytes(5_000_000)) + packer.flush()
        assert max(map(len, Inflated("gzip").decode(bomb))) <= 65536

    def test_identity_is_passed_on(self):
        assert list(decoded(iter([b"a", b"b"]), "Identity", 9)) == [b"a", b"b"]

    def test_the_limit_counts_what_was_decoded(self):
        packed = zlib.compress(bytes(1000))
        assert b"".join(decoded(iter([packed]), "deflate", 1000)) == bytes(1000)
        with pytest.raises(LimitExceeded):
            list(decoded(iter([packed]), "deflate", 999))
