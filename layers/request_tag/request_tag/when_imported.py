"""Acts on a module once it is imported, by whoever and from wherever: it is neither imported nor looked for before.

`importlib.util`, which could find the module, takes longer to import than this package.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Act = Callable[[ModuleType], object]


def when_imported(name: str, act: Act) -> None:
    """Call `act` with the module: now where it is imported already, else as soon as it is. `act` raises nothing.

    Two of one name and one act are one. Where another thread imports the module meanwhile, it may be called twice.
    """
    finder = _Finder(name, act)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)
    if name in sys.modules:
        finder.remove()
        act(import_module(name))  # which waits for a thread that is still importing it


class _Finder:
    """Finds the one module as the others do, and has its loader act; it goes once that is done."""

    def __init__(self, name: str, act: Act) -> None:
        self._what = (name, act)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Finder) and self._what == other._what

    def __hash__(self) -> int:
        return hash(self._what)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        wanted, act = self._what
        if name != wanted:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None) if finder is not self else None
            spec: ModuleSpec | None = find(name, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _ActingLoader(spec.loader, act, self.remove)  # type: ignore[assignment,arg-type]
                return spec
        return None

    def remove(self) -> None:
        """From the list of finders, whoever of the equal ones stands there."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder != self]


class _ActingLoader:
    """The module's own loader, which acts afterwards. The module is told of its own loader only."""

    def __init__(self, loader: Loader, act: Act, remove: Callable[[], None]) -> None:
        self._loader = loader
        self._act = act
        self._remove = remove

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._remove()
        self._act(module)
