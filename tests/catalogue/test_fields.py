"""fields.toml agrees with betas.toml and with itself."""

import tomllib
from pathlib import Path

import pytest

from betaconsole.catalogue import betas
from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.checks.fields import Kinds, known_types, request_fields
from betaconsole.catalogue.checks.paths import BodyPath, read_path
from betaconsole.catalogue.model_specs import all_models, known_versions, sampling_versions
from betaconsole.simulator.rules import DEFAULT_VERSIONS
from betaconsole.simulator.shapes import STABLE_TOOL_TYPES, request_shape

FILE = Path(betas.__file__).with_name("fields.toml")
SHAPES = {(shape.at.text if shape.at else "", shape.tag): shape for shape in request_fields().shapes}


def test_no_object_stands_twice():
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["object"]
    assert len(SHAPES) == len(rows)


def test_every_kind_can_be_read_and_required_fields_are_known():
    for shape in SHAPES.values():
        assert set(shape.required) <= set(shape.fields)
        for kinds in shape.fields.values():
            assert kinds.kinds or kinds.words
            assert str(kinds)


@pytest.mark.parametrize(
    ("text", "fitting", "others"),
    [
        ("text list", ["", []], [None, 1, {}]),
        ("whole>=1024", [1024, 1e4], [1023, True, 1024.5, 1e3, float("inf"), "1024"]),
        ("=low =high", ["low"], ["", "Low", 1]),
        ("truth", [True], [1, "true"]),
        ("number", [1, 1.5], [False, "1"]),
        ("any", [None, {}, 1], []),
    ],
)
def test_a_kind_fits_its_values(text: str, fitting: list[object], others: list[object]):
    kinds = Kinds.read(text)
    assert all(map(kinds.fit, fitting))
    assert not any(map(kinds.fit, others))


def parents(path: BodyPath) -> tuple[str, str]:
    """Where the field of a path stands, as fields.toml writes it, and its name."""
    *above, last = path.steps
    return ".".join(step.name + ("[]" if step.each else "") for step in above), last.name


def test_every_field_and_value_that_a_beta_unlocks_is_known():
    for beta in all_betas().values():
        for path in map(read_path, beta.unlocks):
            at, name = parents(path)
            if path.value is not None and name == "type":
                assert path.value in known_types(at) or at.endswith(("source", "tool")), path.text
                continue
            if at == "**":  # may stand on any object
                continue
            holders = [shape for (where, _), shape in SHAPES.items() if where == at]
            assert any(name in shape.fields for shape in holders), path.text
            if path.value is not None:
                assert any(shape.fields[name].fit(path.value) for shape in holders if name in shape.fields), path.text


def test_what_a_beta_acts_on_can_be_read_and_its_models_are_known():
    for beta in all_betas().values():
        assert set(beta.models) <= set(all_models())
        for text in beta.acts_on:
            assert read_path(text).text == text
            assert text not in beta.unlocks


def test_the_simulator_has_the_same_fields():
    everything = {name for name, kinds in SHAPES["", ""].fields.items()}
    gated = {path.field for beta in all_betas().values() for path in map(read_path, beta.gated)}
    for endpoint, expected in (("messages", everything), ("messages.count_tokens", request_fields().counted)):
        shape = request_shape(endpoint, tool_types=STABLE_TOOL_TYPES, sampling=True, gated=gated & expected)
        assert set(shape.fields) == expected


def test_the_simulator_has_the_same_versions():
    assert known_versions() == DEFAULT_VERSIONS
    assert set(sampling_versions()) < set(known_versions())
