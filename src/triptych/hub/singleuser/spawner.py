"""The spawner: a real Unix user's server, within limits, closed to others.

jupyterhub's LocalProcessSpawner knows `mem_limit` and `cpu_limit` and enforces neither. Here each person
has a control group for server, kernels and terminals together; where there are no control groups, limits
of each process are what is left (`RLIMIT_AS`, `RLIMIT_NPROC`), and `hub up` says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import pwd
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer, Unicode

from triptych.hub.singleuser.cgroups import Group, Groups

#: JAX and OpenBLAS reserve address space that they never touch.
SLACK = 4 * 2**30


@functools.cache
def _turns() -> asyncio.Semaphore:
    """Servers start in turn, a few a processor: a whole class at once would slow each other down for minutes."""
    return asyncio.Semaphore(2 * (os.cpu_count() or 1))


class CourseSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """Servers of people who need not trust each other, on one machine."""

    group_name = Unicode("triptych-hub", help="name of the hub's control group").tag(config=True)
    runtime_folder = Unicode("/run/triptych-hub", help="where kernels' sockets lie, a closed folder a person").tag(
        config=True
    )
    process_limit = Integer(400, help="processes and threads of one person").tag(config=True)

    def _groups(self) -> Groups:
        return Groups(self.group_name)

    def _group(self) -> Group:
        return self._groups().group(self.user.name)

    async def start(self) -> Any:
        self._make_runtime_folder()
        groups = self._groups()
        self._opened = groups.open(
            self.user.name,
            memory=int(self.mem_limit),
            cpus=float(self.cpu_limit),
            processes=self.process_limit,
        )
        if self._opened is None:
            self.log.warning("no control group for %s (%s): limits hold a process only", self.user.name, groups.why_not)
        async with _turns():
            address = await super().start()
            await self._wait_until_it_listens(*address)
        return address

    async def _wait_until_it_listens(self, host: str, port: int) -> None:
        """Most of what starting costs is over then; whether all is well the hub finds out itself."""
        until = time.monotonic() + self.http_timeout
        while time.monotonic() < until and await self.poll() is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return
            await asyncio.sleep(0.1)

    async def stop(self, now: bool = False) -> None:
        await super().stop(now)
        self._group().remove()
        shutil.rmtree(self._own_runtime_folder(), ignore_errors=True)

    def _own_runtime_folder(self) -> Path:
        return Path(self.runtime_folder) / str(pwd.getpwnam(self.user.name).pw_uid)

    def _make_runtime_folder(self) -> None:
        """Kernels listen on sockets in here: on TCP anyone on the machine could read a kernel's output."""
        entry = pwd.getpwnam(self.user.name)
        Path(self.runtime_folder).mkdir(mode=0o755, exist_ok=True)
        folder = self._own_runtime_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def get_env(self) -> dict[str, str]:
        return super().get_env() | {"JUPYTER_RUNTIME_DIR": str(self._own_runtime_folder())}

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        become: Callable[[], None] = super().make_preexec_fn(name)
        entrances = [] if self._opened is None else self._opened.entrances
        memory, processes = int(self.mem_limit) + SLACK, self.process_limit

        def preexec() -> None:
            for entrance in entrances:
                descriptor = os.open(entrance, os.O_WRONLY)
                os.write(descriptor, b"0")
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if not entrances:
                resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            os.umask(0o077)
            become()

        return preexec
