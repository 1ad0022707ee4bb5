import pytest
from PIL import Image

from intern_detection_kd.voc import read_data, read_voc
from intern_runs import DataError

XML = """<annotation>
 <filename>a.png</filename>
 <size><width>20</width><height>10</height></size>
 <object>
  <name>cat</name><difficult>0</difficult>
  <bndbox><xmin>2</xmin><ymin>3</ymin><xmax>8</xmax><ymax>9</ymax></bndbox>
  <part><name>ear</name><bndbox><xmin>1</xmin></bndbox></part>
 </object>
 <object>
  <name>dog</name><difficult>1</difficult>
  <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>10</ymax></bndbox>
 </object>
</annotation>
"""


def voc(folder, text: str = XML):
    for name in ("ImageSets/Main", "Annotations", "JPEGImages"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (20, 10)).save(folder / "JPEGImages" / "a.png")
    (folder / "Annotations" / "a.xml").write_text(text)
    path = folder / "ImageSets" / "Main" / "train.txt"
    path.write_text("a  1\n\n")
    return path


def test_corners_counted_from_one_become_pixels_and_difficult_objects_are_left_out(tmp_path):
    data = read_data(voc(tmp_path))
    assert data.category_names == ["cat"]
    assert data.records[0].boxes == [(1.0, 2.0, 8.0, 9.0)]
    assert (data.records[0].width, data.records[0].height) == (20, 10)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<xmax>8<", "<xmax>28<", r"a.xml:4: box \(2, 3, 28, 9\) reaches outside the image of 20"),
        ("<xmax>8<", "<xmax>2<", r"a.xml:4: box .* has no area"),
        ("<xmax>8<", "<xmax>wide<", r"a.xml:4: xmax is 'wide', expected a number of pixels"),
        ("<xmin>2</xmin>", "", r"a.xml:4: xmin is None"),
        ("<name>cat</name>", "", r"a.xml:4: object without a name"),
        ("<width>20<", "<width>0<", r"size 0 x 10, expected 1 to 65535"),
        ("</object>", "</objekt>", r"a.xml:8: not valid XML: mismatched tag"),
        ("a.png", "b.png", r"b.png is missing"),
        ("<difficult>0<", "<difficult>1<", r"train.txt: has no objects"),
        (
            "<annotation>",
            '<!DOCTYPE a [<!ENTITY x "xx">]><annotation>',
            r"a.xml:1: declares an entity",
        ),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        read_voc(voc(tmp_path, XML.replace(old, new, 1)))


def test_missing_lists_and_annotations_are_named(tmp_path):
    with pytest.raises(DataError, match="no such image list"):
        read_voc(tmp_path / "gone.txt")
    path = voc(tmp_path)
    path.write_text("a\nb\n")
    with pytest.raises(DataError, match=r"train.txt:2: annotation .*b.xml is missing"):
        read_voc(path)
