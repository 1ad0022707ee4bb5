"""Configuration: a TOML file, overridden by `key=value` assignments, checked by one pydantic model.

Every message names the file and the line where there is one, the key, what was got and what was
expected; an unknown key also gets the nearest known one.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from intern_runs.errors import ConfigError

Config = TypeVar("Config", bound=BaseModel)

MAX_CONFIG_BYTES = 1_000_000


def load_config(
    cls: type[Config],
    path: str | Path | None = None,
    assignments: Iterable[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read, override and check a configuration.

    Args:
        cls: The pydantic model; it should forbid extra keys.
        path: TOML file, `config.json` of a run, or None for the model's defaults.
        assignments: `dotted.key=value` strings, later ones winning; values are TOML values, and
            what is no TOML value is taken as a string.
        overrides: Dotted keys set last, for flags such as `--seed`; None values are left out.

    Returns:
        The checked configuration.

    Raises:
        ConfigError: Missing or unreadable file, TOML syntax, unknown key, wrong type or value.
    """
    text = "" if path is None else _read(Path(path))
    values = _parse(text, path)
    origins: dict[str, str] = {}
    for assignment in assignments:
        key, value = parse_assignment(assignment)
        _assign(values, key, value)
        origins[key] = f"--set {assignment}"
    for key, value in (overrides or {}).items():
        if value is not None:
            _assign(values, key, value)
            origins[key] = f"--{key.rsplit('.', 1)[-1].replace('_', '-')} {value}"
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(cls, error, text, path, origins)) from None


def parse_assignment(assignment: str) -> tuple[str, Any]:
    """Split `dotted.key=value` and read the value as TOML, or as a string if it is none.

    Raises:
        ConfigError: If there is no `=`, or the key is empty or malformed.
    """
    key, sign, raw = assignment.partition("=")
    if not sign or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", key.strip()):
        raise ConfigError(
            f"--set needs key=value, for example --set rl.steps=20; got {assignment!r}"
        )
    try:
        return key.strip(), tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), raw.strip()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: a configuration is at most {MAX_CONFIG_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file; check the path") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: a folder, expected a TOML file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}), expected TOML") from None


def _parse(text: str, path: str | Path | None) -> dict[str, Any]:
    if path is not None and Path(path).suffix == ".json":
        return _parse_json(text, path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line.group(1)}" if line else f"{path}"
        raise ConfigError(f"{where}: not valid TOML: {error}") from None


def _parse_json(text: str, path: str | Path) -> dict[str, Any]:
    """Read the configuration that a run folder keeps."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ConfigError(f"{path}:{line}: not valid JSON: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: got a JSON {type(values).__name__}, expected an object")
    return values


def _assign(values: dict[str, Any], key: str, value: Any) -> None:
    *parents, leaf = key.split(".")
    table = values
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{key}: {parent!r} is a value, not a table of keys")
    table[leaf] = value


def _explain(
    cls: type[BaseModel],
    error: ValidationError,
    text: str,
    path: str | Path | None,
    origins: Mapping[str, str],
) -> str:
    parts = []
    for item in error.errors():
        names = [str(part) for part in item["loc"]]
        key = ".".join(names)
        where = next((origin for k, origin in origins.items() if key.startswith(k)), None)
        if where is None and path is not None:
            line = _line_of(text, names)
            where = f"{path}:{line}" if line else str(path)
        if item["type"] == "extra_forbidden":
            message = f"unknown key {key!r}{_nearest(cls, names)}"
        else:
            got = f"; got {item['input']!r}" if item["loc"] and item["type"] != "missing" else ""
            message = f"{key or cls.__name__}: {item['msg'].removeprefix('Value error, ')}{got}"
        parts.append(f"{where}: {message}" if where else message)
    return "; ".join(parts)


def _nearest(cls: type[BaseModel], names: list[str]) -> str:
    model: Any = cls
    for name in names[:-1]:
        field = model.model_fields.get(name) if hasattr(model, "model_fields") else None
        model = field.annotation if field else None
    known = list(getattr(model, "model_fields", None) or getattr(model, "__dataclass_fields__", {}))
    close = difflib.get_close_matches(names[-1], known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known keys: {', '.join(known)}" if known else ""


def _line_of(text: str, names: list[str]) -> int | None:
    """Line of a key in TOML text: the key itself, else the innermost table that is there."""
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            here = table
        elif assigned := re.match(r"\s*([\w.\-\"']+)\s*=", line):
            here = table + [part.strip("\"'") for part in assigned.group(1).split(".")]
        else:
            continue
        if here == names[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None
