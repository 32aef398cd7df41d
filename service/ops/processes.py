"""Functions about processes: whether another is alive, how to end with the parent, and what threads share."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8  # of malloc.h
ARENAS = 2  # each thread has one of its own otherwise, which keeps the most that it ever held
API_PARENT = "API_PARENT_PROCESS"  # the variable that holds the process id of the API's parent


def is_alive(pid: int) -> bool:
    """Return whether a process with that id exists, under any user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def die_with_parent(parent: int) -> None:
    """Kill this process when its parent ends for any reason: by the kernel on Linux, else by polling."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def share_heaps() -> None:
    """Have the threads of this process share their heaps, under GNU's C library; to be called before they start."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)
