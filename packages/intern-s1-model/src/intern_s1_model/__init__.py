"""Intern-S1 on current transformers: vision, MoE text, time series, tokenizer, hub-exact files.

Importing this package registers Intern-S1 with transformers' `AutoConfig`, `AutoModel`,
`AutoModelForImageTextToText`, `AutoProcessor` and `AutoTokenizer`.
"""

from importlib.metadata import version

from .accounting import count_flops, count_parameters, model_flops_utilization
from .configuration_intern_s1 import InternS1Config, InternS1TimeSeriesConfig, InternS1VisionConfig
from .modeling_intern_s1 import (
    InternS1ForConditionalGeneration,
    InternS1Model,
    InternS1PreTrainedModel,
)
from .moe import load_balancing_loss, router_z_loss, tokens_per_expert
from .processing_intern_s1 import InternS1Processor
from .registration import register
from .segmentation import check_tags
from .streaming import StreamDecoder, stream_decode
from .time_series import InternS1TimeSeriesModel, num_time_series_tokens
from .tokenization_intern_s1 import InternS1Tokenizer
from .tokenizer_training import train_tokenizer
from .vision import InternS1VisionModel

__version__ = version("intern-s1-model")

__all__ = [
    "InternS1Config",
    "InternS1ForConditionalGeneration",
    "InternS1Model",
    "InternS1PreTrainedModel",
    "InternS1Processor",
    "InternS1TimeSeriesConfig",
    "InternS1TimeSeriesModel",
    "InternS1Tokenizer",
    "InternS1VisionConfig",
    "InternS1VisionModel",
    "StreamDecoder",
    "check_tags",
    "count_flops",
    "count_parameters",
    "load_balancing_loss",
    "model_flops_utilization",
    "num_time_series_tokens",
    "register",
    "router_z_loss",
    "stream_decode",
    "tokens_per_expert",
    "train_tokenizer",
]

register()
