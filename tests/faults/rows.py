"""The hundred faults this console is tested against, and which tests show each.

U is the far end, S what stores and runs, B browsers and whoever speaks HTTP to the console. A test belongs to a row when its
name begins with it: `test_u23_a_redirect_is_never_followed`; so `pytest -k U23` runs what shows that row. `python -m
tests.faults.rows` writes the table in tests/README.md anew; tests/faults/test_rows.py holds both against each other.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
README = TESTS / "README.md"
BEGINS, ENDS = "<!-- rows -->\n", "<!-- end of rows -->"

ROWS = {
    "U1": "401, 402, 403 and 404",
    "U2": "400 that names an unknown beta",
    "U3": "413 with a page of HTML",
    "U4": "429 with retry-after",
    "U5": "retry-after that is a date, negative, huge or nonsense",
    "U6": "429 with x-should-retry: false",
    "U7": "500, 502, 503, 504 and 529, in JSON or not",
    "U8": "an error event at any place of the stream",
    "U9": "reset before the status line",
    "U10": "the end in the middle of a chunk",
    "U11": "a close-delimited body that ends without message_stop",
    "U12": "message_stop, and then the connection stays open",
    "U13": "a byte every 200 ms for ever",
    "U14": "headers that never end",
    "U15": "100,000 header lines, or a megabyte of them",
    "U16": "UTF-8 cut at every byte",
    "U17": "bytes that are no UTF-8",
    "U18": "Unicode's line separators inside JSON",
    "U19": "CR, LF and CRLF, mixed and cut between two reads",
    "U20": "BOM, comments, fields without a colon, odd id and retry",
    "U21": "a line of 50 MB",
    "U22": "compressed bombs, one encoding in another",
    "U23": "redirects to anywhere",
    "U24": "names that do not resolve, resolve late, or resolve elsewhere the second time",
    "U25": "certificates that are expired, self-signed or somebody else's; a handshake that stalls",
    "U26": "an outbound proxy that refuses, asks for a password or dies",
    "U27": "the clock jumps an hour",
    "U28": "200 with another content type, or none",
    "U29": "events that are no JSON, too deep, or hold impossible numbers",
    "U30": "events, blocks, deltas and reasons that nobody has heard of",
    "U31": "events doubled, out of order, or with absurd indexes",
    "U32": "events after message_stop",
    "U33": "a lone surrogate in the text",
    "U34": "NUL in the text",
    "U35": "usage that is missing, negative or huge",
    "U36": "8 columns of 20 repeats with 4 in flight",
    "U37": "nothing but pings",
    "U38": "content-length that is too long or too short",
    "U39": "an answer that repeats our key",
    "U40": "rate-limit headers that are missing or no numbers",
    "S1": "the disk is full when a run is queued",
    "S2": "the disk fills up in the middle of a stream",
    "S3": "the database is locked, a moment or a minute",
    "S4": "kill -9 at random moments of runs with 8 columns",
    "S5": "kill -9 between the claim and the first byte",
    "S6": "SIGTERM with open runs and 50 open pages",
    "S7": "the sending process stands still, and goes on after its leases are over",
    "S8": "two processes begin the same run",
    "S9": "a migration fails half way, or the tables are newer than the code",
    "S10": "rows that are damaged",
    "S11": "the wrong master key at the start",
    "S12": "PostgreSQL restarts in the middle of runs",
    "S13": "the clock goes back",
    "S14": "a million exchanges",
    "S15": "a backup while the console runs",
    "S16": "deleting old history is interrupted",
    "S17": "a probe that fails each time, a schedule that cannot be",
    "S18": "two schedulers with the same slot",
    "S19": "SQLite on a network file system",
    "S20": "fsync fails",
    "B1": "the tab is closed in the middle of a run",
    "B2": "the network goes and comes back",
    "B3": "Last-Event-ID of another page, or nonsense",
    "B4": "the console restarts while a page streams",
    "B5": "double clicks, and two tabs of one form",
    "B6": "back, forward and reload after a run",
    "B7": "ten tabs of one person",
    "B8": "a tab that was hidden for long",
    "B9": "a slow reader of a fast stream",
    "B10": "the session ends, or the role goes, while a page streams",
    "B11": "CSRF token wrong or missing",
    "B12": "prompts of 10 MB, 33 MB, a million lines",
    "B13": "NUL, surrogates, text that turns direction, names of 64 KB",
    "B14": "JSON that is too deep, too big, doubled or NaN in the editor",
    "B15": "line ends and odd characters in every name that goes into a header",
    "B16": "addresses that lead inside, in every spelling",
    "B17": "script in every place where foreign text is shown",
    "B18": "hostile Markdown",
    "B19": "htmx attributes in an output",
    "B20": "somebody else's objects, by every role at every address",
    "B21": "more fields posted than a form has",
    "B22": "sessions before and after sign-in, password change, sign-out and a new role",
    "B23": "guessing passwords",
    "B24": "telling who has an account",
    "B25": "next= that leads away",
    "B26": "cells that a spreadsheet would run",
    "B27": "imports without end",
    "B28": "imported requests that carry keys",
    "B29": "another Host header",
    "B30": "framing, sniffing and foreign pages that fetch",
    "B31": "the syntax of databases in a search",
    "B32": "invitations used again, too late, by others",
    "B33": "the last owner leaves",
    "B34": "a browser whose clock is wrong",
    "B35": "no JavaScript",
    "B36": "a diff of twice 10 MB",
    "B37": "a thousand open live pages",
    "B38": "where an alert of a probe goes",
    "B39": "a key in the page, or filled in by the browser",
    "B40": "keys in tracebacks and mails to admins",
}
# Rows that no test shows, and why.
NOT_SHOWN: dict[str, str] = {}


def shown_by() -> dict[str, list[tuple[str, str]]]:
    """For each row that has any, its tests as (file below tests/, function)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in _functions(path):
            for row in _rows(name):
                found.setdefault(row, []).append((path.relative_to(TESTS).as_posix(), name))
    return found


def table() -> str:
    """The table of tests/README.md: a line for each row, with the files of its tests."""
    tests = shown_by()
    lines = ["| row | fault | tests |\n", "|---|---|---|\n"]
    for row, fault in ROWS.items():
        files = dict.fromkeys(f"`{file}`" for file, _ in tests.get(row, []))
        lines.append(f"| {row} | {fault} | {', '.join(files) or NOT_SHOWN.get(row, '')} |\n")
    return "".join(lines)


def written() -> str:
    """tests/README.md with the table as it should be."""
    before, _, rest = README.read_text().partition(BEGINS)
    return f"{before}{BEGINS}{table()}{ENDS}{rest.partition(ENDS)[2]}"


def _functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def _rows(name: str) -> list[str]:
    leading = re.match(r"test_((?:[usb]\d+_)+)", name)
    return [row for row in leading[1].upper().split("_") if row in ROWS] if leading else []


if __name__ == "__main__":
    README.write_text(written())
