import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pcc_distill import ConfigError, PCCLoss, ShapeError, pcc_loss, pcc_loss_reference

# A float32 sum of up to 1e5 terms in pairwise order has a relative error of a few 2**-24.
FLOAT32 = 1e-6
SHAPES = [(2, 5, 7, 9), (1, 3, 1, 2), (3, 1, 13, 1), (2, 2048, 3, 3), (1, 4, 33, 17)]


def features(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    ).to(dtype)


def published(student: Tensor, teacher: Tensor) -> Tensor:
    """The formula of the paper, written out: [C, N·H·W], unbiased deviation, eps 1e-6, ½ MSE."""

    def norm(x: Tensor) -> Tensor:
        rows = x.transpose(0, 1).flatten(1)
        return (rows - rows.mean(1, keepdim=True)) / (rows.std(1, keepdim=True) + 1e-6)

    return ((norm(student) - norm(teacher)) ** 2).mean() / 2


def value_and_gradients(loss, student: Tensor, teacher: Tensor) -> list[Tensor]:
    student, teacher = student.clone().requires_grad_(), teacher.clone().requires_grad_()
    value = loss(student, teacher)
    return [value.detach(), *torch.autograd.grad(value, (student, teacher))]


def relative_error(got: Tensor, expected: Tensor) -> float:
    return ((got.double() - expected).norm() / expected.norm()).item()


