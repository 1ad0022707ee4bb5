import json
import subprocess
import sys

import pytest

from intern_detection_kd.main import main
from intern_detection_kd.workers import Workers
from intern_runs import ConfigError

SETTINGS = ["--steps", "2", "--set", "teacher_steps_factor=1", "--set", "eval_points=1"]
for setting in (
    "data.train_images=8",
    "data.val_images=2",
    "optimizer.batch_size=4",
    "teacher.width=4",
    "teacher.neck_channels=8",
    "student.width=4",
    "student.neck_channels=8",
):
    SETTINGS += ["--set", setting]


def test_workers_share_a_batch_without_overlap():
    shares = [Workers(rank, 3).share([5, 6, 7, 8, 9]) for rank in range(3)]
    assert sorted(index for share in shares for index in share) == [5, 6, 7, 8, 9]
    with pytest.raises(ConfigError, match="batch_size 2 is smaller than the 3 workers"):
        Workers(0, 3).share([1, 2])


@pytest.mark.slow
@pytest.mark.timeout(900)  # two more processes that import PyTorch, on a machine that may be busy
def test_two_workers_train_as_one_but_for_batch_norm(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "intern_detection_kd.main", "quickstart"]
    command += [*SETTINGS, "--output", str(tmp_path / "two")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=700, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert main(["quickstart", *SETTINGS, "--output", str(tmp_path / "one")]) == 0
    two, one = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("two", "one")
    )
    assert [(x["stage"], x["step"]) for x in two] == [(x["stage"], x["step"]) for x in one]
    # Means over halves instead of the whole, and batch norm over two images instead of four.
    assert two[0]["loss"] == pytest.approx(one[0]["loss"], rel=0.1)
    assert (tmp_path / "two" / "report.html").is_file()
