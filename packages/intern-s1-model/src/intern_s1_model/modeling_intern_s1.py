"""Intern-S1: InternViT, projector, Qwen3 or Qwen3-MoE, time series.

Shape legend: B batch, S positions, V vocabulary, D text width, E experts, N = B * S.

The parts are transformers' own modules under the published names (`vision_tower`,
`multi_modal_projector`, `language_model`, `time_series`, `lm_head`), so attention backends, expert
kernels, parallel plans, caches, `generate`, quantizers and PEFT see what they know, and
`save_pretrained` writes the published keys. Added here: router logits and losses in the multimodal
path, placeholder checks, packing guards, time series.

Longer than other files because transformers expects one model's classes in one module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel
from transformers.cache_utils import Cache
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import BaseModelOutputWithPooling, ModelOutput
from transformers.utils import can_return_tuple

from .configuration_intern_s1 import InternS1Config
from .moe import load_balancing_loss, router_z_loss
from .packing import check_packing
from .placeholders import check_counts, check_no_placeholders, scatter_features
from .projector import InternS1MultiModalProjector
from .time_series import InternS1TimeSeriesModel, check_series, num_time_series_tokens
from .vision import InternS1VisionModel, pixel_unshuffle

Series = Tensor | Sequence[Tensor]


@dataclass
class InternS1ModelOutputWithPast(ModelOutput):
    """Output of `InternS1Model`.

    Attributes:
        last_hidden_state: [B, S, D].
        past_key_values: Cache, if one was used.
        hidden_states: Per layer, if asked for.
        attentions: Per layer, if asked for and the attention implementation gives them.
        router_logits: One [N, E] tensor per mixture layer, if asked for.
        image_hidden_states: [tiles, tokens, D] after the projector, if there were images.
        time_series_hidden_states: One [T, D] tensor per series, if there were any.
    """

    last_hidden_state: Tensor | None = None
    past_key_values: Cache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    router_logits: tuple[Tensor, ...] | None = None
    image_hidden_states: Tensor | None = None
    time_series_hidden_states: tuple[Tensor, ...] | None = None


@dataclass
class InternS1CausalLMOutputWithPast(ModelOutput):
    """Output of `InternS1ForConditionalGeneration`; fields as in `InternS1ModelOutputWithPast`.

    Attributes:
        loss: Next-token loss plus the weighted router losses, if labels came.
        logits: [B, S or logits_to_keep, V].
        aux_loss: Load-balancing loss before its weight, if router logits were asked for.
        z_loss: Router z-loss before its weight, if router logits were asked for.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: Cache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    router_logits: tuple[Tensor, ...] | None = None
    aux_loss: Tensor | None = None
    z_loss: Tensor | None = None
    image_hidden_states: Tensor | None = None
    time_series_hidden_states: tuple[Tensor, ...] | None = None


class InternS1PreTrainedModel(PreTrainedModel):
    """What the classes of this module share: capabilities and loading rules."""

    config: InternS1Config
    config_class = InternS1Config
    base_model_prefix = "model"
    input_modalities: ClassVar[Any] = ("image", "text", "video")
    supports_gradient_checkpointing = True
    _no_split_modules: ClassVar[list[str]] = ["InternVLVisionLayer", "InternS1VisionLayer"]
    _skip_keys_device_placement: ClassVar[list[str]] = ["past_key_values"]
    _supports_flash_attn = True
    _supports_sdpa = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _can_compile_fullgraph = False  # the checks read counts on the host

    @classmethod
    def _can_set_experts_implementation(cls) -> bool:
        # Transformers looks for the decorator's name in this file's source; the experts are
        # Qwen3-MoE's, which carry it.
        return True


