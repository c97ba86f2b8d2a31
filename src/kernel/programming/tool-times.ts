/** What native/timed.c wrote about the tools that kube-proxy ran, and what they were run for. */

/** One call of a tool. Times since 1970. */
export interface ToolCall {
  readonly startNs: number;
  readonly endNs: number;
  /** Processor time, user and system. */
  readonly cpuNs: number;
  /** The part of it in the kernel. */
  readonly systemNs: number;
  readonly peakBytes: number;
  readonly purpose: "listing" | "writing" | "other";
}

/** Time of the calls of a window by what they were for; calls of one sync follow one another. */
export interface ToolTimes {
  readonly listingNs: number;
  readonly writingNs: number;
  /** Of writing, what the tools spent in the kernel; null: not known. */
  readonly writingSystemNs: number | null;
  /** Canaries, checks of features, conntrack. */
  readonly otherNs: number;
  readonly peakBytes: number;
  readonly calls: number;
}

/** Reads the log, whole lines of it. */
export function parseToolTimes(text: string): ToolCall[] {
  return text.split("\n").flatMap((line) => {
    const [start, end, user, system, memory, , tool = "", ...args] = line.split(" ");
    if (tool === "") return [];
    return [
      {
        startNs: Number(start),
        endNs: Number(end),
        cpuNs: (Number(user) + Number(system)) * 1000,
        systemNs: Number(system) * 1000,
        peakBytes: Number(memory) * 1024,
        purpose: purposeOf(tool, args),
      },
    ];
  });
}

/** iptables-save and `nft list` read rules back; iptables-restore and `nft -f` write them, unless they only check. */
function purposeOf(tool: string, args: readonly string[]): ToolCall["purpose"] {
  if (tool.endsWith("-save") || args.includes("list")) return "listing";
  if (args.includes("--check")) return "other";
  return tool.endsWith("-restore") || args.includes("-f") ? "writing" : "other";
}

/** A tool that ended with the sync is reported a moment later than the sync itself. */
const SLACK_NS = 2e6;

/** Sums the calls that lie within a window. */
export function toolTimesWithin(calls: readonly ToolCall[], fromNs: number, toNs: number): ToolTimes {
  const within = calls.filter(({ startNs, endNs }) => startNs >= fromNs && endNs <= toNs + SLACK_NS);
  const lasted = ({ startNs, endNs }: ToolCall): number => endNs - startNs;
  const sum = (purpose: ToolCall["purpose"], of = lasted) =>
    within.reduce((total, call) => total + (call.purpose === purpose ? of(call) : 0), 0);
  return {
    listingNs: sum("listing"),
    writingNs: sum("writing"),
    // A tool that writes has one thread: its system time is part of what it lasted.
    writingSystemNs: sum("writing", ({ systemNs }) => systemNs),
    otherNs: sum("other"),
    peakBytes: Math.max(0, ...within.map(({ peakBytes }) => peakBytes)),
    calls: within.length,
  };
}
