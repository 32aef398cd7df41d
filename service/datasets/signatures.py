"""Names files that are no table for what they are, by their first bytes, with the way to a table.

Most people who send an Excel workbook or a picture know that it is one; the sentence says what to send in its place.
"""

import re

AS_TABLE = "save the table as CSV, or write it with pandas' `df.to_parquet(...)`"
AS_ARRAYS = "write the arrays with `np.savez(file, x=..., y=...)`"
WORKBOOK = f"an Excel workbook (.xlsx); {AS_TABLE}"
OPEN_DOCUMENT = f"an OpenDocument file; {AS_TABLE}"
PICTURE = f"no table; decode the pictures to pixels, and {AS_ARRAYS}"
PICKLE = f"a pickle, which is not read as it could run code; {AS_TABLE}, or {AS_ARRAYS}"
UNPACK = "is read when packed with gzip or zstd; unpack it first"
STATISTICS = "read it with pandas and write it with `df.to_parquet(...)`"

# what a file starts with, what it is, and the way out; the text is to follow "the body is"
FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an Excel workbook of the old form (.xls); {AS_TABLE}"),
    (b"%PDF-", f"a PDF document; {AS_TABLE}"),
    (b"\x89PNG\r\n\x1a\n", f"a PNG picture, {PICTURE}"),
    (b"\xff\xd8\xff", f"a JPEG picture, {PICTURE}"),
    (b"GIF87a", f"a GIF picture, {PICTURE}"),
    (b"GIF89a", f"a GIF picture, {PICTURE}"),
    (b"II*\0", f"a TIFF picture, {PICTURE}"),
    (b"MM\0*", f"a TIFF picture, {PICTURE}"),
    (b"\x93NUMPY", f"a single NumPy array (.npy), which has no names; {AS_ARRAYS}"),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file; read its arrays with h5py and {AS_ARRAYS}, or {AS_TABLE}"),
    (b"SQLite format 3\0", "an SQLite database; export a table: `sqlite3 -header -csv FILE 'select * from t'`"),
    (b"Obj\x01", f"an Avro file; {AS_TABLE}"),
    (b"\xfd7zXZ\0", f"a file packed with xz; a table {UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive; a table {UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; a table {UNPACK}"),
    (b"\x04\x22\x4d\x18", f"a file packed with LZ4; a table {UNPACK}"),
    (b"\x1f\x8b", "a file packed twice; unpack it once"),
    (b"\x28\xb5\x2f\xfd", "a file packed twice; unpack it once"),
    (b"\0\0\x08\x01", f"an IDX file of labels, as MNIST is published; read it with NumPy and {AS_ARRAYS}"),
    (b"\0\0\x08\x03", f"an IDX file of pictures, as MNIST is published; read it with NumPy and {AS_ARRAYS}"),
    (b"MATLAB 5.0 MAT-file", f"a MATLAB file; read it with scipy.io.loadmat and {AS_ARRAYS}"),
    (b"RDX2\n", "an R workspace; write the data frame with `write.csv(df, file, row.names = FALSE)`"),
    (b"RDX3\n", "an R workspace; write the data frame with `write.csv(df, file, row.names = FALSE)`"),
    (b"X\n\0\0\0", "an R object (.rds); write the data frame with `write.csv(df, file, row.names = FALSE)`"),
    (b"<stata_dta>", f"a Stata file; {STATISTICS}"),
    (b"$FL2", f"an SPSS file; {STATISTICS}"),
)
# words that a header of CSV may begin with too: they count when other bytes than text follow
FOREIGN_BEFORE_BYTES = (
    (b"FEA1", "a Feather file of version 1; write it with `df.to_feather(...)` of a recent pandas, or as Parquet"),
    (b"PARE", "an encrypted Parquet file; write it without encryption"),
    (b"ORC", f"an ORC file; {AS_TABLE}"),
)
ZIP = b"PK\x03\x04"
WORKBOOK_MEMBERS = ("[Content_Types].xml", "_rels/", "docProps/", "xl/")
TAR_MARK, TAR_AT = b"ustar", 257
BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
PICKLES = re.compile(rb"\x80[\x02-\x05][\x00-\xff]")
SAFETENSORS = re.compile(rb"[\x00-\xff]{3}\x00{5}\{\"")
HTML = re.compile(rb"(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|table)\b", re.IGNORECASE | re.DOTALL)
XML = re.compile(rb"<\?xml\b|<svg\b", re.IGNORECASE)
ARFF = re.compile(rb"(%[^\n]*\n|\s)*@relation\b", re.IGNORECASE)
LIBSVM = re.compile(rb"[+-]?[\d.eE+-]+( +qid:\d+)?( +\d+:[\d.eE+-]+)+ *\r?\n")


def what_it_is(head: bytes) -> str | None:
    """Return what a file that is no table is, and the way out; None when its first bytes do not show it."""
    for start, what in FOREIGN:
        if head.startswith(start):
            return what
    for start, what in FOREIGN_BEFORE_BYTES:
        if head.startswith(start) and not is_text(head[:64]):
            return what
    if head.startswith(ZIP):
        return _zip_by_first_member(head)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return f"a WebP picture, {PICTURE}"
    if head[TAR_AT : TAR_AT + len(TAR_MARK)] == TAR_MARK:
        return "a tar archive; send the file with the table by itself"
    if BZIP2.match(head):
        return f"a file packed with bzip2; a table {UNPACK}"
    if PICKLES.match(head):
        return PICKLE
    if SAFETENSORS.match(head):
        return f"a safetensors file, which holds a network's parameters; {AS_ARRAYS}"
    return _what_text_is(head)


def what_zip_is(members: list[str]) -> str:
    """Return what a zip archive without arrays is, by the names of its members, and the way out."""
    if any(name.startswith("xl/") for name in members):
        return WORKBOOK
    if "mimetype" in members and "content.xml" in members:
        return OPEN_DOCUMENT
    if any(name.endswith("data.pkl") for name in members):
        return f"what `torch.save` writes, a pickle, which is not read as it could run code; {AS_ARRAYS}"
    files = [name for name in members if not name.endswith("/")]
    if not files:
        return "a zip archive with nothing in it"
    first = files[0][:60].encode("utf-8", "backslashreplace").decode()
    return f"a zip archive without arrays (.npy); unpack it and send the file with the table, perhaps `{first}`"


def _zip_by_first_member(head: bytes) -> str | None:
    length = int.from_bytes(head[26:28], "little")
    name = head[30 : 30 + length].decode("utf-8", "replace")
    if name.startswith(WORKBOOK_MEMBERS) or WORKBOOK_MEMBERS[0].encode() in head:
        return WORKBOOK if b"word/" not in head and b"ppt/" not in head else "an Office document; " + AS_TABLE
    if name == "mimetype" and b"opendocument" in head[30:200]:
        return OPEN_DOCUMENT
    return None


def _what_text_is(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if HTML.match(text):
        return f"an HTML page, perhaps of an error or a login in place of the file, or saved as .xls; {AS_TABLE}"
    if XML.match(text):
        return f"XML; {AS_TABLE}"
    if ARFF.match(text):
        return f"an ARFF file; read it with scipy.io.arff or Weka, and {AS_TABLE}"
    if LIBSVM.match(text):
        return f"a file of LIBSVM's format; read it with scikit-learn's `load_svmlight_file`, and {AS_ARRAYS}"
    return None


def is_text(data: bytes) -> bool:
    """Return whether bytes have no control characters but tabs and line ends."""
    return all(byte >= 32 or byte in b"\t\r\n" for byte in data)
