"""Files: published keys, FP8 blocks, conversion, errors, memory."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import intern_s1_model as im
from intern_s1_model.checkpoint import (
    CheckpointReader,
    convert_checkpoint,
    dequantize_blocks,
    expected_keys,
    load_model,
    quantize_blocks,
    verify_checkpoint,
)
from intern_s1_model.checkpoint.__main__ import main
from intern_s1_model.errors import CheckpointError


def published_keys(layers: int, experts: int, vision_layers: int, qk_norm: bool) -> set[str]:
    """The key list of the published checkpoints, written out by hand."""
    keys = {"lm_head.weight", "model.language_model.embed_tokens.weight"}
    keys.add("model.language_model.norm.weight")
    for n in range(layers):
        stem = f"model.language_model.layers.{n}."
        keys |= {f"{stem}self_attn.{p}_proj.weight" for p in "qkvo"}
        keys |= {f"{stem}self_attn.{p}_norm.weight" for p in "qk"}
        keys |= {f"{stem}input_layernorm.weight", f"{stem}post_attention_layernorm.weight"}
        if experts:
            keys.add(f"{stem}mlp.gate.weight")
        inner = [f"{stem}mlp.experts.{e}." for e in range(experts)] or [f"{stem}mlp."]
        keys |= {f"{i}{p}_proj.weight" for i in inner for p in ("gate", "up", "down")}
    tower = "model.vision_tower."
    keys |= {f"{tower}embeddings.{p}" for p in ("cls_token", "position_embeddings")}
    keys |= {f"{tower}embeddings.patch_embeddings.projection.{p}" for p in ("weight", "bias")}
    for n in range(vision_layers):
        stem = f"{tower}encoder.layer.{n}."
        attention = f"{stem}attention."
        keys |= {f"{stem}lambda_1", f"{stem}lambda_2"}
        keys |= {f"{stem}mlp.fc{i}.{p}" for i in (1, 2) for p in ("weight", "bias")}
        keys |= {f"{attention}projection_layer.{p}" for p in ("weight", "bias")}
        norms, kinds = ("before", "after"), ("weight",) if qk_norm else ("weight", "bias")
        keys |= {f"{stem}layernorm_{n}.{p}" for n in norms for p in kinds}
        keys |= {f"{attention}{p}_proj.{k}" for p in "qkv" for k in kinds}
        if qk_norm:
            keys |= {f"{attention}{p}_norm.weight" for p in "qk"}
    for part in ("layer_norm", "linear_1", "linear_2"):
        keys |= {f"model.multi_modal_projector.{part}.{p}" for p in ("weight", "bias")}
    return keys


@pytest.mark.parametrize(
    ("preset", "shape"),
    [("intern-s1", (94, 128, 45, True)), ("intern-s1-mini", (36, 0, 24, False))],
)
def test_expected_keys_are_the_published_ones(preset, shape):
    keys = expected_keys(im.InternS1Config.preset(preset))
    assert set(keys) == published_keys(*shape)


def test_saved_files_hold_exactly_the_expected_keys(model, config, tmp_path):
    model.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    expected = expected_keys(config)
    assert set(stored) == set(expected)
    assert all(tuple(stored[key].shape) == target.shape for key, target in expected.items())
    assert verify_checkpoint(tmp_path).keys() == expected.keys()


def test_loading_by_key_equals_from_pretrained(model, tmp_path):
    model.save_pretrained(tmp_path, max_shard_size="1MB")
    loaded = load_model(tmp_path, dtype=torch.float32)
    for (name, expected), got in zip(
        model.state_dict().items(), loaded.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=0, msg=name)
    ids = torch.arange(12)[None]
    torch.testing.assert_close(loaded(ids).logits, model(ids).logits, rtol=0, atol=0)


def test_one_error_names_missing_extra_and_misshapen_keys(model, tmp_path):
    model.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    del tensors["lm_head.weight"]
    tensors["model.surplus.weight"] = torch.zeros(2)
    norm = "model.language_model.norm.weight"
    tensors[norm] = torch.zeros(3)
    save_file(tensors, path)
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path)
    assert caught.value.missing == ("lm_head.weight",)
    assert caught.value.extra == ("model.surplus.weight",)
    assert caught.value.misshapen == (f"{norm}: got [3], expected [128]",)
    for name in ("lm_head.weight", "model.surplus.weight", norm):
        assert name in str(caught.value)


def test_blocks_are_scaled_by_hand_computed_factors():
    weight = torch.zeros(129, 130)
    weight[0, 0], weight[0, 129], weight[128, 0] = 448.0, 2.0, -56.0
    quantized, scale = quantize_blocks(weight)
    assert scale.tolist() == [[1.0, pytest.approx(2 / 448)], [0.125, 1.0]]
    assert quantized[128, 0].float() == -448.0
    assert torch.equal(dequantize_blocks(quantized, scale, torch.float32), weight)


def test_quantization_error_is_bounded_by_the_format():
    weight = torch.randn(200, 300, generator=torch.Generator().manual_seed(0))
    back = dequantize_blocks(*quantize_blocks(weight), torch.float32)
    # e4m3 keeps 4 significant bits: rounding error is at most 1/16 of a value, and at most half
    # of the smallest subnormal step (2**-9, in units of the block's scale) near zero.
    scale = weight.abs().max() / 448
    assert ((back - weight).abs() <= weight.abs() / 16 + scale * 2**-10).all()


def test_fp8_round_trip_keeps_keys_and_loads(model, config, tmp_path):
    model.save_pretrained(tmp_path / "plain")
    convert_checkpoint(tmp_path / "plain", tmp_path / "fp8", dtype="fp8")
    stored = load_file(tmp_path / "fp8" / "model.safetensors")
    expert = "model.language_model.layers.0.mlp.experts.0.gate_proj.weight"
    assert stored[expert].dtype == torch.float8_e4m3fn
    assert stored[expert + "_scale_inv"].shape == (1, 1)
    for key in ("lm_head.weight", "model.language_model.layers.0.mlp.gate.weight"):
        assert stored[key].dtype == torch.bfloat16
    written = json.loads((tmp_path / "fp8" / "config.json").read_text())
    assert written["quantization_config"]["weight_block_size"] == [128, 128]
    loaded = load_model(tmp_path / "fp8", dtype=torch.float32)
    target = expected_keys(config)[expert]
    got = target.view(loaded.state_dict()[target.parameter])
    expected = dequantize_blocks(stored[expert], stored[expert + "_scale_inv"], torch.float32)
    torch.testing.assert_close(got, expected, rtol=0, atol=0)
    # Back in bfloat16 and to FP8 again: the values are representable, so nothing moves.
    convert_checkpoint(tmp_path / "fp8", tmp_path / "back", dtype="float32")
    convert_checkpoint(tmp_path / "back", tmp_path / "again", dtype="fp8")
    again = load_file(tmp_path / "again" / "model.safetensors")
    assert torch.equal(again[expert].view(torch.uint8), stored[expert].view(torch.uint8))


def test_older_spellings_are_read(model, tmp_path):
    model.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    renamed = {}
    for key, tensor in load_file(path).items():
        key = key.replace("model.language_model.", "language_model.model.")
        key = re.sub(r"^model\.(vision_tower|multi_modal_projector)", r"\1", key)
        renamed[key.replace("lm_head.", "language_model.lm_head.")] = tensor
    renamed["model.time_series.encoder_embed.pos_encoder.pe"] = torch.zeros(1)
    save_file(renamed, path)
    ids = torch.arange(12)[None]
    loaded = load_model(tmp_path, dtype=torch.float32)
    torch.testing.assert_close(loaded(ids).logits, model(ids).logits, rtol=0, atol=0)


def test_conversion_in_shards_writes_an_index(model, tmp_path):
    model.save_pretrained(tmp_path / "a")
    convert_checkpoint(tmp_path / "a", tmp_path / "b", dtype="float32", max_shard_bytes=2_000_000)
    assert len(list((tmp_path / "b").glob("model-*.safetensors"))) > 3
    with CheckpointReader(tmp_path / "a") as one, CheckpointReader(tmp_path / "b") as other:
        assert one.locations.keys() == other.locations.keys()
        assert all(torch.equal(one.read(key), other.read(key)) for key in list(one.locations)[:9])


def test_the_command_verifies_and_converts(model, tmp_path, capsys):
    model.save_pretrained(tmp_path / "a")
    assert main(["verify", str(tmp_path / "a")]) == 0
    assert "none missing" in capsys.readouterr().out
    assert main(["convert", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert main(["verify", str(tmp_path / "b")]) == 0
    (tmp_path / "b" / "model.safetensors").unlink()
    assert main(["verify", str(tmp_path / "b")]) == 1
    assert "holds no .safetensors" in capsys.readouterr().err


MEASURE = """
import sys, torch, intern_s1_model as im
from intern_s1_model.checkpoint import load_model
def peak():
    line = next(l for l in open("/proc/self/status") if l.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
torch.set_num_threads(1)
before = peak()
model = load_model(sys.argv[1], dtype=torch.bfloat16)
print(peak() - before, sum(p.nbytes for p in model.parameters()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.slow
def test_loading_needs_little_memory_beside_the_model(tmp_path):
    text = {"hidden_size": 512, "moe_intermediate_size": 512, "num_experts": 32, "vocab_size": 512}
    config = im.InternS1Config.preset("tiny", text_config=text, ts_config=None, dtype="bfloat16")
    with torch.device("meta"):
        model = im.InternS1ForConditionalGeneration(config).to(torch.bfloat16)
    model.to_empty(device="cpu").save_pretrained(tmp_path, max_shard_size="50MB")
    shard = max(path.stat().st_size for path in tmp_path.glob("*.safetensors"))
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    grown, weights = map(int, result.stdout.split())
    assert weights > 3 * shard  # several shards, so that keeping them all would show
    # 16 MB: the allocator and the code pages that loading touches for the first time.
    assert grown - weights <= 1.1 * shard + 16e6
