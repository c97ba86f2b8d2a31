// @ts-check
// A chart of your own in the house style: memory of each plane's program at the largest cluster of a run.
//
//   node docs/examples/own-chart.mjs results/default memory.png
//
// A chart gets results and gives a Chart.js configuration with its words; frame, fonts and colours are lbscale's.

import { writeFileSync } from "node:fs";
import { FONT_FAMILY, frame, renderCharts, seriesStyle, THEMES } from "lbscale/charts";
import { readResults } from "lbscale/results";

const MIB = 2 ** 20;

/** @type {import("lbscale/charts").Chart} */
const programMemory = {
  id: "program-memory",
  title: "Memory of the largest program of each plane",
  build(results, view) {
    const measured = results.cells.filter((cell) => cell.scenario === "lookup" && cell.programBytes !== null);
    if (measured.length === 0) return { skipped: "no program was measured" };
    const services = Math.max(...measured.map((cell) => cell.services));
    const cells = measured.filter((cell) => cell.services === services);
    const mib = cells.map((cell) => (cell.programBytes ?? 0) / MIB);
    const styles = cells.map((cell) => seriesStyle(results, cell.plane, view.theme));
    const words = {
      title: `Memory of ${services.toLocaleString("en-US")} Services, plane by plane`,
      subtitle: "MiB as the kernel would spend them · lower is better",
      caption: `${results.environment.cpu} · seed ${results.run.seed} · ${results.run.startedAt.slice(0, 10)}`,
    };
    const { plugin, layout } = frame(words, view, () => 48);
    const ticks = { color: THEMES[view.theme].text, font: { family: FONT_FAMILY, size: 24 } };
    return {
      ...words,
      description: styles.map(({ label }, i) => `${label}: ${mib[i]?.toFixed(1)} MiB`).join(", "),
      config: {
        type: "bar",
        data: {
          labels: styles.map(({ label }) => label),
          datasets: [{ data: mib, backgroundColor: styles.map(({ column }) => column) }],
        },
        options: {
          layout: layout ?? {},
          plugins: { legend: { display: false } },
          scales: { x: { ticks }, y: { ticks, beginAtZero: true } },
        },
        plugins: [plugin],
      },
    };
  },
};

const [folder = "", out = "program-memory.png"] = process.argv.slice(2);
const [picture] = renderCharts(readResults(folder), {
  charts: [programMemory],
  formats: ["png"],
  themes: ["light"],
  size: "slide",
  onSkipped: (_id, reason) => console.error(`nothing drawn: ${reason}`),
});
if (picture) {
  writeFileSync(out, picture.bytes);
  console.log(`${out}: ${picture.title}. ${picture.description}`);
}
