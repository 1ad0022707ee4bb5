import pytest

from intern_pretrain.schedule import batch_size_at, parse_batch_sizes, plan_steps, wsd_scale

SHAPE = {"warmup": 10, "decay_fraction": 0.5, "final_ratio": 0.1}
RUN = {
    "learning_rate": 1.0,
    "warmup": 0,
    "decay_fraction": 0.0,
    "decay": "linear",
    "final_ratio": 0.0,
    "sequence_length": 100,
}


def test_batch_sizes_are_read_and_looked_up():
    sizes = parse_batch_sizes("0:4 200:8")
    assert sizes == [(0, 4), (200, 8)]
    assert [batch_size_at(p, sizes) for p in (0, 199, 200, 999)] == [4, 4, 8, 8]


@pytest.mark.parametrize("text", ["", "4", "0:0", "5:4", "0:4 0:8", "0:4 9:8 5:2", "0:-4", "a:b"])
def test_malformed_batch_sizes_are_refused(text):
    with pytest.raises(ValueError, match="batch_sizes must"):
        parse_batch_sizes(text)


@pytest.mark.parametrize(
    ("position", "decay", "expected"),
    [
        (5, "linear", 0.5),  # half of the warm-up
        (10, "linear", 1.0),
        (50, "linear", 1.0),  # the plateau's end
        (75, "linear", 0.55),  # half of the fall from 1 to 0.1
        (75, "1-sqrt", 0.1 + 0.9 * (1 - 0.5**0.5)),
        (75, "cosine", 0.55),
        (100, "linear", 0.1),
        (100, "1-sqrt", 0.1),
        (100, "cosine", 0.1),
    ],
)
def test_the_learning_rate_rises_stays_and_falls(position, decay, expected):
    assert wsd_scale(position, 100, decay=decay, **SHAPE) == pytest.approx(expected)


def test_plans_in_steps_place_every_batch_after_the_one_before():
    plans = plan_steps(steps=4, batch_sizes="0:2 2:3", unit="steps", **RUN)
    assert [plan.batch_size for plan in plans] == [2, 2, 3, 3]
    assert [plan.first_pack for plan in plans] == [0, 2, 4, 7]
    assert [plan.step for plan in plans] == [1, 2, 3, 4]


def test_plans_in_tokens_count_the_tokens_of_the_packs():
    plans = plan_steps(steps=4, batch_sizes="0:2 300:3", unit="tokens", **RUN)
    assert [plan.batch_size for plan in plans] == [2, 2, 3, 3]  # 0 and 200 tokens, then 400, 700
    warm = plan_steps(
        steps=2, batch_sizes="0:2", unit="tokens", **{**RUN, "warmup": 400, "learning_rate": 0.2}
    )
    assert [plan.learning_rate for plan in warm] == pytest.approx([0.1, 0.2])


def test_the_last_step_still_learns():
    plans = plan_steps(steps=9, batch_sizes="0:1", unit="steps", **{**RUN, "decay_fraction": 0.5})
    assert [p.learning_rate for p in plans][4:] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])
