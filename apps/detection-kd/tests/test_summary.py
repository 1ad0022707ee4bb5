import json
import math

import pytest

from intern_detection_kd.report import write_joined_report
from intern_detection_kd.summary import interval, joined_curve, joined_table
from intern_runs import RunFolderError


def run(folder, seed: int, alone: float, distilled: float):
    rows = [
        {"stage": "student", "loss": "", "weight": None, "gain": None, "map": alone},
        {
            "stage": "pcc",
            "loss": "PCCLoss",
            "weight": 3.0,
            "gain": distilled - alone,
            "map": distilled,
        },
    ]
    for row in rows:
        row |= {"map50": row["map"] * 2, "curve": [[1, 0.0], [2, row["map"]]]}
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"seed": seed, "rows": rows}))
    return folder


def test_an_interval_of_three_values_by_hand():
    # Mean 2, deviation 1, t of two degrees of freedom 4.303.
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 4.303 / math.sqrt(3)))
    assert interval([5.0])[0] == 5.0
    assert math.isnan(interval([5.0])[1])


def test_gains_are_paired_by_seed(tmp_path, capsys):
    folders = [run(tmp_path / str(s), s, 0.1 * s, 0.1 * s + 0.05) for s in (1, 2, 3)]
    markdown = write_joined_report(folders, tmp_path / "joined.html")
    assert "| pcc | PCCLoss | 3 | 3 | 0.250 ± 0.248 | 0.500 ± 0.497 | +0.050 ± 0.000 |" in markdown
    html = (tmp_path / "joined.html").read_text()
    assert "over 3 seeds" in html
    assert "+0.050 ± 0.000" in html
    assert json.loads((tmp_path / "joined.json").read_text())["rows"][1]["seeds"] == 3
    assert joined_curve([[[1, 0.0], [2, 4.0]], [[2, 6.0]]]) == [(2, 5.0)]


def test_runs_that_do_not_belong_together_are_refused(tmp_path):
    one = run(tmp_path / "a", 1, 0.1, 0.2)
    again = run(tmp_path / "b", 1, 0.1, 0.2)
    with pytest.raises(RunFolderError, match="seed 1 comes twice"):
        write_joined_report([one, again], tmp_path / "joined.html")
    with pytest.raises(RunFolderError, match=r"no summary of a finished run"):
        write_joined_report([one, tmp_path / "none"], tmp_path / "joined.html")
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (one, again)]
    summaries[1]["rows"].pop()
    with pytest.raises(RunFolderError, match="runs with different stages"):
        joined_table(summaries)
