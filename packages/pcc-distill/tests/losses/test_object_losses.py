import math

import pytest
import torch
from torch import Tensor

from pcc_distill import ConfigError, DISTLoss, FGDLoss, MGDLoss, ShapeError
from pcc_distill.losses.dist import correlation
from pcc_distill.losses.fgd import ContextBlock, attentions, box_masks

BOXES = [torch.tensor([[0.0, 0.0, 8.0, 8.0]]), torch.zeros(0, 4)]


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_masks_weigh_a_box_by_its_area_and_the_rest_by_its_count():
    boxes = [torch.tensor([[0.0, 0.0, 16.0, 16.0], [8.0, 8.0, 16.0, 16.0]])]
    inside, outside = box_masks(boxes, (32, 32), (4, 4), torch.device("cpu"))
    # Stride 8: the large box covers 2 x 2 positions and the small one a single position in it.
    expected = torch.zeros(4, 4)
    expected[:2, :2] = 0.25
    expected[1, 1] = 1.0
    torch.testing.assert_close(inside[0], expected)
    torch.testing.assert_close(outside[0], (expected == 0) / 12)


def test_attentions_have_mean_one_and_follow_the_formula():
    maps = features(2, 3, 4, 5)
    place, channel = attentions(maps, 0.5)
    torch.testing.assert_close(place.mean((1, 2)), torch.ones(2, dtype=torch.float64))
    weights = torch.exp(maps[0].abs().mean(0) / 0.5)
    torch.testing.assert_close(place[0], 20 * weights / weights.sum())
    weights = torch.exp(maps[1].abs().mean((1, 2)) / 0.5)
    torch.testing.assert_close(channel[1], 3 * weights / weights.sum())


def test_fgd_without_attention_and_relation_is_the_weighted_square_by_hand():
    student, teacher = features(2, 3, 4, 4).float(), features(2, 3, 4, 4, seed=1).float()
    loss = FGDLoss(2.0, channels=3, foreground=0.5, background=0.25, attention=0, relation=0)
    place, channel = attentions(teacher, 0.5)
    expected = 0.0
    for n in range(2):
        for h in range(4):
            for w in range(4):
                is_object = n == 0 and h == 0 and w == 0
                count = 15 if n == 0 else 16
                weight = 0.5 if is_object else 0.25 / count
                for c in range(3):
                    square = (student[n, c, h, w] - teacher[n, c, h, w]) ** 2
                    expected += float(weight * square * place[n, h, w] * channel[n, c])
    got = loss(student, teacher, boxes=BOXES, image_size=(32, 32)).item()
    assert got == pytest.approx(2.0 * expected / 2, rel=1e-5)


def test_fgd_relation_is_the_squared_difference_while_the_context_is_still_zero():
    student, teacher = features(2, 4, 3, 3).float(), features(2, 4, 3, 3, seed=1).float()
    loss = FGDLoss(channels=4, foreground=0, background=0, attention=0, relation=1)
    expected = (student - teacher).square().sum() / 2
    torch.testing.assert_close(loss(student, teacher, boxes=BOXES, image_size=(32, 32)), expected)
    assert all(torch.equal(ContextBlock(4)(student), student) for _ in range(2))


def test_fgd_is_zero_at_the_teacher_and_gives_gradient_elsewhere():
    teacher = features(2, 4, 4, 4).float()
    loss = FGDLoss(channels=4)
    assert loss(teacher, teacher, boxes=BOXES, image_size=(32, 32)).item() == 0
    student = features(2, 4, 4, 4, seed=1).float().requires_grad_()
    loss(student, teacher, boxes=BOXES, image_size=(32, 32)).backward()
    assert student.grad.abs().min() > 0


