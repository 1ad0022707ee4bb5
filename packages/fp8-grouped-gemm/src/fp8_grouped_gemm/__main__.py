"""Command line: `python -m fp8_grouped_gemm {bench,check,aot}`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and run; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fp8_grouped_gemm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("bench", help="time against every installed peer")
    bench.add_argument(
        "--device", choices=["cpu", "cuda"], default=None, help="default: the GPU if there is one"
    )
    bench.add_argument("--out", type=Path, default=None, help="folder for the JSON and the plot")
    bench.add_argument(
        "--seconds", type=float, default=420.0, help="GPU runs start no new shape after this many"
    )
    check = commands.add_parser("check", help="verify this installation")
    check.add_argument(
        "--device", choices=["cpu", "cuda"], default=None, help="default: the GPU if there is one"
    )
    aot = commands.add_parser("aot", help="compile without a GPU and look at the machine code")
    aot.add_argument("--all", action="store_true", help="the whole matrix instead of a sample")
    aot.add_argument("--only", default="", help="only configurations whose name contains this")
    aot.add_argument("--out", type=Path, default=None, help="write the records here as JSON")
    options = parser.parse_args(argv)
    if options.command == "bench":
        from fp8_grouped_gemm import bench as module

        return module.main(options.device, options.out, options.seconds)
    if options.command == "check":
        from fp8_grouped_gemm import check as module

        return module.main(options.device)
    return compile_all(options.all, options.only, options.out)


def compile_all(everything: bool, only: str, out: Path | None) -> int:
    """Run the ahead-of-time gate and print one line per kernel; 1 if any breaks it."""
    from fp8_grouped_gemm import aot

    records = []
    chosen = [case for case in aot.cases(everything=everything) if only in case.name]
    if not chosen:
        print(f"--only {only!r} names no configuration of this selection; try --all, or without it")
        return 2
    for case in chosen:
        record = aot.report(case)
        records.append(record)
        counts = " ".join(f"{name}={count}" for name, count in record["counts"].items() if count)
        verdict = "; ".join(record["problems"]) or "ok"
        print(
            f"{case.name:44} {record['target']} {record['registers']:4} regs "
            f"{record['shared']:7} B  {counts:40} {verdict}",
            flush=True,
        )
    if out is not None:
        out.write_text(json.dumps(records, indent=1) + "\n")
    broken = sum(bool(record["problems"]) for record in records)
    print(f"{len(records)} kernels, {broken} broken, Triton {records[0]['triton']}")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
