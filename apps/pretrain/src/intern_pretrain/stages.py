"""The stages of a run, each of which goes on where a killed run stopped.

Other programs call these with their own run folder. A finished stage is read back instead of being
done again; `pretrain` keeps a checkpoint of every step, so a kill loses at most one.
"""

import dataclasses
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from intern_pretrain.config import DataConfig, ModelConfig, TokenizerConfig, TrainingConfig
from intern_pretrain.corpus import Corpus, build_corpus, load_corpus, save_corpus
from intern_pretrain.documents import MODALITIES, Document
from intern_pretrain.folders import written_folder
from intern_pretrain.keyed import digest
from intern_pretrain.packing import Pack, encode_documents, imbalance, pack_documents, pack_order
from intern_pretrain.training import Trainer, evaluate
from intern_runs import CheckpointError, ConfigError, DataError, RunDisplay, RunFolder

STAGES = {
    "data": "Data",
    "tokenizer": "Tokenizer",
    "model": "Model",
    "pretrain": "Continual pretraining",
}
PACKAGES = ("intern-pretrain", "intern-runs", "intern-s1-model", "torch", "transformers", "rdkit")
CHECKPOINT = "checkpoints/pretrain"


def prepare_data(config: DataConfig, run: RunFolder, display: RunDisplay, *, seed: int) -> Corpus:
    """Build the corpus, or read the one that the run has.

    Raises:
        DataError: If a source is missing or malformed.
    """
    folder = run.path / "corpus"
    if run.result("data") is not None:
        corpus = load_corpus(folder)
        display.end("data", f"{_counted(corpus)} (kept)")
        return corpus
    started = time.monotonic()
    display.begin("data", config.num_compounds + config.num_images + config.num_series)
    corpus = build_corpus(config, seed=seed, progress=lambda: display.advance("data"))
    save_corpus(corpus, folder)
    run.finish(
        "data",
        {
            "train": len(corpus.train),
            "test": len(corpus.test),
            "table": corpus.table(),
            "left_out": corpus.left_out,
            "seconds": round(time.monotonic() - started, 3),
        },
    )
    display.end("data", _counted(corpus))
    return corpus


def train_tokenizer(
    config: TokenizerConfig,
    corpus: Corpus,
    run: RunFolder,
    display: RunDisplay,
    *,
    extra_texts: Iterable[str] = (),
) -> Any:
    """Train the tokenizer on the training split, or read the one that the run has.

    Args:
        config: Sizes.
        corpus: Its training texts.
        run: The run.
        display: Where progress is shown.
        extra_texts: More texts whose words the vocabulary shall cover.

    Returns:
        An `InternS1Tokenizer`.
    """
    from intern_s1_model import InternS1Tokenizer
    from intern_s1_model import train_tokenizer as train

    folder = run.path / "tokenizer"
    if run.result("tokenizer") is not None:
        tokenizer = _loaded(InternS1Tokenizer.from_pretrained, folder)
        display.end("tokenizer", f"{len(tokenizer):,} tokens (kept)")
        return tokenizer
    started = time.monotonic()
    display.begin("tokenizer", 1)
    texts = [document.text for document in corpus.train]
    tokenizer = train(
        [*texts, *extra_texts],
        vocab_size=config.vocab_size,
        smiles_vocab_size=config.smiles_vocab_size,
        iupac_vocab_size=config.iupac_vocab_size,
        fasta_vocab_size=config.fasta_vocab_size,
        detect=config.detect,
    )
    with written_folder(folder) as draft:
        tokenizer.save_pretrained(draft)
    held_out = [document.text for document in corpus.test]
    tokens = sum(len(ids) for ids in tokenizer.encode_batch_ids(held_out))
    ratio = sum(len(text) for text in held_out) / max(1, tokens)
    run.finish(
        "tokenizer",
        {
            "vocabulary": len(tokenizer),
            "characters_per_token": ratio,
            "seconds": round(time.monotonic() - started, 3),
        },
    )
    display.end("tokenizer", f"{len(tokenizer):,} tokens, {ratio:.2f} characters per token")
    return tokenizer


