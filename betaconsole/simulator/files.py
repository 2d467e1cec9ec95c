"""The Files API: what is uploaded to /v1/files, listed, read and deleted there."""

from __future__ import annotations

import mimetypes
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from .multipart import FormPart, read_form
from .pages import Listing
from .refusals import Refusal, invalid
from .seeds import new_ident
from .store import moment
from .stored import StoredFile
from .visits import Caller, Visit
from .wire import Answer, whole_answer

FIRST_BETA = "files-api-2025-04-14"
LEAST_EXPIRY_S = 3_600
MOST_EXPIRY_S = 7_776_000
MOST_NAME_CHARS = 255
MOST_IDS = 100
BYTES = "application/octet-stream"
MADE_DATA = b"part,share\nsimulated,100\n"
# The file that the docs name in their examples: everybody may refer to it, and nobody finds it in a list.
EXAMPLE = StoredFile(
    "file_011ABC", "", "example.pdf", "application/pdf", b"%PDF-1.4\n%simulated\n" * 700, 1_744_588_800.0
)
FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')


def upload_file(visit: Visit, caller: Caller) -> dict[str, Any]:
    """Keep the form's `file`, for `expires_in_seconds` where it says so."""
    form = read_form(visit.request)
    uploaded = next((part for part in form if part.name == "file"), None)
    if uploaded is None or uploaded.filename is None:
        raise invalid("file: Field required")
    created_s = time.time()
    expiry_s = _expiry_s(form)
    mime_type = _mime_type(uploaded)
    kept = StoredFile(
        new_ident("file_"),
        caller.key_name,
        _filename(uploaded.filename, mime_type),
        mime_type,
        uploaded.data,
        created_s,
        None if expiry_s is None else created_s + expiry_s,
    )
    visit.world.files.put(kept)
    return file_object(kept, caller)


def list_files(visit: Visit, caller: Caller) -> dict[str, Any]:
    """Newest first, without the expired: by `page`, or all of `ids`; by `after_id` and `before_id` with the first beta."""
    query = visit.request.query
    files = visit.world.files
    found = {ident: each for ident, each in files.newest_first(caller.key_name).items() if not each.expired}
    listing = Listing(found, files.place, lambda each: file_object(each, caller))
    if FIRST_BETA in caller.betas:
        return listing.by_id(query)
    if ids := list(dict.fromkeys([*query.get("ids[]", ()), *query.get("ids", ())])):
        if len(ids) > MOST_IDS:
            raise invalid(f"ids: List should have at most {MOST_IDS} items after validation, not {len(ids)}")
        if query.keys() & {"page", "limit"}:
            raise invalid("ids: cannot be combined with `page` or `limit`")
        return {"data": [file_object(found[ident], caller) for ident in ids if ident in found], "next_page": None}
    return listing.by_token(query)


def retrieve_file(visit: Visit, caller: Caller, file_id: str) -> dict[str, Any]:
    return file_object(find_file(visit, caller, file_id), caller)


def delete_file(visit: Visit, caller: Caller, file_id: str) -> dict[str, Any]:
    if visit.world.files.drop(file_id, caller.key_name) is None:
        raise _unknown(file_id)
    return {"id": file_id, "type": "file_deleted"}


def file_content(visit: Visit, caller: Caller, file_id: str) -> Answer:
    """The bytes of a file that a tool made; uploads are not given back."""
    found = find_file(visit, caller, file_id)
    if not found.downloadable:
        code = None if FIRST_BETA in caller.betas else "file_not_downloadable"
        raise invalid(f"File '{file_id}' is not downloadable", code=code)
    headers = (("content-type", found.mime_type), *visit.headers())
    return whole_answer(200, headers, found.data, at_s=visit.quick_s())


def find_file(visit: Visit, caller: Caller, file_id: str) -> StoredFile:
    """A file of this caller. Raises the API's 404 where there is none, or it has expired."""
    found = visit.world.files.find(file_id, caller.key_name) or (EXAMPLE if file_id == EXAMPLE.id else None)
    if found is None:
        raise _unknown(file_id)
    if found.expired:
        raise Refusal(404, f"File '{file_id}' has expired", code="file_expired")
    return found


def keep_made_files(visit: Visit, caller: Caller, content: Iterable[Mapping[str, Any]]) -> None:
    """Keep the files that tools made within a message: each output that names one by its `file_id`."""
    for block in content:
        result = block.get("content") if str(block.get("type")).endswith("code_execution_tool_result") else None
        for output in (result.get("content") or ()) if isinstance(result, Mapping) else ():
            file_id = output["file_id"]
            if visit.world.files.find(file_id, caller.key_name) is None:
                name, kind, data = "simulated-output.csv", "text/csv", MADE_DATA
                made = StoredFile(file_id, caller.key_name, name, kind, data, time.time(), downloadable=True)
                visit.world.files.put(made)


def file_object(kept: StoredFile, caller: Caller) -> dict[str, Any]:
    """The file as the API tells it; the first beta knew no expiry."""
    told = {
        "type": "file",
        "id": kept.id,
        "size_bytes": kept.size_bytes,
        "created_at": moment(kept.created_s),
        "filename": kept.filename,
        "mime_type": kept.mime_type,
        "downloadable": kept.downloadable,
    }
    if FIRST_BETA in caller.betas:
        return told
    return {**told, "expires_at": None if kept.expires_s is None else moment(kept.expires_s)}


def _unknown(file_id: str) -> Refusal:
    return Refusal(404, f"File not found: {file_id}")


def _expiry_s(form: list[FormPart]) -> int | None:
    said = next((part.text.strip() for part in form if part.name == "expires_in_seconds"), None)
    if said is None:
        return None
    if not said.isascii() or not said.isdigit():
        raise invalid("expires_in_seconds: Input should be a valid integer, unable to parse string as an integer")
    expiry_s = int(said[:9])
    if expiry_s < LEAST_EXPIRY_S:
        raise invalid(f"expires_in_seconds: Input should be greater than or equal to {LEAST_EXPIRY_S}")
    if expiry_s > MOST_EXPIRY_S:
        raise invalid(f"expires_in_seconds: Input should be less than or equal to {MOST_EXPIRY_S}")
    return expiry_s


def _mime_type(part: FormPart) -> str:
    """What the part says, else what its name says."""
    said = part.content_type.split(";")[0].strip().lower()
    if re.fullmatch(r"[\w.+-]+/[\w.+-]+", said, re.ASCII) and said != BYTES:
        return said
    return mimetypes.guess_type(part.filename or "")[0] or BYTES


def _filename(said: str, mime_type: str) -> str:
    """The last step of the path; `unnamed` with a fitting extension where there is none."""
    name = re.split(r"[/\\]", said)[-1]
    if not name:
        return "unnamed" + (mimetypes.guess_extension(mime_type) or "")
    if len(name) > MOST_NAME_CHARS or FORBIDDEN_IN_NAMES.search(name):
        raise invalid(f'file: Invalid filename, must be 1 to {MOST_NAME_CHARS} characters without any of <>:"|?*')
    return name
