"""Runs `wrk`, which sends one request again and again over some connections, and reads what it has counted."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8
WARM_SECONDS = 1
LUA = """\
local file = assert(io.open({body}, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "{media_type}"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("counted %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True)
class Counted:
    """What one run has counted: requests a second, and the seconds within which half and 99 of 100 were answered."""

    rate: float
    p50: float
    p99: float


def run(url: str, body: bytes, media_type: str, seconds: int, folder: Path) -> Counted:
    """Send a body for so long; raises for any answer that is no success."""
    sent, script = folder / "body", folder / "request.lua"
    sent.write_bytes(body)
    script.write_text(LUA.format(body=f'"{sent}"', media_type=media_type))
    _wrk(url, WARM_SECONDS, script)
    requests, micros, p50, p99, errors = _wrk(url, seconds, script)
    if errors or not requests:
        raise RuntimeError(f"{url}: {errors} of {requests} requests failed")
    return Counted(requests / micros * 1e6, p50 / 1e6, p99 / 1e6)


def _wrk(url: str, seconds: int, script: Path) -> list[int]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in printed.splitlines() if line.startswith("counted "))
    return [int(number) for number in line.split()[1:]]
