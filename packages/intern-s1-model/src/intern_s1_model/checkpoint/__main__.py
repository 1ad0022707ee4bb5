"""`python -m intern_s1_model.checkpoint verify FOLDER` and `... convert SOURCE TARGET`."""

import argparse
import sys
from collections.abc import Sequence

from intern_s1_model.errors import CheckpointError

from .reading import verify_checkpoint
from .writing import DTYPES, convert_checkpoint


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well, 1 if the files do not fit."""
    parser = argparse.ArgumentParser(prog="python -m intern_s1_model.checkpoint")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser(
        "verify", help="compare a folder's keys and shapes with config.json"
    )
    verify.add_argument("folder")
    convert = commands.add_parser("convert", help="rewrite a folder under the published keys")
    convert.add_argument("source")
    convert.add_argument("target")
    convert.add_argument("--dtype", choices=[*DTYPES, "fp8"], default="bfloat16")
    convert.add_argument("--max-shard-bytes", type=int, default=5 * 10**9)
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "verify":
            keys = verify_checkpoint(arguments.folder)
            print(f"{len(keys)} keys, none missing, extra or misshapen")
        else:
            number = convert_checkpoint(
                arguments.source,
                arguments.target,
                dtype=arguments.dtype,
                max_shard_bytes=arguments.max_shard_bytes,
            )
            print(f"wrote {number} tensors to {arguments.target}")
    except (CheckpointError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
