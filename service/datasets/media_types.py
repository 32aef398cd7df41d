"""Media types, and recognising one by a body's first bytes for clients that send none, or only a default."""

import json
import re

from service.datasets.signatures import is_text

JSON = "application/json"
CSV = "text/csv"
NPZ = "application/x-npz"
PARQUET = "application/vnd.apache.parquet"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
JSONL = "application/jsonl"
NDJSON = "application/x-ndjson"
RAW = "application/octet-stream"  # numbers alone, whose type and shape are said elsewhere
FILE_TYPES = (CSV, PARQUET, ARROW_STREAM, ARROW_FILE, JSONL, NDJSON, NPZ)  # they are streamed to disk, JSON is not

# types that say nothing about what is in the bytes; a browser asks before it sends one of them to another origin
UNSPECIFIC = frozenset({RAW, "application/gzip", "application/x-gzip", "application/zstd"})

SIGNATURES = (
    (b"PK\x03\x04", NPZ),
    (b"PK\x05\x06", NPZ),
    (b"PAR1", PARQUET),
    (b"ARROW1\0\0", ARROW_FILE),
    (b"\xff\xff\xff\xff", ARROW_STREAM),  # the mark before the length of an Arrow stream's first message
)
BLANK = b"\xef\xbb\xbf \t\r\n"
JSON_START = re.compile(rb"\{\s*[\"}]|\[\s*[\[{]")
NAMES = {
    JSON: "JSON",
    CSV: "CSV",
    NPZ: "NPZ",
    PARQUET: "Parquet",
    ARROW_STREAM: "Arrow",
    ARROW_FILE: "Arrow",
    JSONL: "JSON Lines",
    NDJSON: "JSON Lines",
}


def guess_media_type(head: bytes) -> str:
    """Return the type that a signature or an opening bracket shows, otherwise CSV.

    Objects that follow each other, each on a line of its own, are JSON Lines; a single one is JSON.
    """
    text = head.lstrip(BLANK)
    if text[:1] in (b"{", b"["):
        return JSONL if has_object_a_line(text) else JSON
    return _by_signature(head) or CSV


def has_object_a_line(text: bytes) -> bool:
    """Return whether a line with one whole JSON object comes first, and then another object."""
    line, _, rest = text.partition(b"\n")
    if not line.startswith(b"{") or not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def looks_like(head: bytes) -> str | None:
    """Return the type that a body of a wrongly declared type surely has; None when its first bytes do not show it."""
    text = head.lstrip(BLANK)
    if JSON_START.match(text):
        return JSONL if has_object_a_line(text) else JSON
    return _by_signature(head)


def _by_signature(head: bytes) -> str | None:
    for signature, kind in SIGNATURES:
        if head.startswith(signature) and not is_text(head[:64]):
            return kind
    return None
