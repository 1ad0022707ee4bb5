import pytest
import torch

from intern_pretrain import stages
from intern_pretrain.config import ModelConfig
from intern_pretrain.packing import IGNORED, collate, encode_documents, pack_documents
from intern_pretrain.training import max_violation, token_losses
from intern_runs import CheckpointError, ConfigError, RunFolder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def parts(small_config, small_corpus, tmp_path_factory):
    """Tokenizer, model and processor of the small configuration."""
    run = RunFolder.create(tmp_path_factory.mktemp("parts") / "run", small_config, ())
    display = quiet()
    tokenizer = stages.train_tokenizer(small_config.tokenizer, small_corpus, run, display)
    model, processor = stages.build_model(small_config.model, tokenizer, run, display, seed=0)
    return tokenizer, model, processor


def quiet():
    from io import StringIO

    from rich.console import Console

    from intern_runs import RunDisplay

    return RunDisplay(stages.STAGES, console=Console(file=StringIO()))


def fresh(small_config, tokenizer, run):
    return stages.build_model(small_config.model, tokenizer, run, quiet(), seed=0)


def comparable(run):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in run.metrics("pretrain")]


def run_stage(small_config, small_corpus, tokenizer, path, *, resume=False):
    run = RunFolder.open(path) if resume else RunFolder.create(path, small_config, ())
    torch.set_num_threads(1)
    model, processor = fresh(small_config, tokenizer, run)
    try:
        result = stages.pretrain(
            small_config.training, model, processor, small_corpus, run, quiet(), seed=0
        )
    finally:
        run.close()
    return run, model, result


def test_a_resumed_run_has_the_metrics_and_weights_of_an_uninterrupted_one(
    parts, small_config, small_corpus, tmp_path, monkeypatch
):
    tokenizer = parts[0]
    whole, whole_model, whole_result = run_stage(
        small_config, small_corpus, tokenizer, tmp_path / "whole"
    )
    assert [line["step"] for line in comparable(whole)] == list(range(7))

    saved = RunFolder.save

    def save_and_stop_at_3(self, stage, step, state):
        if step == 3:
            raise KeyboardInterrupt  # after the step's metrics, before its checkpoint
        saved(self, stage, step, state)

    monkeypatch.setattr(RunFolder, "save", save_and_stop_at_3)
    with pytest.raises(KeyboardInterrupt):
        run_stage(small_config, small_corpus, tokenizer, tmp_path / "cut")
    monkeypatch.setattr(RunFolder, "save", saved)
    cut, cut_model, cut_result = run_stage(
        small_config, small_corpus, tokenizer, tmp_path / "cut", resume=True
    )
    assert comparable(cut) == comparable(whole)
    assert cut_result == whole_result
    for (name, one), (_, other) in zip(
        whole_model.state_dict().items(), cut_model.state_dict().items(), strict=True
    ):
        assert torch.equal(one, other), name

    # A finished stage is read back, not done again.
    _, kept_model, kept_result = run_stage(
        small_config, small_corpus, tokenizer, tmp_path / "cut", resume=True
    )
    assert kept_result == whole_result
    for name, one in kept_model.state_dict().items():
        assert torch.equal(one, whole_model.state_dict()[name]), name


def test_training_lowers_the_loss_and_the_saved_model_loads_through_the_auto_classes(
    parts, small_config, small_corpus, tmp_path
):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    run, model, result = run_stage(small_config, small_corpus, parts[0], tmp_path / "run")
    for modality in ("text", "image", "series"):
        assert result["test_loss_after"][modality] < result["test_loss_before"][modality] - 0.1
    folder = run.path / result["checkpoint"]
    loaded = AutoModelForImageTextToText.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    document = next(d for d in small_corpus.test if d.image is not None)
    inputs = processor(text=document.text, images=[document.image], return_tensors="pt")
    with torch.no_grad():
        expected = model.eval()(**inputs).logits
        # The saved weights are the weights: nothing is rounded.
        assert torch.equal(loaded(**inputs).logits, expected)


def test_documents_in_a_pack_are_predicted_as_they_are_alone(parts, small_corpus):
    tokenizer, model, _ = parts
    chosen = [
        next(d for d in small_corpus.train if d.modality == modality)
        for modality in ("text", "series", "image", "text")
    ]
    encoded = encode_documents(chosen, tokenizer, model.config)

    def losses(documents, length):
        packs, _ = pack_documents(
            documents, tokenizer, sequence_length=length, weighting="token", seed=0
        )
        batch = collate(packs, CPU)
        with torch.no_grad():
            nll = token_losses(model(**batch["inputs"]).logits, batch["targets"])
        kept = batch["targets"] != IGNORED
        return sorted(nll[kept].tolist())

    together = losses(encoded, 512)
    alone = sorted(loss for one in encoded for loss in losses([one], len(one.ids)))
    # Float32 sums in another order; the losses are near 7.
    assert together == pytest.approx(alone, abs=2e-4)


