"""Trains published results over HTTP and compares them: `make reproduce MNIST=mnist.npz`.

Starts a service of its own with two workers in a temporary folder, trains every row, prints each as it is done, and
writes docs/reproduction.md. `ROWS="xor deep-2"` runs some rows and writes nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.classics import DATASETS, NEURON_ROWS, TASK_ROWS
from benchmarks.jobs import NotTrained, ended
from benchmarks.measuring import Measured, measure
from benchmarks.plain_client import Client
from benchmarks.published import ERROR_ROWS, MNIST_ROWS
from benchmarks.report import Line, page, table
from benchmarks.rows import Row
from service.config import Settings
from service.ops.listening import free_port
from service.ops.supervisor import running

ROWS: tuple[Row, ...] = (*NEURON_ROWS, *TASK_ROWS, *MNIST_ROWS, *ERROR_ROWS)
PAGE = Path(__file__).parent.parent / "docs" / "reproduction.md"
COMMAND = "make reproduce MNIST=mnist.npz"
WORKERS = 2


def main() -> int:
    arguments = _arguments()
    rows = [row for row in ROWS if not arguments.rows or row.key in arguments.rows]
    began, lines = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", port=free_port(), workers=WORKERS, log_level="warning")
        with running(settings):
            client = Client(f"http://127.0.0.1:{settings.port}")
            client.wait_until_ready()
            _upload(client, arguments.mnist)
            for line in _compare(client, rows):
                lines.append(line)
                print(table([line]).splitlines()[-1], flush=True)
                if not arguments.rows:
                    PAGE.write_text(page(lines, COMMAND, (time.monotonic() - began) / 60))
    return 0 if all(line.measured.inside for line in lines) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.reproduce", description="Compare with published results.")
    parser.add_argument("mnist", type=_file, help="the path of mnist.npz")
    known = [row.key for row in ROWS]
    parser.add_argument("--rows", nargs="*", default=[], choices=known, metavar="ROW", help=", ".join(known))
    return parser.parse_args()


def _file(path: str) -> Path:
    if not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{path} is not a file; give the path of mnist.npz: {COMMAND}")
    return Path(path)


def _upload(client: Client, mnist: Path) -> None:
    data = mnist.read_bytes()
    client.send("PUT", "/v1/datasets/mnist?scale=255", data, "application/x-npz")
    test = "/v1/datasets/mnist-test?scale=255&inputs=x_test&targets=y_test"
    client.send("PUT", test, data, "application/x-npz")
    for dataset in DATASETS.values():
        client.send("POST", "/v1/datasets", dataset)


def _compare(client: Client, rows: Sequence[Row]) -> Iterator[Line]:
    """Submit all jobs at once, so that no worker idles; yield the rows in order as their jobs end."""
    sent = [[client.send("POST", "/v1/jobs", body)["id"] for body in row.jobs] for row in rows]
    for row, ids in zip(rows, sent, strict=True):
        try:
            yield Line(row, measure(row, client, [ended(client, job) for job in ids]))
        except NotTrained as error:
            yield Line(row, Measured(str(error), "", inside=False))


if __name__ == "__main__":
    sys.exit(main())
