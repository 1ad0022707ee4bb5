"""`python -m intern_s1_model describe PRESET_OR_FOLDER`: parameters, memory and work.

`python -m intern_s1_model serve FOLDER`: a server that speaks the OpenAI protocol.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .accounting import ParameterCount, count_flops, count_parameters
from .checkpoint.reading import read_config
from .configuration_intern_s1 import PRESETS, InternS1Config


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 0 if the name or folder was understood, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m intern_s1_model")
    commands = parser.add_subparsers(dest="command", required=True)
    describe = commands.add_parser("describe", help="parameters, memory and cache of a model")
    describe.add_argument("model", help=f"one of {sorted(PRESETS)}, or a folder with config.json")
    server = commands.add_parser("serve", help="serve a saved model over HTTP (OpenAI protocol)")
    server.add_argument("folder", help="folder with a saved model and processor")
    server.add_argument("--host", default="localhost")
    server.add_argument("--port", type=int, default=8000)
    server.add_argument("--device", default="auto", help="auto, cpu, cuda:0, ...")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "serve":
            from .integrations.serve import serve

            serve(
                arguments.folder,
                host=arguments.host,
                port=arguments.port,
                device=arguments.device,
            )
            return 0
        if arguments.model in PRESETS:
            config = InternS1Config.preset(arguments.model)
        elif Path(arguments.model).is_dir():
            config = read_config(arguments.model)
        else:
            raise ValueError(
                f"{arguments.model!r} is neither a preset ({sorted(PRESETS)}) nor a folder."
            )
        print(describe_model(arguments.model, config))
    except (ImportError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def describe_model(name: str, config: InternS1Config) -> str:
    """Format the parameter table of a configuration."""
    count: ParameterCount = count_parameters(config)
    lines = [f"{name}", f"{'part':<14}{'parameters':>20}{'active per token':>20}"]
    for part, number in count.per_part.items():
        if number:
            lines.append(f"{part:<14}{number:>20,}{count.active_per_part[part]:>20,}")
    lines.append(f"{'total':<14}{count.total:>20,}{count.active:>20,}")
    token, tile = count_flops(config, [1]), count_flops(config, [], num_tiles=1)
    lines += [
        "",
        f"memory, bfloat16     {_with_unit(count.bf16_bytes, 'B')}",
        f"memory, FP8 release  {_with_unit(count.fp8_bytes, 'B')}",
        f"KV cache per token   {_with_unit(count.kv_cache_bytes_per_token, 'B')} in bfloat16",
        f"forward per token    {_with_unit(token.forward, 'FLOP')}, attention to others apart",
        f"forward per tile     {_with_unit(tile.forward, 'FLOP')}",
    ]
    return "\n".join(lines)


def _with_unit(value: float, unit: str) -> str:
    """Format with a decimal prefix, such as 481.42 GB."""
    for prefix in ("", "k", "M", "G"):
        if value < 1000:
            return f"{value:>10,.2f} {prefix}{unit}"
        value /= 1000
    return f"{value:>10,.2f} T{unit}"


if __name__ == "__main__":
    sys.exit(main())
