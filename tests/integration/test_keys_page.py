"""The commands of docs/keys.md, run by a shell against a real service, one after another."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.integration.service import Service
from tests.programs import need

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_commands_do_what_the_page_says(tmp_path: Path, kernels: None) -> None:
    need("bash", "curl")
    assert len(BLOCKS) == 7
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "backprop").write_text(f'#!/bin/sh\nexec {sys.executable} -m service.ops.cli "$@"\n')
    (tools / "backprop").chmod(0o755)
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="2") as service:
        script = "".join(f"echo '== {number}'\n{block}\necho\n" for number, block in enumerate(BLOCKS))
        outer = {**os.environ, **service.environment, "PYTHONPATH": str(PAGE.parents[1])}
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("localhost:8000", f"127.0.0.1:{service.port}")],
            env={**outer, "PATH": f"{tools}:{os.environ['PATH']}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first, make, replace, students, share, page, audit = re.split(r"== \d\n", ran.stdout)[1:]
    assert '"status":401' in first and '"object":"list"' in first
    assert '"key":"bp_' in make and '"status":"succeeded"' in make
    assert "is revoked" in replace and replace.index('"status":401') < replace.index('"name":"xor"')
    assert "2 keys" in students and "Ann Lee,ann-lee," in students
    assert '"epoch":0' in share and '"status":403' in share
    assert '"predictions":[' in page
    assert "backprop keys create" in audit and '"object":"change"' in audit
    secrets = set(re.findall(r"bp_[0-9A-Za-z]{61}", ran.stdout))
    assert len(secrets) == 1  # of the key that was made over HTTP
    log = service.log.read_text()
    assert not re.search(r"bp_[0-9A-Za-z]{20}", log)
