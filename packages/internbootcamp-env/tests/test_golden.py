import dataclasses

import internbootcamp_env as bootcamp
from internbootcamp_env import golden


def test_no_generator_changed_without_a_new_version():
    assert golden.changed(bootcamp.names()) == []


def test_every_task_has_a_kept_hash_of_its_version():
    hashes = golden.kept()
    tasks = [bootcamp.get(name) for name in bootcamp.names()]
    missing = [task.id for task in tasks if hashes.get(task.id, (0, ""))[0] != task.version]
    assert missing == [], "run python -m internbootcamp_env.golden"


def test_a_changed_generator_is_found_and_a_new_version_accepted(monkeypatch, tmp_path):
    task = bootcamp.get("arith.add")
    changed = dataclasses.replace(task, draw=lambda d, level: {"a": d.below(10**9), "b": level})
    monkeypatch.setattr(golden, "get", lambda name: changed)
    assert golden.changed(["arith.add"]) == ["arith.add"]
    monkeypatch.setattr(golden, "names", lambda: ["arith.add"])
    path = tmp_path / "hashes.json"
    path.write_text(golden.PATH.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(golden, "PATH", path)
    assert golden.main() == 1
    newer = dataclasses.replace(changed, version=task.version + 1)
    monkeypatch.setattr(golden, "get", lambda name: newer)
    assert golden.changed(["arith.add"]) == []
    assert golden.main() == 0
    assert golden.kept()["arith.add"] == (newer.version, golden.golden_hash(newer))
