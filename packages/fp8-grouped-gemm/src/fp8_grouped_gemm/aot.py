"""Compile every kernel without a GPU and look at the machine code.

```text
python -m fp8_grouped_gemm aot            a sample of the configurations
python -m fp8_grouped_gemm aot --all      the whole matrix
```

The launchers run as they are, on small CPU tensors, under a stand-in driver that names a target and
never launches; so what is compiled is what a GPU would get, with the same argument specialisation.
Triton's wheel brings the assembler and the disassembler. The gate per kernel:

* no stack and no local loads or stores (LDL, STL): nothing spills;
* no more shared memory than a program may have;
* on sm_90a products use the FP8 tensor cores (QGMMA), descriptor paths load by TMA (UTMALDG), and
  the ragged and pool stores store by it (UTMASTG); elsewhere products use the tensor cores there
  are (QMMA on sm_89, HMMA on sm_80).

The matrix: every tile configuration with every store mode, and from each of these steps along the
other axes (element types of both operands and of the result, the tail, the fused row maps); all of
them from the large tile with the default store, the telling ones elsewhere.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

from fp8_grouped_gemm import quantize
from fp8_grouped_gemm.kernels import cast, gemm, gluon_gemm, wgrad
from fp8_grouped_gemm.kernels.schedule import build_schedule
from fp8_grouped_gemm.layout import groups_table

HOPPER = GPUTarget("cuda", 90, 32)
ADA, AMPERE = GPUTarget("cuda", 89, 32), GPUTarget("cuda", 80, 32)
SHARED_LIMIT = {90: 232448, 89: 101376, 80: 166912}
"""Bytes of shared memory a program may have, by compute capability (CUDA programming guide)."""
INSTRUCTIONS = ("QGMMA", "QMMA", "HMMA", "UTMALDG", "UTMASTG", "LDL", "STL", "USETMAXREG")
E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2
BF16, FP16, FP32 = torch.bfloat16, torch.float16, torch.float32


@dataclass(frozen=True)
class Machine:
    """What one compiled kernel became.

    Attributes:
        kernel: Name of the kernel function.
        registers: Per thread.
        stack: Bytes per thread.
        shared: Bytes of shared memory per program.
        counts: Instructions of each kind in `INSTRUCTIONS`.
    """

    kernel: str
    registers: int
    stack: int
    shared: int
    counts: dict[str, int] = field(default_factory=dict)

    def problems(self, expected: tuple[str, ...], shared_limit: int) -> list[str]:
        """Return what breaks the gate: spills, too much memory, an expected instruction missing."""
        found = [f"{name} = {self.counts[name]}" for name in ("LDL", "STL") if self.counts[name]]
        if self.stack:
            found.append(f"stack = {self.stack} bytes")
        if self.shared > shared_limit:
            found.append(f"shared memory = {self.shared} bytes, limit {shared_limit}")
        return found + [f"no {name}" for name in expected if not self.counts[name]]


@dataclass(frozen=True)
class Case:
    """One configuration: a launch, the kernel it is about, and the instructions it must hold."""

    name: str
    kernel: str
    launch: Callable[[], object]
    expected: tuple[str, ...] = ()
    sampled: bool = False
    target: GPUTarget = HOPPER


@contextmanager
def compiling_only(target: GPUTarget = HOPPER) -> Iterator[list[Any]]:
    """Compile for `target` instead of launching; yields the list of compiled kernels."""
    compiled: list[Any] = []
    original = JITFunction.run

    def run(self: Any, *args: Any, grid: Any, warmup: bool, **options: Any) -> Any:
        del warmup
        kernel = original(self, *args, grid=grid, warmup=True, **options)
        compiled.append(kernel)
        return kernel

    stand_in = SimpleNamespace(
        get_current_target=lambda: target,
        # Compiled functions remember the target by device, so each target is a device of its own.
        get_current_device=lambda: target.arch,
        get_current_stream=lambda _device=0: 0,
    )
    before = driver._active
    driver.set_active(stand_in)
    JITFunction.run = run
    try:
        yield compiled
    finally:
        JITFunction.run = original
        driver._active = before


def inspect(kernel: Any) -> Machine:
    """Disassemble one compiled kernel with the tools in Triton's wheel."""
    tools = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernel.cubin"
        cubin.write_bytes(kernel.asm["cubin"])

        def dump(option: str) -> str:
            command = [str(tools / "cuobjdump"), option, str(cubin)]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        usage, sass = dump("--dump-resource-usage"), dump("--dump-sass")
    registers, stack = (
        int(re.search(rf"{name}:(\d+)", usage).group(1))  # pyright: ignore[reportOptionalMemberAccess]
        for name in ("REG", "STACK")
    )
    counts = {name: len(re.findall(rf"\b{name}[.\s]", sass)) for name in INSTRUCTIONS}
    return Machine(kernel.metadata.name, registers, stack, kernel.metadata.shared, counts)


