"""Runs a piece of Python in a sandbox, and finds out whether sandboxing works on this machine."""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.grade.sandbox import seccomp
from triptych.grade.sandbox.bubblewrap import SandboxError, is_too_old
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import Zygote, ZygoteSpec


@dataclass(frozen=True)
class CompletedRun:
    """The result of a piece of Python in a sandbox.

    Attributes:
        returncode: exit code, negative for the signal that ended it.
        stdout: standard output, cut at the limit.
        stderr: standard error, cut at the limit.
        kill_reason: why it was killed, if it exceeded a limit.
    """

    returncode: int
    stdout: str
    stderr: str
    kill_reason: str | None = None


def run(
    code: str,
    *,
    timeout_s: float = 30.0,
    limits: Limits | None = None,
    hide: Sequence[Path] = (),
    imports: Sequence[str] = (),
    zygote: Zygote | None = None,
    **spawn_options: Any,
) -> CompletedRun:
    """Runs Python in a sandbox of its own.

    Args:
        code: Python to run.
        timeout_s: wall time after which it is killed.
        limits: limits on the process.
        hide: folders that are empty in the sandbox; not with `zygote`.
        imports: modules to import before; not with `zygote`.
        zygote: where it is forked from; by default a zygote is created for this run.
        spawn_options: further arguments of `Zygote.spawn`.

    Returns:
        Exit code and output.

    Raises:
        SandboxError: The sandbox cannot be created.
    """
    limits = limits or Limits()
    with contextlib.ExitStack() as stack:
        if zygote is None:
            zygote = stack.enter_context(
                contextlib.closing(Zygote(ZygoteSpec(hide=tuple(hide), imports=tuple(imports)), limits))
            )
        pipes = [os.pipe(), os.pipe()]
        outputs = {stack.enter_context(os.fdopen(read, "rb", 0)): bytearray() for read, _ in pipes}
        try:
            child = zygote.spawn(code, limits=limits, streams=[write for _, write in pipes], **spawn_options)
        finally:
            for _, write in pipes:
                os.close(write)
        stack.enter_context(contextlib.closing(child))
        end = time.monotonic() + timeout_s
        kill_reason = None
        with selectors.DefaultSelector() as selector:
            for stream, output in outputs.items():
                selector.register(stream, selectors.EVENT_READ, output)
            while selector.get_map() and kill_reason is None:
                left_s = end - time.monotonic()
                if left_s <= 0:
                    kill_reason = f"It took longer than {timeout_s:g} s, and was ended."
                for key, _ in selector.select(max(left_s, 0)):
                    chunk = os.read(key.fd, 65536)
                    key.data.extend(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    if sum(map(len, outputs.values())) > limits.output_bytes:
                        kill_reason = f"It printed more than {limits.output_bytes / 1e6:g} MB, and was ended."
        if kill_reason is not None:
            child.kill()
        returncode = child.wait(20.0)
        out, err = (bytes(text)[: limits.output_bytes].decode(errors="replace") for text in outputs.values())
        return CompletedRun(-9 if returncode is None else returncode, out, err, child.kill_reason or kill_reason)


@functools.cache
def find_problem() -> str | None:
    """Creates a sandbox, once for each process, to find out whether that works.

    Returns:
        None if sandboxing works on this machine, otherwise the problem and its fix.
    """
    try:
        seccomp.program()
        if is_too_old():
            return "bubblewrap is older than 0.5 and lacks --perms: install a newer version."
        result = run("print('in the sandbox')", timeout_s=60)
    except SandboxError as error:
        return str(error)
    except seccomp.UnknownMachineError as error:
        return f"There is {error}: grade on such a machine."
    except OSError as error:
        return f"bubblewrap does not start ({error}): reinstall it."
    if result.returncode == 0 and result.stdout == "in the sandbox\n":
        return None
    reason = (result.stderr.strip().splitlines() or ["no error message"])[-1]
    return f"Python does not run in the sandbox: {reason}"


__all__ = ["CompletedRun", "find_problem", "run"]
