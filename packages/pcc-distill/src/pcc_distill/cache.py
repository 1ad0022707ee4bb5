"""Teacher features on disk, so that the teacher runs once per image instead of once per epoch.

```text
FOLDER/cache.json                   which teacher made it
FOLDER/ab/abcdef….safetensors       levels of one view of one image, with a CRC of their bytes
```

Augmented training needs the student to see the very pixels that the teacher saw. So each image has
a fixed number of views; a view's seed decides its augmentation, and an epoch replays one of them:

```python
view = cache.view(image_id, epoch)
image = augment(image, seed=view.seed)
levels = cache.get(view.key)
if levels is None:
    levels = teach(image)
    cache.put(view.key, levels)
```
"""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor, nn

from pcc_distill.errors import CacheError, ConfigError

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, kw_only=True)
class View:
    """One augmentation of one image.

    Attributes:
        key: Under which its features are kept.
        seed: From which its augmentation must be drawn, in [0, 2**31).
    """

    key: str
    seed: int


def fingerprint(teacher: nn.Module) -> str:
    """A hash of a teacher's weights, names and shapes."""
    digest = sha256(type(teacher).__name__.encode())
    for name, value in sorted(teacher.state_dict().items()):
        data = value.detach().cpu().contiguous().reshape(-1)
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(data.view(torch.uint8).numpy())
    return digest.hexdigest()


class FeatureCache:
    """Features of one teacher, bounded in size.

    Args:
        folder: Where to keep them; made if missing.
        teacher: What made them; `fingerprint(teacher)`.
        num_views: Augmentations per image; 1 without augmentation.
        max_bytes: Bound of the files' total size; when it is reached, new features are not kept.
        dtype: How levels are stored: "float32", "float16" or "bfloat16".

    Raises:
        CacheError: If the folder holds features of another teacher or setting, or cannot be used.
        ConfigError: If a setting is impossible.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        teacher: str,
        num_views: int = 1,
        max_bytes: int = 20_000_000_000,
        dtype: str = "float16",
    ) -> None:
        if num_views < 1 or max_bytes < 0:
            raise ConfigError(f"num_views {num_views} and max_bytes {max_bytes} must be positive")
        if dtype not in DTYPES:
            raise ConfigError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
        self.folder, self.num_views, self.max_bytes = Path(folder), num_views, max_bytes
        self.dtype = DTYPES[dtype]
        self._claim({"teacher": teacher, "num_views": num_views, "dtype": dtype})
        self._bytes = sum(f.stat().st_size for f in self.folder.glob("??/*.safetensors"))

    @property
    def size_bytes(self) -> int:
        """Total size of the files."""
        return self._bytes

    def view(self, image: str | int, epoch: int = 0) -> View:
        """The view of an image that an epoch replays."""
        number = epoch % self.num_views
        digest = sha256(f"pcc-distill/view/{image}/{number}".encode())
        seed = int.from_bytes(digest.digest()[:4], "little") >> 1
        return View(key=digest.hexdigest()[:40], seed=seed)

    def get(self, key: str) -> list[Tensor] | None:
        """The levels of a view, float32, or None if they are not kept.

        Raises:
            CacheError: If the file is damaged.
        """
        from safetensors import SafetensorError, safe_open

        path = self._path(key)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                count = len(list(file.keys()))
                levels = [file.get_tensor(str(index)) for index in range(count)]
                expected = (file.metadata() or {}).get("crc32")
        except (SafetensorError, OSError, ValueError) as error:
            raise CacheError(f"{path}: damaged ({error}); delete it") from None
        if str(_checksum(levels)) != expected:
            raise CacheError(f"{path}: damaged (checksum differs); delete it")
        return [level.float() for level in levels]

    def put(self, key: str, levels: Sequence[Tensor]) -> bool:
        """Keep the levels of a view, each [C, H, W].

        Returns:
            Whether there was room.

        Raises:
            OSError: If the disk is full; no half-written file is left.
        """
        from safetensors.torch import save_file

        stored = [level.detach().to("cpu", self.dtype).contiguous() for level in levels]
        if self._bytes + sum(x.numel() * x.element_size() for x in stored) > self.max_bytes:
            return False
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        before = path.stat().st_size if path.exists() else 0
        try:
            named = {str(index): level for index, level in enumerate(stored)}
            save_file(named, draft, metadata={"crc32": str(_checksum(stored))})
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        self._bytes += path.stat().st_size - before
        return True

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def _claim(self, identity: dict[str, object]) -> None:
        """Record which teacher the folder belongs to, or check it."""
        path = self.folder / "cache.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
                draft.write_text(json.dumps(identity) + "\n", encoding="utf-8")
                draft.replace(path)
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CacheError(f"{path}: cannot be used: {error}") from None
        for key, value in identity.items():
            if not isinstance(found, dict) or found.get(key) != value:
                got = found.get(key) if isinstance(found, dict) else None
                raise CacheError(
                    f"{self.folder}: features of another {key} ({got!r}, now {value!r}); give "
                    "another folder or delete this one"
                )


def _checksum(levels: Sequence[Tensor]) -> int:
    crc = 0
    for level in levels:
        crc = zlib.crc32(str(tuple(level.shape)).encode(), crc)
        crc = zlib.crc32(level.contiguous().reshape(-1).view(torch.uint8).numpy(), crc)
    return crc
