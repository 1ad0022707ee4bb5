"""Compile every kernel for sm_90a without a GPU and look at the machine code.

```text
python -m fp8_grouped_gemm aot            a sample of the configurations
python -m fp8_grouped_gemm aot --all      the whole matrix
```

The launchers run as they are, on small CPU tensors, under a stand-in driver that names a Hopper
target and never launches; so what is compiled is what a GPU would get, with the same argument
specialisation. Triton's wheel brings the assembler and the disassembler. The gate per kernel:

* no stack and no local loads or stores (LDL, STL): nothing spills;
* products use the FP8 tensor cores (QGMMA), descriptor paths load by TMA (UTMALDG), and the ragged
  and pool stores store by it (UTMASTG).
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

HOPPER = GPUTarget("cuda", 90, 32)
INSTRUCTIONS = ("QGMMA", "UTMALDG", "UTMASTG", "LDL", "STL", "USETMAXREG")


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

    def problems(self, expected: tuple[str, ...]) -> list[str]:
        """Return what breaks the gate: spills, a stack, or an expected instruction missing."""
        found = [f"{name} = {self.counts[name]}" for name in ("LDL", "STL") if self.counts[name]]
        if self.stack:
            found.append(f"stack = {self.stack} bytes")
        return found + [f"no {name}" for name in expected if not self.counts[name]]


@dataclass(frozen=True)
class Case:
    """One configuration: a launch, the kernel it is about, and the instructions it must hold."""

    name: str
    kernel: str
    launch: Callable[[], object]
    expected: tuple[str, ...] = ()
    sampled: bool = False


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
        get_current_device=lambda: 0,
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
    dtype: torch.dtype, rows: int = 256, cols: int = 256, depth: int = 512, groups: int = 2
) -> tuple[torch.Tensor, ...]:
    a = quantize.quantize_tile(torch.ones(rows, depth), dtype=dtype, backend="reference")
    b = quantize.quantize_block(torch.ones(groups, cols, depth), backend="reference")
    sizes = torch.full((groups,), rows // groups, dtype=torch.int32)
    scale = a.scale.t().contiguous().t()
    return a.data, scale, b.data, b.scale, sizes


def _gemm(module: Any, dtype: torch.dtype, out_dtype: torch.dtype, **options: Any) -> None:
    tensors = _operands(dtype)
    out = torch.empty(tensors[0].shape[0], tensors[2].shape[1], dtype=out_dtype)
    rows = torch.arange(tensors[0].shape[0])
    for name in ("gather", "scatter"):
        if options.get(name):
            options[name] = rows
    if options.get("row_weight"):
        options["row_weight"] = torch.ones(rows.numel())
    module.launch_gemm(*tensors, out, programs=132, **options)


def _wgrad(config: wgrad.Config, hopper: bool, out_dtype: torch.dtype) -> None:
    sizes = torch.tensor([100, 200], dtype=torch.int32)
    columns = [
        quantize.quantize_tile_columns(torch.ones(304, width), sizes, backend="reference")
        for width in (256, 512)
    ]
    parts = [(c.data.contiguous(), c.scale.contiguous()) for c in columns]
    _, table = build_schedule(sizes, 304, 128)
    out = torch.empty(2, 256, 512, dtype=out_dtype)
    wgrad.launch_wgrad(*parts[0], *parts[1], table, out, config=config, hopper=hopper)


def _gemm_cases() -> Iterator[Case]:
    e4m3, e5m2 = torch.float8_e4m3fn, torch.float8_e5m2
    for name, config in (("large", gemm.LARGE), ("small", gemm.SMALL)):
        for store in ("ragged", "masked", "pool"):
            for dtype in (e4m3, e5m2):
                for out in (torch.bfloat16, torch.float32):
                    yield Case(
                        f"gemm-{name}-{store}-{str(dtype)[6:]}-{str(out)[6:]}",
                        "gemm_kernel",
                        partial(_gemm, gemm, dtype, out, store=store, config=config, hopper=True),
                        ("QGMMA", "UTMALDG", *(("UTMASTG",) if store != "masked" else ())),
                        sampled=dtype == e4m3 and out == torch.bfloat16,
                    )
        fused = {"gather": True, "scatter": True, "row_weight": True}
        for extra in ({"gather": True}, {"scatter": True, "row_weight": True}, fused):
            yield Case(
                f"gemm-{name}-{'-'.join(extra)}",
                "gemm_kernel",
                partial(_gemm, gemm, e4m3, torch.bfloat16, config=config, hopper=True, **extra),
                ("QGMMA", "UTMALDG"),
                sampled=name == "large" and extra == fused,
            )
    yield Case(
        "gemm-portable",
        "gemm_kernel",
        partial(_gemm, gemm, e4m3, torch.bfloat16, config=gemm.PORTABLE, hopper=False),
        ("QGMMA",),
        sampled=True,
    )


def _gluon_cases() -> Iterator[Case]:
    for name, config in gluon_gemm.CONFIGS.items():
        for store in ("ragged", "masked"):
            for out in (torch.bfloat16, torch.float32):
                yield Case(
                    f"gluon-{name}-{store}-{str(out)[6:]}",
                    "gluon_gemm_kernel",
                    partial(
                        _gemm, gluon_gemm, torch.float8_e4m3fn, out, store=store, config=config
                    ),
                    ("QGMMA", "UTMALDG", "USETMAXREG", *(("UTMASTG",) * (store == "ragged"))),
                    sampled=out == torch.bfloat16,
                )


def _other_cases() -> Iterator[Case]:
    for name, config, hopper in (
        ("large", wgrad.LARGE, True),
        ("portable", wgrad.PORTABLE, False),
    ):
        for out in (torch.bfloat16, torch.float32):
            yield Case(
                f"wgrad-{name}-{str(out)[6:]}",
                "wgrad_kernel",
                partial(_wgrad, config, hopper, out),
                ("QGMMA", *(("UTMALDG",) if hopper else ())),
                sampled=hopper and out == torch.float32,
            )
    x, w = torch.ones(256, 256, dtype=torch.bfloat16), torch.ones(1, 256, 256)
    sizes = torch.tensor([100, 100], dtype=torch.int32)
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        for pow2 in (False, True):
            tag = f"{str(dtype)[6:]}-{'pow2' if pow2 else 'float'}"
            first = dtype == torch.float8_e4m3fn and not pow2
            args = (dtype, pow2)
            tiles, blocks = "quantize_tiles_kernel", "quantize_blocks_kernel"
            rows = partial(cast.quantize_rows, x, *args)
            columns = partial(cast.quantize_columns, x, sizes, *args)
            dual = partial(cast.quantize_dual, x, sizes, *args)
            both = partial(cast.quantize_blocks, w, *args, transposed=True)
            yield Case(f"cast-rows-{tag}", tiles, rows)
            yield Case(f"cast-columns-{tag}", tiles, columns)
            yield Case(f"cast-dual-{tag}", tiles, dual, sampled=first)
            yield Case(f"cast-blocks-{tag}", blocks, both, sampled=first)
    schedule = partial(build_schedule, sizes, 256, 128)
    yield Case("schedule", "schedule_kernel", schedule, sampled=True)


def cases(*, everything: bool) -> list[Case]:
    """List the configurations, all of them or the sample that the default test run compiles."""
    found = [*_gemm_cases(), *_gluon_cases(), *_other_cases()]
    return found if everything else [case for case in found if case.sampled]


def compile_case(case: Case) -> Machine:
    """Compile one configuration and disassemble the kernel it is about."""
    with compiling_only() as compiled:
        case.launch()
    kernel = next(k for k in compiled if k.metadata.name == case.kernel)
    return inspect(kernel)


def report(case: Case, machine: Machine) -> dict[str, Any]:
    """Return a JSON-able record of one configuration."""
    return {
        "case": case.name,
        "triton": triton.__version__,
        "problems": machine.problems(case.expected),
        **asdict(machine),
    }
