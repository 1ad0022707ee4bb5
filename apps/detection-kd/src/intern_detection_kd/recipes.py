"""Fetching what a recipe needs: data sets, teachers' weights, and the file to train with.

Nothing is downloaded without being asked for: `--dry-run` lists the addresses. A broken download
goes on where it stopped, a finished one is not fetched again, and archives may not write outside
their folder.
"""

import hashlib
import re
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from intern_detection_kd.digits import build_digits
from intern_runs import ConfigError, DataError, RunFolderError

COCO = "http://images.cocodataset.org"
BLOCK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Addresses and the configuration that uses what they hold.

    Attributes:
        addresses: What to fetch; archives are unpacked into the output folder.
        file: Name of the configuration written beside them.
        text: Its content.
        num_images: Training images of the digits set to build, a sixth as many to evaluate on; 0
            builds none.
    """

    addresses: tuple[str, ...]
    file: str
    text: str
    num_images: int = 0


COCO_TOML = """# COCO 2017, plain PyTorch detectors: intern-detection-kd train --config recipe.toml
steps = 90000                  # 12 epochs of 117,266 images, as MMDetection's 1x
[data]
train = "{folder}/annotations/instances_train2017.json"
val = "{folder}/annotations/instances_val2017.json"
train_folder = "{folder}/train2017"
val_folder = "{folder}/val2017"
image_size = 512
[optimizer]
batch_size = 16
[teacher]
width = 64
blocks = 4
neck_channels = 256
head_convs = 4
[student]
width = 32
blocks = 2
neck_channels = 256
head_convs = 2
"""

DIGITS_FILE, DIGITS_SIDE = "retinanet_pcc_digits.py", 96
DIGITS_PY = """# MMDetection's RetinaNet on the digits set, taught by a larger one.
_base_ = "mmdet::retinanet/retinanet_r50_fpn_1x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])
model = dict(
    type="pcc_distill.Distill",
    # A checkpoint of the teacher trained on the same classes; None leaves it random.
    teacher=dict(config="mmdet::retinanet/retinanet_r101_fpn_1x_coco.py", checkpoint=None),
    student={{_base_.model}},
    losses=[dict(type="PCCLoss", loss_weight=6, features="neck")],
)

# The rest is about the data alone: paths, ten classes, small images, one epoch.
pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=({side}, {side}), keep_ratio=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
data = dict(
    data_root="{folder}/",
    metainfo=dict(classes=tuple("0123456789")),
    data_prefix=dict(img=""),
    pipeline=pipeline,
)
loader = dict(batch_size=4, num_workers=0, persistent_workers=False)
train_dataloader = dict(dataset=dict(ann_file="train.json", **data), **loader)
val_dataloader = dict(dataset=dict(ann_file="val.json", **data), **loader)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file="{folder}/val.json")
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=1)
param_scheduler = [dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=100)]
optim_wrapper = dict(optimizer=dict(lr=0.005), clip_grad=dict(max_norm=10))
"""


def recipe(name: str, num_images: int = 2400) -> Recipe:
    """A recipe by name: `digits`, `coco2017`, or a configuration shipped with pcc-distill.

    Args:
        name: Which one.
        num_images: Training images of the digits set, which is built and not fetched.

    Raises:
        ConfigError: If there is none of that name, or the number is not positive.
    """
    from pcc_distill import DistillError
    from pcc_distill.cli import config_names, config_path

    if name == "digits":
        if num_images < 1:
            raise ConfigError(f"--images is {num_images}, expected at least 1")
        text = DIGITS_PY.replace("{side}", str(DIGITS_SIDE))
        return Recipe(addresses=(), file=DIGITS_FILE, text=text, num_images=num_images)
    if name == "coco2017":
        parts = ("annotations/annotations_trainval2017", "zips/train2017", "zips/val2017")
        addresses = tuple(f"{COCO}/{part}.zip" for part in parts)
        return Recipe(addresses=addresses, file="recipe.toml", text=COCO_TOML)
    try:
        path = config_path(name)
    except DistillError:
        names = ", ".join(["digits", "coco2017", *config_names()])
        raise ConfigError(f"no recipe {name!r}; there are: {names}") from None
    text = path.read_text(encoding="utf-8")
    address = re.search(r'checkpoint="(https://[^"]+)"', text)
    assert address is not None, f"{path} names no checkpoint"
    local = "{folder}/" + address[1].rpartition("/")[2]
    return Recipe(addresses=(address[1],), file=path.name, text=text.replace(address[1], local))


def fetch(
    found: Recipe, folder: Path, on_bytes: Callable[[str, int, int], None] = lambda *_: None
) -> Path:
    """Download what is missing, unpack archives and write the configuration.

    Args:
        found: The recipe.
        folder: Where to put everything.
        on_bytes: Called with the file's name, the bytes so far and the bytes in all (0: unknown).

    Returns:
        The configuration.

    Raises:
        DataError: If an address cannot be read, or a file is not what it should be.
        RunFolderError: If the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be made: {error.strerror}") from None
    for address in found.addresses:
        path = folder / address.rpartition("/")[2]
        if not path.exists():
            _download(address, path, on_bytes)
        _check_hash(path)
        if path.suffix == ".zip":
            _unpack(path, folder)
    if found.num_images:
        build_digits(
            folder,
            num_train=found.num_images,
            num_val=max(1, found.num_images // 6),
            size=DIGITS_SIDE,
            seed=0,
        )
    target = folder / found.file
    # Only the folder is filled in: configurations are full of other braces.
    target.write_text(found.text.replace("{folder}", str(folder.resolve())), encoding="utf-8")
    return target


def _download(address: str, path: Path, on_bytes: Callable[[str, int, int], None]) -> None:
    part = path.with_name(path.name + ".part")
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            if done and getattr(answer, "status", None) != 206:  # the server starts over
                done = 0
            total = done + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab" if done else "wb") as file:
                while block := answer.read(BLOCK_BYTES):
                    file.write(block)
                    done += len(block)
                    on_bytes(path.name, done, total)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DataError(
            f"{address}: cannot be fetched: {error}; run the same command again to go on"
        ) from None
    if total and done != total:
        raise DataError(f"{address}: got {done:,} of {total:,} bytes; run the same command again")
    part.replace(path)


def _check_hash(path: Path) -> None:
    """OpenMMLab ends a checkpoint's name with the first eight digits of its SHA-256."""
    expected = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if expected is None:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(expected[1]):
        raise DataError(
            f"{path}: SHA-256 begins with {digest[:8]}, expected {expected[1]}; delete it"
        )


def _unpack(path: Path, folder: Path) -> None:
    done = path.with_name(path.name + ".unpacked")
    if done.exists():
        return
    root = folder.resolve()
    try:
        with zipfile.ZipFile(path) as archive:
            needed = sum(item.file_size for item in archive.infolist())
            if needed > shutil.disk_usage(root).free:
                raise DataError(f"{path}: needs {needed:,} bytes unpacked; free some space")
            for item in archive.infolist():
                if not (root / item.filename).resolve().is_relative_to(root):
                    raise DataError(f"{path}: {item.filename!r} would be written outside {folder}")
            archive.extractall(root)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: damaged archive ({error}); delete it") from None
    done.touch()
