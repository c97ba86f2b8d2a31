/** A lane that no file of src knows. Its times are made up: 100 ns, and one more per Service. */

import type { Lane, LaneEntry } from "../../src/run/lanes/lane.js";
import { emptyReplicate } from "../../src/run/lanes/replicate.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../../src/run/plan.js";

const PLANES = ["ebpf"];
const SERVICES = [1, 100];
const REPLICATES = { least: 6, most: 6 };

const toy: Lane = {
  id: "toy",
  resumable: true,
  certifiesModels: false,
  generatesClusters: true,
  async plan(spec, { catalog }) {
    const { planes = PLANES, services = SERVICES, replicates = REPLICATES } = spec;
    const settings = settingsOf(spec, profileById(catalog, DEFAULT_PROFILE));
    const cells = planes.flatMap((plane) =>
      services.map((n) =>
        emptyCell(
          { plane, lane: "toy", scenario: "lookup" },
          { services: n, endpoints: null, variant: "" },
          settings.endpointsPerService,
        ),
      ),
    );
    return {
      profile: "toy",
      entry: "clusterIp",
      replicates,
      looks: [replicates.most],
      level: 0.95,
      budgetSeconds: null,
      settings,
      cells,
      schedule: Array.from({ length: replicates.most }, () => [...cells.keys()]),
    };
  },
  async measure(results, { signal, onReplicate }) {
    for (const [block, order] of results.run.schedule.entries()) {
      for (const [place, cell] of order.entries()) {
        if (signal.aborted) return;
        const { replicates, services } = results.cells[cell]!;
        if (replicates.length > block) continue;
        const ns = 100 + services;
        const facts = { order: block * order.length + place, block, seed: block, wallMs: 1 };
        replicates.push({ ...emptyReplicate(1), ...facts, samples: [ns, ns, ns], median: ns });
        onReplicate();
      }
    }
  },
};

/** Its line in a registry. */
export const TOY_LANE: LaneEntry = {
  id: "toy",
  uses: ["planes", "services", "replicates"],
  opensConnections: false,
  load: async () => toy,
};
