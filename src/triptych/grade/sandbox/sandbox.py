"""A piece of Python in a sandbox from beginning to end, and whether sandboxes work on this machine."""

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
from triptych.grade.sandbox.bubblewrap import SandboxError, too_old
from triptych.grade.sandbox.limits import Limits
from triptych.grade.sandbox.zygote import Zygote, ZygoteSpec


@dataclass(frozen=True)
class CompletedRun:
    """What a piece of code in a sandbox left: return code (negative: the signal) and output, cut to the limit."""

    returncode: int
    stdout: str
    stderr: str
    #: why the sandbox ended it, if it did
    verdict: str | None = None


def run(
    code: str,
    *,
    seconds: float = 30.0,
    limits: Limits | None = None,
    hide: Sequence[Path] = (),
    imports: Sequence[str] = (),
    zygote: Zygote | None = None,
    **child: Any,
) -> CompletedRun:
    """Runs Python in a sandbox of its own and ends it after `seconds`.

    zygote: where it comes from; one is made, with `hide` and `imports`, when none is given.
    child: further arguments of `Zygote.spawn`. Raises SandboxError.
    """
    limits = limits or Limits()
    with contextlib.ExitStack() as over:
        if zygote is None:
            zygote = Zygote(ZygoteSpec(hide=tuple(hide), imports=tuple(imports)), limits)
            over.callback(zygote.close)
        pipes = [os.pipe(), os.pipe()]
        told = {os.fdopen(read, "rb", 0): bytearray() for read, _ in pipes}
        for stream in told:
            over.enter_context(stream)
        try:
            made = zygote.spawn(code, limits=limits, streams=[write for _, write in pipes], **child)
        finally:
            for _, write in pipes:
                os.close(write)
        over.callback(made.close)
        until = time.monotonic() + seconds
        verdict = None
        with selectors.DefaultSelector() as selector:
            for stream in told:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map() and verdict is None:
                left = until - time.monotonic()
                if left <= 0:
                    verdict = f"It took longer than {seconds:g} s, and was ended."
                for key, _ in selector.select(max(left, 0)):
                    chunk = os.read(key.fd, 65536)
                    told[key.fileobj].extend(chunk)  # type: ignore[index]
                    if not chunk:
                        selector.unregister(key.fileobj)
                    if sum(map(len, told.values())) > limits.output_bytes:
                        verdict = f"It printed more than {limits.output_bytes / 1e6:g} MB, and was ended."
        if verdict is not None:
            made.kill()
        returncode = made.wait(20.0)
        out, err = (bytes(text)[: limits.output_bytes].decode(errors="replace") for text in told.values())
        return CompletedRun(-9 if returncode is None else returncode, out, err, made.verdict or verdict)


@functools.cache
def available() -> str | None:
    """None when sandboxes work here; else one sentence with the fix. Makes one to find out, once a process."""
    try:
        seccomp.program()
        if too_old():
            return "This bubblewrap is older than 0.5 and lacks --perms: install a newer one."
        told = run("print('in the sandbox')", seconds=60)
    except SandboxError as error:
        return str(error)
    except seccomp.UnknownMachineError as error:
        return f"There is {error}: grade on such a machine."
    except OSError as error:
        return f"bubblewrap does not start ({error}): reinstall it."
    if told.returncode == 0 and told.stdout == "in the sandbox\n":
        return None
    return (
        f"A sandbox could be made but Python did not run in it: {(told.stderr.strip().splitlines() or ['no word'])[-1]}"
    )


__all__ = ["CompletedRun", "available", "run"]
