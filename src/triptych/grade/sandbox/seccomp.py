"""The sandbox's system-call filter, as a seccomp program.

It is assembled here instead of through libseccomp: a list of call numbers and three checks of an argument need
neither a C library on the grader's machine nor a binding to it.
"""

from __future__ import annotations

import platform
import struct

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97

#: Calls that fail with EPERM. Numbers on x86_64 and on aarch64 (None: not there).
DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and file handles
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    # new namespaces
    "unshare": (272, 97),
    "setns": (308, 268),
    # parts of the kernel with a history of vulnerabilities and no use for a notebook
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "lookup_dcookie": (212, 18),
    "vhangup": (153, 58),
    "ioperm": (173, None),
    "iopl": (172, None),
    "modify_ldt": (154, None),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    # memory that no process holds, which is not counted where there are no control groups
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
}

#: Calls that fail with ENOSYS, as on an old kernel, so that the C library uses an older call.
ABSENT: dict[str, tuple[int, int]] = {
    # its flags are behind a pointer, which a filter cannot follow
    "clone3": (435, 435),
    # runs other calls without the filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}

CLONE = (56, 220)
SOCKET = (41, 198)
IOCTL = (16, 29)
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
#: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: the families that a network namespace confines, unlike AF_VSOCK.
CONFINED_FAMILIES = (1, 2, 10, 16)
#: TIOCSTI types into a terminal, TIOCLINUX pastes into it.
TERMINAL_INPUT = (0x5412, 0x541C)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6] (both little-endian)
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW = 0x7FFF0000


def _refuse(errno: int) -> int:
    return 0x00050000 | errno


class UnknownMachineError(Exception):
    """There is no filter for this processor."""


def program(machine: str | None = None) -> bytes:
    """The filter, as an array of `struct sock_filter`.

    Args:
        machine: a processor as `platform.machine()` names it, by default this one.

    Raises:
        UnknownMachineError: There is no filter for this processor.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise UnknownMachineError(f"no system-call filter for {machine}, only for {' and '.join(_MACHINES)}")
    column, architecture = _MACHINES[machine]
    code: list[tuple[int, int, int, int]] = []

    def put(operation: int, value: int, then: int = 0, otherwise: int = 0) -> None:
        code.append((operation, then, otherwise, value))

    def refuse_when(operation: int, value: int, errno: int) -> None:
        put(operation, value, 0, 1)
        put(_RETURN, _refuse(errno))

    put(_LOAD, _ARCH)
    put(_EQUAL, architecture, 1, 0)
    put(_RETURN, _refuse(EPERM))  # a 32-bit program, whose calls have other numbers
    put(_LOAD, _NR)
    if machine == "x86_64":
        refuse_when(_AT_LEAST, _X32, EPERM)
    for numbers in DENIED.values():
        number = numbers[column]
        if number is not None:
            refuse_when(_EQUAL, number, EPERM)
    for absent in ABSENT.values():
        refuse_when(_EQUAL, absent[column], ENOSYS)
    # Calls that depend on an argument. Each block returns, so the number is still loaded for the next one.
    put(_EQUAL, CLONE[column], 0, 4)
    put(_LOAD, _ARG0)
    refuse_when(_ANY_BIT, NEW_NAMESPACES, EPERM)
    put(_RETURN, _ALLOW)
    put(_EQUAL, SOCKET[column], 0, 2 * len(CONFINED_FAMILIES) + 2)
    put(_LOAD, _ARG0)
    for family in CONFINED_FAMILIES:
        put(_EQUAL, family, 0, 1)
        put(_RETURN, _ALLOW)
    put(_RETURN, _refuse(EAFNOSUPPORT))
    put(_EQUAL, IOCTL[column], 0, 2 * len(TERMINAL_INPUT) + 2)
    put(_LOAD, _ARG1)
    for request in TERMINAL_INPUT:
        refuse_when(_EQUAL, request, EPERM)
    put(_RETURN, _ALLOW)
    put(_RETURN, _ALLOW)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
