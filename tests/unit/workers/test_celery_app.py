"""The worker's parent process: it forks, so it loads no NumPy and opens no database."""

import json
import os
import subprocess
import sys
from pathlib import Path

# Runs a real worker until it is ready, then writes what its parent has loaded and connected to a file.
PARENT = """
import json, os, signal, sys
from pathlib import Path
from celery import signals
from sqlalchemy import event
from sqlalchemy.pool import Pool
from workers.__main__ import main

parent, connected = os.getpid(), []
event.listen(Pool, "connect", lambda *_: connected.append(os.getpid()))

@signals.worker_ready.connect
def report(**_):
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    Path(sys.argv[1]).write_text(json.dumps({"loaded": loaded, "connections": connected.count(parent)}))
    os.kill(parent, signal.SIGTERM)

sys.exit(main())
"""
OF_CHILDREN = {"numpy", "scipy", "numba", "llvmlite", "pyarrow", "simdjson", "safetensors", "flask"}


def test_the_parent_loads_no_numpy_and_opens_no_database(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
    environment = {
        **inherited,
        "BACKPROP_DATA_DIR": str(tmp_path),
        "BACKPROP_QUEUE_URL": f"filesystem://{tmp_path / 'queue'}",
        "BACKPROP_WORKERS": "1",
        "BACKPROP_KERNELS": "numpy",
    }
    file = tmp_path / "report.json"
    command = [sys.executable, "-c", PARENT, str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert file.exists(), done.stderr
    report = json.loads(file.read_text())
    assert not OF_CHILDREN & set(report["loaded"])
    assert {"celery", "billiard", "sqlalchemy"} <= set(report["loaded"])
    assert report["connections"] == 0


def test_the_run_of_a_job_is_what_loads_numpy() -> None:
    program = "import json, sys, workers.run.run; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "numpy" in json.loads(done.stdout)
