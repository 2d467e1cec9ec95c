"""The simulator's Skills API, with the SDK and by hand."""

import io
import zipfile

import anthropic
import pytest

from .talk import say

FIRST_BETA = "skills-2025-10-02"
BODY = b"---\nname: press-review\ndescription: >\n  Reads the papers,\n  every morning.\nlicense: MIT\n---\n\n# Press review\n"
FILES = [("press-review/SKILL.md", BODY, "text/markdown"), ("press-review/scripts/read.py", b"print(1)\n")]


def named(name: str, text: bytes = b"# No front matter\n") -> list[tuple[str, bytes]]:
    return [(f"{name}/SKILL.md", text)]


@pytest.mark.parametrize("space", ["stable", "beta"])
def test_the_sdk_creates_lists_reads_and_deletes_a_skill(client, space):
    skills = client.beta.skills if space == "beta" else client.skills
    made = skills.create(files=FILES, display_name="Press review")
    assert (made.type, made.display_name, made.source.type) == ("skill", "Press review", "custom")
    assert skills.retrieve(made.id) == made
    assert [skill.id for skill in skills.list(limit=2)] == [made.id, "pptx", "xlsx", "docx", "pdf"]
    assert [skill.id for skill in skills.list(source="custom")] == [made.id]
    assert {skill.source.type for skill in skills.list(source="anthropic")} == {"anthropic"}
    assert skills.delete(made.id).to_dict() == {"id": made.id, "type": "skill_deleted"}
    with pytest.raises(anthropic.NotFoundError):
        skills.retrieve(made.id)


@pytest.mark.parametrize("space", ["stable", "beta"])
def test_the_sdk_adds_and_deletes_versions(client, space):
    skills = client.beta.skills if space == "beta" else client.skills
    made = skills.create(files=FILES)
    second = skills.versions.create(made.id, files=FILES)
    assert (second.name, second.description) == ("press-review", "Reads the papers, every morning.")
    assert [version.id for version in skills.versions.list(made.id, limit=1)] == [second.id, made.latest_version_id]
    assert skills.retrieve(made.id).latest_version_id == second.id
    assert skills.versions.retrieve(second.id, skill_id=made.id) == second
    deleted = skills.versions.delete(second.id, skill_id=made.id)
    assert deleted.to_dict() == {"id": second.id, "type": "skill_version_deleted"}
    assert skills.retrieve(made.id).latest_version_id == made.latest_version_id
    with pytest.raises(anthropic.BadRequestError, match="at least one version"):
        skills.versions.delete(made.latest_version_id, skill_id=made.id)


def test_without_a_display_name_a_skill_is_called_as_its_folder(client):
    assert client.skills.create(files=FILES).display_name == "press-review"
    assert client.skills.create(files=named("plain")).display_name == "plain"


def test_the_content_of_a_version_is_a_zip_for_those_with_the_first_beta(client):
    made = client.skills.create(files=FILES)
    content = client.beta.skills.versions.download(made.latest_version_id, skill_id=made.id, betas=[FIRST_BETA])
    with zipfile.ZipFile(io.BytesIO(content.read())) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {path: data for path, data, *_ in FILES}
    with pytest.raises(anthropic.NotFoundError):
        client.beta.skills.versions.download(made.latest_version_id, skill_id=made.id)


def test_the_first_beta_names_versions_by_their_time(client, simulator):
    made = client.skills.create(files=FILES)
    path = f"/v1/skills/{made.id}"
    skill = say(simulator.dial(), None, method="GET", path=path, anthropic_beta=FIRST_BETA).json
    assert (skill["display_title"], skill["source"]) == ("press-review", "custom")
    assert skill["latest_version"].isdigit()
    named_by_time = f"{path}/versions/{skill['latest_version']}"
    version = say(simulator.dial(), None, method="GET", path=named_by_time, anthropic_beta=FIRST_BETA).json
    assert (version["id"], version["version"]) == (made.latest_version_id, skill["latest_version"])
    listed = say(simulator.dial(), None, method="GET", path="/v1/skills?limit=1", anthropic_beta=FIRST_BETA).json
    assert set(listed) == {"data", "has_more", "next_page"}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("SKILL.md", BODY)], "SKILL.md file must be exactly in the top-level folder"),
        ([("press-review/docs/SKILL.md", BODY)], "SKILL.md file must be exactly in the top-level folder"),
        ([("press-review/readme.md", b"no skill")], "SKILL.md file must be exactly in the top-level folder"),
        ([*FILES, ("other/file.txt", b"")], "All files must be in the same top-level folder"),
        ([*FILES, ("press-review/../../file.txt", b"")], "All files must be in the same top-level folder"),
        ([("skills/SKILL.md", BODY)], "The folder name 'skills' must match the skill name 'press-review'"),
        (named("long", b"---\ndescription: " + b"a" * 1025 + b"\n---\n"), "at most 1024 characters"),
    ],
)
def test_what_is_no_skill_is_refused(client, files, says):
    with pytest.raises(anthropic.BadRequestError, match=says):
        client.skills.create(files=files)