def test_an_encoded_document_is_what_the_processor_makes_of_it(parts, small_corpus):
    tokenizer, model, processor = parts
    for modality, argument in (("image", "images"), ("series", "time_series")):
        document = next(d for d in small_corpus.train if d.modality == modality)
        given = {argument: [getattr(document, modality)]}
        if modality == "series":
            given["sampling_rate"] = [document.sampling_rate]
        expected = processor(text=document.text, **given)["input_ids"][0]
        (encoded,) = encode_documents([document], tokenizer, model.config)
        assert encoded.ids == [*expected, tokenizer.eos_token_id]


def test_micro_batches_give_the_gradient_of_the_whole_batch(
    parts, small_config, small_corpus, tmp_path
):
    from intern_pretrain.training import Trainer

    tokenizer = parts[0]
    results = {}
    run = RunFolder.create(tmp_path / "run", small_config, ())
    for size in (None, 1):
        # Without the router losses, which are not linear in the tokens.
        model_config = ModelConfig(num_layers=2, router_aux_loss_coef=0, router_z_loss_coef=0)
        model, _ = stages.build_model(model_config, tokenizer, run, quiet(), seed=0)
        config = small_config.training.model_copy(update={"micro_batch_size": size})
        packs, _ = pack_documents(
            encode_documents(small_corpus.train[:40], tokenizer, model.config),
            tokenizer,
            sequence_length=160,
            weighting="square",
            seed=0,
        )
        trainer = Trainer(model, packs, config, seed=0)
        results[size] = trainer.step(trainer.plans[0])
    for name in ("loss", "token_loss", "grad_norm", "max_violation", "tokens"):
        assert results[1][name] == pytest.approx(results[None][name], rel=1e-5), name


def test_max_violation_is_the_busiest_expert_over_the_mean():
    assert max_violation(torch.tensor([[2, 2, 2, 2], [8, 0, 0, 0]])) == pytest.approx(3.0)
    assert max_violation(torch.tensor([[3, 1]])) == pytest.approx(0.5)


def test_token_losses_are_zero_without_a_target():
    logits = torch.log(torch.tensor([[[0.25, 0.75], [0.5, 0.5]]]))
    losses = token_losses(logits, torch.tensor([[1, IGNORED]]))
    assert losses[0].tolist() == pytest.approx([0.2876821, 0.0])  # -ln 0.75


def test_a_checkpoint_of_another_model_is_refused(parts, small_config, small_corpus, tmp_path):
    tokenizer = parts[0]
    run, _, _ = run_stage(small_config, small_corpus, tokenizer, tmp_path / "run")
    (run.path / "done" / "pretrain.json").unlink()
    run.save("pretrain", 2, {"model": {"w": torch.zeros(2)}, "optimizer": {}, "tokens": 1})
    with pytest.raises(CheckpointError, match="does not fit the model"):
        run_stage(small_config, small_corpus, tokenizer, tmp_path / "run", resume=True)


def test_a_diverging_run_stops_with_a_remedy(parts, small_config, small_corpus, tmp_path):
    wild = small_config.model_copy(
        update={
            "training": small_config.training.model_copy(
                update={"learning_rate": 1e30, "warmup": 0, "steps": 4}
            )
        }
    )
    with pytest.raises(ConfigError, match=r"lower training\.learning_rate"):
        run_stage(wild, small_corpus, parts[0], tmp_path / "run")


def test_experts_can_run_in_fp8_with_one_key(parts, small_config, small_corpus, tmp_path):
    tokenizer = parts[0]
    run = RunFolder.create(tmp_path / "run", small_config, ())
    losses = {}
    (encoded,) = encode_documents(small_corpus.train[:1], tokenizer, parts[1].config)
    packs, _ = pack_documents([encoded], tokenizer, sequence_length=160, weighting="token", seed=0)
    for name in ("grouped_mm", "fp8_grouped_gemm"):
        config = ModelConfig(num_layers=2, experts_implementation=name)
        model, _ = stages.build_model(config, tokenizer, run, quiet(), seed=0)
        batch = collate(packs, CPU)
        with torch.no_grad():
            logits = model(**batch["inputs"]).logits
        losses[name] = token_losses(logits, batch["targets"])
    assert not torch.equal(losses["grouped_mm"], losses["fp8_grouped_gemm"])
    # FP8 keeps 3 bits of mantissa; in fresh, small experts that moves a loss near 7 by under 1 %.
    torch.testing.assert_close(
        losses["grouped_mm"], losses["fp8_grouped_gemm"], rtol=0.01, atol=0.02
    )
