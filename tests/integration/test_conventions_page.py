"""The commands of docs/conventions.md, run by a shell against a real service, one after another."""

import os
import re
import subprocess
from pathlib import Path

from tests.integration.service import Service
from tests.programs import need

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
# of each block, in order, what its output has
EXPECTED = (
    ('"name":"shapes"',),
    ("202\n202\n200",),
    ("ETag:", "Content-Length:", "Allow: GET, HEAD, OPTIONS, POST"),
    ("200",),
    ("did you mean `optimizer.learning_rate`", "did you mean `/v1/jobs`", ":cancel"),
    ('rel="next"', '"epoch":38', '"epoch":39'),
    ('"status":"succeeded"', '"latest":', '"columns":[{"name":'),
    ('{"epoch":0', "epoch,training_loss", "/problems/not-acceptable", '  "status": "alive"'),
    ("201\n201",),
    ("`force` is not known", "the body is empty: send JSON"),
    ("bytes came", "200\n304"),
    ("201\n412",),
    ("202", "true", "was used for another body"),
    ("Preference-Applied: wait=60",),
    ("X-Request-Id: ticket-4711", '"request_id":"ticket-4711"'),
    ("204",),
)


def test_the_commands_do_what_the_page_says(tmp_path: Path, kernels: None) -> None:
    need("bash", "curl")
    assert len(BLOCKS) == len(EXPECTED)
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as service:
        script = "".join(f"echo '== {number}'\n{block}\necho\n" for number, block in enumerate(BLOCKS))
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("localhost:8000", f"127.0.0.1:{service.port}")],
            env=dict(os.environ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outputs = re.split(r"^== \d+\n", ran.stdout, flags=re.MULTILINE)[1:]
    for block, output, expected in zip(BLOCKS, outputs, EXPECTED, strict=True):
        for words in expected:
            assert words in output, (block, output)
    epochs = (tmp_path / "epochs.csv").read_text().splitlines()
    assert len(epochs) == 42 and epochs[0].startswith("epoch,training_loss")
