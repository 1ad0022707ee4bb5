"""The plan of a cluster run: counted on a fake process group, checked without the cluster."""

import json

import pytest

from intern_rl.config import ClusterConfig, WorkersConfig
from intern_rl.main import main
from intern_rl.models import describe_config
from intern_rl.plan import divisibility, fits, lay_out, memory_needed
from oreal_rl import OrealConfig

TINY = describe_config("none", {"preset": "tiny"})
CONFIG = """
[policy]
path = "nowhere"
[policy.architecture]
preset = "tiny"
[tasks]
patterns = ["logic.parity"]
[rl]
steps = 1
preset = "s1"
[rl.oreal]
prompts_per_step = 8
num_minibatches = 1
max_prompt_tokens = 64
max_new_tokens = 64
[cluster]
nodes = 1
devices_per_node = 4
micro_batch_tokens = 256
rollouts_in_flight = 4
"""


def test_the_fullest_rank_is_counted():
    alone = lay_out(TINY, ClusterConfig(nodes=1, devices_per_node=1))
    assert alone.per_rank == alone.parameters
    shared = lay_out(TINY, ClusterConfig(nodes=2, devices_per_node=2))
    # Every large dimension of the tiny preset divides by 4; a few vectors do not.
    assert shared.parameters == alone.parameters
    assert shared.ideal <= shared.per_rank <= 1.02 * shared.ideal


def test_more_ranks_than_rows_leave_a_full_row_on_one():
    crowded = lay_out(TINY, ClusterConfig(nodes=64, devices_per_node=8))
    assert crowded.per_rank > 1.5 * crowded.ideal


def test_expert_parallelism_gathers_no_experts():
    settings = {"nodes": 1, "devices_per_node": 4}
    plain = lay_out(TINY, ClusterConfig(**settings))
    spread = lay_out(TINY, ClusterConfig(**settings, expert_parallel=True))
    assert spread.per_rank == plain.per_rank
    assert spread.largest_block < plain.largest_block


def test_memory_is_the_sum_of_its_parts():
    cluster = ClusterConfig(nodes=1, devices_per_node=1, optimizer_bytes=12)
    layout = lay_out(TINY, cluster)
    settings = OrealConfig.preset("s1", max_prompt_tokens=100, max_new_tokens=28)
    memory = memory_needed(TINY.get_text_config(), layout, cluster, settings)
    gib = 2**30
    assert memory["optimizer"] == pytest.approx(12 * layout.parameters / gib)
    assert memory["reference"] == 0  # the preset has no KL term
    text = TINY.get_text_config()
    cached = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    assert memory["rollout KV cache"] == pytest.approx(64 * 128 * cached * 2 / gib)
    kept = [
        v for k, v in memory.items() if k not in ("training", "rollouts") and "rollout" not in k
    ]
    assert memory["training"] == pytest.approx(sum(kept))


def test_what_does_not_fit_or_divide_fails_with_a_remedy():
    cluster = ClusterConfig(nodes=1, devices_per_node=3, device_memory_gib=0.001)
    settings = OrealConfig.preset("s1", prompts_per_step=8, num_minibatches=8)
    text = TINY.get_text_config()
    failed = {c.name: c.text for c in divisibility(text, cluster, settings) if not c.holds}
    assert (
        "prompts per step (8) is no multiple of ranks (3)" in failed["prompts per step over ranks"]
    )
    assert "2 prompts per rank for 8 mini-batches" in failed["mini-batches"]
    memory = memory_needed(text, lay_out(TINY, cluster), cluster, settings)
    assert [check.holds for check in fits(memory, cluster)] == [False, False]


def test_the_command_prints_json_and_fails_with_one_line(capsys, tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text(CONFIG)
    with pytest.raises(SystemExit) as stopped:
        main(["plan", str(path), "--as-json"])
    plan = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0
    assert all(check["holds"] for check in plan["checks"])
    with pytest.raises(SystemExit) as stopped:
        main(["plan", str(path), "--set", "cluster.devices_per_node=3"])
    assert stopped.value.code == 2
    assert "prompts per step (8) is no multiple of ranks (3)" in capsys.readouterr().err


def test_the_plan_knows_workers_and_says_when_they_would_idle(capsys, tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text(CONFIG + "[workers]\nrollout = 4\nverifier = 2\nrollout_gpus = 1\n")
    with pytest.raises(SystemExit) as stopped:
        main(["plan", str(path)])
    assert stopped.value.code == 0
    assert "4 rollout workers with 1 accelerators each" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit) as stopped:
        main(["plan", str(path), "--set", "workers.rollout=9"])
    assert stopped.value.code == 2
    assert "9 rollout workers share 4 pieces of work per step" in capsys.readouterr().err


def test_rollout_workers_hold_a_whole_copy_and_no_optimizer():
    cluster = ClusterConfig(nodes=1, devices_per_node=2, rollout_parallel=2)
    layout, text = lay_out(TINY, cluster), TINY.get_text_config()
    settings = OrealConfig.preset("s1", group_size=8)
    workers = WorkersConfig(rollout=1, rollout_gpus=1, chunk_prompts=2)
    memory = memory_needed(text, layout, cluster, settings, workers)
    copy = memory["rollout weights"]
    assert copy == pytest.approx(2 * layout.parameters / 2**30)
    assert memory["rollouts"] == pytest.approx(copy + memory["rollout KV cache"])
    on_cpu = WorkersConfig(rollout=1)
    assert [check.name for check in fits(memory, cluster, on_cpu)] == ["training fits"]