class InternS1Model(InternS1PreTrainedModel):
    """Vision tower, projector, optional time-series encoder and text decoder, without a head."""

    def __init__(self, config: InternS1Config) -> None:
        super().__init__(config)
        self.vision_tower = InternS1VisionModel._from_config(config.vision_config)
        self.multi_modal_projector = InternS1MultiModalProjector(config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.time_series = (
            InternS1TimeSeriesModel._from_config(config.ts_config) if config.ts_config else None
        )
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The text model's embedding."""
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the text model's embedding."""
        self.language_model.set_input_embeddings(value)

    @can_return_tuple
    def get_image_features(self, pixel_values: Tensor, **kwargs: Any) -> BaseModelOutputWithPooling:
        """Encode image tiles.

        Args:
            pixel_values: [tiles, 3, H, W], normalised, float.
            **kwargs: `vision_feature_layer`, `vision_feature_select_strategy` to override the
                configuration's.

        Returns:
            The vision tower's output, with the projected features, [tiles, tokens, D], as
            `pooler_output`.

        Raises:
            ValueError: If the tensor is not a batch of tiles of the configured size.
        """
        self._check_pixels(pixel_values)
        layer = _or_default(kwargs.get("vision_feature_layer"), self.config.vision_feature_layer)
        strategy = _or_default(
            kwargs.get("vision_feature_select_strategy"),
            self.config.vision_feature_select_strategy,
        )
        outputs = self.vision_tower(
            pixel_values=pixel_values.to(self.vision_tower.dtype),
            output_hidden_states=layer != -1,
            return_dict=True,
        )
        features = outputs.last_hidden_state if layer == -1 else outputs.hidden_states[layer]
        if strategy == "default":
            features = features[:, 1:]
        patch_height, patch_width = self.config.vision_config.patch_size
        rows = pixel_values.shape[-2] // patch_height
        columns = pixel_values.shape[-1] // patch_width
        grid = features.reshape(features.shape[0], rows, columns, features.shape[-1])
        folded = pixel_unshuffle(grid, self.config.downsample_ratio).flatten(1, 2)
        outputs.pooler_output = self.multi_modal_projector(folded)
        return outputs

    def get_time_series_features(
        self, series: Sequence[Tensor], sampling_rates: Sequence[float | None] | None = None
    ) -> list[Tensor]:
        """Encode series; see `InternS1TimeSeriesModel.forward`.

        Raises:
            ValueError: If the model has no time-series encoder, or a series is bad.
        """
        if self.time_series is None:
            raise ValueError(
                "time_series_values was passed to a model without a time-series encoder; build it "
                "with a ts_config."
            )
        return self.time_series(series, sampling_rates)

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Any = None,
        time_series_values: Series | None = None,
        time_series_sampling_rates: Any = None,
        time_series_lengths: Any = None,
        use_cache: bool | None = None,
        run_every_tower: bool = False,
        **kwargs: Any,
    ) -> InternS1ModelOutputWithPast:
        """Run every part; see `InternS1ForConditionalGeneration.forward` for the arguments."""
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError(
                "Pass exactly one of input_ids and inputs_embeds, got "
                f"{'neither' if input_ids is None else 'both'}."
            )
        tokens: Any = input_ids if input_ids is not None else inputs_embeds
        if input_ids is not None and (input_ids.is_floating_point() or input_ids.ndim != 2):
            raise ValueError(
                f"input_ids has dtype {input_ids.dtype} and shape {tuple(input_ids.shape)}; "
                "expected integers, [rows, positions]."
            )
        past_length = past_key_values.get_seq_length() if past_key_values is not None else 0
        self._check_length(tokens.shape[1] + past_length)
        packed = check_packing(
            position_ids,
            attention_mask=attention_mask,
            use_cache=use_cache,
            has_past=past_key_values is not None,
            batch_size=tokens.shape[0],
            attention=self.language_model.config._attn_implementation,
            has_varlen_arguments=kwargs.get("cu_seq_lens_q") is not None,
        )
        if packed:
            use_cache = False
        if inputs_embeds is None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
        expects_features = input_ids is not None and past_length == 0
        inputs_embeds, images = self._insert_images(
            input_ids, inputs_embeds, pixel_values, expects_features, **kwargs
        )
        inputs_embeds, series = self._insert_series(
            input_ids,
            inputs_embeds,
            *as_series_list(time_series_values, time_series_sampling_rates, time_series_lengths),
            expects_features,
        )
        if run_every_tower:
            inputs_embeds = inputs_embeds + self._idle_towers(images is None, series is None)
        outputs = self.language_model(
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            **_without(kwargs, "vision_feature_layer", "vision_feature_select_strategy"),
        )
        return InternS1ModelOutputWithPast(
            last_hidden_state=outputs.last_hidden_state,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            router_logits=getattr(outputs, "router_logits", None),
            image_hidden_states=images,
            time_series_hidden_states=series,
        )

    def _idle_towers(self, no_images: bool, no_series: bool) -> Tensor | float:
        """Zero, computed through the towers that the batch left out, gradients (zero) included."""
        total: Any = 0.0
        if no_images:
            vision = self.config.vision_config
            blank = torch.zeros(1, vision.num_channels, *vision.image_size, device=self.device)
            encoded: Any = self.get_image_features(blank, return_dict=True)
            total = total + 0.0 * encoded.pooler_output.sum()
        if no_series and self.time_series is not None:
            [features] = self.time_series([torch.zeros(2, device=self.device)])
            total = total + 0.0 * features.sum()
        return total

    def _insert_images(
        self,
        input_ids: Tensor | None,
        embeds: Any,
        pixel_values: Tensor | None,
        expects_features: bool,
        **kwargs: Any,
    ) -> tuple[Any, Tensor | None]:
        """Encode the tiles and put them in place; refuse placeholders without tiles."""
        token = self.config.image_token_id
        if pixel_values is None:
            if expects_features:
                check_no_placeholders(input_ids == token, "image", "pixel_values")
            return embeds, None
        encoded: Any = self.get_image_features(pixel_values, return_dict=True, **kwargs)
        images = encoded.pooler_output
        embeds = scatter_features(
            embeds,
            self._placeholders(input_ids, embeds, token),
            images.flatten(0, 1),
            [images.shape[1]] * images.shape[0],
            "image",
        )
        return embeds, images

    def _insert_series(
        self,
        input_ids: Tensor | None,
        embeds: Any,
        series: list[Tensor] | None,
        sampling_rates: list[float | None] | None,
        expects_features: bool,
    ) -> tuple[Any, tuple[Tensor, ...] | None]:
        """Encode the series and put them in place; refuse placeholders without series."""
        token = self.config.ts_token_id
        if series is None:
            if expects_features and self.time_series is not None:
                check_no_placeholders(input_ids == token, "time series", "time_series_values")
            return embeds, None
        features = self.get_time_series_features(series, sampling_rates)
        embeds = scatter_features(
            embeds,
            self._placeholders(input_ids, embeds, token),
            torch.cat(features),
            [len(one) for one in features],
            "time series",
        )
        return embeds, tuple(features)

    def _placeholders(self, input_ids: Tensor | None, embeds: Tensor, token_id: int) -> Tensor:
        """Bool [B, S], True where the placeholder stands; found by value if there are no ids."""
        if input_ids is not None:
            return input_ids == token_id
        weight = self.get_input_embeddings().weight[token_id]
        return (embeds == weight.to(embeds)).all(-1)

    def _check_pixels(self, pixel_values: Tensor) -> None:
        """Refuse anything but [tiles, channels, H, W] floats of the configured size."""
        height, width = self.config.vision_config.image_size
        expected = (self.config.vision_config.num_channels, height, width)
        if pixel_values.ndim != 4 or tuple(pixel_values.shape[1:]) != expected:
            raise ValueError(
                f"pixel_values has shape {tuple(pixel_values.shape)}; expected [tiles, "
                f"{', '.join(map(str, expected))}] as the image processor writes it."
            )
        if not pixel_values.is_floating_point():
            raise ValueError(
                f"pixel_values has dtype {pixel_values.dtype}; expected normalised floats as the "
                "image processor writes them."
            )

    def _check_length(self, length: int) -> None:
        limit = self.config.text_config.max_position_embeddings
        if length > limit:
            raise ValueError(
                f"The rows are {length} positions long (cache included) but the model was built "
                f"for {limit}. Shorten them, or raise text_config.max_position_embeddings "
                "together with rope scaling."
            )


