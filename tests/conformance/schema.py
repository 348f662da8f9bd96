"""Bot API 10.3 in the words of @gramio/types, and what in a call or an answer does not fit it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.sandbox.client import Sim
from tests.conformance.node import packages_are_installed, printed_json

Json = dict[str, Any]
Type = str | Json

_PLAIN: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "file": str,  # a file_id, an address or attach://<part>
}
# The documentation says of RichText that it is an object, a String, or an Array of RichText; the package knows
# only the objects.
_RICH_TEXT = "TelegramRichText"


class Schema:
    """Methods with their parameters, and types.

    A problem is one line: where in the value, and what is wrong there.
    """

    def __init__(self, described: Json) -> None:
        self.version: str = described["version"]
        self._methods: Json = described["methods"]
        self._types: Json = described["types"]
        self._checks: dict[str, Callable[[Any, Any, str], Iterable[str]]] = {
            "literal": self._problems_of_literal,
            "array": self._problems_of_array,
            "union": self._problems_of_union,
            "object": self._problems_of_object,
        }

    @property
    def methods(self) -> frozenset[str]:
        """The names of all methods."""
        return frozenset(self._methods)

    def parameters(self, method: str) -> Json:
        """Name to `{"required": bool, "type": ...}`."""
        return dict(self._methods[method]["params"])

    def kind(self, method: str, parameter: str) -> str:
        """How a parameter's value is written: `int`, `bool`, `str`, `chat`, `json` or `file`."""
        kinds = self._kinds(self.parameters(method)[parameter]["type"])
        if kinds == {"number", "string"}:
            return "chat"
        if "file" in kinds:
            return "file"
        plain = {"number": "int", "boolean": "bool", "string": "str"}
        return plain[kinds.pop()] if len(kinds) == 1 and kinds <= plain.keys() else "json"

    def fields(self, name: str) -> Json:
        """The fields of an object, as `parameters` tells those of a method."""
        return dict(self._types[name]["object"])

    def choices(self, name: str) -> set[str]:
        """The words that a value may be."""
        return {one["literal"] for one in self._types[name]["union"]}

    def alternatives(self, name: str) -> dict[str, Json]:
        """The fields of each object that a value may be, by its `type`."""
        objects = [self.fields(one["ref"]) for one in self._types[name]["union"]]
        return {fields["type"]["type"]["literal"]: fields for fields in objects}

    def problems_of_call(self, method: str, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with the parameters of a call, as JSON or as they stand in a form."""
        if method not in self._methods:
            return [f"{method}: no such method"]
        known = self.parameters(method)
        arrived = {
            name: self._arrived(known[name]["type"], value) if name in known else value
            for name, value in given.items()
        }
        return list(self._problems_of_fields(known, arrived, method))

    def problems_of_answer(self, method: str, result: Any) -> list[str]:
        """What is wrong with the `result` of a call."""
        return list(self._problems(self._methods[method]["returns"], result, method))

    def problems_of(self, name: str, value: Any) -> list[str]:
        """What is wrong with a value of a named type, such as `TelegramUpdate`."""
        return list(self._problems({"ref": name}, value, name))

    def _resolved(self, described: Type) -> Type:
        while isinstance(described, dict) and "ref" in described:
            described = self._types[described["ref"]]
        return described

    def _kinds(self, described: Type) -> set[str]:
        described = self._resolved(described)
        if isinstance(described, str):
            return {described}
        if "union" in described:
            return {kind for one in described["union"] for kind in self._kinds(one)}
        if "literal" in described:
            return {{bool: "boolean", str: "string"}.get(type(described["literal"]), "number")}
        return {"json"}

    def _arrived(self, described: Type, value: Any) -> Any:
        """The value of a form field: JSON, unless words are wanted."""
        if not isinstance(value, str) or self._kinds(described) & {"string", "file"}:
            return value
        try:
            return json.loads(value.lower() if self._kinds(described) == {"boolean"} else value)
        except ValueError:
            return value

    def _problems(self, described: Type, value: Any, at: str) -> Iterable[str]:
        if described == {"ref": _RICH_TEXT} and isinstance(value, str | list):
            parts = value if isinstance(value, list) else []
            return [problem for part in parts for problem in self._problems(described, part, at)]
        described = self._resolved(described)
        if isinstance(described, str):
            return self._problems_of_plain(described, value, at)
        ((kind, inner),) = described.items()
        return self._checks[kind](inner, value, at)

    def _problems_of_literal(self, wanted: Any, value: Any, at: str) -> list[str]:
        return [] if value == wanted else [f"{at}: {value!r} is not {wanted!r}"]

    def _problems_of_plain(self, kind: str, value: Any, at: str) -> list[str]:
        wanted = _PLAIN.get(kind, object)
        fits = isinstance(value, wanted) and (kind != "number" or not isinstance(value, bool))
        return [] if fits else [f"{at}: {value!r} is not a {kind}"]

    def _problems_of_array(self, described: Type, value: Any, at: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{at}: {value!r} is not an array"]
        places = enumerate(value)
        return [p for number, one in places for p in self._problems(described, one, f"{at}[{number}]")]

    def _problems_of_union(self, alternatives: Sequence[Type], value: Any, at: str) -> list[str]:
        """Those of the alternative that is meant: the one whose literals fit, else the one with the fewest."""
        meant = [one for one in alternatives if self._discriminates(one, value)] or alternatives
        return min((list(self._problems(one, value, at)) for one in meant), key=len)

    def _discriminates(self, described: Type, value: Any) -> bool:
        described = self._resolved(described)
        if not isinstance(described, dict) or "object" not in described or not isinstance(value, dict):
            return False
        literals = {
            name: kind["literal"]
            for name, field in described["object"].items()
            if isinstance(kind := self._resolved(field["type"]), dict) and "literal" in kind
        }
        return bool(literals) and all(value.get(name) == literal for name, literal in literals.items())

    def _problems_of_object(self, fields: Json, value: Any, at: str) -> Iterable[str]:
        if not isinstance(value, dict):
            return [f"{at}: {value!r} is not an object"]
        return self._problems_of_fields(fields, value, at)

    def _problems_of_fields(self, fields: Json, value: Mapping[str, Any], at: str) -> Iterable[str]:
        for name in sorted(set(value) - set(fields)):
            yield f"{at}.{name}: unknown"
        for name, field in fields.items():
            if name in value:
                yield from self._problems(field["type"], value[name], f"{at}.{name}")
            elif field["required"]:
                yield f"{at}.{name}: missing"


def bot_api_schema() -> Schema:
    """The schema; skips the test by name where Node.js is missing."""
    return Schema(printed_json("schema.mjs"))


def assert_known_parameters(calls: Iterable[Json]) -> None:
    """Holds every recorded call (of `Sim.calls()`) to the schema: names, what is required, nested objects."""
    schema = bot_api_schema()
    problems = [
        problem
        for call in calls
        if _was_read(call)
        for problem in schema.problems_of_call(call["method"], _given(call["parameters"]))
    ]
    if problems:
        raise AssertionError("\n".join(problems))


async def hold_to_schema(sim: Sim) -> None:
    """The same for everything that a local Bot API was asked so far, where Node.js and the packages are."""
    if packages_are_installed():
        assert_known_parameters([*await sim.calls(), *await sim.calls("getUpdates")])


def _was_read(call: Json) -> bool:
    """Trouble on demand meets a call before its parameters are read, and a call may still be on its way."""
    return bool(call["parameters"]) or (not call.get("fault") and call.get("status") != 0)


def _given(parameters: Json) -> Json:
    """The parameters without the parts of the form that only carry a file for one of them."""
    named = {str(value) for value in parameters.values()}
    return {name: value for name, value in parameters.items() if f"attach://{name}" not in named}
