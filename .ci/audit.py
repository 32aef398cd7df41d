"""Asks whether advisories are known for the pinned dependencies: `make audit`.

It fails when pip-audit finds one that `requirements/advisories.txt` does not list with a reason, and when it cannot
read the pins. Where the service that has the advisories does not answer, or knows none of the packages, as mirrors of
the registry do, nothing could be asked: then it says so in one line and passes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ("requirements/dev.txt", "requirements/fast.txt")  # each has the pins of runtime.txt, too
ACCEPTED = ROOT / "requirements" / "advisories.txt"
SECONDS = 300.0
UNREACHED = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Max retries exceeded", "ServiceError")


def accepted(text: str) -> dict[str, str]:
    """Return the reasons by advisory from lines such as `GHSA-1 not reached: no XML is read`; raise without one."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.strip().partition(" ")
            if not reason.strip():
                raise ValueError(f"{ACCEPTED.name} lists {name} without a reason")
            found[name] = reason.strip()
    return found


def verdict(report: dict[str, Any], reasons: dict[str, str]) -> tuple[int, str]:
    """Return the exit code and what to say of pip-audit's report."""
    packages = report["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return 0, f"audit: no advisories could be asked for; the registry has none of {len(packages)} packages"
    found, listed = [], 0
    for package in asked:
        for advisory in package["vulns"]:
            names = [advisory["id"], *advisory.get("aliases", [])]
            if any(name in reasons for name in names):
                listed += 1
            else:
                fixed = ", ".join(advisory.get("fix_versions", [])) or "none yet"
                found.append(f"{package['name']} {package['version']}: {' '.join(names)}; fixed in {fixed}")
    if found:
        way = f"Raise the pins (`make pins`), or list an advisory with a reason in requirements/{ACCEPTED.name}."
        return 1, "\n".join([*found, way])
    left = f", {len(packages) - len(asked)} could not be asked for" if len(packages) > len(asked) else ""
    return 0, f"audit: no advisory for {len(asked)} packages but {listed} that are listed with a reason{left}"


def failure(words: str) -> tuple[int, str]:
    """Return the exit code and what to say when pip-audit made no report."""
    last = words.strip().rpartition("\n")[2]
    if any(word in words for word in UNREACHED):
        return 0, f"audit: no advisories could be asked for; the service does not answer: {last[:200]}"
    return 1, f"audit: pip-audit failed: {words.strip()[-2000:]}"


def main(program: str) -> int:
    options = ["--require-hashes", "--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
    pins = [word for name in PINS for word in ("-r", str(ROOT / name))]
    try:
        ran = subprocess.run([program, *options, *pins], capture_output=True, text=True, timeout=SECONDS)
        code, words = verdict(json.loads(ran.stdout), accepted(ACCEPTED.read_text()))
    except json.JSONDecodeError:
        code, words = failure(ran.stderr)
    except subprocess.TimeoutExpired:
        code, words = 0, f"audit: no advisories could be asked for; the service did not answer within {SECONDS:g} s"
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
