/** The controls above the charts: scenario, statistic, scale, theme, and a box for each plane. */

import { seriesStyle } from "../../../charts/theme.js";
import { comparePlanes, labelAmong } from "../../../results/descriptors.js";
import type { Results } from "../../../results/schema.js";
import { plainText } from "../../../text.js";
import { type FilterChoice, STATISTICS, type Statistic, statisticsOf } from "./choice.js";
import { byId } from "./data.js";
import { element } from "./elements.js";

type ThemeChoice = "system" | "light" | "dark";

export interface Filters {
  readonly scenarios: readonly string[];
  read(): Omit<FilterChoice, "theme">;
  theme(): ThemeChoice;
}

/** Puts the controls on the page and returns their choice. `onChange` is called after each change. */
export function createFilters(results: Results, onChange: () => void): Filters {
  const scenarios = [...new Set(results.cells.map(({ scenario }) => scenario))];
  const planes = [...new Set(results.cells.map(({ plane }) => plane))].sort(comparePlanes(results));
  const scenario = select("Scenario", [
    ["", "all"],
    ...scenarios.map((id): [string, string] => [id, plainText(id, 30)]),
  ]);
  const statistic = select(
    "Statistic",
    statisticsOf(results).map((id) => [id, STATISTICS[id]]),
  );
  const scale = select("Scale", [
    ["log", "logarithmic"],
    ["linear", "linear"],
  ]);
  const theme = select("Theme", [
    ["system", "as the system"],
    ["light", "light"],
    ["dark", "dark"],
  ]);
  const boxes = planes.map((plane) => planeBox(results, plane, labelAmong(results, plane, planes)));
  const fieldset = element(
    "fieldset",
    {},
    element("legend", {}, "Planes"),
    ...boxes.map(({ label }) => label),
  );
  const form = byId("controls");
  form.append(scenario.label, statistic.label, scale.label, theme.label, fieldset);
  form.addEventListener("change", onChange);
  return {
    scenarios,
    theme: () => theme.input.value as ThemeChoice,
    read: () => ({
      scenario: scenario.input.value || null,
      statistic: statistic.input.value as Statistic,
      linear: scale.input.value === "linear",
      hiddenPlanes: new Set(boxes.filter(({ input }) => !input.checked).map(({ plane }) => plane)),
    }),
  };
}

function select(name: string, options: readonly (readonly [string, string])[]) {
  const input = element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
  return { input, label: element("label", {}, `${name} `, input) };
}

/** A box in the plane's colour, in both themes. */
function planeBox(results: Results, plane: string, name: string) {
  const input = element("input", { type: "checkbox" });
  input.checked = true;
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  for (const theme of ["light", "dark"] as const) {
    swatch.style.setProperty(`--${theme}`, seriesStyle(results, plane, theme).line);
  }
  const label = element("label", {}, input, swatch, name);
  return { plane, input, label };
}
