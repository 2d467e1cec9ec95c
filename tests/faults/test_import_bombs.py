"""Files of half a gigabyte, lines of millions of values: the limit is named, memory stays small, nothing is half done."""

import io
import tracemalloc

import pytest
from django.test import Client

from betaconsole.drafts.models import CaseSet
from betaconsole.kept.importing import ImportRefused as LibraryRefused
from betaconsole.kept.importing import import_lines
from betaconsole.runs.history.import_reading import ImportRefused as HistoryRefused
from betaconsole.runs.history.importing import import_history
from betaconsole.runs.models import Comparison, Import
from tests.drafts.desk import a_draft

pytestmark = pytest.mark.django_db
BOUNDARY = "a-boundary-of-this-test"


class Generated:
    """A posted file that is written while it is read: `piece` again and again."""

    def __init__(self, name: str, piece: bytes, size: int) -> None:
        head = f'Content-Disposition: form-data; name="{name}"; filename="log.jsonl"\r\n\r\n'
        self.head, self.tail = f"--{BOUNDARY}\r\n{head}".encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
        self.filling = piece * (1 + 2**20 // len(piece))
        self.left, self.most_at_once = size, 0
        self.size = size + len(self.head) + len(self.tail)

    def read(self, most: int) -> bytes:
        self.most_at_once = max(self.most_at_once, most)
        if self.head:
            data, self.head = self.head, b""
        elif self.left:
            data = self.filling[: min(most, self.left)]
            self.left -= len(data)
        else:
            data, self.tail = self.tail, b""
        return data

    def readline(self, most: int = -1) -> bytes:
        raise AssertionError("a line may be all of it")


def post(client: Client, path: str, body: Generated):
    sent = {"wsgi.input": body, "CONTENT_LENGTH": str(body.size)}
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return client.request(**sent, CONTENT_TYPE=kind, REQUEST_METHOD="POST", PATH_INFO=path)


@pytest.mark.parametrize(
    ("path", "field", "piece", "megabytes"),
    [
        ("/drafts/{draft}/import/", "recording", b'{"model": "m", "messages": [], "max_tokens": 1}\n', 200),
        ("/drafts/{draft}/import/", "recording", b'{"log": {"entries": [' * 9, 200),
        ("/history/import/", "history", b'{"kind": "betaconsole.body"}\n', 500),
        ("/library/import/", "library", b"[" * 100, 200),
    ],
    ids=["lines of requests", "HAR in one line", "history", "library"],
)
def test_b27_a_file_of_half_a_gigabyte_is_refused_by_name_and_never_held(client, owner, path, field, piece, megabytes):
    draft = a_draft()
    body = Generated(field, piece, (megabytes + 20) * 1_000_000)
    answer = post(client, path.format(draft=draft.public_id), body)
    assert (answer.status_code, f"{megabytes} MB" in answer.content.decode()) == (422, True)
    assert (body.left, body.most_at_once < 1_000_000) == (0, True), (
        "read to its end in pieces, so that the answer is heard"
    )
    assert [kind for kind in (CaseSet, Comparison, Import) if kind.objects.exists()] == []


MANY = b"[" + b"1," * 2_100_000 + b"1]"


@pytest.mark.parametrize(
    "inside", [b'{"kind": "betaconsole.prompt", "tags": %s}', b'{"version": 1, "body": {"a": %s}}']
)
def test_b27_a_line_of_millions_of_values_is_refused_before_it_becomes_them(owner, inside):
    file = io.BytesIO(inside % MANY)
    tracemalloc.start()
    with pytest.raises(LibraryRefused) as refused:
        import_lines(file, team=owner.team, author=owner.user)
    file.seek(0)
    with pytest.raises(HistoryRefused) as refused_too:
        import_history(file, name="x", team=owner.team, author=owner.user)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more values" in refused.value.problems[0][1]
    assert "more values" in refused_too.value.problems[0][1]
    assert peak < 40_000_000
