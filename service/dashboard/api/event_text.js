/** The text of server-sent events, as a service writes it: lines that end with a line feed. */

/**
 * Return the events that a text has, and what is left at its end of an event that has not arrived whole.
 *
 * @param {string} text
 * @returns {{events: {type: string, data: string}[], left: string}}
 */
export function eventsIn(text) {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const left = blocks.pop() ?? "";
  const events = blocks.flatMap((block) => {
    const lines = block.split("\n");
    const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""));
    const type = lines.find((line) => line.startsWith("event:"))?.slice(6).trim() ?? "message";
    return data.length ? [{ type, data: data.join("\n") }] : [];
  });
  return { events, left };
}
