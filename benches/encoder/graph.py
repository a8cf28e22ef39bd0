"""A BERT of a sentence-transformers folder as an ONNX graph, for onnxruntime: f32, and int8 per channel.

Built operator by operator from the safetensors, so that neither torch nor transformers is needed. LayerNormalization
and Gelu are single operators, and the biases are where onnxruntime's fusions look for them.
"""

import json
import struct
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        data = np.frombuffer(raw[8 + length + start : 8 + length + end], "<f4")
        tensors[name] = data.reshape(entry["shape"])
    return tensors


class Graph:
    def __init__(self) -> None:
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def __call__(self, operator: str, *inputs: str, **attributes) -> str:
        self.count += 1
        name = f"t{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=f"n{self.count}", **attributes))
        return name


def build(folder: Path, target: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    weights = read_safetensors(folder / "model.safetensors")
    width, heads, epsilon = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
    g = Graph()

    def linear(x: str, name: str) -> str:
        product = g("MatMul", x, g.constant(weights[name + ".weight"].T))
        return g("Add", product, g.constant(weights[name + ".bias"]))

    def norm(x: str, name: str) -> str:
        scale, shift = g.constant(weights[name + ".weight"]), g.constant(weights[name + ".bias"])
        return g("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)

    def split(x: str, order: list[int]) -> str:
        shape = g.constant(np.array([0, 0, heads, width // heads], np.int64))
        return g("Transpose", g("Reshape", x, shape), perm=order)

    words = g("Gather", g.constant(weights["embeddings.word_embeddings.weight"]), "input_ids")
    table = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(g("Add", words, g("Gather", g.constant(table), "position_ids")), "embeddings.LayerNorm")
    mask = g("Cast", g("Unsqueeze", "attention_mask", g.constant(np.array([1, 2], np.int64))), to=TensorProto.FLOAT)
    mask = g("Mul", g("Sub", g.constant(np.float32(1)), mask), g.constant(np.float32(-1e9)))
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        query = split(linear(x, f"{at}.attention.self.query"), [0, 2, 1, 3])
        key = split(linear(x, f"{at}.attention.self.key"), [0, 2, 3, 1])
        value = split(linear(x, f"{at}.attention.self.value"), [0, 2, 1, 3])
        scale = g.constant(np.float32(np.sqrt(width // heads)))
        scores = g("Add", g("Div", g("MatMul", query, key), scale), mask)
        mixed = g("Transpose", g("MatMul", g("Softmax", scores, axis=-1), value), perm=[0, 2, 1, 3])
        mixed = g("Reshape", mixed, g.constant(np.array([0, 0, width], np.int64)))
        x = norm(g("Add", linear(mixed, f"{at}.attention.output.dense"), x), f"{at}.attention.output.LayerNorm")
        inner = g("Gelu", linear(x, f"{at}.intermediate.dense"))
        x = norm(g("Add", linear(inner, f"{at}.output.dense"), x), f"{at}.output.LayerNorm")
    g.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    shape = ["batch", "length"]
    names = ["input_ids", "attention_mask", "position_ids"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, width])
    graph = helper.make_graph(g.nodes, "bert", inputs, [output], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)
