"""Cuts uploads off, everywhere, and counts what was stored of them: `python -m benchmarks.cut_uploads`.

About 200 KB of each format are sent to a service of its own and end too early: after every 100th byte, by FIN and by
RST, with a Content-Length and in chunks. Formats that say themselves where they end are also cut before they are sent,
whole as far as HTTP is concerned. Prints a table; exits with 1 when anything of a cut upload was stored.
"""

import argparse
import gzip
import io
import json
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from benchmarks.latency import started
from benchmarks.report import machine
from benchmarks.sockets import ask, wait_until_ready

EVERY = 100
CHUNK_BYTES = 8000
HOW = ("FIN", "RST")
FRAMED = ("length", "chunked")
HOLDS = "after the whole body"
NO_LINGER = struct.pack("ii", 1, 0)
BOUNDARY = "dataset-boundary"
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Upload:
    """A body and its type. `shows_cuts`: whether the bytes themselves say where they end, whatever HTTP says."""

    name: str
    media_type: str
    data: bytes
    shows_cuts: bool = False


@dataclass
class Figures:
    """What was answered, by format and by how the upload was cut; and the names of datasets that were stored."""

    answers: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)

    def add(self, name: str, how: str, answer: str) -> None:
        self.answers.setdefault((name, how), Counter())[answer] += 1

    @property
    def hold(self) -> bool:
        """Whether every answer was a 400, or could not be read as the client had reset the connection."""
        return not self.stored and all(not answers.keys() - {"400", "-"} for answers in self.answers.values())


def uploads(size: int = 200_000) -> Iterator[Upload]:
    """Yield a body of about that many bytes in each format, with a row's end wherever a row can end."""
    rows = size // 24
    numbers = np.random.default_rng(1).integers(0, 10**7, (rows, 2))
    classes = ["setosa" if a < b else "virginica" for a, b in numbers.tolist()]
    csv = "a,b,class\n" + "".join(f"{a},{b},{name}\n" for (a, b), name in zip(numbers.tolist(), classes, strict=True))
    records = [{"a": a, "b": b, "class": name} for (a, b), name in zip(numbers.tolist(), classes, strict=True)]
    text = csv.encode()
    yield Upload("CSV", "text/csv", text)
    yield Upload("JSON", "application/json", json.dumps({"rows": records[: rows // 2]}).encode(), True)
    yield Upload(
        "JSON Lines", "application/jsonl", b"".join(json.dumps(one).encode() + b"\n" for one in records[: rows // 2])
    )
    yield Upload("NPZ", "application/x-npz", _npz(size), True)
    table = pa.table({"a": numbers[:, 0], "b": numbers[:, 1].astype(float), "class": classes})
    yield Upload("Parquet", "application/vnd.apache.parquet", _parquet(table), True)
    yield Upload("Arrow", "application/vnd.apache.arrow.stream", _arrow(table), True)
    yield Upload("form", f"multipart/form-data; boundary={BOUNDARY}", _form(text), True)
    yield Upload("CSV, gzip", "text/csv", _longer(text, size, gzip.compress), True)
    yield Upload("CSV, zstd", "text/csv", _longer(text, size, zstd.compress), True)


def _npz(size: int) -> bytes:
    stream = io.BytesIO()
    values = np.random.default_rng(2).random((size // 40, 4))
    np.savez(stream, x=values, y=(values.sum(axis=1) > 2).astype(float))
    return stream.getvalue()


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="none")
    return stream.getvalue()


def _arrow(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _form(text: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\n'
    return head.encode() + text + f"\r\n--{BOUNDARY}--\r\n".encode()


def _longer(text: bytes, size: int, pack: Callable[[bytes], bytes]) -> bytes:
    """Pack so many rows, in three members, that about `size` bytes come out."""
    header, _, rows = text.partition(b"\n")
    third = len(rows) // 3
    parts = [header + b"\n" + rows[:third], rows[third : 2 * third], rows[2 * third :]]
    packed = b"".join(pack(part) for part in parts)
    while len(packed) < size:
        packed += b"".join(pack(part) for part in parts[1:])
    return packed


def chunks(data: bytes) -> bytes:
    """Return the body as chunks, with the last one."""
    parts = (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def send(port: int, upload: Upload, framing: str, cut: int | None, how: str, path: str = "") -> str:
    """Send a body, or its first `cut` bytes; return the status of the answer, `-` when there is none."""
    if framing == "chunked":
        header, body = "Transfer-Encoding: chunked", chunks(upload.data)
    else:
        header, body = f"Content-Length: {len(upload.data)}", upload.data
    path = path or f"/v1/datasets?name={dataset_of(upload)}"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {upload.media_type}\r\n{header}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as client:
        client.sendall(head.encode() + body[:cut])
        if how == "RST":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            return "-"
        if how == "FIN":
            client.shutdown(socket.SHUT_WR)
        answer = client.recv(65536)
        return answer[9:12].decode() if answer.startswith(b"HTTP/1.1 ") else "-"


def dataset_of(upload: Upload) -> str:
    return "cut-" + upload.name.lower().replace(", ", "-").replace(" ", "-")


def cut_everywhere(port: int, every: int = EVERY, size: int = 200_000) -> Figures:
    """Cut each format after every `every`-th byte, in each way; return what came of it."""
    figures = Figures()
    for upload in uploads(size):
        for framing in FRAMED:
            length = len(chunks(upload.data) if framing == "chunked" else upload.data)
            for how in HOW:
                for cut in range(every, length, every):
                    figures.add(upload.name, f"{framing}, {how}", send(port, upload, framing, cut, how))
        if upload.shows_cuts:
            for cut in range(every, len(upload.data), every):
                short = Upload(upload.name, upload.media_type, upload.data[:cut])
                figures.add(upload.name, HOLDS, send(port, short, "length", None, HOLDS))
        figures.stored += [one["name"] for one in json.loads(ask(port, "GET", "/v1/datasets")[1])["data"]]
    return figures


def check_whole(port: int, size: int = 200_000) -> None:
    """Raise `AssertionError` unless every format is stored when it is not cut, framed in both ways."""
    for upload in uploads(size):
        for framing in FRAMED:
            status = send(port, upload, framing, None, HOLDS)
            assert status == "201", f"{upload.name}, {framing}: {status}"
            ask(port, "DELETE", f"/v1/datasets/{dataset_of(upload)}")


def table(figures: Figures) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield "| format | cut | uploads | answered 400 | reset, no answer | others |"
    yield "|---|---|---|---|---|---|"
    for (name, how), answers in figures.answers.items():
        others = {answer: count for answer, count in answers.items() if answer not in ("400", "-")}
        shown = ", ".join(f"{count} x {answer}" for answer, count in others.items()) or "0"
        yield f"| {name} | {how} | {answers.total()} | {answers['400']} | {answers['-']} | {shown} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=EVERY, help="bytes between two cuts")
    parser.add_argument("--size", type=int, default=200_000, help="bytes of an upload")
    options = parser.parse_args(arguments)
    print(machine())
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "data") as (port, _):
        wait_until_ready(port)
        check_whole(port, options.size)
        figures = cut_everywhere(port, options.every, options.size)
    print("\n".join(table(figures)))
    total = sum(answers.total() for answers in figures.answers.values())
    print(f"{total:,} uploads cut off in {time.perf_counter() - began:.0f} s; stored: {figures.stored or 'none'}")
    return 0 if figures.hold else 1


if __name__ == "__main__":
    sys.exit(main())
