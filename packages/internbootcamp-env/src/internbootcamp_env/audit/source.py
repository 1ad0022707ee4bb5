"""Read the source of a family and what it uses, for what no task may contain."""

import ast
import inspect
import sys
from functools import cache, partial
from types import CodeType, ModuleType

from internbootcamp_env.task import Task

_CALLS = frozenset(
    {"eval", "exec", "compile", "__import__", "hash", "id", "input", "open", "print"}
)
_MODULES = frozenset(
    {"ctypes", "dill", "importlib", "locale", "marshal", "os", "pickle", "random", "secrets"}
    | {"shelve", "socket", "subprocess", "time", "uuid"}
)
_ATTRIBUTES = frozenset(
    {"literal_eval", "now", "parse_expr", "sympify", "today", "urandom", "utcnow"}
)


def module_of(task: Task) -> ModuleType:
    """Return the module that defines a task's generator."""
    return sys.modules[task.draw.__module__]


@cache
def own_modules(name: str) -> tuple[str, ...]:
    """Return the name of a module with those of all families and engines that it imports."""
    package = __name__.split(".")[0]
    found, waiting = {name}, [name]
    while waiting:
        for value in vars(sys.modules[waiting.pop()]).values():
            other = value.__name__ if isinstance(value, ModuleType) else _home(value)
            if (
                other.startswith((f"{package}.tasks.", f"{package}.engines."))
                and other not in found
            ):
                found.add(other)
                waiting.append(other)
    return tuple(sorted(found))


def _home(value: object) -> str:
    home = getattr(value, "__module__", "")
    return home if isinstance(home, str) and home in sys.modules else ""


@cache
def forbidden_in(name: str) -> tuple[str, ...]:
    """Return one line for each forbidden call, import or attribute in a module's source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except OSError:  # defined in an interactive session
        return ()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used = {node.func.id} & _CALLS
        elif isinstance(node, ast.Import):
            used = {alias.name.split(".")[0] for alias in node.names} & _MODULES
        elif isinstance(node, ast.ImportFrom):
            used = {(node.module or "").split(".")[0]} & _MODULES if not node.level else set()
        elif isinstance(node, ast.Attribute):
            used = {node.attr} & _ATTRIBUTES
        else:
            continue
        found += [f"{name}, line {node.lineno}: {what} is forbidden" for what in sorted(used)]
    return tuple(found)


def checker_source(task: Task) -> str:
    """Return the code that judges answers, for comparing tasks: checker, world or oracle."""
    judge = getattr(task, "world", None) or task.check or task.solve
    return _code(judge) + _code(task.answer)


def _code(value: object, depth: int = 0) -> str:
    """Write what a function does, with the values it has closed over, free of addresses."""
    if depth > 6:
        return "..."
    if isinstance(value, partial):
        parts = [value.func, *value.args, *sorted(value.keywords.items())]
        return "|".join(_code(part, depth + 1) for part in parts)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    code = getattr(value, "__code__", None)
    if code is None:
        return repr(value) if " at 0x" not in repr(value) else type(value).__qualname__
    constants = [item for item in code.co_consts if not isinstance(item, CodeType)]
    inner = [item.co_code.hex() for item in code.co_consts if isinstance(item, CodeType)]
    cells = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    closed = [_code(item, depth + 1) for item in (*cells, *(value.__defaults__ or ()))]
    return f"{code.co_code.hex()}{constants}{code.co_names}{inner}{closed}"
