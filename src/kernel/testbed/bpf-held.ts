/** BPF programs that a cgroup holds, and their maps: they stay as long as the cgroup does, though their processes are gone. */

import { execFileSync } from "node:child_process";
import { z } from "zod";
import { countOf } from "../../text.js";
import { toolPath } from "./tools.js";

const attachedSchema = z.array(z.object({ id: z.int() }));
/** bpftool leaves `map_ids` out where there are none. */
const programSchema = z.object({ map_ids: z.array(z.int()).default([]) });

const askBpftool = (args: readonly string[]): string =>
  execFileSync(toolPath("bpftool"), ["-j", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 1000,
  });

/**
 * In words; empty where bpftool is not there, may not ask, or finds nothing.
 *
 * @param ask what bpftool prints as JSON
 */
export function bpfHeldBy(cgroup: string, ask = askBpftool): string {
  try {
    const attached = readJson(ask(["cgroup", "show", cgroup]), attachedSchema) ?? [];
    const programs = [...new Set(attached.map(({ id }) => id))];
    const maps = programs.flatMap(
      (id) => readJson(ask(["prog", "show", "id", String(id)]), programSchema)?.map_ids ?? [],
    );
    if (programs.length === 0) return "";
    return `${countOf(programs.length, "BPF program")}, ${countOf(new Set(maps).size, "map")}`;
  } catch {
    return "";
  }
}

/** Of a cgroup without programs bpftool prints nothing at all. */
function readJson<T>(text: string, schema: z.ZodType<T>): T | null {
  return text.trim() === "" ? null : schema.parse(JSON.parse(text));
}