def test_fgd_without_boxes_or_with_too_few_is_refused():
    maps = features(2, 4, 4, 4)
    with pytest.raises(ShapeError, match="needs the boxes and the image size"):
        FGDLoss(channels=4)(maps, maps)
    with pytest.raises(ShapeError, match="boxes of 1 images for a batch of 2"):
        FGDLoss(channels=4)(maps, maps, boxes=BOXES[:1], image_size=(32, 32))


def test_mgd_without_mask_is_the_generated_maps_squared_distance():
    student, teacher = features(2, 3, 4, 4).float(), features(2, 3, 4, 4, seed=1).float()
    loss = MGDLoss(0.5, channels=3, mask_share=0)
    expected = 0.5 * (loss.generation(student) - teacher).square().sum() / 2
    torch.testing.assert_close(loss(student, teacher), expected)


def test_mgd_masks_hide_the_asked_share_and_resume_with_the_state():
    student = torch.ones(4, 2, 64, 64)
    loss = MGDLoss(1.0, channels=2, mask_share=0.65)
    seen: list[Tensor] = []
    loss.generation.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    loss(student, student)
    state = {name: value.clone() for name, value in loss.state_dict().items()}
    second = loss(student, student)
    # 16,384 positions: the share deviates by at most 5 standard errors of 0.0037.
    assert seen[0][:, 0].mean().item() == pytest.approx(0.35, abs=0.019)
    assert torch.equal(seen[0][:, 0], seen[0][:, 1])
    assert not torch.equal(seen[0], seen[1])
    again = MGDLoss(1.0, channels=2, mask_share=0.65)
    again.load_state_dict(state)
    torch.testing.assert_close(again(student, student), second, rtol=0, atol=0)


def test_dist_equals_one_minus_the_correlations_of_rows_and_columns():
    student, teacher = features(1, 6, 2, 2), features(1, 6, 2, 2, seed=1)
    rows = [x.permute(0, 2, 3, 1).reshape(-1, 3).sigmoid() for x in (student, teacher)]

    def mean_correlation(a: Tensor, b: Tensor) -> Tensor:
        pairs = zip(a, b, strict=True)
        return torch.stack([torch.corrcoef(torch.stack(p))[0, 1] for p in pairs]).mean()

    expected = 2 * (1 - mean_correlation(*rows)) + 3 * (1 - mean_correlation(rows[0].T, rows[1].T))
    got = DISTLoss(num_classes=3, between=2.0, within=3.0)(student, teacher)
    torch.testing.assert_close(got, expected, rtol=1e-8, atol=1e-10)


def test_dist_gradient_is_right_and_constant_rows_are_uncorrelated():
    teacher = features(1, 4, 2, 2, seed=1)
    loss = DISTLoss(num_classes=4, scores="softmax", tau=2.0)
    assert torch.autograd.gradcheck(
        lambda x: loss(x, teacher), (features(1, 4, 2, 2).requires_grad_(),)
    )
    flat = torch.ones(2, 4, dtype=torch.float64, requires_grad=True)
    value = correlation(flat, features(2, 4))
    assert value.tolist() == [0.0, 0.0]
    value.sum().backward()
    assert flat.grad.abs().max() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FGDLoss(channels=1), "channels must be at least 2"),
        (lambda: FGDLoss(channels=4, temperature=0), "temperature must be finite and above 0"),
        (lambda: MGDLoss(channels=4, mask_share=1), "mask_share must be at least 0 and below 1"),
        (lambda: MGDLoss(channels=0), "channels must be at least 1"),
        (lambda: DISTLoss(num_classes=0), "num_classes must be at least 1"),
        (lambda: DISTLoss(num_classes=2, scores="none"), "scores must be 'sigmoid' or 'softmax'"),
        (lambda: DISTLoss(num_classes=2, tau=math.inf), "tau must be finite"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_dist_on_features_that_are_no_logits_is_refused():
    with pytest.raises(ShapeError, match="5 channels are no multiple of num_classes = 2"):
        DISTLoss(num_classes=2)(features(1, 5, 2, 2), features(1, 5, 2, 2))
