"""What the exit codes of these commands mean."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    SUCCEEDED = 0
    FAILED = 1  # the job
    REFUSED = 2  # an option, a file, or the request
    CANCELLED = 3  # the job
    NO_ANSWER = 4  # of the service, or one that says that it cannot work now
    INTERRUPTED = 130  # by Ctrl-C; the job goes on


OF_JOBS = {"succeeded": ExitCode.SUCCEEDED, "failed": ExitCode.FAILED, "cancelled": ExitCode.CANCELLED}
EXPLAINED = (
    "exit codes: 0 the job succeeded, 1 it failed, 2 the request was refused, 3 the job was cancelled, "
    "4 the service does not answer, 130 Ctrl-C"
)
