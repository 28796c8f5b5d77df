"""How the values of a test cell are sent to the sandbox: as plain data, or by a name that both sides know."""

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from triptych.grade.guest import codec

#: Libraries whose functions and classes are sent by name, because the sandbox has them too.
LIBRARIES = frozenset(("builtins", "cmath", "jax", "math", "numpy", "operator", "scipy", "sympy"))
PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, np.ndarray, np.generic)


class FromSandbox(str):
    """Text from the sandbox. sympy must not parse it, because its parser evaluates text as Python."""

    __slots__ = ()

    def _sympy_(self) -> NoReturn:
        raise TypeError("Text from a submission is never converted to an expression.")


class SetupNames:
    """The objects that setup cells define and that are not plain data: they are sent by name.

    Args:
        setup: the namespace of the setup cells on the grader's side.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self._names = {
            id(value): name
            for name, value in setup.items()
            if value is not None and not isinstance(value, PLAIN) and not is_jax_array(value)
        }
        self._modules = {name: value for name, value in setup.items() if isinstance(value, ModuleType)}

    def name_of(self, value: Any) -> str | None:
        """The name in setup cells, also `np.sin` for an attribute of a module; None if there is no such name."""
        return self._names.get(id(value)) or self._attribute(value)

    def _attribute(self, value: Any) -> str | None:
        name = getattr(value, "__name__", None)
        if not isinstance(name, str) or not callable(value) or name.startswith("_"):
            return None
        for module_name, module in self._modules.items():
            if getattr(module, name, None) is value:
                return f"{module_name}.{name}"
        return None


def encodable(value: Any, setup: SetupNames) -> tuple[bytes, Any] | None:  # noqa: PLR0911 - one line for each type
    """How `codec.Encoder` is to send a value that it does not know.

    Returns:
        A tag and its payload; an empty tag for plain data to send instead. None if there is no way to send it.
    """
    if isinstance(value, str):
        return b"", str.__str__(value)
    if isinstance(value, np.ndarray):
        return b"", np.asarray(value).view(np.ndarray)
    if is_jax_array(value):
        return codec.JAX, np.asarray(value)
    name = setup.name_of(value)
    if name is not None:
        return codec.SETUP, name
    path = import_path(value)
    if path is not None:
        return codec.IMPORTED, path
    if type(value).__module__.partition(".")[0] == "sympy":
        return codec.SYMPY, sys.modules["sympy"].srepr(value)
    for container in (dict, list, tuple, set):
        if isinstance(value, container):
            return b"", container(value)
    return None


def overwrite(target: Any, content: Any) -> None:
    """Replaces the content of an array, list, dict or set in place.

    Args:
        target: the object to change.
        content: an array of the same shape and type, or a tuple of the items.

    Raises:
        TypeError: `content` does not fit `target`.
        ValueError: `target` is read-only, or the items of a dict are not pairs.
    """
    if isinstance(target, np.ndarray):
        if not isinstance(content, np.ndarray) or (content.shape, content.dtype) != (target.shape, target.dtype):
            raise TypeError
        target[...] = content
    elif type(content) is not tuple:
        raise TypeError
    elif isinstance(target, list):
        target[:] = content
    else:
        items: Any = dict(content) if isinstance(target, dict) else set(content)
        target.clear()
        target.update(items)


def is_jax_array(value: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)


def import_path(value: Any) -> str | None:
    """`module:name` of a library's function or class."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] not in LIBRARIES:
        return None
    try:
        imported = operator.attrgetter(name)(sys.modules[module])
    except (KeyError, AttributeError):
        return None
    return f"{module}:{name}" if imported is value else None
