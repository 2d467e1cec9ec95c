"""The Skills API: /v1/skills and the versions of a skill."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .multipart import FormPart, read_form
from .pages import Listing
from .refusals import Refusal, invalid
from .seeds import new_ident
from .store import moment
from .stored import Skill, SkillVersion
from .visits import Caller, Visit
from .wire import Answer, whole_answer

FIRST_BETA = "skills-2025-10-02"
MOST_DISPLAY_NAME_CHARS = 255
MOST_DESCRIPTION_CHARS = 1_024
MOST_SKILL_BYTES = 32 * 1024 * 1024
MAIN_FILE = "SKILL.md"
FRONTMATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
FIELD = re.compile(r"^(name|description)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]+)*)", re.MULTILINE)
EVERYBODY = "anthropic"
BUILT_IN_S = 1_760_313_600.0  # 2025-10-13, the date in their version's name
BUILT_IN = {
    "pptx": ("PowerPoint", "Create and edit presentations"),
    "xlsx": ("Excel", "Create and analyse spreadsheets"),
    "docx": ("Word", "Create and edit documents"),
    "pdf": ("PDF", "Create and fill in PDF documents"),
}


@dataclass(frozen=True)
class _Upload:
    """The files of one version, and what their SKILL.md says."""

    name: str
    description: str
    files: tuple[tuple[str, bytes], ...]


def create_skill(visit: Visit, caller: Caller) -> dict[str, Any]:
    """Keep a new skill with its first version."""
    form = read_form(visit.request)
    upload = _read_upload(form)
    said = next((part.text for part in form if part.name in ("display_name", "display_title")), "")
    if len(said) > MOST_DISPLAY_NAME_CHARS:
        raise invalid(f"display_name: String should have at most {MOST_DISPLAY_NAME_CHARS} characters")
    version = _new_version(upload)
    at_s = version.created_s
    skill = Skill(new_ident("skill_"), caller.key_name, said or upload.name, "custom", (version,), at_s, at_s)
    visit.world.skills.put(skill)
    return skill_object(skill, caller)


def list_skills(visit: Visit, caller: Caller) -> dict[str, Any]:
    """The caller's skills, newest first, then Anthropic's; one `source` where the query names it."""
    kept = visit.world.skills
    skills = {**kept.newest_first(caller.key_name), **BUILT_IN_SKILLS}
    if source := visit.request.query.get("source"):
        skills = {ident: skill for ident, skill in skills.items() if skill.source == source[0]}
    built_in = {ident: number for number, ident in enumerate(BUILT_IN_SKILLS, 1)}
    listing = Listing(
        skills, lambda ident: built_in.get(ident) or kept.place(ident), lambda skill: skill_object(skill, caller)
    )
    page = listing.by_token(visit.request.query)
    return {**page, "has_more": page["next_page"] is not None} if FIRST_BETA in caller.betas else page


def retrieve_skill(visit: Visit, caller: Caller, skill_id: str) -> dict[str, Any]:
    return skill_object(find_skill(visit, caller, skill_id), caller)


def delete_skill(visit: Visit, caller: Caller, skill_id: str) -> dict[str, Any]:
    """Delete a skill with all its versions."""
    _refuse_built_in(skill_id)
    if visit.world.skills.drop(skill_id, caller.key_name) is None:
        raise _unknown_skill(skill_id)
    return {"id": skill_id, "type": "skill_deleted"}


def create_version(visit: Visit, caller: Caller, skill_id: str) -> dict[str, Any]:
    """Add a version to a skill of one's own, under the same name."""
    _refuse_built_in(skill_id)
    upload = _read_upload(read_form(visit.request))
    version = _new_version(upload)

    def extended(skill: Skill) -> Skill:
        if upload.name != skill.latest.name:
            raise invalid(f"The name '{upload.name}' in {MAIN_FILE} must be the skill's name '{skill.latest.name}'.")
        if skill.size_bytes + version.size_bytes > MOST_SKILL_BYTES:
            raise invalid("The versions of this skill are too large together.", code="storage_quota_exceeded")
        return replace(skill, versions=(*skill.versions, version), updated_s=version.created_s)

    if visit.world.skills.change(skill_id, caller.key_name, extended) is None:
        raise _unknown_skill(skill_id)
    return version_object(version, skill_id, caller)


def list_versions(visit: Visit, caller: Caller, skill_id: str) -> dict[str, Any]:
    """The versions of a skill, newest first."""
    skill = find_skill(visit, caller, skill_id)
    versions = {version.id: version for version in reversed(skill.versions)}
    places = {ident: number for number, ident in enumerate(versions, 1)}
    listing = Listing(versions, places.get, lambda version: version_object(version, skill_id, caller))
    page = listing.by_token(visit.request.query)
    return {**page, "has_more": page["next_page"] is not None} if FIRST_BETA in caller.betas else page


def retrieve_version(visit: Visit, caller: Caller, skill_id: str, name: str) -> dict[str, Any]:
    return version_object(find_version(find_skill(visit, caller, skill_id), name), skill_id, caller)


def delete_version(visit: Visit, caller: Caller, skill_id: str, name: str) -> dict[str, Any]:
    """Delete one version. The last one goes only with its skill, since a skill always has one."""
    _refuse_built_in(skill_id)

    def shortened(skill: Skill) -> Skill:
        version = find_version(skill, name)
        if len(skill.versions) == 1:
            raise invalid("A skill must keep at least one version. Delete the skill instead.")
        left = tuple(each for each in skill.versions if each is not version)
        return replace(skill, versions=left, updated_s=time.time())

    if visit.world.skills.change(skill_id, caller.key_name, shortened) is None:
        raise _unknown_skill(skill_id)
    return {"id": name, "type": "skill_version_deleted"}


