import copy
import pickle

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pcc_distill import (
    ConfigError,
    Distiller,
    FeatureError,
    FeatureMatch,
    FGDLoss,
    MSELoss,
    PCCLoss,
    ShapeError,
)
from pcc_distill.schedules import stop_after


class Neck(nn.Module):
    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.rest = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, stride=2, padding=1) for _ in range(levels - 1)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [self.first(x)]
        for layer in self.rest:
            levels.append(layer(levels[-1].relu()))
        return levels


class Model(nn.Module):
    def __init__(
        self, channels: int = 4, levels: int = 2, *, is_checkpointed: bool = False
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.neck = Neck(channels, levels)
        self.is_checkpointed = is_checkpointed

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        levels = (
            checkpoint(self.neck, x, use_reentrant=False) if self.is_checkpointed else self.neck(x)
        )
        return sum(level.mean() for level in levels)


def images(seed: int = 0) -> Tensor:
    return torch.randn(2, 3, 16, 20, generator=torch.Generator().manual_seed(seed))


def pair(student: Model | None = None, teacher: Model | None = None, **settings):
    torch.manual_seed(0)
    student, teacher = student or Model(), teacher or Model()
    match = FeatureMatch(**{"loss": PCCLoss(2.0), "student": "neck", **settings})
    return student, teacher, Distiller(student, teacher, [match])


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


def test_the_loss_is_that_of_the_two_necks_outputs():
    student, teacher, distiller = pair()
    with distiller.watch():
        student(images())
        losses = distiller(images())
    expected = PCCLoss(2.0)(
        student.neck(nn.functional.batch_norm(images(), None, None, training=True)),
        teacher.neck(teacher.norm(images())),
    )
    assert list(losses) == ["PCCLoss(neck)"]
    torch.testing.assert_close(losses["PCCLoss(neck)"], expected, rtol=1e-5, atol=0)


def test_the_teacher_is_in_eval_mode_without_gradient_and_in_no_list_of_the_distiller():
    student, teacher, distiller = pair()
    teacher.train()
    before = copy.deepcopy(teacher.state_dict())
    with distiller.watch():
        student(images())
        sum(distiller(images()).values()).backward()
    assert not teacher.training
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters())
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())
    assert not list(distiller.parameters())
    assert not distiller.state_dict()
    assert {type(m).__name__ for m in distiller.modules()} == {
        "Distiller",
        "ModuleList",
        "ModuleDict",
        "PCCLoss",
    }
    assert all(p.grad is not None for p in student.neck.parameters())


def test_no_hook_is_left_behind_even_after_an_error():
    student, teacher, distiller = pair()
    with distiller.watch():
        assert hooks(student) == 1
        student(images())
        distiller(images())
    assert hooks(student) == hooks(teacher) == 0
    with pytest.raises(RuntimeError, match="stop"), distiller.watch():
        raise RuntimeError("stop")
    with pytest.raises(RuntimeError):
        distiller.teach(images()[:, :2])
    assert hooks(student) == hooks(teacher) == 0
    pickle.dumps(student)


def test_to_moves_and_converts_the_teacher_but_not_the_student():
    student, teacher, distiller = pair()
    distiller.double()
    assert next(teacher.parameters()).dtype == torch.float64
    assert next(student.parameters()).dtype == torch.float32


