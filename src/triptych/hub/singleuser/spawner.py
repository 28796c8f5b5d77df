"""The spawner: each server runs as its own Unix user, within limits and closed to other users.

JupyterHub's LocalProcessSpawner does not enforce `mem_limit` and `cpu_limit`. Here a control group holds each user's
server, kernels and terminals. On machines without control groups only limits per process remain (RLIMIT_AS,
RLIMIT_NPROC), and `hub up` warns about that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer, Unicode

from triptych.files import remove
from triptych.hub.singleuser.cgroups import REMOVE_TIMEOUT_S, Groups, UserGroup

#: JAX and OpenBLAS reserve address space that they never use.
UNUSED_ADDRESS_SPACE_BYTES = 4 * 2**30


class CourseSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """Starts servers of users who need not trust each other on one machine."""

    group_name = Unicode("triptych-hub", help="name of the hub's control group").tag(config=True)
    runtime_folder = Unicode(
        "/run/triptych-hub", help="folder of the kernels' sockets, with a closed folder for each user"
    ).tag(config=True)
    process_limit = Integer(400, help="processes and threads of one user").tag(config=True)

    #: Servers start a few per processor at a time. A whole class at once would slow every start down to minutes.
    starting: ClassVar[asyncio.Semaphore] = asyncio.Semaphore(2 * (os.cpu_count() or 1))
    _group: UserGroup | None = None

    async def start(self) -> Any:
        self._make_runtime_folder()
        try:
            self._group = Groups(self.group_name).create(
                self.user.name,
                memory_bytes=int(self.mem_limit),
                cpus=float(self.cpu_limit),
                processes=self.process_limit,
            )
        except OSError as error:
            self._group = None
            self.log.warning("No control group for %s (%s): limits hold per process only.", self.user.name, error)
        async with self.starting:
            address = await super().start()
            await self._wait_until_listening(*address)
        return address

    async def _wait_until_listening(self, host: str, port: int) -> None:
        """Most of a start's work is done then. The hub itself checks whether the server is healthy."""
        deadline = time.monotonic() + self.http_timeout
        while time.monotonic() < deadline and await self.poll() is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                return
            await asyncio.sleep(0.1)

    async def stop(self, now: bool = False) -> None:
        await super().stop(now)
        Groups(self.group_name).group(self.user.name).remove(REMOVE_TIMEOUT_S)
        with contextlib.suppress(OSError):
            remove(self._own_runtime_folder())

    def _own_runtime_folder(self) -> Path:
        return Path(self.runtime_folder) / str(pwd.getpwnam(self.user.name).pw_uid)

    def _make_runtime_folder(self) -> None:
        """Kernels listen on sockets in this folder. On TCP every user of the machine could read a kernel's output."""
        entry = pwd.getpwnam(self.user.name)
        Path(self.runtime_folder).mkdir(mode=0o755, exist_ok=True)
        folder = self._own_runtime_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def get_env(self) -> dict[str, str]:
        return super().get_env() | {"JUPYTER_RUNTIME_DIR": str(self._own_runtime_folder())}

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        become_user: Callable[[], None] = super().make_preexec_fn(name)
        group, processes = self._group, self.process_limit
        address_space_bytes = int(self.mem_limit) + UNUSED_ADDRESS_SPACE_BYTES

        def preexec() -> None:
            if group is not None:
                group.add(0)  # this process
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if group is None:
                resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
                resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
            os.umask(0o077)
            become_user()

        return preexec
