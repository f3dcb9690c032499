"""Writing a legalised graph as an .mlpackage, and saying beforehand what cannot be written."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from mobilekit.convert.coreml.border import add_input, add_output, placeholder
from mobilekit.convert.coreml.compress import check_opset
from mobilekit.convert.coreml.emitter import Emitter, Opset, Precision
from mobilekit.convert.coreml.images import Image, WithImages, make_image_features, with_images
from mobilekit.convert.coreml.metadata import KEY, border_entry
from mobilekit.convert.coreml.metadata import metadata as described
from mobilekit.convert.coreml.ops import TABLE
from mobilekit.convert.coreml.packaging import write_package
from mobilekit.convert.view import view_of
from mobilekit.errors import UnsupportedOperatorError
from mobilekit.libraries import coremltools
from mobilekit.store.canonical import replace_folder, temporary_folder

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.description import ModelDescription
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import TensorSpec
    from mobilekit.tier import Compression

_PASSES = ("common::dead_code_elimination",)
"""What coremltools may change: nothing but dropping what no output needs. Its other passes rename,
reorder arithmetic or round constants; what they gain, legalising has done before."""

_AUTHORSHIP = ("author", "license", "shortDescription", "versionString")


def emit(
    graph: Graph,
    out: Path,
    *,
    precision: Precision,
    description: ModelDescription | None = None,
    source_inputs: tuple[TensorSpec, ...] | None = None,
    source_outputs: tuple[TensorSpec, ...] | None = None,
    io: Literal["float32", "image"] = "float32",
    opset: Opset = "iOS17",
    islands: Collection[str] = (),
    compression: Compression = "none",
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write ``graph`` as the package folder ``out``; the same bytes for the same arguments.

    Nodes whose first output is in ``islands`` compute in float32 in a package of fp16. ``metadata``
    has ``author``, ``license``, ``shortDescription``, ``versionString`` and keys of the user's own.
    ``compression`` is that of large weights.
    With ``io="image"`` what ``description`` calls an image is a pixel buffer. Raises DescriptionError
    where it cannot be one, UnsupportedOperatorError, listing every node that MIL cannot say, before
    any work.
    """
    check_opset(compression, opset)
    ins, outs = source_inputs or graph.inputs, source_outputs or graph.outputs
    pixels = WithImages(graph=graph)
    if io == "image" and description is not None:
        pixels = with_images(graph, description)
    graph = pixels.graph
    refused = refused_nodes(graph, opset=opset)
    if refused:
        lines = tuple(line for _, line in refused)
        message = "Core ML cannot express:" + "".join(f"\n  {line}" for line in lines)
        raise UnsupportedOperatorError(message, refusals=lines)
    view = view_of(graph)
    emitter, program, features = _program(
        view,
        opset=opset,
        precision=precision,
        islands=pixels.islands(islands),
        compression=compression,
    )
    content = described(
        inputs=[border_entry(s, f, pixels.entry(s.name)) for s, f in zip(ins, features[0], strict=True)],
        outputs=[border_entry(s, f, pixels.entry(s.name)) for s, f in zip(outs, features[1], strict=True)],
        tensors=pixels.tensors(_tensors(emitter, program)),
        islands=sorted(islands),
        precision=precision,
    )
    named = (*zip(view.inputs, features[0], strict=True), *zip(view.outputs, features[1], strict=True))
    images = {feature: pixels.images[name] for name, feature in named if name in pixels.images}
    _write(
        program,
        out,
        opset=opset,
        images=images,
        metadata={**_authorship(description), **metadata, KEY: content},
    )


def refused_nodes(graph: Graph, *, opset: Opset = "iOS17") -> tuple[tuple[str, str], ...]:
    """The first output and the reason of every node that MIL cannot say; a dry run, each node alone."""
    view = view_of(graph)
    found = []
    for node in view.nodes:
        try:
            _alone(view, node, opset=opset)
        except UnsupportedOperatorError as error:
            line = f"{error.message}; {error.hint}" if error.hint else error.message
            found.append((next(name for name in node.output if name), line))
    return tuple(found)


