/** How the parameters of each layer are spread: at the chosen epoch, and over epochs of the training. */

import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { useFirst } from "../parts/first.js";
import { count, number } from "../parts/format.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { useSettled } from "../parts/settled.js";
import { html, useState } from "../vendor/htm-preact.js";
import { arraysOf, BINS } from "./histogram_bins.js";
import { nearestOf } from "./nearest_action.js";
import { Ridges } from "./ridges.js";

const AT_ONCE = 24;

/** @param {import("../parts/job_data.js").PartProps} props */
export function Histograms({ job, chosen }) {
  const epoch = useSettled(chosen.epoch);
  const path = `v1/jobs/${job.id}/epochs/${epoch}/histograms`;
  const answer = useResource(path, { bins: BINS });
  const nearest = nearestOf(answer.error);
  const [key, setKey] = useState(/** @type {string | null} */ (null));
  return html`
    ${
      nearest !== null &&
      html`<p class="note">The parameters of epoch ${count(epoch)} are not stored.
        <button type="button" class="button" onClick=${() => chosen.choose(nearest)}>Show epoch ${count(nearest)}, the nearest</button></p>`
    }
    ${
      nearest === null &&
      html`<${Shown} of=${answer} what="the parameters">${(/** @type {any} */ found) => {
        const arrays = arraysOf(found);
        if (arrays.length === 0) return html`<p class="empty">This network has no parameters.</p>`;
        const open = arrays.find((each) => each.key === key) ?? arrays[0];
        return html`<${Panel} title=${`Parameters at epoch ${count(found.epoch)}`} aside=${html`<${Curl} request=${{ method: "GET", path, query: { bins: BINS } }} of="These histograms" />`}>
          <${All} arrays=${arrays} />
        </${Panel}>
        <${Panel} title="Over the training" aside=${html`<select aria-label="Parameters" value=${open.key} onChange=${(/** @type {{target: HTMLSelectElement}} */ event) => setKey(event.target.value)}>
          ${arrays.map((each) => html`<option value=${each.key}>${each.label}</option>`)}
        </select>`}>
          <${Ridges} job=${job} newest=${chosen.newest} shown=${found} of=${open.key} label=${open.label} choose=${chosen.choose} />
        </${Panel}>`;
      }}</${Shown}>`
    }
  `;
}

/** @param {{arrays: ReturnType<typeof arraysOf>}} props */
function All({ arrays }) {
  const [shown, more] = useFirst(arrays, AT_ONCE, "histograms");
  return html`<div class="histograms">${shown.map(
      (each) => html`<figure key=${each.key}><figcaption>${each.label}</figcaption><${Bars} histogram=${each.histogram} label=${each.label} /></figure>`,
    )}</div>
    ${more}`;
}

/** @param {{histogram: any, label: string}} props */
function Bars({ histogram, label }) {
  const { edges, counts, size, minimum, maximum, mean, standard_deviation: deviation, not_finite: lost } = histogram;
  const most = Math.max(...counts, 1);
  const [width, height] = [240, 70];
  const step = width / Math.max(counts.length, 1);
  const text = `${label}: ${count(size)} numbers from ${number(minimum)} to ${number(maximum)}, mean ${number(mean)}, standard deviation ${number(deviation)}`;
  return html`<svg class="histogram-bars" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${text}>
      ${counts.map((/** @type {number} */ value, /** @type {number} */ index) => value > 0 && html`<rect x=${index * step} width=${Math.max(step - 0.75, 0.75)} y=${height - (value / most) * height} height=${(value / most) * height}>
        <title>${`${number(edges[index])} to ${number(edges[index + 1])}: ${count(value)}`}</title></rect>`)}
    </svg>
    <p class="value-range quiet"><span>${number(edges[0] ?? null, 3)}</span><span>${number(edges[edges.length - 1] ?? null, 3)}</span></p>
    <p class="quiet">${count(size)} numbers, mean ${number(mean, 3)}, sd ${number(deviation, 3)}${lost ? `, ${count(lost)} not finite` : ""}</p>`;
}