def _operands(
    dtype_a: torch.dtype, dtype_b: torch.dtype, rows: int, cols: int, depth: int, groups: int
) -> tuple[torch.Tensor, ...]:
    a = quantize.quantize_tile(torch.ones(rows, depth), dtype=dtype_a, backend="reference")
    b = quantize.quantize_block(torch.ones(groups, cols, depth), dtype=dtype_b, backend="reference")
    sizes = torch.full((groups,), rows // groups, dtype=torch.int32)
    scale = a.scale.t().contiguous().t()
    return a.data, scale, b.data, b.scale, sizes


def _gemm(
    module: Any,
    *,
    dtypes: tuple[torch.dtype, torch.dtype] = (E4M3, E4M3),
    out_dtype: torch.dtype = BF16,
    maps: tuple[str, ...] = (),
    **options: Any,
) -> None:
    tensors = _operands(*dtypes, rows=256, cols=256, depth=512, groups=2)
    out = torch.empty(tensors[0].shape[0], tensors[2].shape[1], dtype=out_dtype)
    rows = torch.arange(tensors[0].shape[0])
    for name in maps:
        options[name] = torch.ones(rows.numel()) if name == "row_weight" else rows
    module.launch_gemm(*tensors, out, programs=132, **options)


def _wgrad(
    config: wgrad.Config,
    *,
    dtypes: tuple[torch.dtype, torch.dtype] = (E4M3, E4M3),
    out_dtype: torch.dtype = BF16,
    **options: Any,
) -> None:
    sizes = torch.tensor([100, 200], dtype=torch.int32)
    parts = []
    for width, dtype in zip((256, 512), dtypes, strict=True):
        c = quantize.quantize_tile_columns(
            torch.ones(304, width), sizes, dtype=dtype, backend="reference"
        )
        parts += [c.data.contiguous(), c.scale.contiguous()]
    table = groups_table(build_schedule(sizes, 304), 2)
    out = torch.empty(2, 256, 512, dtype=out_dtype)
    wgrad.launch_wgrad(*parts, table, out, config=config, **options)


def _steps(*, tail: bool = True, every: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the base point and steps from it along each axis that every product has."""
    yield "base", {}
    yield "e5m2xe4m3", {"dtypes": (E5M2, E4M3)}
    yield "out-float32", {"out_dtype": FP32}
    if tail:
        yield "zero-tail", {"zero_tail": True}
    if every:
        yield "e4m3xe5m2", {"dtypes": (E4M3, E5M2)}
        yield "e5m2xe5m2", {"dtypes": (E5M2, E5M2)}
        yield "out-float16", {"out_dtype": FP16}


def _gemm_cases() -> Iterator[Case]:
    for name, config in (("large", gemm.LARGE), ("small", gemm.SMALL)):
        launch = partial(_gemm, gemm, config=config, hopper=True)
        for store in ("ragged", "masked", "pool"):
            for step, options in _steps(every=name == "large" and store == "ragged"):
                yield Case(
                    f"gemm-{name}-{store}-{step}",
                    "gemm_kernel",
                    partial(launch, store=store, **options),
                    ("QGMMA", "UTMALDG", *(("UTMASTG",) if store != "masked" else ())),
                    sampled=step == "base",
                )
        for store in ("ragged", "pool"):
            yield Case(
                f"gemm-{name}-{store}-gather-row_weight",
                "gemm_kernel",
                partial(launch, store=store, maps=("gather", "row_weight")),
                ("QGMMA", "UTMALDG", "UTMASTG"),
            )
        for maps in (("gather",), ("scatter", "row_weight"), ("gather", "scatter", "row_weight")):
            yield Case(
                f"gemm-{name}-{'-'.join(maps)}",
                "gemm_kernel",
                partial(launch, maps=maps),
                ("QGMMA", "UTMALDG"),
                sampled=name == "large" and len(maps) == 3,
            )


def _gluon_cases() -> Iterator[Case]:
    for name, config in gluon_gemm.CONFIGS.items():
        for store in ("ragged", "masked"):
            for step, options in _steps(every=name == "tall" and store == "ragged"):
                yield Case(
                    f"gluon-{name}-{store}-{step}",
                    "gluon_gemm_kernel",
                    partial(_gemm, gluon_gemm, store=store, config=config, **options),
                    ("QGMMA", "UTMALDG", "USETMAXREG", *(("UTMASTG",) * (store == "ragged"))),
                    sampled=step == "base",
                )


def _wgrad_cases() -> Iterator[Case]:
    for step, options in _steps(tail=False):
        yield Case(
            f"wgrad-large-{step}",
            "wgrad_kernel",
            partial(_wgrad, wgrad.LARGE, hopper=True, **options),
            ("QGMMA", "UTMALDG"),
            sampled=step in ("base", "out-float32"),
        )


def _portable_cases() -> Iterator[Case]:
    """Pointer loads: on Hopper itself, on sm_89 with its FP8 cores, on sm_80 without any."""
    for tag, target, expected in (("sm90", HOPPER, "QGMMA"), ("sm89", ADA, "QMMA")):
        for step, options in _steps(every=False):
            launch = partial(_gemm, gemm, config=gemm.PORTABLE, hopper=False, **options)
            yield Case(
                f"portable-{tag}-gemm-{step}", "gemm_kernel", launch, (expected,),
                sampled=step == "base", target=target,
            )  # fmt: skip
        launch = partial(_wgrad, wgrad.PORTABLE, hopper=False)
        yield Case(f"portable-{tag}-wgrad", "wgrad_kernel", launch, (expected,), target=target)
    software = {"hopper": False, "software": True}
    for step, options in _steps():
        launch = partial(_gemm, gemm, config=gemm.SOFTWARE, **software, **options)
        yield Case(
            f"portable-sm80-gemm-{step}", "gemm_kernel", launch, ("HMMA",),
            sampled=step == "base", target=AMPERE,
        )  # fmt: skip
    for step, options in _steps(tail=False):
        launch = partial(_wgrad, wgrad.PORTABLE, **software, **options)
        yield Case(
            f"portable-sm80-wgrad-{step}", "wgrad_kernel", launch, ("HMMA",),
            sampled=step == "base", target=AMPERE,
        )  # fmt: skip


def _cast_cases() -> Iterator[Case]:
    sizes = torch.tensor([100, 100], dtype=torch.int32)
    gather, weight = torch.arange(200), torch.ones(200)
    tiles, blocks = "quantize_tiles_kernel", "quantize_blocks_kernel"
    for step, source, dtype, pow2, target in (
        ("base", BF16, E4M3, False, HOPPER),
        ("e5m2", BF16, E5M2, False, HOPPER),
        ("pow2", BF16, E4M3, True, HOPPER),
        ("from-float32", FP32, E4M3, False, HOPPER),
        ("sm89", BF16, E4M3, False, ADA),
        ("sm80", BF16, E4M3, False, AMPERE),
        ("sm80-e5m2", BF16, E5M2, False, AMPERE),
    ):
        x, w = torch.ones(256, 256, dtype=source), torch.ones(1, 256, 256, dtype=source)
        software = {"software": target is AMPERE}
        for kind, kernel, launch in (
            ("rows", tiles, partial(cast.quantize_rows, x, dtype, pow2)),
            (
                "columns-gather",
                tiles,
                partial(cast.quantize_columns, x, sizes, dtype, pow2, gather),
            ),
            ("dual", tiles, partial(cast.quantize_dual, x, sizes, dtype, pow2)),
            (
                "dual-gather-row_weight",
                tiles,
                partial(cast.quantize_dual, x, sizes, dtype, pow2, gather, weight),
            ),
            ("blocks", blocks, partial(cast.quantize_blocks, w, dtype, pow2, transposed=True)),
        ):
            yield Case(
                f"cast-{kind}-{step}", kernel, partial(launch, **software), target=target,
                sampled=step in ("base", "sm80") and kind in ("dual-gather-row_weight", "blocks"),
            )  # fmt: skip
    yield Case("schedule", "schedule_kernel", partial(build_schedule, sizes, 256), sampled=True)


def cases(*, everything: bool) -> list[Case]:
    """List the configurations, all of them or the sample that the default test run compiles."""
    found = [
        *_gemm_cases(), *_gluon_cases(), *_wgrad_cases(), *_portable_cases(), *_cast_cases(),
    ]  # fmt: skip
    return found if everything else [case for case in found if case.sampled]


def compile_case(case: Case) -> Machine:
    """Compile one configuration and disassemble the kernel it is about."""
    with compiling_only(case.target) as compiled:
        case.launch()
    kernel = next(k for k in compiled if k.metadata.name == case.kernel)
    return inspect(kernel)


def report(case: Case) -> dict[str, Any]:
    """Compile one configuration; returns a JSON-able record, a failure to compile included."""
    record = {
        "case": case.name,
        "target": f"sm_{case.target.arch}",
        "triton": triton.__version__,
        "expected": case.expected,
    }
    try:
        machine = compile_case(case)
    except Exception as error:
        machine = Machine(case.kernel, 0, 0, 0, {})
        problem = f"does not compile: {type(error).__name__}: {error}"[:500]
        return record | {"problems": [problem], **asdict(machine)}
    problems = machine.problems(case.expected, SHARED_LIMIT[case.target.arch])
    return record | {"problems": problems, **asdict(machine)}
