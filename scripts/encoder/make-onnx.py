"""Writes a BERT-like sentence encoder (safetensors) as ONNX, as transformers.js loads it.
usage: make-onnx.py <folder with config.json, tokenizer.json, model.safetensors> <new folder>"""
import json, shutil, sys
from pathlib import Path
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper
from safetensors.numpy import load_file

source, target = map(Path, sys.argv[1:3])
config = json.loads((source / "config.json").read_text())
weights = load_file(source / "model.safetensors")
weights = {name.removeprefix("bert."): value.astype(np.float32) for name, value in weights.items() if value.dtype.kind == "f"}
hidden, heads = config["hidden_size"], config["num_attention_heads"]
size, epsilon = hidden // heads, config.get("layer_norm_eps", 1e-12)
nodes, constants = [], []

def constant(name, value):
    constants.append(numpy_helper.from_array(np.asarray(value), name))
    return name

def add(op, inputs, output, **attributes):
    nodes.append(h.make_node(op, inputs, [output], **attributes))
    return output

def linear(x, name, output):
    weight = constant(f"{output}.w", weights[f"{name}.weight"].T.copy())
    return add("Add", [add("MatMul", [x, weight], f"{output}.mm"), constant(f"{output}.b", weights[f"{name}.bias"])], output)

def norm(x, name, output):
    scale, bias = constant(f"{output}.w", weights[f"{name}.weight"]), constant(f"{output}.b", weights[f"{name}.bias"])
    return add("LayerNormalization", [x, scale, bias], output, axis=-1, epsilon=epsilon)

def gather(table, index, output):
    return add("Gather", [constant(f"{output}.w", weights[f"embeddings.{table}.weight"]), index], output)

words = gather("word_embeddings", "input_ids", "words")
length = add("Gather", [add("Shape", ["input_ids"], "shape"), constant("one", np.int64(1))], "length")
positions = add("Range", [constant("zero", np.int64(0)), length, constant("step", np.int64(1))], "positions")
places = gather("position_embeddings", positions, "places")
kinds = gather("token_type_embeddings", "token_type_ids", "kinds")
x = norm(add("Add", [add("Add", [words, kinds], "sum1"), places], "sum2"), "embeddings.LayerNorm", "x0")
mask = add("Cast", ["attention_mask"], "mask.f", to=T.FLOAT)
mask = add("Unsqueeze", [mask, constant("axes", np.array([1, 2], np.int64))], "mask.4")
mask = add("Mul", [add("Sub", [constant("1f", np.float32(1)), mask], "mask.inv"), constant("low", np.float32(-1e9))], "mask.bias")
split, joined = constant("split", np.array([0, 0, heads, size], np.int64)), constant("joined", np.array([0, 0, hidden], np.int64))
for layer in range(config["num_hidden_layers"]):
    at, l = f"encoder.layer.{layer}", f"l{layer}"
    def head(kind, perm):
        shaped = add("Reshape", [linear(x, f"{at}.attention.self.{kind}", f"{l}.{kind}"), split], f"{l}.{kind}.s")
        return add("Transpose", [shaped], f"{l}.{kind}.t", perm=perm)
    q, k, v = head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]), head("value", [0, 2, 1, 3])
    scores = add("Mul", [add("MatMul", [q, k], f"{l}.qk"), constant(f"{l}.scale", np.float32(size**-0.5))], f"{l}.scaled")
    shares = add("Softmax", [add("Add", [scores, mask], f"{l}.masked")], f"{l}.softmax", axis=-1)
    context = add("Reshape", [add("Transpose", [add("MatMul", [shares, v], f"{l}.av")], f"{l}.ctx", perm=[0, 2, 1, 3]), joined], f"{l}.context")
    x = norm(add("Add", [linear(context, f"{at}.attention.output.dense", f"{l}.out"), x], f"{l}.res"), f"{at}.attention.output.LayerNorm", f"{l}.n1")
    wide = linear(x, f"{at}.intermediate.dense", f"{l}.wide")
    wide = add("Gelu", [wide], f"{l}.gelu")
    x = norm(add("Add", [linear(wide, f"{at}.output.dense", f"{l}.narrow"), x], f"{l}.res2"), f"{at}.output.LayerNorm", f"{l}.n2")
add("Identity", [x], "last_hidden_state")
ids = [h.make_tensor_value_info(n, T.INT64, ["batch", "sequence"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
out = [h.make_tensor_value_info("last_hidden_state", T.FLOAT, ["batch", "sequence", hidden])]
model = h.make_model(h.make_graph(nodes, "encoder", ids, out, constants), opset_imports=[h.make_opsetid("", 20)], ir_version=9)
onnx.checker.check_model(model)
(target / "onnx").mkdir(parents=True, exist_ok=True)
onnx.save(model, target / "onnx" / "model.onnx")
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
    if (source / name).exists(): shutil.copy(source / name, target / name)
