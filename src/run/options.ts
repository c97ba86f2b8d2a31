/**
 * Options of a run, an entry each: the field of a specification, its type and its check (spec.ts), the command line's option with its help,
 * how its text is read and written back (src/cli/options/run.ts), all follow from it. Data only, so that help and the refusals of
 * the command line load no more. Which lanes use an option is theirs to say (lanes/index.ts).
 */

import { POPULAR } from "../cluster/flows.js";
import { KERNEL_PLANE_IDS } from "../kernel/plane.js";
import { REAL_PROGRAM_FORMS } from "../kernel/planes/real-programs.js";
import { planeChoices } from "../planes/registry-loader.js";
import type { OptionDeclaration } from "../values.js";

const MILLISECONDS = { kind: "integer", bounds: [1, 60_000] } as const;
const SECONDS = { kind: "seconds", bounds: [1, 86_400] } as const;

/** The lane of a run that names none. */
export const DEFAULT_LANE = "model";

/** In the order of help, and of the command that repeats a run. */
export const OPTIONS = {
  /** How much is measured; `default` where absent. */
  profile: { takes: { kind: "text" }, describe: "Profile", defaultText: "default" },
  /** `model`: models laid out like the kernel; `kernel`: this machine's kernel (Linux, root); `guest`: user-mode Linux; `cluster`:
   * a Kubernetes cluster. */
  lane: {
    takes: { kind: "text" },
    describe:
      "Models laid out like the kernel; connections through the real kernel (Linux, root); only through one in user-mode Linux; or through a Kubernetes cluster",
    defaultText: DEFAULT_LANE,
  },
  /** Random seed. */
  seed: {
    takes: { kind: "integer", bounds: [0, Number.MAX_SAFE_INTEGER] },
    describe: "Random seed",
    defaultText: "1",
  },
  /** Ids of planes; the profile's or the lane's where absent. */
  planes: {
    takes: { kind: "names" },
    describe: `Planes: ${planeChoices()}; in lane kernel: ${KERNEL_PLANE_IDS.join(", ")}, or ${REAL_PROGRAM_FORMS}`,
  },
  /** Numbers of Services; the profile's or the lane's where absent. */
  services: {
    takes: { kind: "integers", bounds: [1, 1_000_000] },
    describe: "Numbers of Services, such as 1,100,1000",
  },
  /** Ids of scenarios, or all of them. */
  scenarios: { takes: { kind: "names or all" }, describe: "Scenarios" },
  /** Fresh processes per cell: at least, and at most where intervals are wide. Rounds in the kernel's lanes. */
  replicates: {
    takes: { kind: "range", bounds: [1, 1000] },
    describe:
      "Per cell: fresh processes in lane model (7-30: more where the interval is wide), rounds of connections in the others, and changes in lane kernel",
  },
  /** New connections per round. Lanes kernel and guest. */
  connections: {
    takes: { kind: "integer", bounds: [10, 20_000] },
    describe: "Lanes kernel and guest: new connections per round; 1000 by default",
  },
  /** Path of the nft that is measured, instead of the system's. Lane kernel. */
  nft: {
    takes: { kind: "path" },
    describe: "Lane kernel: another nft to measure with (scripts/install-nft.sh installs one)",
  },
  /** Warm-up of each process, milliseconds. Model lane. */
  warmupMs: { takes: MILLISECONDS, describe: "Warm-up of each process, milliseconds" },
  /** Timed part of each process, milliseconds. Model lane. */
  measureMs: { takes: MILLISECONDS, describe: "Timed part of each process, milliseconds" },
  /** A test hook: this plane does this share of work more than it reports. Model lane. */
  slowdown: { takes: { kind: "share of a plane" } },
  /** Time for the whole run, seconds; the profile's where absent. In a cluster no larger N begins after it. */
  budgetSeconds: {
    takes: SECONDS,
    describe:
      "Time for the whole run, such as 90s, 5m or 1h; the profile's by default. In lane cluster it ends a run within an N too; no limit by default",
  },
  /** Time for one cell, seconds: a kube-proxy's start and changes, or each N in a cluster. Lanes kernel and cluster. */
  durationSeconds: {
    takes: SECONDS,
    describe:
      "Such as 30s. Lane cluster: connecting at each N and protocol. Lane kernel: the limit of each start of a real program with its rounds and changes, and of each cold start; what is not finished in it is a gap",
  },
  /** Endpoints per generated service. */
  endpoints: { takes: { kind: "integer", bounds: [0, 10_000] }, describe: "Endpoints per generated Service" },
  /** Zipf exponent of the Services' popularity. Model lane. */
  zipf: {
    takes: { kind: "number", bounds: [0, 3], accepted: "an exponent from 0 (uniform) to 3" },
    describe: "Skew of traffic over Services: Zipf exponent",
  },
  /** Where popular Services are in a rule list; needs `zipf`. Model lane. */
  popular: {
    takes: { kind: "choice", choices: POPULAR },
    describe: "With a Zipf exponent: where popular Services are in a rule list; anywhere by default",
  },
  /** Addresses of generated clusters, or which part of an imported one: 4 by default, or what the imported one has. */
  family: {
    takes: { kind: "choice", choices: [4, 6, "dual"] },
    describe: "IPv4, IPv6, or both: what the cluster has by default, 4 of a generated one",
    // It chooses from the families of a cluster that is given again.
    resumable: true,
  },
  /** Share of flows that no service answers. Model lane. */
  misses: {
    takes: { kind: "number", bounds: [0, 1], accepted: "a share from 0 to 1" },
    describe: "Share of flows that no Service answers",
  },
} as const satisfies Readonly<Record<string, OptionDeclaration>>;

/** A field of a specification that is one option. */
export type Option = keyof typeof OPTIONS;
/** All of them. */
export const OPTION_FIELDS = Object.keys(OPTIONS).filter((key): key is Option => key in OPTIONS);

/**
 * What a lane may use: options; those of planes and of the cluster lane, which are declared by these; and an imported
 * cluster, which accompanies a specification.
 */
export type Field = Option | "planeOptions" | "clusterLane" | "cluster";

/** What a lane says of itself, by which a specification is checked. */
export interface LaneRules {
  readonly id: string;
  /** What it uses, in addition to `lane` and `seed`. Anything else is refused: it would be recorded and ignored. */
  readonly uses: readonly Field[];
  /** Whether it opens connections, which need an endpoint. */
  readonly opensConnections: boolean;
}

/** Ids of the lanes that use a field. */
export function lanesUsing(lanes: readonly LaneRules[], field: Field): string[] {
  const isOfAll = field === "lane" || field === "seed";
  return lanes.filter(({ uses }) => isOfAll || uses.includes(field)).map(({ id }) => id);
}

/** A plane as results may name it: without the path of a user's own build, which goes by its name. */
export function withoutFolder(plane: string): string {
  return plane.replace(/^([^@]*)@.*[/\\]/, "$1@FOLDER/");
}
