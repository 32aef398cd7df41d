/** The numbers of the drawing as tables, for those who do not see it or want to copy them. */

import { counted } from "../parts/format.js";
import { layerName, unitName } from "../parts/notation.js";
import { signed } from "../parts/signed.js";
import { html, useState } from "../vendor/htm-preact.js";

/** @param {{explained: import("./explanations.js").Explained, columns: import("./columns.js").Column[], job: any}} props */
export function LayerTables({ explained, columns }) {
  const { numbers, layers, notation } = explained;
  const [isOpen, setOpen] = useState(false);
  return html`<details class="layer-tables" onToggle=${(/** @type {{target: HTMLDetailsElement}} */ event) => setOpen(event.target.open)}>
    <summary>The numbers as tables</summary>
    ${isOpen &&
    columns.map(
      ({ layer, size, units }) => html`<h3>${layerName(layer, notation, layers)}${units.length < size ? ` (${units.length} of ${counted(size, "unit")})` : ""}</h3>
      <div class="scroll"><table>
        <thead><tr><th scope="col">unit</th>${layer < 0 ? html`<th scope="col" class="number">value</th>` : ["bias", "z", "a", "delta"].map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
        <tbody>${units.map((unit) => {
          const own = layer < 0 ? null : numbers.layers[layer];
          const values = own ? [own.biases, own.z, own.a, own.delta].map((list) => list?.[unit]) : [numbers.inputs[unit]];
          return html`<tr key=${unit}><th scope="row">${unitName({ layer, unit }, notation, layers)}</th>
            ${values.map((value) => html`<td class="number">${value === undefined ? "–" : signed(value, 6)}</td>`)}</tr>`;
        })}</tbody>
      </table></div>`,
    )}
  </details>`;
}
