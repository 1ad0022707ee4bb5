"""The configuration of pretraining: data, tokenizer, model and training.

`PretrainConfig` is what other programs embed; `RunConfig` adds what a run of this program needs.
Every default is a value of the quickstart; `configs/quickstart.toml` says where each comes from.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from intern_pretrain.schedule import parse_batch_sizes
from intern_runs import ConfigError


class Section(BaseModel):
    """A table of the configuration: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Section):
    """The corpus.

    Attributes:
        num_compounds: Compounds with text documents; 0 for none.
        texts_per_compound: Text documents about each, by different templates.
        num_images: Drawings; the compounds drawn are among those with text, 0 for none.
        num_series: Windows of time series, 0 for none.
        max_smiles_chars: Compounds with a longer SMILES are left out, and counted.
        max_drawn_atoms: Compounds with more heavy atoms are not drawn.
        image_size: Height and width of pictures in pixels; what the vision tower takes.
        series_chunk: Samples per chunk; a chunk lies in one split.
        max_series_samples: Longest window.
        test_fraction: Share of keys (compounds, chunks, lines) in the test split.
        files: JSON-lines files of the user's own documents: `text`, and `image` or `series` (paths
            relative to the file) with `sampling_rate`.
    """

    num_compounds: int = Field(3000, ge=0, le=70_000)
    texts_per_compound: int = Field(4, ge=1, le=10)
    num_images: int = Field(1000, ge=0, le=70_000)
    num_series: int = Field(600, ge=0, le=100_000)
    max_smiles_chars: PositiveInt = 40
    max_drawn_atoms: PositiveInt = 16
    image_size: int = Field(56, ge=28, le=2048)
    series_chunk: int = Field(64, ge=16)
    max_series_samples: int = Field(64, ge=16)
    test_fraction: float = Field(0.08, gt=0, lt=0.5)
    files: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.num_images > self.num_compounds:
            raise ValueError(
                f"num_images ({self.num_images}) is more than num_compounds "
                f"({self.num_compounds}), which they are drawn from; lower it"
            )
        if self.max_series_samples > self.series_chunk:
            raise ValueError(
                f"max_series_samples ({self.max_series_samples}) is more than series_chunk "
                f"({self.series_chunk}), which no window may leave; lower it"
            )
        if not (self.num_compounds or self.num_series or self.files):
            raise ValueError("the corpus is empty: set num_compounds, num_series or files")
        return self


class TokenizerConfig(Section):
    """Sizes of the vocabularies that are trained.

    Attributes:
        vocab_size: General byte-level BPE.
        smiles_vocab_size: Pieces for SMILES, at most.
        iupac_vocab_size: Pieces for systematic names, at most.
        fasta_vocab_size: Pieces for sequences, at most.
        detect: Whether untagged molecules and sequences count as their domain.
    """

    vocab_size: int = Field(768, ge=256)
    smiles_vocab_size: int = Field(128, ge=64)
    iupac_vocab_size: int = Field(384, ge=96)
    fasta_vocab_size: int = Field(64, ge=40)
    detect: bool = True


