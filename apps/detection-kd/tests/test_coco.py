import json

import pytest
from PIL import Image

from intern_detection_kd.coco import check_same_categories, read_coco
from intern_runs import DataError


def good() -> dict:
    return {
        "info": {"year": 2026},
        "images": [{"id": 7, "file_name": "a.png", "width": 20, "height": 10}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 20, 10], "iscrowd": 1},
        ],
        "categories": [{"id": 9, "name": "nine"}, {"id": 3, "name": "three"}],
    }


def write(folder, value) -> str:
    Image.new("RGB", (20, 10)).save(folder / "a.png")
    path = folder / "set.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=0))
    return str(path)


def test_ids_with_gaps_become_consecutive_labels_and_crowds_are_left_out(tmp_path):
    data = read_coco(write(tmp_path, good()))
    assert data.category_ids == [3, 9]
    assert data.category_names == ["three", "nine"]
    assert data.records[0].boxes == [(1.0, 2.0, 4.0, 6.0)]
    assert data.records[0].labels == [1]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("annotations", 0, "bbox"), [18, 2, 3, 4], "reaches outside image 7 of 20 x 10 pixels"),
        (("annotations", 0, "bbox"), [-1, 2, 3, 4], "reaches outside image 7"),
        (("annotations", 0, "bbox"), [1, 2, 0, 4], "has no area"),
        (("annotations", 0, "bbox"), [1, 2, float("nan"), 4], "expected [x, y, width, height]"),
        (("annotations", 0, "bbox"), "1 2 3 4", "bbox is '1 2 3 4', expected [x, y"),
        (("annotations", 0, "category_id"), 5, "category_id 5 is not among the categories (3, 9)"),
        (("annotations", 0, "image_id"), 5, "image_id 5 is not among the images"),
        (("annotations", 0, "image_id"), "7", "image_id is '7', expected an integer"),
        (("annotations", 1, "id"), 1, "annotations[1]: annotation id 1 is used twice"),
        (("annotations", 0), [1], "annotations[0]: is a list, expected an object"),
        (("annotations",), [], "has no annotations; expected at least one box"),
        (("images", 0, "file_name"), "b.png", "b.png is missing; check data.*_folder"),
        (("images", 0, "width"), 0, "width 0 and height 10, expected 1 to 65535"),
        (("images",), [], "images is empty"),
        (("categories", 1, "id"), 9, "categories[1]: category id 9 is used twice"),
        (("categories", 0, "name"), "", "name is '', expected a text"),
        (("categories",), [], "categories is empty"),
    ],
)
def test_a_wrong_record_is_named_in_one_line(tmp_path, place, value, message):
    broken = good()
    target = broken
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with pytest.raises(DataError) as caught:
        read_coco(write(tmp_path, broken))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "set.json"))


def test_the_line_is_that_of_the_record(tmp_path):
    broken = good()
    broken["annotations"][1]["category_id"] = 4
    path = write(tmp_path, broken)
    with pytest.raises(DataError) as caught:
        read_coco(path)
    line = int(str(caught.value).split(":")[1])
    text = (tmp_path / "set.json").read_text().splitlines()
    assert text[line - 1] == "{"
    assert text[line] == '"id": 2,'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not valid JSON"),
        ("[]", ":1: not valid JSON: expected one of {"),
        ('{"images": [\n{},\n{]', ":3: not valid JSON"),
        ('{"images": []}', "lacks the list 'annotations' and 'categories'"),
        ('{"images": 3, "annotations": [], "categories": []}', "lacks the list 'images'"),
        ('{"images": []} {}', ":1: not valid JSON: more text after the object"),
        ("{" + '"a":' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_files_are_named_with_the_line(tmp_path, text, message):
    with pytest.raises(DataError) as caught:
        read_coco(write(tmp_path, text))
    assert message in str(caught.value)


def test_missing_and_binary_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such annotation file"):
        read_coco(tmp_path / "gone.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8 text"):
        read_coco(tmp_path / "binary.json")


def test_splits_with_different_categories_are_refused(tmp_path):
    train = read_coco(write(tmp_path, good()))
    other = good()
    other["categories"][0]["name"] = "neuf"
    (tmp_path / "val").mkdir()
    val = read_coco(write(tmp_path / "val", other))
    with pytest.raises(DataError, match=r"category 9 is 'neuf', but .* has 'nine'"):
        check_same_categories(train, val)
