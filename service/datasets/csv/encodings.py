"""Character encodings of text files: by byte-order mark, as the client says, else UTF-8."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from service.datasets.options import MIB
from service.errors import Invalid, Malformed

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CODECS = {"latin-1": "latin-1", "windows-1252": "cp1252"}


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file, and the length of its byte-order mark."""

    name: str
    mark: int = 0


def encoding_of(head: bytes, wanted: str | None) -> Encoding:
    """Return the encoding of a file that begins with these bytes; `wanted` is what the client said.

    Raises
    ------
    Invalid
        When the byte-order mark contradicts the client, or none says which UTF-16 it is.
    """
    mark, marked = next(((mark, name) for mark, name in MARKS if head.startswith(mark)), (b"", None))
    if marked == "utf-32":
        raise Invalid("the file is UTF-32; write it as UTF-8")
    if marked and wanted and marked != wanted and not (wanted == "utf-16" and marked.startswith(wanted)):
        raise Invalid.at("?encoding", f"is {wanted}, but the file begins with the byte-order mark of {marked}")
    if wanted == "utf-16" and marked is None:
        raise Invalid.at(
            "?encoding", "says UTF-16, but the file has no byte-order mark: say `utf-16-le` or `utf-16-be`"
        )
    return Encoding(marked or wanted or "utf-8", len(mark))


def recode(source: Path, encoding: Encoding, destination: Path) -> None:
    """Write a text file as UTF-8 without a byte-order mark.

    Raises
    ------
    Malformed
        With the first byte that is not of that encoding.
    """
    decoder = codecs.getincrementaldecoder(CODECS.get(encoding.name, encoding.name))()
    position = encoding.mark
    with source.open("rb") as stream, destination.open("wb") as target:
        stream.seek(position)
        while block := stream.read(MIB):
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                place = position - pending + error.start
                raise Malformed(
                    f"the file is not {encoding.name}: byte {place} is 0x{error.object[error.start]:02x}"
                ) from None
            if encoding.name == "latin-1":
                _refuse_controls(text, position)
            target.write(text.encode())
            position += len(block)
        if decoder.getstate()[0]:
            raise Malformed(f"the file is not {encoding.name}: it ends within a character")


def _refuse_controls(text: str, position: int) -> None:
    """Refuse control characters that are letters and signs in windows-1252, which is often called latin-1."""
    for index, character in enumerate(text if not text.isascii() else ""):
        if "\x80" <= character <= "\x9f":
            byte = f"byte {position + index} is 0x{ord(character):02x}"
            raise Invalid(
                f"{byte}, a control character in latin-1; windows-1252 has it as text: `encoding=windows-1252`"
            )


def not_utf8(position: int, byte: int) -> Malformed:
    """Return the error for a file that has a byte that is not UTF-8."""
    return Malformed(
        f"the file is not UTF-8: byte {position} is 0x{byte:02x}; if it is in a Western European encoding,"
        " say `encoding=latin-1` or `encoding=windows-1252`"
    )
