"""The commands at the top of `/docs`, pasted into a shell beside a service of their own."""

import subprocess
from pathlib import Path

from service.api.documentation.pages import START
from tests.integration.service import Service
from tests.programs import need


def test_the_commands_of_the_first_page_do_what_it_says(tmp_path: Path) -> None:
    need("curl")
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as running:
        commands = START.replace("localhost:8000", f"127.0.0.1:{running.port}")
        ended = subprocess.run(["bash", "-ec", commands], capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0 and '"predictions":' in ended.stdout.splitlines()[-1], ended.stdout
        assert running.get("/v1/jobs")["data"][0]["status"] == "succeeded"
