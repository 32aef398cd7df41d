"""The names under which worker processes hold jobs and report that they are alive.

A process id means something only within one PID namespace of one running kernel: containers that share the host's
network, and so its name, each count their processes from 1. A name therefore says which namespace its ids belong to.
"""

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")
TOKEN_CHARACTERS = 16


@dataclass(frozen=True)
class ProcessName:
    """A process: the namespace in which process ids are comparable, its parent's id and its own.

    Earlier releases stored the host's name alone as the namespace, which no process has now: how such a process ended
    cannot be looked up, so its jobs are released when their lease expires.
    """

    namespace: str
    parent: int
    pid: int

    @classmethod
    def parse(cls, name: str) -> "ProcessName":
        namespace, parent, pid = name.rsplit(":", 2)
        return cls(namespace, int(parent), int(pid))

    def __str__(self) -> str:
        return f"{self.namespace}:{self.parent}:{self.pid}"


def pid_namespace() -> str:
    """Return the host's name with a token of the PID namespace that this process is in.

    On systems without readable namespaces, such as macOS, the token is random: call this in the parent before it forks.
    """
    try:
        identity = f"{BOOT_ID.read_text().strip()} {os.stat(PID_NAMESPACE).st_ino}"
    except OSError:
        token = secrets.token_hex(TOKEN_CHARACTERS // 2)
    else:
        token = hashlib.sha256(identity.encode()).hexdigest()[:TOKEN_CHARACTERS]
    return f"{socket.gethostname()}:{token}"
