"""`python -m intern_s1_model`: what it prints, and what it says to a typo."""

import pytest

from intern_s1_model.__main__ import main


def test_describe_prints_the_published_totals(capsys):
    assert main(["describe", "intern-s1"]) == 0
    printed = capsys.readouterr().out
    for line in (
        "total              240,709,856,128      27,806,985,088",
        "memory, bfloat16         481.42 GB",
        "memory, FP8 release      247.68 GB",
        "KV cache per token       192.51 kB in bfloat16",
    ):
        assert line in printed


def test_describe_reads_a_folder(config, tmp_path, capsys):
    config.save_pretrained(tmp_path)
    assert main(["describe", str(tmp_path)]) == 0
    assert "time series" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["describe", "intern-s2"], "'intern-s2' is neither a preset (['intern-s1', "),
        (["serve", "nowhere"], "nowhere holds no config.json"),
    ],
)
def test_typos_get_one_line(arguments, message, capsys):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error


@pytest.mark.parametrize("arguments", [[], ["describe"], ["descripe", "tiny"]])
def test_a_wrong_command_shows_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m intern_s1_model" in capsys.readouterr().err
