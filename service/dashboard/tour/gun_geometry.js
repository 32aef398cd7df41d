/** Where the nodes and edges of the tour's network are drawn. */

const MARGIN = { x: 46, top: 40, bottom: 24 };

/** @typedef {{x: number, y: number, layer: number, unit: number, value: number | null}} Node  layer -1 has the inputs */
/** @typedef {{from: Node, to: Node, weight: number, width: number}} Edge */

/**
 * Return the nodes with their activations, or with their deltas, and the edges with their weights.
 *
 * @param {any} trace of one row
 * @param {"forward" | "backward"} direction
 * @param {number} width
 * @param {number} height
 * @returns {{nodes: Node[], edges: Edge[], columns: {layer: number, x: number}[]}}
 */
export function gunGeometry(trace, direction, width, height) {
  const values = [
    direction === "forward" ? trace.inputs[0] : trace.inputs[0].map(() => null),
    ...trace.forward.map((/** @type {any} */ layer) =>
      direction === "forward" ? layer.activations[0] : trace.backward.find((/** @type {any} */ each) => each.layer === layer.layer).delta[0],
    ),
  ];
  const columns = values.map((_, index) => ({ layer: index - 1, x: MARGIN.x + (index * (width - 2 * MARGIN.x)) / (values.length - 1) }));
  const nodes = values.map((column, index) =>
    column.map((/** @type {number | null} */ value, /** @type {number} */ unit) => ({
      x: columns[index].x,
      y: MARGIN.top + ((unit + 0.5) * (height - MARGIN.top - MARGIN.bottom)) / column.length,
      layer: index - 1,
      unit,
      value,
    })),
  );
  const weights = trace.update.map((/** @type {any} */ layer) => layer.before.weights);
  const most = Math.max(...weights.flat(2).map(Math.abs)) || 1;
  const edges = weights.flatMap((/** @type {number[][]} */ matrix, /** @type {number} */ layer) =>
    matrix.flatMap((row, input) =>
      row.map((weight, unit) => ({ from: nodes[layer][input], to: nodes[layer + 1][unit], weight, width: 0.75 + (3.5 * Math.abs(weight)) / most })),
    ),
  );
  return { nodes: nodes.flat(), edges, columns };
}