def build_model(
    config: ModelConfig, tokenizer: Any, run: RunFolder, display: RunDisplay, *, seed: int
) -> tuple[Any, Any]:
    """Build the model from its configuration; the seed alone decides its weights.

    Args:
        config: Sizes.
        tokenizer: Gives the vocabulary's size and the special ids.
        run: The run.
        display: Where progress is shown.
        seed: Of the weights.

    Returns:
        Model (float32, on the CPU, in training mode) and processor.

    Raises:
        ConfigError: If the parts do not fit together.
    """
    from intern_s1_model import InternS1Config, InternS1ForConditionalGeneration, InternS1Processor

    text = {
        "num_experts": config.num_experts,
        "num_experts_per_tok": config.top_k,
        "router_aux_loss_coef": config.router_aux_loss_coef,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "moe_intermediate_size": config.expert_size,
    }
    overrides: dict[str, Any] = {"router_z_loss_coef": config.router_z_loss_coef}
    if config.preset == "intern-s1-mini":  # dense: it has no experts
        text = {k: v for k, v in text.items() if k in ("hidden_size", "num_hidden_layers")}
    if config.hidden_size is not None and config.preset == "tiny":
        overrides["ts_config"] = {"out_hidden_size": config.hidden_size}
    try:
        settings = InternS1Config.preset(
            config.preset,
            tokenizer=tokenizer,
            text_config={k: v for k, v in text.items() if v is not None},
            **overrides,
        )
    except ValueError as error:
        raise ConfigError(f"model: {error}") from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(digest("weights", seed))
        model = InternS1ForConditionalGeneration(settings)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    set_experts(model, config.experts_implementation)
    processor = InternS1Processor.for_config(settings, tokenizer)
    return _announce(model.train(), run, display), processor


def load_model(config: ModelConfig, run: RunFolder, display: RunDisplay) -> tuple[Any, Any]:
    """Load the model and processor that `init_from` names, for pretraining to go on from.

    Raises:
        ConfigError: If the folder is missing or holds something else.
    """
    from intern_s1_model import InternS1ForConditionalGeneration, InternS1Processor

    folder = Path(str(config.init_from))
    if not (folder / "config.json").is_file():
        raise ConfigError(f"model.init_from: {folder} is no folder of a saved model (config.json)")
    model = _loaded(InternS1ForConditionalGeneration.from_pretrained, folder, dtype=torch.float32)
    processor = _loaded(InternS1Processor.from_pretrained, folder)
    set_experts(model, config.experts_implementation)
    return _announce(model.train(), run, display), processor


def set_experts(model: Any, name: str) -> None:
    """Choose how the experts are computed; a dense model has none."""
    if model.config.text_config.model_type != "qwen3_moe":
        return
    if name == "fp8_grouped_gemm":
        from fp8_grouped_gemm.integrations.transformers import register

        register()
    model.set_experts_implementation(name)


def pretrain(
    config: TrainingConfig,
    model: Any,
    processor: Any,
    corpus: Corpus,
    run: RunFolder,
    display: RunDisplay,
    *,
    seed: int,
    extra_documents: Iterable[Document] = (),
) -> dict[str, Any]:
    """Train the model on the corpus and save it, or load what the run has saved.

    Args:
        config: Settings.
        model: Trained in place.
        processor: Its processor.
        corpus: Documents.
        run: The run; the model is saved in its `checkpoints/pretrain`.
        display: Where progress is shown.
        seed: Of the order of the documents.
        extra_documents: More training documents.

    Returns:
        The stage's result: steps, tokens, losses before and after, the packing's numbers.

    Raises:
        ConfigError: If the settings do not fit the data or the training diverges.
        CheckpointError: If a checkpoint is damaged.
    """
    folder = run.path / CHECKPOINT
    if (result := run.result("pretrain")) is not None:
        trained = _loaded(type(model).from_pretrained, folder, dtype=torch.float32)
        model.load_state_dict(trained.state_dict())
        display.end("pretrain", f"{_summary(result)} (kept)")
        return result
    model.to(_device(config.device))
    train_documents = [*corpus.train, *extra_documents]
    packs, packing = _packs(train_documents, model, processor, config, seed)
    test_packs = _test_packs(corpus.test, model, processor, config)
    trainer = Trainer(model, packs, config, seed=seed)
    done, before = _resume(trainer, test_packs, run)
    display.begin("pretrain", config.steps, completed=done)
    for plan in trainer.plans[done:]:
        started = time.monotonic()
        metrics = trainer.step(plan)
        if plan.step == config.steps or _is_due(plan.step, config.evaluate_every):
            metrics |= _test_losses(trainer, test_packs)
        run.log("pretrain", plan.step, metrics, seconds=time.monotonic() - started)
        run.save("pretrain", plan.step, trainer.state_dict())
        display.advance("pretrain", _shown(metrics))
    with written_folder(folder) as draft:
        model.save_pretrained(draft)
        processor.save_pretrained(draft)
    last = run.metrics("pretrain")[-1]
    result = {
        "steps": config.steps,
        "tokens": trainer.num_tokens,
        "test_loss_before": before,
        "test_loss_after": _by_modality(last),
        "packing": packing,
        "checkpoint": CHECKPOINT,
    }
    run.finish("pretrain", result)
    display.end("pretrain", _summary(result))
    return result