def version_content(visit: Visit, caller: Caller, skill_id: str, name: str) -> Answer:
    """A version as a zip archive, for those who send the first beta (404 for others)."""
    if FIRST_BETA not in caller.betas:
        raise Refusal(404, "Not Found")
    version = find_version(find_skill(visit, caller, skill_id), name)
    headers = (("content-type", "application/zip"), *visit.headers())
    return whole_answer(200, headers, _zipped(version), at_s=visit.quick_s())


def skill_object(skill: Skill, caller: Caller) -> dict[str, Any]:
    """The skill as the API tells it, or as it told it under the first beta."""
    times = {"created_at": moment(skill.created_s), "updated_at": moment(skill.updated_s)}
    if FIRST_BETA in caller.betas:
        return {
            "id": skill.id,
            "display_title": skill.display_name,
            "latest_version": skill.latest.epoch,
            "source": skill.source,
            **times,
        }
    return {
        "type": "skill",
        "id": skill.id,
        "display_name": skill.display_name,
        "latest_version_id": skill.latest.id,
        "source": {"type": skill.source},
        **times,
    }


def version_object(version: SkillVersion, skill_id: str, caller: Caller) -> dict[str, Any]:
    told = {
        "type": "skill_version",
        "skill_id": skill_id,
        "id": version.id,
        "name": version.name,
        "description": version.description,
        "created_at": moment(version.created_s),
    }
    return {**told, "version": version.epoch, "directory": version.name} if FIRST_BETA in caller.betas else told


def _read_upload(form: Sequence[FormPart]) -> _Upload:
    """The files of a form: one folder with a SKILL.md at its top, named as that says. Raises a Refusal for anything else."""
    parts = [part for part in form if part.name in ("files[]", "files") and part.filename]
    if not parts:
        raise invalid("files: Field required")
    paths = [str(part.filename).replace("\\", "/").split("/") for part in parts]
    folders = {path[0] for path in paths}
    if any(len(path) < 2 or {"", ".", ".."} & set(path) for path in paths) or len(folders) != 1:
        if not any(len(path) == 2 and path[1] == MAIN_FILE for path in paths):
            raise invalid(f"{MAIN_FILE} file must be exactly in the top-level folder.")
        raise invalid("All files must be in the same top-level folder.")
    files = {"/".join(path[1:]): part.data for path, part in zip(paths, parts, strict=True)}
    if MAIN_FILE not in files:
        raise invalid(f"{MAIN_FILE} file must be exactly in the top-level folder.")
    folder = folders.pop()
    said = _frontmatter(files[MAIN_FILE].decode("utf-8", "replace"))
    name, description = said.get("name") or folder, said.get("description", "")
    if name != folder:
        raise invalid(f"The folder name '{folder}' must match the skill name '{name}' in {MAIN_FILE}.")
    if len(description) > MOST_DESCRIPTION_CHARS:
        raise invalid(f"field 'description' in {MAIN_FILE} must be at most {MOST_DESCRIPTION_CHARS} characters")
    return _Upload(name, description, tuple(sorted(files.items())))


def _frontmatter(text: str) -> dict[str, str]:
    """Name and description of the lines between the dashes; a value may go on in indented lines."""
    head = FRONTMATTER.match(text)
    found = FIELD.findall(head[1]) if head else []
    return {key: " ".join(re.sub(r"^[>|][+-]?(?=\s)", "", value).split()).strip("\"'") for key, value in found}


def _new_version(upload: _Upload) -> SkillVersion:
    now_s = time.time()
    return SkillVersion(
        new_ident("skill_version_"), str(int(now_s * 1e6)), upload.name, upload.description, upload.files, now_s
    )


def _zipped(version: SkillVersion) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, data in version.files:
            zipped.writestr(f"{version.name}/{path}", data)
    return archive.getvalue()


def find_skill(visit: Visit, caller: Caller, skill_id: str) -> Skill:
    found = BUILT_IN_SKILLS.get(skill_id) or visit.world.skills.find(skill_id, caller.key_name)
    if found is None:
        raise _unknown_skill(skill_id)
    return found


def find_version(skill: Skill, name: str) -> SkillVersion:
    found = next((version for version in skill.versions if name in (version.id, version.epoch)), None)
    if found is None:
        raise Refusal(404, f"Skill version not found: {name}")
    return found


def _unknown_skill(skill_id: str) -> Refusal:
    return Refusal(404, f"Skill not found: {skill_id}")


def _refuse_built_in(skill_id: str) -> None:
    if skill_id in BUILT_IN_SKILLS:
        raise Refusal(403, f"The skill '{skill_id}' is published by Anthropic and cannot be changed.")


def _built_in(ident: str, title: str, description: str) -> Skill:
    text = f"---\nname: {ident}\ndescription: {description}\n---\n\nA simulated skill: it holds no more than this.\n"
    version = SkillVersion("20251013", "20251013", ident, description, ((MAIN_FILE, text.encode()),), BUILT_IN_S)
    return Skill(ident, EVERYBODY, title, "anthropic", (version,), BUILT_IN_S, BUILT_IN_S)


BUILT_IN_SKILLS = {ident: _built_in(ident, *words) for ident, words in BUILT_IN.items()}
