import json

import numpy as np
import pytest
from PIL import Image

from intern_pretrain.user_files import read_documents
from intern_runs import DataError


def write(folder, *values):
    path = folder / "mine.jsonl"
    lines = [value if isinstance(value, str) else json.dumps(value) for value in values]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_texts_pictures_and_series_are_read(tmp_path):
    Image.new("RGB", (80, 40), (10, 20, 30)).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", np.arange(20, dtype=np.float64))
    path = write(
        tmp_path,
        {"text": "plain"},
        {"text": "before <IMG_CONTEXT> after", "image": "a.png"},
        {"text": "a ramp", "series": "b.npy", "sampling_rate": 50},
    )
    plain, picture, series = read_documents(path, image_size=56)
    assert (plain.modality, plain.text) == ("text", "plain")
    assert picture.image.shape == (56, 56, 3)
    assert picture.image[5, 5].tolist() == [10, 20, 30]
    assert series.text == "<TS_CONTEXT>\na ramp"
    assert series.series[:, 0].tolist() == list(range(20))
    assert series.sampling_rate == 50.0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", "not valid JSON"),
        ('["text"]', "object"),
        ({"txt": "x"}, "text"),
        ({"text": "x", "picture": "a.png"}, "unknown key 'picture'"),
        ({"text": 5}, "text must be a string"),
        ({"text": "x", "image": "missing.png"}, "no such file"),
        ({"text": "x", "image": "mine.jsonl"}, "not a picture"),
        ({"text": "x", "series": "mine.jsonl"}, "Cannot read a time series"),
        ({"text": "x", "image": "a", "series": "b"}, "both image and series"),
        ({"text": "x", "sampling_rate": -1}, "positive number"),
        ({"text": "<IMG_CONTEXT>"}, "expected none"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path, line, message):
    path = write(tmp_path, {"text": "fine"}, "", line)
    with pytest.raises(DataError, match=message) as caught:
        list(read_documents(path, image_size=56))
    assert str(caught.value).startswith(f"{path}:3: ")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no such data file"):
        list(read_documents(tmp_path / "none.jsonl", image_size=56))