def _packs(
    documents: list[Document], model: Any, processor: Any, config: TrainingConfig, seed: int
) -> tuple[list[Pack], dict[str, Any]]:
    """Training packs, and the packing's numbers with the imbalance of both orders."""
    tokenizer = processor.tokenizer
    _check_pictures(documents, model)
    packs, report = pack_documents(
        encode_documents(documents, tokenizer, model.config),
        tokenizer,
        sequence_length=config.sequence_length,
        weighting=config.loss_weighting,
        seed=seed,
    )
    group = config.balance_group
    orders = {
        f"imbalance_{order}": imbalance(
            packs, pack_order(packs, epoch=0, seed=seed, order=order, group=group), group
        )
        for order in ("random", "balanced")
    }
    return packs, {**dataclasses.asdict(report), **orders}


def _test_packs(
    documents: list[Document], model: Any, processor: Any, config: TrainingConfig
) -> dict[str, list[Pack]]:
    """Held-out packs of one modality each; every prediction counts the same."""
    tokenizer = processor.tokenizer
    packs = {}
    for modality in MODALITIES:
        chosen = [document for document in documents if document.modality == modality]
        if chosen:
            made, _ = pack_documents(
                encode_documents(chosen, tokenizer, model.config),
                tokenizer,
                sequence_length=config.sequence_length,
                weighting="token",
                seed=0,
            )
            packs[modality] = made[: config.eval_packs]
    return packs


def _check_pictures(documents: list[Document], model: Any) -> None:
    expected = tuple(model.config.vision_config.image_size)
    for document in documents:
        if document.image is not None and document.image.shape[:2] != expected:
            raise ConfigError(
                f"data.image_size gives pictures of {document.image.shape[:2]} pixels, but the "
                f"model's vision tower takes {expected}; set data.image_size={expected[0]}"
            )
        if document.series is not None and model.config.ts_config is None:
            raise DataError(
                "the corpus has time series but the model has no encoder for them; set "
                "data.num_series=0, or take a preset with one (tiny)"
            )


def _resume(
    trainer: Trainer, test_packs: dict[str, list[Pack]], run: RunFolder
) -> tuple[int, dict[str, float]]:
    """Take the last step's state; without one, evaluate the untrained model as step 0."""
    kept = run.restore("pretrain")
    if kept is not None:
        step, state = kept
        trainer.load_state_dict(state)
        return step, _by_modality(run.metrics("pretrain")[0])
    started = time.monotonic()
    metrics = _test_losses(trainer, test_packs)
    run.log("pretrain", 0, metrics, seconds=time.monotonic() - started)
    run.save("pretrain", 0, trainer.state_dict())
    return 0, _by_modality(metrics)


def _test_losses(trainer: Trainer, packs: dict[str, list[Pack]]) -> dict[str, float]:
    losses = evaluate(trainer.model, packs, batch_size=4)
    return {f"test_loss_{modality}": loss for modality, loss in losses.items()}


def _by_modality(metrics: dict[str, Any]) -> dict[str, float]:
    prefix = "test_loss_"
    return {k.removeprefix(prefix): v for k, v in metrics.items() if k.startswith(prefix)}


def _announce(model: Any, run: RunFolder, display: RunDisplay) -> Any:
    parameters = sum(p.numel() for p in model.parameters())
    if run.result("model") is None:
        run.finish("model", {"parameters": parameters})
    display.end("model", f"{parameters:,} parameters")
    return model


def _loaded(load: Any, folder: Path, **kwargs: Any) -> Any:
    """Call a `from_pretrained`, and turn what a damaged folder raises into one line."""
    try:
        return load(folder, **kwargs)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{folder}: cannot be loaded: {error}") from None


def _device(name: str) -> torch.device:
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("training.device is cuda, but no CUDA device is available; use cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def _is_due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _shown(metrics: dict[str, float]) -> dict[str, float]:
    names = ("loss", "grad_norm", "learning_rate", "max_violation", "tokens")
    return {name: metrics[name] for name in names if name in metrics}


def _counted(corpus: Corpus) -> str:
    return f"{len(corpus.train):,} training and {len(corpus.test):,} test documents"


def _summary(result: dict[str, Any]) -> str:
    before, after = result["test_loss_before"], result["test_loss_after"]
    falls = ", ".join(f"{name} {before[name]:.2f} → {after[name]:.2f}" for name in after)
    return f"{result['tokens']:,} tokens; test loss per token: {falls}"
