/** What can be seen of a file before it is sent: its format, and the first lines of a table as text. Nothing is computed of the rest. */

export const PREVIEW_BYTES = 64 * 1024;

/** The first bytes of formats that are not text. */
const MAGIC = /** @type {[string, number[]][]} */ ([
  ["Parquet", [0x50, 0x41, 0x52, 0x31]],
  ["Arrow", [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]],
  ["Arrow", [0xff, 0xff, 0xff, 0xff]],
  ["NPZ", [0x50, 0x4b, 0x03, 0x04]],
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
]);
const DELIMITERS = [",", ";", "\t", "|"];
const NAMED = /** @type {Record<string, string>} */ ({ comma: ",", semicolon: ";", tab: "\t", pipe: "|", space: " " });
const LINES = 100; // that decide about the delimiter
const NUMBER_OR_DATE = /^\s*[+-]?(\d[\d.,' ]*|\.\d+)(e[+-]?\d+)?\s*$|^\d{4}-\d\d-\d\d/i;

/**
 * Return what the first bytes of a file say that it is.
 *
 * @param {Uint8Array} bytes
 */
export function formatOf(bytes) {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (found) return found[0];
  const first = bytes.find((byte) => ![0xef, 0xbb, 0xbf, 0x09, 0x0a, 0x0d, 0x20].includes(byte));
  return first === 0x7b || first === 0x5b ? "JSON" : "CSV";
}

/**
 * Return bytes as text; what does not belong to the encoding becomes a replacement character.
 *
 * @param {Uint8Array} bytes
 * @param {string} encoding empty: what the byte-order mark says, else UTF-8
 */
export function decoded(bytes, encoding) {
  const [first, second] = bytes;
  const marked = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  const named = encoding === "latin-1" ? "windows-1252" : encoding.replace(/^utf-16-/, "utf-16");
  return new TextDecoder(named || marked).decode(bytes, { stream: true });
}

/**
 * Return the delimiter that cuts each of the first lines into the same number of cells, at least two; a comma where none does.
 *
 * @param {string} text
 */
export function guessedDelimiter(text) {
  const fits = DELIMITERS.filter((delimiter) => {
    const counts = cellsOf(text, delimiter, LINES).map((cells) => cells.length);
    return counts.length > 0 && counts[0] > 1 && counts.every((each) => each === counts[0]);
  });
  return fits[0] ?? ",";
}

/**
 * Return the delimiter that an option means.
 *
 * @param {string} option empty, a name or the character itself
 * @param {string} text
 */
export function delimiterOf(option, text) {
  return option ? NAMED[option] ?? option : guessedDelimiter(text);
}

/**
 * Cut the first lines of a CSV into cells; a last line that the text cuts off is left out.
 *
 * @param {string} text
 * @param {string} delimiter
 * @param {number} most lines, without blank ones
 */
export function cellsOf(text, delimiter, most) {
  /** @type {string[][]} */
  const lines = [];
  let cells = /** @type {string[]} */ ([]);
  let cell = "";
  let isQuoted = false;
  const end = () => {
    if (cells.length || cell) lines.push([...cells, cell]);
    [cells, cell] = [[], ""];
  };
  for (let at = 0; at < text.length && lines.length < most; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else isQuoted = false;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") end();
    else cell += character;
  }
  return lines;
}

/**
 * Return the names of the columns that the first line gives, or that the service would make up, and the lines of data.
 *
 * @param {string[][]} lines
 * @param {string} header "true", "false" or empty
 */
export function tableOf(lines, header) {
  const [first = []] = lines;
  const isHeader = header === "true" || (header === "" && !first.some((cell) => NUMBER_OR_DATE.test(cell)));
  const names = first.map((cell, index) => (isHeader && cell.trim() ? cell : `column_${index + 1}`));
  return { names, isHeader, rows: isHeader ? lines.slice(1) : lines };
}
