import json

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env.cli import main


def test_list_counts_base_tasks_and_variants(capsys):
    assert main(["list", "bio.*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(bootcamp.names("bio.*")) + 1
    assert lines[-1].endswith("in 1 fields")
    assert main(["list", "--json", "bio.complement"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "bio.complement"


def test_show_prints_prompt_and_oracle(capsys):
    assert main(["show", "strings.reverse", "--lang", "zh"]) == 0
    assert "oracle:" in capsys.readouterr().out


def test_generated_rows_can_be_answered_and_scored(tmp_path, capsys):
    assert main(["generate", "strings.*", "--count", "6", "--levels", "1", "3"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answers = []
    for number, row in enumerate(rows):
        case = bootcamp.Case.from_json(json.dumps(row["case"]))
        right = bootcamp.get(case.task).oracle(case)
        answers.append({"case": row["case"], "response": f"Answer: {right if number else '?'}"})
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(map(json.dumps, answers)), encoding="utf-8")
    assert main(["score", str(path)]) == 0
    values = [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines()]
    assert values == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_audit_writes_its_table(tmp_path, capsys):
    table = tmp_path / "audit.md"
    assert main(["audit", "arith.add", "--quick", "--workers", "1", "--table", str(table)]) == 0
    assert "1 base tasks | 0 rule variants | 1 audited" in capsys.readouterr().out
    assert "| `arith.add` | U |  | ok |" in table.read_text(encoding="utf-8")


def test_gallery_has_an_article_per_task(tmp_path):
    page = tmp_path / "gallery.html"
    assert main(["gallery", str(page), "nt.*"]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<article ") == len(bootcamp.names("nt.*"))
    assert "{" not in text.split("<main>")[1].split("</main>")[0]


@pytest.mark.parametrize("arguments", [["show", "no.such"], ["list", "no.*"]])
def test_a_bad_name_is_an_error_with_a_hint(arguments, capsys):
    assert main(arguments) == 2
    assert "error:" in capsys.readouterr().err
