"""The OpenAPI document as a page shows it: operations, their fields as flat rows, a command to try. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Schema = Mapping[str, Any]
TOKEN = "$BETACONSOLE_TOKEN"  # noqa: S105 - a reference that the shell fills in


@dataclass(frozen=True)
class Field:
    """One row: where a value stands (`variants[].betas`), what it is, what it means."""

    name: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """One address and method."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: list[Field]
    success: str  # "201 Created, 200 OK"
    answer: list[Field]
    errors: list[int]
    curl: str


def operations(document: Schema, *, origin: str) -> list[Operation]:
    """Every operation of the document, in its order. `origin` is where the commands go, such as http://127.0.0.1:8000."""
    return [
        _operation(document, path, method, details, origin)
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    ]


def _operation(document: Schema, path: str, method: str, details: Schema, origin: str) -> Operation:
    answers = {int(status): _json_content(answer).get("schema", {}) for status, answer in details["responses"].items()}
    good = [status for status in answers if status < 400]
    body = _json_content(details.get("requestBody", {})).get("schema", {})
    return Operation(
        id=details["operationId"],
        method=method.upper(),
        path=path,
        summary=details["summary"],
        description=details.get("description", ""),
        parameters=[_parameter(document, parameter) for parameter in details["parameters"]],
        body=list(_fields(document, body)),
        success=", ".join(f"{status} {HTTPStatus(status).phrase}" for status in good),
        answer=list(_fields(document, answers[good[0]])),
        errors=[status for status in answers if status >= 400],
        curl=_curl(method, origin + path, _json_content(details.get("requestBody", {})).get("example")),
    )


def _json_content(holder: Schema) -> Schema:
    return holder.get("content", {}).get("application/json", {})


def _resolved(document: Schema, schema: Schema) -> Schema:
    """The schema a `$ref` points to, with what stands beside the reference."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**document["components"]["schemas"][reference.rsplit("/", 1)[-1]], **schema, "$ref": None}


def _parameter(document: Schema, parameter: Schema) -> Field:
    return Field(
        name=f"{parameter['name']} (in the {parameter['in']})",
        type=_type(document, parameter["schema"]),
        is_required=parameter["required"],
        description=parameter.get("description", ""),
    )


def _fields(document: Schema, schema: Schema, prefix: str = "") -> Iterator[Field]:
    """A row for each property, and after it the rows of what is inside; of a list, those of what it lists."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        yield from _fields(document, schema.get("items", {}), f"{prefix}[].")
    needed = schema.get("required", ())
    for name, details in schema.get("properties", {}).items():
        details = _resolved(document, details)
        yield Field(
            name=prefix + name,
            type=_type(document, details),
            is_required=name in needed,
            description=details.get("description", ""),
        )
        for inner, mark in _inside(document, details):
            yield from _fields(document, inner, f"{prefix}{name}{mark}.")


def _inside(document: Schema, schema: Schema) -> Iterator[tuple[Schema, str]]:
    """The objects of our own inside a property: itself, its items, or either behind `or null`."""
    for option in schema.get("anyOf", [schema]):
        option = _resolved(document, option)
        if "items" in option:
            yield option["items"], "[]"
        elif "properties" in option:
            yield option, ""


def _type(document: Schema, schema: Schema) -> str:
    """`string or null`, `list of objects`, `"running" or "finished"`."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " or ".join(_type(document, option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_plural(_type(document, schema.get('items', {})))}"
    return schema.get("type", "any JSON")


def _plural(type_name: str) -> str:
    """`strings`, `lists of strings`, `any JSON`."""
    first, *rest = type_name.split(" ", 1)
    return type_name if first == "any" else " ".join([f"{first}s", *rest])


def _curl(method: str, url: str, example: Any) -> str:
    """A command for a POSIX shell."""
    lines = [f"curl -X {method.upper()} {url}" if method != "get" else f"curl {url}"]
    lines.append(f'-H "Authorization: Bearer {TOKEN}"')
    if example is not None:
        quoted = json.dumps(example, indent=2).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{quoted}'"]
    return " \\\n  ".join(lines)