def _alone(view: GraphView, node: onnx.NodeProto, *, opset: Opset) -> None:
    """Emit ``node`` in a function of its own, whose inputs are the node's."""
    mil = coremltools().converters.mil
    emitter = Emitter(view=view, table=TABLE, builder=mil.Builder, opset=opset, precision="fp32")
    names = list(dict.fromkeys(view.runtime_inputs(node)))
    features = {name: emitter.names.take(name) for name in names}
    given = {features[name]: placeholder(emitter, name) for name in names}
    with mil.mil.Function(given, opset_version=_version(opset)) as function:
        for name in names:
            add_input(emitter, name, function.inputs[features[name]])
        emitter.emit(node)


def _program(
    view: GraphView,
    *,
    opset: Opset,
    precision: Precision,
    islands: Collection[str],
    compression: Compression,
) -> tuple[Emitter, Any, tuple[list[str], list[str]]]:
    """The emitter, the MIL program, and the names of its inputs and outputs in ONNX order."""
    mil = coremltools().converters.mil
    emitter = Emitter(
        view=view,
        table=TABLE,
        builder=mil.Builder,
        opset=opset,
        precision=precision,
        islands=islands,
        compression=compression,
    )
    inputs = [emitter.names.take(name) for name in view.inputs]
    outputs = [emitter.names.take(name) for name in view.outputs]
    given = {f: placeholder(emitter, name) for f, name in zip(inputs, view.inputs, strict=True)}
    with mil.mil.Function(given, opset_version=_version(opset)) as function:
        for feature, name in zip(inputs, view.inputs, strict=True):
            add_input(emitter, name, function.inputs[feature])
        for node in view.nodes:
            emitter.emit(node)
        function.set_outputs(
            [add_output(emitter, name, f) for f, name in zip(outputs, view.outputs, strict=True)]
        )
    emitter.rename_parameters(function)
    program = mil.mil.Program()
    program.add_function("main", function)
    passes = importlib.import_module("coremltools.converters.mil.mil.passes.pass_registry").PASS_REGISTRY
    for name in _PASSES:
        passes[name](program)
    return emitter, program, (inputs, outputs)


def _version(opset: Opset) -> Any:
    return getattr(coremltools().target, opset)


def _tensors(emitter: Emitter, program: Any) -> dict[str, str]:
    """The MIL value of every ONNX value computed at run time that the program has: its own node's."""
    view, function = emitter.view, program.functions["main"]
    present = {var.name for op in function.operations for var in op.outputs} | {*function.inputs}
    names = {
        n: next(iter(f.values())).name for n, f in emitter.forms.items() if f and n not in view.constants
    }
    return {name: found for name, found in names.items() if found in present}


def _authorship(description: ModelDescription | None) -> dict[str, str]:
    """What Xcode shows of a package, of what the description tells."""
    if description is None:
        return {}
    told = {
        "versionString": description.version,
        "shortDescription": description.summary,
        "author": description.author,
        "license": description.license,
    }
    return {key: text for key, text in told.items() if text}


def _write(
    program: Any, out: Path, *, opset: Opset, images: Mapping[str, Image], metadata: Mapping[str, str]
) -> None:
    """Serialise, and put the folder in place at once."""
    backend = importlib.import_module("coremltools.converters.mil.backend.mil.load")
    with temporary_folder(out.parent) as folder:
        (folder / "weights").mkdir()
        spec = backend.load(
            program,
            weights_dir=str(folder / "weights"),
            specification_version=_version(opset).value,
        )
        make_image_features(spec, images)
        for key, value in sorted(metadata.items()):
            if key in _AUTHORSHIP:
                setattr(spec.description.metadata, key, value)
            else:
                spec.description.metadata.userDefined[key] = value
        weights = folder / "weights" / "weight.bin"
        write_package(spec, weights if weights.is_file() else None, folder / "package")
        replace_folder(folder / "package", out)
