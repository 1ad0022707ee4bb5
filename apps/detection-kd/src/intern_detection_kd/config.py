"""The configuration of a run: one TOML file, checked key by key."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Part(BaseModel):
    """Base of every table: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Part):
    """Where the images come from.

    With no `train` file, the set of handwritten digits on photographs is built in the run folder.
    """

    train: str = Field("", description="COCO annotation file; empty builds the digits set")
    val: str = Field("", description="COCO annotation file for evaluation")
    train_folder: str = Field("", description="folder of its images; empty: the file's own folder")
    val_folder: str = ""
    train_images: Positive = Field(2400, description="images of the digits set to train on")
    val_images: Positive = Field(300, description="images of the digits set to evaluate on")
    image_size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)] = Field(
        96, description="side of the square that images are fitted into, in pixels"
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> "DataConfig":
        if bool(self.train) != bool(self.val):
            raise ValueError("data.train and data.val go together; give both or neither")
        return self


class DetectorConfig(Part):
    """Size of a detector."""

    width: Annotated[int, Field(ge=4, le=256)] = Field(12, description="channels after the stem")
    blocks: Annotated[int, Field(ge=1, le=8)] = Field(1, description="residual blocks per stage")
    neck_channels: Annotated[int, Field(ge=8, le=512, multiple_of=8)] = 48
    head_convs: Annotated[int, Field(ge=1, le=8)] = 1
    head: Literal["fcos", "retina"] = Field(
        "fcos", description="kind of head: anchor-free (FCOS) or with anchors (RetinaNet)"
    )


class OptimizerConfig(Part):
    """AdamW with linear warmup and cosine decay."""

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    batch_size: Positive = 8
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    max_grad_norm: Annotated[float, Field(gt=0)] = 10.0


class ArmConfig(Part):
    """One distilled student."""

    loss: Literal["PCCLoss", "MSELoss", "CWDLoss"]
    weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    tau: Annotated[float, Field(gt=0)] = Field(1.0, description="temperature of CWDLoss")


def _default_arms() -> dict[str, ArmConfig]:
    return {
        "pcc": ArmConfig(loss="PCCLoss", weight=3.0),
        "mse": ArmConfig(loss="MSELoss", weight=1.0),
        "cwd": ArmConfig(loss="CWDLoss", weight=1.0),
    }


class RunConfig(Part):
    """A whole run: teacher, student alone, and one student per arm."""

    framework: Literal["torchvision", "mmdet"] = Field(
        "torchvision", description="whose detectors: the program's own, or MMDetection's"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    steps: Positive = Field(700, description="optimizer steps of every student")
    teacher_steps_factor: Annotated[float, Field(gt=0, le=100)] = Field(
        2.0, description="the teacher trains this many times as long"
    )
    eval_points: Annotated[int, Field(ge=1, le=100)] = Field(
        4, description="evaluations per training, evenly spaced, for the convergence curve"
    )
    checkpoint_every_steps: Positive = 25
    teacher_checkpoint: str = Field("", description="skip the teacher's training and load this")
    teacher_feature_scale: Annotated[float, Field(gt=0, le=1e4)] = Field(
        1.0, description="multiplies the teacher's features, to show what magnitudes do"
    )
    data: DataConfig = DataConfig()
    teacher: DetectorConfig = DetectorConfig(width=16, head_convs=2)
    student: DetectorConfig = DetectorConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    arms: dict[Name, ArmConfig] = Field(default_factory=_default_arms)

    @model_validator(mode="after")
    def _check(self) -> "RunConfig":
        if taken := {"teacher", "student", "data"} & set(self.arms):
            raise ValueError(f"arms: {sorted(taken)} are names of stages; choose others")
        if self.framework == "mmdet":
            if self.teacher_feature_scale != 1:
                raise ValueError('teacher_feature_scale needs framework = "torchvision"')
            if self.teacher_checkpoint:
                raise ValueError(
                    'teacher_checkpoint needs framework = "torchvision"; with MMDetection, name '
                    "the teacher's checkpoint in a configuration and use `train --mmdet`"
                )
        return self

    @property
    def teacher_steps(self) -> int:
        """Optimizer steps of the teacher."""
        return max(1, round(self.steps * self.teacher_steps_factor))
