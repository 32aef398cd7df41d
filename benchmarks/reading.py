"""Measures how fast tables are read into datasets, and in how much memory: `make bench-read`.

Writes files of the kinds that people have into a temporary folder, reads each in a process of its own with every option
on `auto`, and prints seconds and processor seconds per gigabyte and the peak of the resident memory. Then it reads the
same million rows as CSV and as Parquet in turn, and prints the seconds of both and their ratio.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq

from service.datasets.columnar.reader import read_parquet
from service.datasets.csv.reader import read_csv
from service.datasets.options import MIB, Limits, ReadOptions

GIGABYTE = 10**9
ROWS = 20_000  # that a file repeats, with other numbers
WANTED_SECONDS, WANTED_MEMORY = 30.0, 400 * MIB
WANTED_SHARE = 1 / 3  # of a CSV's seconds, for the same rows in Parquet
ROUNDS = 5
PARQUET = "parquet"

Rows = Callable[[np.random.Generator], list[str]]


def numbers(random: np.random.Generator) -> list[str]:
    """Ten measurements of six digits, and a class."""
    values, classes = random.normal(size=(ROWS, 10)), random.integers(0, 5, ROWS)
    return [",".join(f"{v:.6g}" for v in row) + f",class_{c}" for row, c in zip(values.tolist(), classes, strict=True)]


def mixed(random: np.random.Generator) -> list[str]:
    """Numbers of which some are NA, whole numbers, dates, categories in quotes, and codes with leading zeros."""
    values = random.normal(size=(ROWS, 4)).tolist()
    missing, whole = random.random(ROWS) < 0.15, random.integers(0, 10_000, ROWS).tolist()
    return [
        f"{'NA' if gone else format(a, '.6g')},{b:.6g},{n},2024-{n % 12 + 1:02}-{n % 28 + 1:02},"
        f'"kind, {n % 50}",{n % 900:05},{d:.3f}'
        for (a, b, _, d), gone, n in zip(values, missing.tolist(), whole, strict=True)
    ]


def decimal_commas(random: np.random.Generator) -> list[str]:
    """Ten measurements with decimal commas, between semicolons."""
    return [";".join(f"{v:.6g}".replace(".", ",") for v in row) for row in random.normal(size=(ROWS, 10)).tolist()]


KINDS: dict[str, tuple[str, Rows]] = {
    "numbers": (",".join(f"x{n}" for n in range(10)) + ",class", numbers),
    "mixed": ("a,b,n,day,kind,code,y", mixed),
    "decimal-commas": (";".join(f"x{n}" for n in range(10)), decimal_commas),
}


def write_file(path: Path, kind: str, size: int) -> None:
    """Write a file of about so many bytes."""
    random = np.random.default_rng(1)
    header, rows = KINDS[kind]
    with path.open("w") as stream:
        stream.write(header + "\n")
        while stream.tell() < size:
            stream.write("\n".join(rows(random)) + "\n")


def measure(kind: str, size: int) -> None:
    """Read a file in this process and print a row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in.csv")
        write_file(source, kind, size)
        before = resource.getrusage(resource.RUSAGE_SELF)
        begin = time.perf_counter()
        table = read_csv(source, ReadOptions(), Limits(), Path(folder, "out.npy"))
        seconds = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_SELF)
        gigabytes = source.stat().st_size / GIGABYTE
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"| {kind} | {gigabytes:.2f} GB, {table.rows:,} rows | {seconds / gigabytes:.1f} |"
        f" {processor / gigabytes:.1f} | {after.ru_maxrss * 1024 / MIB:.0f} MiB |",
        flush=True,
    )


def compare() -> None:
    """Read the same million rows as CSV and as Parquet in turn; print a row of the table."""
    random = np.random.default_rng(1)
    readers = {"csv": read_csv, PARQUET: read_parquet}
    seconds: dict[str, list[float]] = {form: [] for form in readers}
    with tempfile.TemporaryDirectory() as folder:
        files = {form: Path(folder, f"in.{form}") for form in readers}
        with files["csv"].open("w") as stream:
            stream.write(KINDS["numbers"][0] + "\n")
            for _ in range(1_000_000 // ROWS):
                stream.write("\n".join(numbers(random)) + "\n")
        pq.write_table(pyarrow.csv.read_csv(files["csv"]), files[PARQUET])
        for _ in range(ROUNDS):
            for form, read in readers.items():
                begin = time.perf_counter()
                table = read(files[form], ReadOptions(), Limits(), Path(folder, "out.npy"))
                seconds[form].append(time.perf_counter() - begin)
    csv, parquet = (statistics.median(seconds[form]) for form in readers)
    print(f"| {table.rows:,} x {len(table.columns)} | {csv:.2f} | {parquet:.2f} | {parquet / csv:.2f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200, help="the size of each file")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--here", choices=[*KINDS, PARQUET], help="measure one kind in this process")
    chosen = parser.parse_args(arguments)
    if chosen.here == PARQUET:
        compare()
        return
    if chosen.here:
        measure(chosen.here, chosen.megabytes * 10**6)
        return
    print(f"wanted: at most {WANTED_SECONDS:.0f} s a gigabyte on 2 cores, and {WANTED_MEMORY / MIB:.0f} MiB")
    print("| file | size | s/GB | processor s/GB | peak memory |\n|---|---|---|---|---|", flush=True)
    for kind in chosen.kinds:
        own = [sys.executable, "-m", "benchmarks.reading", "--here", kind, "--megabytes", str(chosen.megabytes)]
        subprocess.run(own, check=True)
    print(f"\nwanted: Parquet in at most {WANTED_SHARE:.2f} of the CSV's seconds; medians of {ROUNDS} rounds in turn")
    print("| rows and columns | CSV, s | Parquet, s | ratio |\n|---|---|---|---|", flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.reading", "--here", PARQUET], check=True)


if __name__ == "__main__":
    main()