class InternS1ForConditionalGeneration(InternS1PreTrainedModel, GenerationMixin):
    """Intern-S1 with its language-model head: training with all losses, and generation."""

    _tied_weights_keys: ClassVar[dict[str, str]] = {
        "lm_head.weight": "model.language_model.embed_tokens.weight"
    }
    _tp_plan: ClassVar[dict[str, str]] = {"lm_head": "colwise_gather_output"}
    _pp_plan: ClassVar[dict[str, Any]] = {"lm_head": (["hidden_states"], ["logits"])}
    _fsdp_plan: ClassVar[dict[str, str]] = {"lm_head": "keep_full_weight"}

    def __init__(self, config: InternS1Config) -> None:
        super().__init__(config)
        self.model = InternS1Model(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()

    def get_output_embeddings(self) -> nn.Module:
        """The language-model head."""
        return self.lm_head

    def get_image_features(self, pixel_values: Tensor, **kwargs: Any) -> BaseModelOutputWithPooling:
        """See `InternS1Model.get_image_features`."""
        return self.model.get_image_features(pixel_values, **kwargs)

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        time_series_values: Series | None = None,
        time_series_sampling_rates: Any = None,
        time_series_lengths: Any = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        output_router_logits: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        router_token_mask: Tensor | None = None,
        router_group: Any = None,
        **kwargs: Any,
    ) -> InternS1CausalLMOutputWithPast:
        """Run the model and, with labels, its losses.

        Args:
            input_ids: [B, S] int64.
            pixel_values: [tiles, 3, H, W], float; tiles of all rows in reading order.
            attention_mask: [B, S], 0 for padding; None for rows without padding or packed rows.
            position_ids: [B, S]; restarting at 0 within a row separates packed documents, which
                needs `attention_mask=None` and no cache.
            past_key_values: Cache to read and extend.
            inputs_embeds: [B, S, D] instead of `input_ids`.
            time_series_values: List of [L] or [L, C] tensors, or one padded [series, L, C].
            time_series_sampling_rates: Samples per second per series; None for the default.
            time_series_lengths: Samples per series, if the series came padded.
            labels: [B, S] int64, -100 where no loss is wanted; shifted inside.
            use_cache: None takes the configuration's, except that packed rows use none.
            output_router_logits: Return router logits and their losses; None takes the text
                configuration's. Ignored by a dense text model.
            logits_to_keep: Compute logits of the last so many positions, or of these; 0 for all.
            router_token_mask: [B, S], 1 for tokens that count in the router losses; by default
                `attention_mask`. For packed rows that end in padding.
            run_every_tower: Send a blank tile or series through towers that this batch does not
                use, so that all ranks of a sharded model run the same modules; changes no value.
                (Of `InternS1Model`; goes through `kwargs`.)
            router_group: Process group over which the router losses are global.
            **kwargs: Passed on to the text model and the loss (`num_items_in_batch` and so on).

        Returns:
            Losses, logits, cache and whatever was asked for.

        Raises:
            ValueError: If placeholders and features differ in number, packed documents would see
                each other, a row is too long, a tensor has the wrong shape or dtype, or arguments
                contradict each other.
        """
        text = self.config.text_config
        if output_router_logits is None:
            output_router_logits = getattr(text, "output_router_logits", False)
        if text.model_type == "qwen3_moe":
            kwargs["output_router_logits"] = output_router_logits
        else:
            output_router_logits = False
        loss_kwargs = {
            key: kwargs.pop(key) for key in ("num_items_in_batch", "shift_labels") if key in kwargs
        }
        outputs = self.model(
            input_ids=input_ids,
            pixel_values=pixel_values,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            time_series_values=time_series_values,
            time_series_sampling_rates=time_series_sampling_rates,
            time_series_lengths=time_series_lengths,
            use_cache=use_cache,
            return_dict=True,
            **kwargs,
        )
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(outputs.last_hidden_state[:, kept, :])
        loss = aux_loss = z_loss = None
        if labels is not None:
            self._check_labels(labels, outputs.last_hidden_state, logits_to_keep)
            loss = self.loss_function(logits, labels, text.vocab_size, **loss_kwargs)
        if output_router_logits:
            mask = router_token_mask
            if mask is None and attention_mask is not None and attention_mask.ndim == 2:
                mask = attention_mask[:, -outputs.last_hidden_state.shape[1] :]
            aux_loss = load_balancing_loss(
                outputs.router_logits, text.num_experts_per_tok, mask, router_group
            )
            z_loss = router_z_loss(outputs.router_logits, mask, router_group)
            if loss is not None:
                loss = loss + text.router_aux_loss_coef * aux_loss.to(loss.device)
                if self.config.router_z_loss_coef:
                    loss = loss + self.config.router_z_loss_coef * z_loss.to(loss.device)
        return InternS1CausalLMOutputWithPast(
            loss=loss,
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            router_logits=outputs.router_logits,
            aux_loss=aux_loss,
            z_loss=z_loss,
            image_hidden_states=outputs.image_hidden_states,
            time_series_hidden_states=outputs.time_series_hidden_states,
        )

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Keep images and series for the first step only; later steps have them in the cache."""
        inputs = super().prepare_inputs_for_generation(*args, **kwargs)
        if not kwargs.get("is_first_iteration", False) and kwargs.get("use_cache", True):
            for key in _SERIES_ARGUMENTS:
                inputs.pop(key, None)
        return inputs

    def _expand_inputs_for_generation(
        self,
        expand_size: int = 1,
        is_encoder_decoder: bool = False,
        input_ids: Tensor | None = None,
        **model_kwargs: Any,
    ) -> tuple[Tensor | None, dict[str, Any]]:
        """Repeat rows for beams and samples, and each row's tiles and series as one block."""
        features = {}
        if expand_size > 1 and input_ids is not None:
            features = self._repeat_features(expand_size, input_ids, model_kwargs)
        ids, expanded = super()._expand_inputs_for_generation(
            expand_size=expand_size,
            is_encoder_decoder=is_encoder_decoder,
            input_ids=input_ids,
            **model_kwargs,
        )
        return ids, {**expanded, **features}

    def _repeat_features(
        self, times: int, input_ids: Tensor, model_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Take images and series out of `model_kwargs` and repeat them row by row."""
        features: dict[str, Any] = {}
        pixels = model_kwargs.pop("pixel_values", None)
        if pixels is not None:
            mask = input_ids == self.config.image_token_id
            sizes = [self.config.image_seq_length] * len(pixels)
            rows = pixels.split(check_counts(mask, sizes, "image"))
            features["pixel_values"] = torch.cat([row for row in rows for _ in range(times)])
        values = model_kwargs.pop("time_series_values", None)
        if values is not None:
            series, rates = as_series_list(
                values,
                model_kwargs.pop("time_series_sampling_rates", None),
                model_kwargs.pop("time_series_lengths", None),
            )
            rates = check_series(series, rates, self.config.ts_config)
            stride = self.config.ts_config.max_stride
            sizes = [
                num_time_series_tokens(len(one), rate, stride)
                for one, rate in zip(series, rates, strict=True)
            ]
            per_row = check_counts(input_ids == self.config.ts_token_id, sizes, "time series")
            order, start = [], 0
            for count in per_row:
                order += list(range(start, start + count)) * times
                start += count
            features["time_series_values"] = [series[i] for i in order]
            features["time_series_sampling_rates"] = [rates[i] for i in order]
        return features

    def _check_labels(self, labels: Tensor, hidden: Tensor, logits_to_keep: int | Tensor) -> None:
        if not (isinstance(logits_to_keep, int) and logits_to_keep == 0):
            raise ValueError(
                "labels and logits_to_keep were both passed; the loss needs every position. Drop "
                "logits_to_keep."
            )
        if labels.shape != hidden.shape[:2]:
            raise ValueError(
                f"labels has shape {tuple(labels.shape)}; expected {tuple(hidden.shape[:2])}, the "
                "shape of input_ids."
            )


_SERIES_ARGUMENTS = ("time_series_values", "time_series_sampling_rates", "time_series_lengths")


def as_series_list(
    values: Series | None, sampling_rates: Any = None, lengths: Any = None
) -> tuple[Any, list[float | None] | None]:
    """Bring the accepted forms of series to one: a list of tensors and a list of rates.

    Args:
        values: List of [L] or [L, C] tensors, a padded [series, L] or [series, L, C] tensor, or
            None.
        sampling_rates: Number per series (list or tensor), or None.
        lengths: Samples per series before padding (list or tensor), or None.

    Returns:
        The series, padding removed (None if there are none), and their rates.

    Raises:
        ValueError: If lengths do not fit the series, or came without series.
    """
    if values is None:
        if sampling_rates is not None or lengths is not None:
            raise ValueError(
                "time_series_sampling_rates or time_series_lengths was passed without "
                "time_series_values."
            )
        return None, None
    series = list(values)
    if lengths is not None:
        lengths = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
        if len(lengths) != len(series):
            raise ValueError(
                f"Got {len(series)} time series but {len(lengths)} time_series_lengths."
            )
        for index, (one, length) in enumerate(zip(series, lengths, strict=True)):
            if not 1 <= length <= len(one):
                raise ValueError(
                    f"time_series_lengths[{index}] is {length}; expected 1 to {len(one)}, the "
                    "padded length."
                )
        series = [one[:length] for one, length in zip(series, lengths, strict=True)]
    if isinstance(sampling_rates, Tensor):
        sampling_rates = sampling_rates.tolist()
    return series, None if sampling_rates is None else list(sampling_rates)


def _or_default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _without(kwargs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key not in names}


__all__ = ["InternS1ForConditionalGeneration", "InternS1Model", "InternS1PreTrainedModel"]