def test_channel_adapters_are_built_from_an_example_and_learn():
    student, _, distiller = pair(Model(4), Model(6))
    running = student.norm.running_mean.clone()
    made = distiller.fit_adapters(images())
    assert [tuple(p.shape) for p in made] == [(6, 4, 1, 1), (6,)] * 2
    assert torch.equal(student.norm.running_mean, running)
    assert student.training
    with distiller.watch():
        student(images())
        distiller(images())["PCCLoss(neck)"].backward()
    assert all(p.grad.abs().max() > 0 for p in made if p.ndim == 4)
    assert {k.split(".")[0] for k in distiller.state_dict()} == {"adapters"}
    _, _, again = pair(Model(4), Model(6))
    torch.manual_seed(99)
    again.fit_adapters(images())
    for mine, other in zip(again.parameters(), distiller.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_missing_adapters_and_forbidden_ones_are_named():
    student, _, distiller = pair(Model(4), Model(6))
    with pytest.raises(
        ShapeError, match="4 student channels and 6 teacher channels; call fit_adapters"
    ):
        step(student, distiller)
    student, _, distiller = pair(Model(4), Model(6), adapt="never")
    distiller.fit_adapters(images())
    with pytest.raises(ShapeError, match="allow a learned adapter with adapt='channels'"):
        step(student, distiller)


def step(student: nn.Module, distiller: Distiller) -> dict[str, Tensor]:
    with distiller.watch():
        student(images())
        return distiller(images())


def test_levels_can_be_chosen_and_paired_by_size():
    student, _, distiller = pair(Model(levels=3), Model(levels=2))
    with pytest.raises(
        ShapeError, match="gives 3 levels and the teacher 2; choose with student_levels"
    ):
        step(student, distiller)
    by_hand = step(*pair(Model(levels=3), Model(levels=2), student_levels=(0, 1))[::2])
    student, _, distiller = pair(Model(levels=3), Model(levels=2), student_levels=(7,))
    with pytest.raises(ShapeError, match=r"student_levels asks for \[7\], but 3 levels are there"):
        step(student, distiller)
    assert by_hand["PCCLoss(neck)"] > 0


def test_pairing_by_size_equals_choosing_those_levels():
    torch.manual_seed(3)
    student, teacher = Model(levels=3), Model(levels=2)
    chosen = step(*pair(student, teacher, student_levels=(0, 1))[::2])
    sized = step(*pair(student, teacher, pairing="size")[::2])
    torch.testing.assert_close(chosen, sized)
    with pytest.raises(ShapeError, match=r"no student level .* has the size of a teacher level"):
        step(*pair(student, teacher, pairing="size", student_levels=(2,), teacher_levels=(0,))[::2])


def test_unknown_names_get_near_ones():
    with pytest.raises(
        FeatureError, match=r"student .Model. has no module 'nek'; did you mean 'neck'"
    ):
        Distiller(Model(), Model(), [FeatureMatch(loss=PCCLoss(), student="nek")])
    with pytest.raises(FeatureError, match=r"teacher .Model. has no module 'fpn'"):
        Distiller(Model(), Model(), [FeatureMatch(loss=PCCLoss(), student="neck", teacher="fpn")])


def test_calling_without_a_student_pass_or_without_gradient_is_refused():
    student, _, distiller = pair()
    with pytest.raises(FeatureError, match="'neck' is not tapped; run the student once per call"):
        distiller(images())
    with distiller.watch(), pytest.raises(FeatureError, match="has not run since"):
        distiller(images())
    student.requires_grad_(False)
    with pytest.raises(FeatureError, match="features without gradient; is it frozen"):
        step(student, distiller)


def test_gradient_checkpointing_gives_the_same_gradients():
    student, _, distiller = pair()
    sum(step(student, distiller).values()).backward()
    expected = [p.grad.clone() for p in student.neck.parameters()]
    student.zero_grad()
    student.is_checkpointed = True
    sum(step(student, distiller).values()).backward()
    for parameter, grad in zip(student.neck.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, grad)


def test_autocast_in_bfloat16_stays_close_to_float32():
    student, _, distiller = pair()
    exact = step(student, distiller)["PCCLoss(neck)"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = step(student, distiller)["PCCLoss(neck)"]
    assert rough.dtype == torch.float32
    # bfloat16 features carry 2**-9 relative error each; the loss averages over hundreds of them.
    torch.testing.assert_close(rough, exact, rtol=2**-6, atol=0)


def test_several_matches_are_reported_by_name_and_names_are_distinct():
    student, teacher = Model(), Model()
    matches = [
        FeatureMatch(loss=PCCLoss(), student="neck"),
        FeatureMatch(loss=MSELoss(), student="neck.first", name="hint"),
    ]
    assert set(step(student, Distiller(student, teacher, matches))) == {"PCCLoss(neck)", "hint"}
    with pytest.raises(ConfigError, match="distinct names"):
        Distiller(student, teacher, [matches[0], matches[0]])
    with pytest.raises(ConfigError, match="at least one entry"):
        Distiller(student, teacher, [])
    with pytest.raises(ConfigError, match="pairing must be one of"):
        FeatureMatch(loss=PCCLoss(), student="neck", pairing="stride")
    with pytest.raises(ConfigError, match="loss must be a FeatureLoss; got str"):
        FeatureMatch(loss="PCCLoss", student="neck")


def test_wrapped_models_are_searched_inside_the_wrapper():
    student, _, _ = pair()
    wrapped = nn.Sequential()
    wrapped.add_module("module", student)
    distiller = Distiller(wrapped, Model(), [FeatureMatch(loss=PCCLoss(), student="neck")])
    assert step(student, distiller)["PCCLoss(neck)"] > 0


def test_a_schedule_scales_the_loss_and_stops_the_teacher():
    student, teacher, distiller = pair(schedule=stop_after(0.5, factor=3.0))
    _, _, plain = pair(student, teacher)
    tripled = step(student, distiller)["PCCLoss(neck)"]
    torch.testing.assert_close(tripled, 3 * step(student, plain)["PCCLoss(neck)"])
    distiller.progress = 0.5
    calls = []
    teacher.register_forward_hook(lambda *_: calls.append(1))
    assert step(student, distiller) == {}
    assert not calls


def test_a_copied_student_with_its_distiller_shares_the_teacher_and_listens_to_the_copy():
    student, teacher, distiller = pair()
    student.distillation = distiller
    assert not any("distillation" in name for name in student.state_dict())
    copied = copy.deepcopy(student)
    assert copied.distillation.teacher is teacher
    assert copied.distillation.student is copied
    assert step(copied, copied.distillation)["PCCLoss(neck)"] > 0
    alone = copy.deepcopy(distiller)
    assert alone.student is student


def test_losses_that_look_at_objects_get_the_boxes():
    student, teacher = Model(), Model()
    match = FeatureMatch(loss=FGDLoss(channels=4), student="neck")
    distiller = Distiller(student, teacher, [match])
    with distiller.watch():
        student(images())
        known = distiller.teach(images())
        boxes = [torch.tensor([[1.0, 1.0, 9.0, 9.0]])] * 2
        losses = distiller.compare(known, boxes=boxes, image_size=(16, 20))
    assert losses["FGDLoss(neck)"] > 0
    assert any(name.startswith("loss_modules.0") for name in distiller.state_dict())


def test_an_item_of_a_tuple_can_be_chosen():
    student, _, distiller = pair(output=0)
    by_item = step(student, distiller)["PCCLoss(neck)"]
    student, _, distiller = pair(student_levels=(0,), teacher_levels=(0,))
    torch.testing.assert_close(step(student, distiller)["PCCLoss(neck)"], by_item)
    student, _, distiller = pair(output=5)
    with pytest.raises(FeatureError, match="gives list without an item 5; correct `output`"):
        step(student, distiller)


def test_models_can_be_run_in_another_way_than_by_calling_them():
    student, teacher = Model(4), Model(6)
    match = FeatureMatch(loss=PCCLoss(), student="neck")
    calls = {"student_call": student.neck, "teacher_call": teacher.neck}
    distiller = Distiller(student, teacher, [match], **calls)
    assert len(distiller.fit_adapters(images())) == 4
    assert set(distiller.teach(images())) == {"neck"}
