"""FSDP2, TP, EP and EP x FSDP on gloo ranks: loss and gradients of the single process."""

import copy
import os
import socket
import warnings

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from transformers.distributed.configuration_utils import DistributedConfig

import intern_s1_model as im
from intern_s1_model.parallel import distribute

MASKED_EP = {
    "model.language_model.layers.*.mlp.gate": "ep_router",
    "model.language_model.layers.*.mlp.experts": "moe_tp_experts",
}
LAYOUTS = {
    2: {
        "fsdp": {"fsdp_size": 2},
        "tp": {"tp_size": 2},
        "masked ep": {"tp_size": 2, "ep_size": 2, "ep_plan": MASKED_EP},
        "ep": {"fsdp_size": 2, "ep_size": 2},
    },
    4: {
        "ep": {"fsdp_size": 4, "ep_size": 4},
        "ep x fsdp": {"fsdp_size": 4, "ep_size": 2},
        "tp x fsdp": {"fsdp_size": 2, "tp_size": 2},
        "tp x fsdp x ep": {"fsdp_size": 2, "tp_size": 2, "ep_size": 2},
    },
}
# Float32: the ranks add the same numbers in another order. Gradients are about 1e-2.
LOSS_TOLERANCE, GRADIENT_TOLERANCE = 2e-6, 1e-6


def build():
    torch.manual_seed(0)
    text = {"num_hidden_layers": 2, "num_key_value_heads": 4}
    config = im.InternS1Config.preset("tiny", vocab_size=256, text_config=text)
    return im.InternS1ForConditionalGeneration(config)


def batch_of(config, row, images):
    ids = torch.randint(0, 200, (4, 16), generator=torch.Generator().manual_seed(3))
    pixels = torch.randn(4, 3, 56, 56, generator=torch.Generator().manual_seed(4))
    if images:
        ids[:, 2:6] = config.image_token_id
    chosen = slice(None) if row is None else slice(row, row + 1)
    batch = {"input_ids": ids[chosen], "labels": ids[chosen]}
    return {**batch, "pixel_values": pixels[chosen]} if images else batch


def whole(tensor):
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor.detach().clone()


def compare(rank, ranks, name, layout):
    reference = build()
    sharded = im.InternS1ForConditionalGeneration(copy.deepcopy(reference.config))
    sharded.load_state_dict(reference.state_dict())
    sharded = distribute(sharded, DistributedConfig(**layout))
    for key, parameter in sharded.named_parameters():  # gathered, as saving does
        assert torch.equal(whole(parameter.detach()), reference.get_parameter(key)), (name, key)
    data_ranks = layout.get("fsdp_size", 1)
    data_rank = rank // (ranks // data_ranks)
    if data_ranks == 1:
        rows = [None]
        expected = reference(**batch_of(reference.config, None, True)).loss
    else:
        rows = list(range(data_ranks))
        losses = [reference(**batch_of(reference.config, row, True)).loss for row in rows]
        expected = torch.stack(losses).mean()
    expected.backward()
    loss = sharded(**batch_of(reference.config, rows[data_rank], True), run_every_tower=True).loss
    loss.backward()
    value = whole(loss)
    if data_ranks > 1:
        dist.all_reduce(value)
        value /= ranks
    assert abs(value.item() - expected.item()) <= LOSS_TOLERANCE, (name, value, expected)
    got = dict(sharded.named_parameters())
    for key, parameter in reference.named_parameters():
        if parameter.grad is None or got[key].grad is None:
            assert not key.startswith("model.language_model"), (name, key)
            continue
        mine, theirs = local_or_whole(got[key], parameter, key)
        error = (mine - theirs).abs().max().item()
        assert error <= GRADIENT_TOLERANCE, (name, key, error)


def local_or_whole(sharded, parameter, key):
    """Gradients to compare: of this rank's experts, found by their weights, or gathered."""
    if ".experts." not in key or not hasattr(sharded, "to_local"):
        return whole(sharded.grad), parameter.grad
    local, gradient = sharded.detach().to_local(), sharded.grad.to_local()
    if local.shape[1:] != parameter.shape[1:]:  # split within experts (TP), not by expert
        return whole(sharded.grad), parameter.grad
    # Optimizers update local shards in place, so weight and gradient must match there.
    order = [int((parameter == one).flatten(1).all(1).nonzero()[0]) for one in local]
    return gradient, parameter.grad[order]


def router_losses(rank, ranks):
    """Global router losses on rows of each rank equal those of all rows; so do the gradients."""
    logits = torch.randn(ranks * 6, 4, generator=torch.Generator().manual_seed(5))
    mask = (torch.arange(ranks * 6) % 5 > 0).view(ranks, 6)
    everything = logits.clone().requires_grad_()
    mine = logits[rank * 6 : rank * 6 + 6].clone().requires_grad_()
    group = dist.group.WORLD
    for loss in (
        lambda x, m, g: im.load_balancing_loss([x, 2 * x], 2, m, g),
        lambda x, m, g: im.router_z_loss([x, 2 * x], m, g),
    ):
        expected = loss(everything, mask, None)
        (full,) = torch.autograd.grad(expected, everything)
        got = loss(mine, mask[rank], group)
        (part,) = torch.autograd.grad(got, mine)
        torch.testing.assert_close(got, expected)
        # Trainers average gradients over ranks: part / ranks is this rank's share.
        torch.testing.assert_close(part / ranks, full[rank * 6 : rank * 6 + 6])


def worker(rank, ranks, port):
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks))
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    # FSDP2 notes that an output is a view; nothing here changes outputs in place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    router_losses(rank, ranks)
    for name, layout in LAYOUTS[ranks].items():
        compare(rank, ranks, name, layout)
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 4])
def test_every_layout_gives_the_single_process_loss_and_gradients(ranks):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a forked child must not inherit a busy thread pool
    try:
        mp.start_processes(worker, (ranks, port), nprocs=ranks, start_method="fork")
    finally:
        torch.set_num_threads(threads)


def test_idle_towers_change_no_value_and_give_zero_gradients():
    model = build()
    batch = batch_of(model.config, None, False)
    expected = model(**batch).loss
    loss = model(**batch, run_every_tower=True).loss
    torch.testing.assert_close(loss, expected, rtol=0, atol=0)
    loss.backward()
    for part in (model.model.vision_tower, model.model.time_series):
        gradients = [p.grad for p in part.parameters()]
        assert all(g is not None and not g.any() for g in gradients)