def test_four_values_give_the_hand_computed_loss():
    # student 1 2 3 4 and teacher 1 3 2 4 correlate with r = 0.8; (1 - r) * 3 / 4 = 0.15.
    student = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64).reshape(1, 1, 2, 2)
    teacher = torch.tensor([1.0, 3.0, 2.0, 4.0], dtype=torch.float64).reshape(1, 1, 2, 2)
    for loss in (pcc_loss, pcc_loss_reference):
        # eps = 1e-6 beside deviations of about 1.3 moves the value by about 1e-6.
        assert loss(student, teacher).item() == pytest.approx(0.15, rel=2e-6)
        assert loss(student, teacher, eps=1e-15).item() == pytest.approx(0.15, rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_value_is_one_minus_the_correlation_scaled_as_in_the_paper(shape):
    student, teacher = features(*shape), features(*shape, seed=1)
    n = shape[0] * shape[2] * shape[3]
    ours, theirs = (x.transpose(0, 1).flatten(1) for x in (student, teacher))
    ours, theirs = (x - x.mean(1, keepdim=True) for x in (ours, theirs))
    r = (ours * theirs).sum(1) / (ours.square().sum(1) * theirs.square().sum(1)).sqrt()
    expected = (1 - r).mean() * (n - 1) / n
    torch.testing.assert_close(
        pcc_loss(student, teacher, eps=1e-15), expected, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", [pcc_loss, pcc_loss_reference])
def test_float64_equals_the_published_formula(loss, shape):
    student, teacher = features(*shape) * 3 + 1, features(*shape, seed=1) * 0.2 - 5
    expected = value_and_gradients(published, student, teacher)
    got = value_and_gradients(loss, student, teacher)
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("loss", [pcc_loss, pcc_loss_reference])
def test_float32_value_and_gradients_are_within_1e_6_of_float64(loss):
    student = features(2, 64, 40, 30)
    teacher = student + 0.5 * features(2, 64, 40, 30, seed=1)
    expected = value_and_gradients(published, student, teacher)
    got = value_and_gradients(loss, student.float(), teacher.float())
    for mine, theirs in zip(got, expected, strict=True):
        assert relative_error(mine, theirs) < FLOAT32


def test_gradcheck_in_float64():
    student, teacher = features(2, 3, 3, 4), features(2, 3, 3, 4, seed=1)
    inputs = (student.requires_grad_(), teacher.requires_grad_())
    assert torch.autograd.gradcheck(pcc_loss, inputs)


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(1e-3, 1e4),
    shift=st.floats(-100, 100),
    height=st.integers(1, 7),
    width=st.integers(1, 7),
    channels=st.integers(1, 5),
)
def test_positive_affine_changes_of_teacher_channels_change_nothing(
    scale, shift, height, width, channels
):
    student, teacher = (
        features(2, channels, height, width),
        features(2, channels, height, width, seed=1),
    )
    scales = scale * torch.linspace(0.5, 2, channels, dtype=torch.float64).reshape(-1, 1, 1)
    expected = value_and_gradients(lambda s, t: pcc_loss(s, t, eps=1e-12), student, teacher)
    got = value_and_gradients(
        lambda s, t: pcc_loss(s, t, eps=1e-12), student, teacher * scales + shift * scales
    )
    # eps / smallest deviation = 1e-12 / 5e-4, plus rounding of shift / deviation * 2**-53.
    torch.testing.assert_close(got[0], expected[0], rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(got[1], expected[1], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", [pcc_loss, pcc_loss_reference])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("level", [0.0, 0.1, 1000.0])
def test_a_constant_student_channel_counts_as_uncorrelated_and_gets_no_gradient(loss, dtype, level):
    student, teacher = features(2, 2, 5, 5).to(dtype), features(2, 2, 5, 5, seed=1).to(dtype)
    student[:, 0] = level
    value, grad, _ = value_and_gradients(loss, student, teacher)
    alone = loss(student[:, 1:], teacher[:, 1:])
    n = 2 * 25
    # A constant channel normalises to zeros, so it adds ½ (n - 1) / n; half of the mean of two.
    # eps beside a deviation of about 1 moves it by about 1e-6.
    torch.testing.assert_close(value, (alone + 0.5 * (n - 1) / n) / 2, rtol=5e-6, atol=0)
    assert grad[:, 0].abs().max() == 0
    assert grad[:, 1].abs().max() > 0


def test_one_position_gives_zero_and_no_gradient():
    value, grad, _ = value_and_gradients(
        pcc_loss, features(1, 8, 1, 1), features(1, 8, 1, 1, seed=1)
    )
    assert value == 0
    assert grad.abs().max() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_extremes_stay_finite_and_right(dtype):
    student = features(2, 16, 24, 24) * (60_000 / 6)
    teacher = features(2, 16, 24, 24, seed=1) * 1e-3
    student, teacher = student.to(dtype), teacher.to(dtype)
    expected = value_and_gradients(published, student.double(), teacher.double())
    got = value_and_gradients(pcc_loss, student, teacher)
    assert got[0].dtype == torch.float32
    assert relative_error(got[0], expected[0]) < FLOAT32


def test_float16_gradient_survives_loss_scaling_where_plain_rounding_would_lose_it():
    student = (features(2, 16, 64, 64) * 5e3).half().requires_grad_()
    teacher = features(2, 16, 64, 64, seed=1).half()
    wide = student.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad(published(wide, teacher.double()), wide)
    assert expected.half().abs().max() == 0  # below float16's smallest number
    (got,) = torch.autograd.grad(pcc_loss(student, teacher) * 2.0**28, student)
    # One rounding of the stored bracket and one of the result: 2 * 2**-11 each element.
    assert relative_error(got, expected * 2.0**28) < 2**-10


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_groups_of_channels_and_memory_formats_do_not_change_the_result(monkeypatch, memory_format):
    student = features(2, 10, 6, 5).to(memory_format=memory_format)
    teacher = features(2, 10, 6, 5, seed=1).to(memory_format=memory_format)
    expected = value_and_gradients(pcc_loss, student, teacher)
    monkeypatch.setattr("pcc_distill.losses.pcc.CPU_GROUP", 3 * 60)
    for mine, theirs in zip(value_and_gradients(pcc_loss, student, teacher), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-14)


def test_levels_are_summed_resized_to_the_teacher_and_weighted():
    student = [features(2, 3, 8, 8), features(2, 3, 4, 5)]
    teacher = [features(2, 3, 8, 8, seed=1), features(2, 3, 4, 9, seed=1)]
    grown = torch.nn.functional.interpolate(student[1], (4, 9), mode="bilinear")
    expected = 6 * (published(student[0], teacher[0]) + published(grown, teacher[1]))
    torch.testing.assert_close(PCCLoss(6.0)(student, teacher), expected, rtol=1e-8, atol=0)
    with pytest.raises(ShapeError, match=r"level 1: student \[4, 5\] and teacher \[4, 9\]"):
        PCCLoss(resize="never")(student, teacher)


def test_a_high_temperature_tends_to_the_published_loss():
    student, teacher = features(2, 3, 8, 8), features(2, 3, 8, 8, seed=1)
    expected = PCCLoss()(student, teacher)
    # The next term of the expansion is of the order of 1 / T.
    torch.testing.assert_close(
        PCCLoss(temperature=1e4)(student, teacher), expected, rtol=1e-3, atol=0
    )
    assert abs(PCCLoss(temperature=1.0)(student, teacher) - expected) > 1e-2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss_weight": -1}, "loss_weight must be finite and not negative; got -1"),
        ({"loss_weight": math.nan}, "loss_weight must be finite"),
        ({"temperature": 0}, "T must be finite and above 0; got 0"),
        ({"eps": 0}, "eps must be finite and above 0"),
        ({"resize": "both"}, "resize must be 'student', 'teacher' or 'never'; got 'both'"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        PCCLoss(**settings)
