import math

import pytest
import torch
from torch import Tensor

from pcc_distill import ConfigError, CWDLoss, MSELoss, ShapeError


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_mse_of_two_by_hand():
    student = torch.tensor([[[[1.0, 2.0]]]])
    teacher = torch.tensor([[[[4.0, 2.0]]]])
    assert MSELoss(2.0)(student, teacher).item() == 9.0


def test_mse_of_float16_does_not_overflow():
    student = torch.full((1, 1, 2, 2), 6e4, dtype=torch.float16)
    assert MSELoss()(student, -student).item() == pytest.approx(
        (2 * float(student[0, 0, 0, 0])) ** 2
    )


def test_cwd_of_two_positions_by_hand():
    # Student logits 0, 0 give p = ½, ½; teacher logits ln 3, 0 give q = ¾, ¼.
    student = torch.zeros(1, 1, 1, 2, dtype=torch.float64)
    teacher = torch.tensor([[[[math.log(3.0), 0.0]]]], dtype=torch.float64)
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert CWDLoss()(student, teacher).item() == pytest.approx(expected, rel=1e-12)


def test_cwd_is_averaged_over_images_and_channels_and_scaled_by_tau():
    student, teacher = features(2, 3, 4, 5), features(2, 3, 4, 5, seed=1)
    one = CWDLoss(tau=2.0)(student, teacher)
    twice = CWDLoss(tau=2.0)(student.repeat(2, 2, 1, 1), teacher.repeat(2, 2, 1, 1))
    torch.testing.assert_close(one, twice)
    # Temperature tau on features equals features / tau at temperature 1, times tau².
    torch.testing.assert_close(one, 4 * CWDLoss()(student / 2, teacher / 2))


def test_cwd_gradient_is_zero_at_the_teacher_and_right_elsewhere():
    teacher = features(1, 2, 3, 3)
    student = teacher.clone().requires_grad_()
    CWDLoss()(student, teacher).backward()
    assert student.grad.abs().max() < 1e-15
    loss = CWDLoss(tau=1.5)
    assert torch.autograd.gradcheck(
        lambda x: loss(x, teacher), (features(1, 2, 3, 3, seed=1).requires_grad_(),)
    )


def test_dicts_of_levels_are_summed():
    student = {"p3": features(1, 2, 4, 4), "p4": features(1, 2, 2, 2)}
    teacher = {"p3": features(1, 2, 4, 4, seed=1), "p4": features(1, 2, 2, 2, seed=1)}
    expected = sum(((student[k] - teacher[k]) ** 2).mean() for k in student)
    torch.testing.assert_close(MSELoss()(student, teacher), expected)


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        (
            [features(1, 2, 4, 4)],
            [features(1, 2, 4, 4)] * 2,
            "student gives 1 levels and the teacher 2",
        ),
        (features(1, 2, 4, 4), features(1, 3, 4, 4), "2 student channels and 3 teacher channels"),
        (
            features(2, 2, 4, 4),
            features(1, 2, 4, 4),
            "batch of 2 at the student and 1 at the teacher",
        ),
        (features(2, 4, 4), features(2, 4, 4), r"student: level 0 is torch.float64 \[2, 4, 4\]"),
        ([], [], "student: got list without feature maps"),
        (None, features(1, 2, 4, 4), "student: got NoneType without feature maps"),
        (features(0, 2, 4, 4), features(0, 2, 4, 4), r"level 0 is empty, shape \[0, 2, 4, 4\]"),
        (torch.ones(1, 1, 2, 2, dtype=torch.int64), features(1, 1, 2, 2), "torch.int64"),
    ],
)
def test_features_that_do_not_fit_are_refused_in_one_line(student, teacher, message):
    with pytest.raises(ShapeError, match=message):
        MSELoss()(student, teacher)


def test_an_impossible_tau_is_refused():
    with pytest.raises(ConfigError, match="tau must be finite and above 0; got 0"):
        CWDLoss(tau=0)
