"""Making transformers' Auto classes know Intern-S1."""

from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)

from .configuration_intern_s1 import InternS1Config, InternS1TimeSeriesConfig, InternS1VisionConfig
from .experts import register_experts
from .modeling_intern_s1 import InternS1ForConditionalGeneration, InternS1Model
from .processing_intern_s1 import InternS1Processor
from .time_series import InternS1TimeSeriesModel
from .tokenization_intern_s1 import InternS1Tokenizer
from .vision import InternS1VisionModel


def register() -> None:
    """Register every class; harmless if done before (inference engines call it as a plugin)."""
    for config in (InternS1Config, InternS1VisionConfig, InternS1TimeSeriesConfig):
        AutoConfig.register(config.model_type, config, exist_ok=True)
    AutoModel.register(InternS1Config, InternS1Model, exist_ok=True)
    AutoModel.register(InternS1VisionConfig, InternS1VisionModel, exist_ok=True)
    AutoModel.register(InternS1TimeSeriesConfig, InternS1TimeSeriesModel, exist_ok=True)
    AutoModelForImageTextToText.register(
        InternS1Config, InternS1ForConditionalGeneration, exist_ok=True
    )
    AutoProcessor.register(InternS1Config, InternS1Processor, exist_ok=True)
    AutoTokenizer.register(InternS1Config, tokenizer_class=InternS1Tokenizer, exist_ok=True)
    register_experts()
