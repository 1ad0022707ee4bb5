"""Taking intermediate outputs of a module by name, with no hook left behind."""

import difflib
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle

from pcc_distill.errors import FeatureError

# What DistributedDataParallel and torch.compile put before the names of the module they wrap.
WRAPPERS = ("module", "_orig_mod")


def find_module(model: nn.Module, name: str, *, side: str = "model") -> nn.Module:
    """The submodule of a name, also inside DistributedDataParallel and compiled modules.

    Args:
        model: Where to look.
        name: Dotted name, as in `model.named_modules()`; "" is the model itself.
        side: What to call the model in messages.

    Returns:
        The submodule.

    Raises:
        FeatureError: If there is none; the message names near ones.
    """
    for wrapper in WRAPPERS:
        inner = getattr(model, wrapper, None)
        if isinstance(inner, nn.Module) and len(list(model.children())) == 1:
            return find_module(inner, name, side=side)
    modules = dict(model.named_modules())
    if name in modules:
        return modules[name]
    near = difflib.get_close_matches(name, modules, n=3) or [n for n, _ in model.named_children()]
    hint = f"did you mean {' or '.join(map(repr, near[:3]))}" if near else "it has no submodules"
    raise FeatureError(f"the {side} ({type(model).__name__}) has no module {name!r}; {hint}")


class FeatureTap:
    """Keeps the latest output of named submodules while it is open.

    Use it as a context manager: hooks are set on entering and removed on leaving, and the outputs
    are let go, so that models can be copied, pickled and saved in between.

    Args:
        model: The model to listen to.
        names: Dotted names of its submodules.
        side: What to call the model in messages.

    Raises:
        FeatureError: If a name is unknown.
    """

    def __init__(self, model: nn.Module, names: Iterable[str], *, side: str = "model") -> None:
        self.side = side
        self._model, self._names = model, sorted(set(names))
        for name in self._names:
            find_module(model, name, side=side)
        self._handles: list[RemovableHandle] = []
        self._outputs: dict[str, Any] = {}

    def __enter__(self) -> "FeatureTap":
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether hooks are set."""
        return bool(self._handles)

    def open(self) -> None:
        """Set the hooks; does nothing when they are set."""
        if self._handles:
            return
        for name in self._names:

            def keep(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> None:
                self._outputs[name] = output

            module = find_module(self._model, name, side=self.side)
            self._handles.append(module.register_forward_hook(keep))

    def close(self) -> None:
        """Remove the hooks and let the outputs go."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._outputs.clear()

    def take(self, name: str) -> Any:
        """The latest output of a submodule, which is then let go.

        Raises:
            FeatureError: If the submodule has not run since the last call.
        """
        if name not in self._outputs:
            state = (
                "has not run since its output was last taken" if self.is_open else "is not tapped"
            )
            raise FeatureError(
                f"the {self.side}'s module {name!r} {state}; run the {self.side} once per call, "
                "inside `with distiller.watch():`"
            )
        return self._outputs.pop(name)