def test_a_version_keeps_the_name_of_its_skill(client):
    made = client.skills.create(files=FILES)
    with pytest.raises(anthropic.BadRequestError, match="must be the skill's name 'press-review'"):
        client.skills.versions.create(made.id, files=named("other"))


def test_a_display_name_has_255_characters_at_most(client):
    with pytest.raises(anthropic.BadRequestError, match="at most 255 characters"):
        client.skills.create(files=FILES, display_name="a" * 256)


def test_anthropics_skills_can_be_read_but_not_changed(client):
    assert client.skills.retrieve("pptx").source.type == "anthropic"
    assert [version.name for version in client.skills.versions.list("pptx")] == ["pptx"]
    for change in (
        lambda: client.skills.delete("pptx"),
        lambda: client.skills.versions.create("pptx", files=named("pptx")),
        lambda: client.skills.versions.delete("20251013", skill_id="pptx"),
    ):
        with pytest.raises(anthropic.PermissionDeniedError):
            change()


def test_what_is_not_there_is_404(client):
    made = client.skills.create(files=FILES)
    stranger = client.with_options(api_key="sk-ant-other")
    for ask_for in (
        lambda: client.skills.delete("skill_none"),
        lambda: client.skills.versions.list("skill_none"),
        lambda: client.skills.versions.create("skill_none", files=FILES),
        lambda: client.skills.versions.retrieve("none", skill_id=made.id),
        lambda: client.skills.versions.delete("none", skill_id=made.id),
        lambda: stranger.skills.retrieve(made.id),
    ):
        with pytest.raises(anthropic.NotFoundError):
            ask_for()


def test_a_skill_cannot_grow_without_end(client):
    made = client.skills.create(files=FILES)
    large = [*FILES, ("press-review/data.bin", b"0" * 20_000_000)]
    client.skills.versions.create(made.id, files=large)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.skills.versions.create(made.id, files=large)
    assert refused.value.body["error"]["details"] == {"error_code": "storage_quota_exceeded"}


def run_code(client: anthropic.Anthropic, **container: object) -> anthropic.types.Message:
    return client.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=2000,
        messages=[{"role": "user", "content": "Count the rows."}],
        tools=[{"type": "code_execution_20260521", "name": "code_execution"}],
        **container,
    )


def test_a_message_that_ran_code_names_its_container_and_the_skills_in_it(client):
    made = client.skills.create(files=FILES)
    skills = [
        {"type": "anthropic", "skill_id": "pptx", "version": "latest"},
        {"type": "custom", "skill_id": made.id},
    ]
    container = run_code(client, container={"skills": skills}).container
    assert container.id.startswith("container_01")
    assert [(skill.skill_id, skill.version) for skill in container.skills] == [
        ("pptx", "20251013"),
        (made.id, made.latest_version_id),
    ]
    assert run_code(client, container=container.id).container.id == container.id
    assert run_code(client).container.skills is None


@pytest.mark.parametrize(
    ("skill", "error"),
    [
        ({"type": "custom", "skill_id": "skill_none"}, anthropic.NotFoundError),
        ({"type": "anthropic", "skill_id": "pptx", "version": "none"}, anthropic.NotFoundError),
        ({"type": "anthropic", "skill_id": "skill_none"}, anthropic.BadRequestError),
        ({"type": "other", "skill_id": "pptx"}, anthropic.BadRequestError),
        ({"type": "custom"}, anthropic.BadRequestError),
    ],
)
def test_a_skill_that_is_not_there_cannot_be_loaded(client, skill, error):
    with pytest.raises(error):
        run_code(client, container={"skills": [skill]})
