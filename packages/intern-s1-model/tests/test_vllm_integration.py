"""What vLLM needs from this package, checked without vLLM: entry point, files, template."""

from importlib.metadata import entry_points

import jinja2
import pytest
from transformers import AutoProcessor, InternVLProcessor

import intern_s1_model as im
from intern_s1_model.checkpoint import verify_checkpoint
from intern_s1_model.integrations.vllm import NO_TIME_SERIES, export_for_vllm


@pytest.fixture
def exported(model, config, tokenizer, tmp_path):
    model.save_pretrained(tmp_path / "a")
    im.InternS1Processor.for_config(config, tokenizer).save_pretrained(tmp_path / "a")
    left_out = export_for_vllm(tmp_path / "a", tmp_path / "b", dtype="float32")
    return tmp_path / "b", left_out


def test_the_plugin_is_declared_and_can_run_twice():
    [plugin] = entry_points(group="vllm.general_plugins", name="intern_s1_model")
    plugin.load()()
    plugin.load()()


def test_the_export_has_every_key_but_the_time_series(exported):
    folder, left_out = exported
    keys = verify_checkpoint(folder)
    assert left_out
    assert all(key.startswith("model.time_series.") for key in left_out)
    # The prefixes that vLLM's Intern-S1 loader maps onto its own modules.
    known = ("model.language_model.", "model.vision_tower.", "model.multi_modal_projector.")
    assert all(key.startswith((*known, "lm_head.")) for key in keys)


def test_the_exported_processor_loads_as_the_class_vllm_uses(exported):
    processor = InternVLProcessor.from_pretrained(exported[0])
    assert isinstance(processor.tokenizer, im.InternS1Tokenizer)
    assert processor.image_seq_length == 4


def test_time_series_are_refused_with_the_reason(exported):
    processor = AutoProcessor.from_pretrained(exported[0])
    message = {"role": "user", "content": [{"type": "time_series"}]}
    with pytest.raises(jinja2.TemplateError, match="without time series"):
        processor.apply_chat_template([message])
    fine = {
        "role": "user",
        "content": [{"type": "image"}, {"type": "text", "text": NO_TIME_SERIES}],
    }
    assert "<IMG_CONTEXT>" in processor.apply_chat_template([fine])
