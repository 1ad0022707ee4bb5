"""The command line: `pcc-distill show features.safetensors --output maps.png`."""

import argparse
import sys
from pathlib import Path

from pcc_distill import __version__
from pcc_distill.errors import ConfigError, DistillError

CONFIGS = Path(__file__).parent / "configs"
EXIT_USER_ERROR = 2


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when done, 2 with one line on a mistake of the user."""
    parser = argparse.ArgumentParser(prog="pcc-distill", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser(
        "show", help="draw student, teacher and correlation maps of features"
    )
    source = show.add_mutually_exclusive_group(required=True)
    source.add_argument("features", nargs="?", help="file of pcc_distill.show.write_features")
    source.add_argument(
        "--mmdet", metavar="CONFIG", help="an MMDetection config of pcc_distill.Distill"
    )
    show.add_argument("--image", help="picture to look at, with --mmdet")
    show.add_argument("--checkpoint", help="the student's checkpoint, with --mmdet")
    show.add_argument("--output", default="features.png", help="PNG to write")
    config = commands.add_parser("config", help="print the path of a shipped MMDetection config")
    config.add_argument("name", nargs="?", help="for example retinanet/pkd_…; lists all without")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "config":
            print(config_path(arguments.name) if arguments.name else "\n".join(config_names()))
        else:
            _show(arguments)
            print(arguments.output)
    except DistillError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_USER_ERROR
    return 0


def config_names() -> list[str]:
    """Names of the shipped MMDetection configurations."""
    return sorted(str(path.relative_to(CONFIGS)) for path in CONFIGS.glob("*/*.py"))


def config_path(name: str) -> Path:
    """The file of a shipped configuration.

    Raises:
        ConfigError: If there is none of that name.
    """
    names = config_names()
    name = name.removeprefix("pcc_distill::")
    for candidate in (name, f"{name}.py"):
        if candidate in names:
            return CONFIGS / candidate
    raise ConfigError(f"no shipped configuration {name!r}; there are: {', '.join(names)}")


def _show(arguments: argparse.Namespace) -> None:
    from pcc_distill.show import draw, read_features

    if arguments.mmdet is not None and not arguments.image:
        raise ConfigError("--mmdet needs --image, the picture to look at")
    try:
        import matplotlib.figure  # noqa: F401

        if arguments.mmdet is not None:
            from pcc_distill.integrations.mmdet import features_of_image
    except ImportError as error:
        extra = "show" if arguments.mmdet is None else "show,mmdet"
        raise ConfigError(
            f"show needs {error.name or error}, which is not installed; install "
            f"pcc-distill[{extra}] as its README says"
        ) from None
    if arguments.mmdet is None:
        found = read_features(arguments.features)
    else:
        found = features_of_image(arguments.mmdet, arguments.image, arguments.checkpoint)
    draw(found, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
