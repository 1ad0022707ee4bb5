"""Text, images, videos and time series to model inputs.

Images and videos go through transformers' InternVL processor, whose files these are (so that
inference engines that load `InternVLProcessor` from a folder saved here can). Time series are added
here: `<TS_CONTEXT>` in the text stands for one series and is replaced by as many placeholders as
the encoder gives tokens.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from transformers import BatchFeature
from transformers.image_utils import make_flat_list_of_images
from transformers.models.got_ocr2.image_processing_got_ocr2 import GotOcr2ImageProcessor
from transformers.models.internvl.processing_internvl import InternVLProcessor
from transformers.models.internvl.video_processing_internvl import InternVLVideoProcessor
from transformers.video_utils import make_batched_videos

from .configuration_intern_s1 import InternS1Config
from .series_io import load_series
from .time_series import num_time_series_tokens, patch_stride

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class InternS1Processor(InternVLProcessor):
    """Processor of Intern-S1.

    Args:
        image_processor: Tiles and normalises images.
        tokenizer: An `InternS1Tokenizer`.
        video_processor: Samples, resizes and normalises frames.
        image_seq_length: Placeholders per image tile.
        chat_template: Jinja template; None takes the tokenizer's.
        **kwargs: Of `InternVLProcessor`.
    """

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        video_processor: Any = None,
        image_seq_length: int = 256,
        chat_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            image_processor,
            tokenizer,
            video_processor,
            image_seq_length=image_seq_length,
            chat_template=chat_template or tokenizer.chat_template,
            **kwargs,
        )
        self.ts_token = getattr(tokenizer, "context_ts_token", None)
        self.start_ts_token = getattr(tokenizer, "start_ts_token", None)
        self.end_ts_token = getattr(tokenizer, "end_ts_token", None)

    @classmethod
    def for_config(cls, config: InternS1Config, tokenizer: Any) -> "InternS1Processor":
        """Build the processor that fits a model configuration, with the published settings."""
        height, width = config.vision_config.image_size
        shared: dict[str, Any] = {
            "size": {"height": height, "width": width},
            "image_mean": list(IMAGENET_MEAN),
            "image_std": list(IMAGENET_STD),
        }
        return cls(
            image_processor=GotOcr2ImageProcessor(
                crop_to_patches=True, min_patches=1, max_patches=12, **shared
            ),
            tokenizer=tokenizer,
            video_processor=InternVLVideoProcessor(**shared),
            image_seq_length=config.image_seq_length,
        )

    def __call__(
        self,
        images: Any = None,
        text: str | list[str] | None = None,
        videos: Any = None,
        time_series: Any = None,
        sampling_rate: float | Sequence[float | None] | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Prepare one text or a batch.

        Args:
            images: Images for the `<IMG_CONTEXT>` of all texts, in reading order.
            text: One text or several.
            videos: Videos for the `<video>` of all texts, in reading order.
            time_series: Series for the `<TS_CONTEXT>` of all texts, in reading order: paths,
                arrays, tensors or lists, each [samples] or [samples, channels].
            sampling_rate: Samples per second, one number for all series or one per series; None
                takes the file's own, and else the default of the encoder.
            **kwargs: Of `InternVLProcessor`: `padding`, `return_tensors`, `crop_to_patches`, ...

        Returns:
            `input_ids`, `attention_mask`, and, where given, `pixel_values`, `time_series_values`
            (list of [L, C] float32 tensors) and `time_series_sampling_rates` (list of floats or
            None).

        Raises:
            ValueError: If a text's placeholders do not match what was passed, an image is smaller
                than 2 by 2 pixels, or a series cannot be used.
        """
        if text is None:
            raise ValueError("text is missing; images and series are placed by its placeholders.")
        texts = [text] if isinstance(text, str) else list(text)
        self._check_images(texts, images)
        flat_videos = None if videos is None else make_batched_videos(videos)
        self._check_number(texts, self.video_token, flat_videos, "videos")
        loaded = self._load_series(time_series, sampling_rate)
        texts = self._expand_series(texts, loaded)
        batch = super().__call__(images=images, text=texts, videos=videos, **kwargs)
        if loaded:
            batch["time_series_values"] = [values for values, _ in loaded]
            batch["time_series_sampling_rates"] = [rate for _, rate in loaded]
        return batch

    def apply_chat_template(
        self,
        conversation: Any,
        *args: Any,
        tokenize: bool = False,
        processor_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write a conversation, and with `tokenize=True` encode it with its images and series.

        Args:
            conversation: One conversation or several, each a list of messages. Beside transformers'
                text, image and video parts there are `{"type": "time_series", "time_series":
                array or path, "sampling_rate": samples per second}`, the rate being optional.
            *args: As in transformers' `ProcessorMixin.apply_chat_template`.
            tokenize: Whether to encode; False returns the text.
            processor_kwargs: Arguments of `__call__`.
            **kwargs: As in transformers.

        Returns:
            The text, ids, or with `return_dict=True` everything the model takes.

        Raises:
            ValueError: If a time-series part holds no series, and as `__call__` does.
        """
        series = _series_parts(conversation) if tokenize else []
        if series:
            processor_kwargs = {
                **(processor_kwargs or {}),
                "time_series": [values for values, _ in series],
                "sampling_rate": [rate for _, rate in series],
            }
        return super().apply_chat_template(
            conversation, *args, tokenize=tokenize, processor_kwargs=processor_kwargs, **kwargs
        )

    def _check_images(self, texts: list[str], images: Any) -> None:
        """Check the number of images per text and the size of each."""
        flat = [] if images is None else make_flat_list_of_images(images)
        self._check_number(texts, self.image_token, flat or None, "images")
        last_of_row = list(accumulate(text.count(self.image_token) for text in texts))
        for index, image in enumerate(flat):
            height, width = _height_and_width(image)
            if min(height, width) < 2:
                row = next(r for r, last in enumerate(last_of_row) if index < last)
                raise ValueError(
                    f"Image {index}, of row {row}, is {height} pixels high and {width} wide; "
                    "expected at least 2 pixels a side."
                )

    def _check_number(self, texts: list[str], token: str, given: Any, what: str) -> None:
        """Compare the placeholders of all texts with what came; name the first text without."""
        counts = [text.count(token) for text in texts]
        available = 0 if given is None else len(given)
        if sum(counts) == available:
            return
        needed = list(accumulate(counts))
        # Too few came: the first row that lacks one. Too many came: the last row, which has them.
        row = next((r for r, n in enumerate(needed) if n > available), len(counts) - 1)
        raise ValueError(
            f"Row {row} and those before it need {needed[row]} {what} for their {token}, but "
            f"{available} were passed: {token} per row {counts}, {sum(counts)} in all."
        )

    def _load_series(self, time_series: Any, sampling_rate: Any) -> list[tuple[Any, float | None]]:
        """Read every series and settle its rate."""
        if time_series is None:
            if sampling_rate is not None:
                raise ValueError("sampling_rate was passed without time_series.")
            return []
        sources = list(time_series) if isinstance(time_series, list | tuple) else [time_series]
        if sources and isinstance(sources[0], int | float):
            sources = [sources]  # one series given as a plain list of numbers
        rates = sampling_rate
        if rates is None or isinstance(rates, int | float):
            rates = [rates] * len(sources)
        if len(rates) != len(sources):
            raise ValueError(
                f"Got {len(sources)} time series but {len(rates)} sampling rates; pass one number "
                "for all or one per series."
            )
        loaded = []
        for index, (source, rate) in enumerate(zip(sources, rates, strict=True)):
            try:
                values, own_rate = load_series(source)
                rate = own_rate if rate is None else float(rate)
                if rate is not None:
                    patch_stride(rate)
            except ValueError as error:
                raise ValueError(f"Time series {index} of {len(sources)}: {error}") from error
            loaded.append((values, rate))
        return loaded

    def _expand_series(self, texts: list[str], loaded: list[tuple[Any, float | None]]) -> list[str]:
        """Replace each `<TS_CONTEXT>` by its number of placeholders between `<ts>` and `</ts>`."""
        if self.ts_token is None:
            if loaded:
                raise ValueError(
                    "time_series was passed but the tokenizer has no <TS_CONTEXT> token."
                )
            return texts
        self._check_number(texts, self.ts_token, loaded or None, "time series")
        remaining = iter(loaded)
        expanded = []
        for text in texts:
            first, *rest = text.split(self.ts_token)
            for part in rest:
                values, rate = next(remaining)
                number = num_time_series_tokens(len(values), rate)
                first += f"{self.start_ts_token}{self.ts_token * number}{self.end_ts_token}{part}"
            expanded.append(first)
        return expanded


def _height_and_width(image: Any) -> tuple[int, int]:
    """Sides of a PIL image, or of an array or tensor with channels first, last or left out."""
    if isinstance(getattr(image, "size", None), tuple):  # PIL; tensors have a method of that name
        return image.size[1], image.size[0]
    shape = tuple(image.shape)
    if len(shape) == 2:
        return shape
    readings = [shape[1:]] * (shape[0] in (1, 3, 4)) + [shape[:2]] * (shape[2] in (1, 3, 4))
    return min(readings or [shape[:2]], key=min)  # where both are possible, the narrower one


def _series_parts(conversation: Any) -> list[tuple[Any, float | None]]:
    """Series and rate of each time-series part of one conversation or several, in order."""
    nested = bool(conversation) and not isinstance(conversation[0], dict)
    messages = [m for one in conversation for m in one] if nested else conversation
    found = []
    for number, message in enumerate(messages):
        content = message.get("content")
        for part in content if isinstance(content, list) else []:
            if part.get("type") != "time_series":
                continue
            key = next((k for k in ("time_series", "path") if part.get(k) is not None), None)
            if key is None:
                raise ValueError(
                    f"Message {number} has a time_series part with {sorted(part)}; expected the "
                    "series under 'time_series' (array or list) or its file under 'path'."
                )
            found.append((part[key], part.get("sampling_rate")))
    return found


__all__ = ["InternS1Processor"]
