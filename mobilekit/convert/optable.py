"""The table from ONNX operators to the functions that emit them, used by every frontend.

A function's signature is the ONNX schema: after the emitter come the inputs, positional, under
their ONNX names in lower case (a variadic input as ``*name``), then the attributes, keyword-only,
with the ONNX names and defaults. An attribute that the signature does not name is refused, never
dropped. ``traits`` are what a frontend wants to know about the operator before emitting it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    import onnx

EmitFunction = TypeVar("EmitFunction", bound=Callable[..., None])

INSTALL_FALLBACK = (
    "in mobilekit's clone: pip install '.[onnx2tf]' (Python ≥ 3.12);"
    " or give the Python of an environment that has onnx2tf: --fallback onnx2tf:/path/to/python"
)
"""What to do where the fallback's libraries are not installed."""

FALLBACK_HINT = "re-export without it, or convert the whole model with --fallback onnx2tf (fp32, fp16)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """How one operator is emitted, from opset ``since`` of its domain on."""

    op_type: str
    since: int
    domain: str
    function: Callable[..., None]
    traits: Mapping[str, Any]

    def call(self, emitter: object, node: onnx.NodeProto) -> None:
        """Emit ``node``. Raises UnsupportedOperatorError for an attribute outside the signature."""
        self.function(emitter, *self._inputs(node), **self._attributes(node))

    def _inputs(self, node: onnx.NodeProto) -> list[str | None]:
        names: list[str | None] = [name or None for name in node.input]
        kinds = inspect.Parameter
        positional = [
            p for p in inspect.signature(self.function).parameters.values() if p.kind != kinds.KEYWORD_ONLY
        ]
        variadic = any(p.kind == kinds.VAR_POSITIONAL for p in positional)
        while names and names[-1] is None:
            names.pop()
        if not variadic and len(names) > len(positional) - 1:
            message = f"{describe(node)} has {len(names)} inputs, its lowering knows {len(positional) - 1}"
            raise UnsupportedOperatorError(message, hint=FALLBACK_HINT)
        return names

    def _attributes(self, node: onnx.NodeProto) -> dict[str, Any]:
        import onnx

        known = {
            name
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        given = {a.name: _plain(onnx.helper.get_attribute_value(a)) for a in node.attribute}
        for name in sorted(given.keys() - known):
            message = f"no lowering for attribute {name}={given[name]!r} of {describe(node)}"
            raise UnsupportedOperatorError(message, hint=FALLBACK_HINT)
        return given


@dataclass(frozen=True, slots=True)
class OpTable:
    """A read-only table of lowerings; the one with the greatest ``since`` up to the opset wins."""

    lowerings: Mapping[tuple[str, str], tuple[Lowering, ...]]

    def find(self, op_type: str, *, domain: str = "", opset: int) -> Lowering | None:
        """The lowering of an operator at an opset version of its domain, or None."""
        fitting = [e for e in self.lowerings.get((domain, op_type), ()) if e.since <= opset]
        return fitting[-1] if fitting else None

    def require(self, node: onnx.NodeProto, *, opset: int) -> Lowering:
        """The lowering of ``node``. Raises UnsupportedOperatorError naming it if there is none."""
        found = self.find(node.op_type, domain=node.domain, opset=opset)
        if found is None:
            message = f"no lowering for {describe(node)}, opset {opset}"
            raise UnsupportedOperatorError(message, hint=FALLBACK_HINT)
        return found


def lowers(
    op_type: str, *, since: int, domain: str = "", **traits: object
) -> Callable[[EmitFunction], EmitFunction]:
    """Mark a function as the lowering of an ONNX operator; ``table_of`` collects it."""

    def mark(function: EmitFunction) -> EmitFunction:
        entry = Lowering(
            op_type=op_type, since=since, domain=domain, function=function, traits=MappingProxyType(traits)
        )
        function.__dict__.setdefault("lowerings", []).append(entry)
        return function

    return mark


def table_of(modules: Iterable[ModuleType]) -> OpTable:
    """The table of every marked function in ``modules``. Raises ValueError on a duplicate."""
    found: dict[tuple[str, str], dict[int, Lowering]] = {}
    for module in modules:
        for member in vars(module).values():
            if getattr(member, "__module__", None) != module.__name__:
                continue
            for entry in getattr(member, "lowerings", ()):
                versions = found.setdefault((entry.domain, entry.op_type), {})
                if entry.since in versions:
                    message = f"two lowerings for {entry.op_type} since {entry.since}"
                    raise ValueError(message)
                versions[entry.since] = entry
    return OpTable(
        MappingProxyType(
            {key: tuple(v for _, v in sorted(versions.items())) for key, versions in found.items()}
        )
    )


def describe(node: onnx.NodeProto) -> str:
    """``Resize(mode='cubic'), node /up1/Resize``: an operator as messages name it."""
    import onnx

    shown = ", ".join(
        f"{a.name}={_plain(onnx.helper.get_attribute_value(a))!r}"
        for a in node.attribute
        if a.type != a.GRAPH
    )
    domain = f"{node.domain}::" if node.domain else ""
    return f"{domain}{node.op_type}({shown}), node {node.name or node.output[0]}"


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