class ModelConfig(Section):
    """The model: a preset of `intern_s1_model`, changed where a value is given.

    Attributes:
        preset: "tiny", "intern-s1-mini" or "intern-s1".
        init_from: Folder of a saved model and processor to go on from; preset, sizes and the
            tokenizer's training are then not used.
        hidden_size: Width of the text model.
        num_layers: Layers of the text model.
        num_experts: Experts per layer.
        top_k: Experts per token.
        expert_size: Width of one expert.
        router_aux_loss_coef: Weight of the load-balancing loss.
        router_z_loss_coef: Weight of the router's z-loss.
        experts_implementation: How experts are computed; "fp8_grouped_gemm" takes the package of
            that name, the others are transformers' own.
    """

    preset: Literal["tiny", "intern-s1-mini", "intern-s1"] = "tiny"
    init_from: str | None = None
    hidden_size: PositiveInt | None = None
    num_layers: PositiveInt | None = None
    num_experts: PositiveInt = 8
    top_k: PositiveInt = 2
    expert_size: PositiveInt | None = None
    router_aux_loss_coef: float = Field(0.01, ge=0)
    router_z_loss_coef: float = Field(0.001, ge=0)
    experts_implementation: Literal["grouped_mm", "eager", "batched_mm", "fp8_grouped_gemm"] = (
        "grouped_mm"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.num_experts < self.top_k:
            raise ValueError(
                f"num_experts ({self.num_experts}) is less than top_k ({self.top_k}): a token "
                "cannot visit more experts than there are; raise num_experts or lower top_k"
            )
        return self


class TrainingConfig(Section):
    """Continual pretraining.

    Attributes:
        steps: Optimizer steps.
        sequence_length: Tokens per pack.
        batch_sizes: Packs per step, `from:size` pairs counted in `unit`: "0:4 200:8".
        unit: What the schedules count, "steps" or "tokens".
        micro_batch_size: Packs per forward pass; None for the whole batch.
        learning_rate: Peak rate.
        warmup: Steps or tokens of linear warm-up.
        decay_fraction: Share of the run, at its end, in which the rate falls.
        decay: Shape of the fall.
        final_ratio: Rate at the end, as a share of the peak.
        weight_decay: Of matrices; vectors (norms, biases) have none.
        beta1: AdamW's.
        beta2: AdamW's.
        max_grad_norm: Gradients are clipped to this norm.
        loss_weighting: A document of l predicted tokens weighs l, l^(1/2) or 1: "token", "square"
            or "sample".
        order: Order of packs: "random", or "balanced", which puts packs with documents of like
            length side by side.
        balance_group: Packs that "balanced" makes alike.
        evaluate_every: Steps between evaluations; 0 for before and after only.
        eval_packs: Packs per modality in an evaluation, at most.
        device: "cpu", "cuda" or "auto".
    """

    steps: PositiveInt = 240
    sequence_length: int = Field(256, ge=32)
    batch_sizes: str = "0:4 60:8"
    unit: Literal["steps", "tokens"] = "steps"
    micro_batch_size: PositiveInt | None = None
    learning_rate: PositiveFloat = 3e-3
    warmup: int = Field(20, ge=0)
    decay_fraction: float = Field(0.2, ge=0, le=1)
    decay: Literal["linear", "1-sqrt", "cosine"] = "1-sqrt"
    final_ratio: float = Field(0.0, ge=0, le=1)
    weight_decay: float = Field(0.1, ge=0)
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.95, ge=0, lt=1)
    max_grad_norm: PositiveFloat = 1.0
    loss_weighting: Literal["token", "square", "sample"] = "square"
    order: Literal["random", "balanced"] = "balanced"
    balance_group: PositiveInt = 4
    evaluate_every: int = Field(0, ge=0)
    eval_packs: PositiveInt = 12
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        parse_batch_sizes(self.batch_sizes)
        return self


class PretrainConfig(Section):
    """From raw data to a pretrained model; the part that other programs embed.

    Attributes:
        data: The corpus.
        tokenizer: Its vocabularies.
        model: The model.
        training: Continual pretraining.
    """

    data: DataConfig = DataConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()


class RunConfig(PretrainConfig):
    """A run of `intern-pretrain`.

    Attributes:
        seed: Key of every random draw except the split, which no seed changes.
        threads: CPU threads of torch.
    """

    seed: int = Field(0, ge=0)
    threads: PositiveInt = 2


def default_config_path() -> Path:
    """Where the quickstart's configuration stands: in the wheel, or in the repository.

    Raises:
        ConfigError: If the installation lacks it.
    """
    here = Path(__file__).parent
    for folder in (here / "configs", here.parents[1] / "configs"):
        if (folder / "quickstart.toml").is_file():
            return folder / "quickstart.toml"
    raise ConfigError(f"{here}: the quickstart's configuration is missing; reinstall the program")
