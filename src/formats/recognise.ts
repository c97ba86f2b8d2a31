/**
 * What a text is, by its first line that says so: people paste prompts, code fences and warnings above it. Line by line,
 * and every pattern on a line is anchored: time is linear in the text, whatever it is.
 */

import { withoutCommonStart, withoutLog, withoutNumbers } from "./pasted/logged.js";
import { hasPrompt, unquoted, untilPrompt, withoutMarkup } from "./pasted/pasted.js";
import { isScreen, withoutTerminal } from "./pasted/terminal.js";

/** The formats that are detected: what is read, and what is only named, so that the message can say what to give instead. */
export type TextKind =
  | "lbscale"
  | "iptables-save"
  | "iptables -S"
  | "iptables -L"
  | "lines of iptables-save"
  | "nft"
  | "nft-json"
  | "ipvsadm -S"
  | "ipvsadm -L"
  | "ipvsadm -c"
  | "ipset save"
  | "ipset list"
  | "cilium"
  | "lines of cilium service list"
  | "cilium lb part"
  | "cilium maglev list"
  | "cilium db frontends"
  | "kubectl table"
  | "kubectl describe"
  | "log"
  | "kubectl error"
  | "markup"
  | "lines of nft"
  | "lines of ipvsadm"
  | "lines of cilium"
  | "names of nft"
  | "nft trace"
  | "command error"
  | "diff"
  | "calico nat"
  | "bpftool map"
  | "cilium status"
  | "addresses"
  | "network listing"
  | "kubernetes"
  | "unknown";

/** Lines that are no part of a dump. */
export interface Around {
  readonly above: number;
  readonly below: number;
  /** One of them, the nearest. */
  readonly line: string;
}

export interface RecognisedText {
  readonly kind: TextKind;
  /** The text from its first line that counts up to the end of its code fence, if it has one. */
  readonly text: string;
  /** What is above it and below it in the same paste, prompts and warnings aside. */
  readonly around?: Around;
  /** Whether `watch` cut it to a screen. */
  readonly isScreen?: boolean;
}

/** Lines above the text that may be anything. */
const MAX_OTHER_LINES = 50;
/** Of JSON, so much is looked at. */
const JSON_HEAD = 4096;

const IPTABLES_CHAIN = "(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING|KUBE-[A-Z0-9-]+)";

const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ /;

/** What says something only where nothing below it does. */
const HINTS: readonly (readonly [pattern: RegExp, kind: TextKind])[] = [
  [
    /^(?:Error from server|error: |The connection to the server |Unable to connect to the server|No resources found)/,
    "kubectl error",
  ],
  [
    /you must be root|command not found$|Permission denied$|permission denied$|^Can't initialize |^Error: No such file or directory|: No such file or directory$/,
    "command error",
  ],
  [/^table (?:ip|ip6|inet|arp|bridge|netdev) [^\s{]+$/, "names of nft"],
  [/^<[A-Za-z!?]/, "markup"],
  [KLOG, "log"],
];

/** Patterns of a trimmed line, the first that fits decides. `weak`: YAML, unless a line below says what it is. */
const LINES: readonly (readonly [pattern: RegExp, kind: TextKind | "noise" | "weak"])[] = [
  [/^(?:#|$)/, "noise"],
  [/^(?:```|~~~)/, "noise"],
  [/^\[sudo\]|^sudo:|^Warning:|^warning:/, "noise"],
  // klog's header above a transaction: I0611 12:34:56.789012       1 proxier.go:1856] …
  [KLOG, "noise"],
  [/^\*(?:raw|mangle|nat|filter|security)(?:\s|$)/, "iptables-save"],
  [/^-[Aa] (?:-[tuf]|--(?:tcp|udp|sctp)-service|--fwmark-service) /, "ipvsadm -S"],
  [/^-P [A-Z]+ (?:ACCEPT|DROP)(?:\s|$)/, "iptables -S"],
  [/^-N [\x21-\x7e]{1,29}$/, "iptables -S"],
  [/^:[\x21-\x7e]{1,29} (?:-|ACCEPT|DROP) \[\d+:\d+\]$/, "lines of iptables-save"],
  [new RegExp(`^(?:\\[\\d+:\\d+\\] )?-A ${IPTABLES_CHAIN} `), "lines of iptables-save"],
  // Numbered, as by grep -n or cat -n.
  [/^\d{1,7}[:\t ] *(?:-A KUBE-|\*nat$|:KUBE-)/, "lines of iptables-save"],
  [/^(?:sudo )?iptables (?:-w )?-t nat -[AI] /, "lines of iptables-save"],
  [/^Chain \S{1,29} \((?:policy|\d+ references)/, "iptables -L"],
  [/^(?:\d+[KMG]? +)*KUBE-[A-Z0-9-]+ +(?:tcp|udp|sctp|all|\d+) +-/, "iptables -L"],
  [/^trace id [0-9a-f]{8} (?:ip|ip6|inet) /, "nft trace"],
  [/^table (?:ip|ip6|inet|arp|bridge|netdev) \S/, "nft"],
  [/^(?:add|create|insert|delete|destroy|flush) (?:table|chain|set|map|rule|element|ruleset)(?:\s|$)/, "nft"],
  [/^(?:chain|map|set) \S{1,255} \{$/, "lines of nft"],
  [/^(?:elements = \{|(?:ip|ip6|meta|ct|fib|th) [a-z0-9]{1,20} )/, "lines of nft"],
  [/^IP Virtual Server version |^Prot LocalAddress:Port/, "ipvsadm -L"],
  [/^-> [\d.:]+ +(?:Masq|Route|Tunnel|Local) /, "lines of ipvsadm"],
  [/^(?:TCP|UDP|SCTP) +[\d.:]+ +[a-z]+(?:\s|$)/, "lines of ipvsadm"],
  [/^IPVS connection entries$|^pro expire state /, "ipvsadm -c"],
  [/^create \S{1,31} (?:hash|bitmap|list):/, "ipset save"],
  [/^Name: \S{1,31}$|^KUBE-[A-Z0-9-]+$/, "ipset list"],
  [/^add \S+ \S/, "ipset save"],
  [/^SERVICE ADDRESS +BACKEND ID/, "cilium lb part"],
  [/^SERVICE ADDRESS/, "cilium"],
  [/^ID +(?:BACKEND ADDRESS|BACKEND ID)|^SOURCE RANGE \(REVNAT_ID\)/, "cilium lb part"],
  [/^ID +Frontend/, "cilium"],
  [/^(?:\d+ +)?[\d.:a-f[\]]+(?:\/\S*)? +[A-Z]\w+(?: +\d+ =>|$)|^[\d.:]+ =>$/, "lines of cilium service list"],
  [/^SERVICE ID +TABLE|^Maglev table/, "cilium maglev list"],
  [/^Address +Type +ServiceName/, "cilium db frontends"],
  // `db/show backends` and `services`.
  [/^Address +Instances|^Name +Source +PortNames/, "cilium db frontends"],
  [/^[\d.:a-f]+ port \d+ proto \d+ id \d+ count \d/, "calico nat"],
  [
    /^(?:key|value): *(?:[0-9a-f]{2} ){2}|^\d+: (?:hash|lru_hash|array|lpm_trie|percpu_array) {2}name /,
    "bpftool map",
  ],
  [/^(?:tcp|udp|sctp|icmp) +\d+ \d+ (?:[A-Z_]+ )?src=/, "network listing"],
  [/^(?:Netid|State) +(?:State|Recv-Q)|^Active Internet connections|^Proto Recv-Q/, "network listing"],
  [/^\d+: [\w@.-]+: <[A-Z,_-]+> mtu /, "network listing"],
  [/^(?:default|[\d.]+(?:\/\d+)?) (?:via [\d.]+ )?dev \S/, "network listing"],
  [/^(?:diff (?:--git|-[a-zA-Z]) |\+\+\+ \S|@@ -\d)/, "diff"],
  [/^--- [\w./~-]/, "noise"],
  [/^[\d.:a-f[\]]+(?:\/[A-Zi/]+)?(?: \(\d+\))? +[\d.:a-f[\]]+(?:\/[A-Z]+)? \(\d+\)/, "lines of cilium"],
  // Any heading in capitals: columns of one's own, and of kinds to come.
  [/^(?:NAMESPACE[ \t]+)?(?:NAME|LAST SEEN)[ \t]+[A-Z]/, "kubectl table"],
  [/^[A-Z][A-Z()-]{0,40}(?: {2,60}[A-Z][A-Z()-]{0,40})+$/, "kubectl table"],
  // With --no-headers, and with -o name.
  [/^(?:\S{1,253} +){1,2}(?:ClusterIP|NodePort|LoadBalancer|ExternalName) +\S/, "kubectl table"],
  [/^(?:service|endpoints|endpointslice\.discovery\.k8s\.io)\/[a-z0-9.-]{1,253}$/, "kubectl table"],
  // The same in Markdown, between bars.
  [/^\| *(?:NAMESPACE|NAME|Name|name) *\|/, "kubectl table"],
  [/^Name: +\S+$/, "kubectl describe"],
  [/^(?:KVStore|Kubernetes|KubeProxyReplacement|Cilium): +\S/, "cilium status"],
  // As -o jsonpath prints them.
  [/^(?:\d{1,3}(?:\.\d{1,3}){3}(?:\s+|$))+$/, "addresses"],
  [/^[{[]/, "kubernetes"],
  [/^(?:---|%YAML|- |-$|&|!)/, "kubernetes"],
  [/^['"]?(?:apiVersion|kind|items|metadata|spec|status)['"]?:(?: |$)/, "kubernetes"],
  [/^['"]?[A-Za-z][\w.\-/]*['"]?:(?: |$)/, "weak"],
];

const JSON_HEADS: readonly (readonly [pattern: RegExp, kind: TextKind])[] = [
  [/^\{\s*"lbscale"\s*:/, "lbscale"],
  [/^\{\s*"nftables"\s*:/, "nft-json"],
  // `cilium service list -o json` (or one of them: `service get`), the maps that lbscale exports, `bpf lb list -o json`.
  [
    /^(?:\[\s*)?\{\s*"(?:spec|status)"\s*:\s*\{\s*"(?:backend-addresses|frontend-address|flags|id|realized)"/,
    "cilium",
  ],
  [/^\{\s*"cilium_lb/, "cilium"],
  // `bpf lb list --backends -o json`, `--revnat`; `--source-ranges`.
  [/^\{\s*"\d{1,10}"\s*:\s*\[\s*"/, "cilium lb part"],
  [/^\{\s*"[\d.:a-f]{2,45}\/\d{1,3} \(\d{1,5}\)"\s*:/, "cilium lb part"],
  [/^\{\s*"[\d.:a-f[\]]{2,45}:\d{1,5}[^"]{0,30}"\s*:\s*\[/, "cilium"],
];

/** Tells what a text is. Time is linear in its length. */
export function recognise(whole: string): RecognisedText {
  const text = withoutNumbers(withoutLog(unquoted(withoutMarkup(withoutTerminal(whole)))));
  const found = recogniseLines(text);
  const bare = found.kind === "unknown" ? withoutCommonStart(text) : undefined;
  const again = bare === undefined ? found : recogniseLines(bare);
  const better = again.kind === "unknown" ? found : again;
  return isScreen(text) ? { ...better, isScreen: true } : better;
}

function recogniseLines(text: string): RecognisedText {
  let others = 0;
  let above = 0;
  let nearest = "";
  let pasted = false;
  let fence = "";
  let hint: TextKind | undefined;
  /** Where YAML may begin. */
  let weak: RecognisedText | undefined;
  // At a line's start no YAML has one: what comes above it is prose.
  const hasFence = text.includes("\n```") || text.includes("\n~~~");
  for (let start = 0; start < text.length; ) {
    const end = endOfLine(text, start);
    const line = text.slice(start, Math.min(end, start + JSON_HEAD)).trim();
    const kind = hasPrompt(line) ? undefined : kindOf(line);
    if (line.startsWith("```") || line.startsWith("~~~")) fence = line.slice(0, 3);
    else if (kind !== undefined && kind !== "noise" && !(isYaml(kind) && fence === "" && hasFence)) {
      const found = jsonKind(kind === "weak" ? "kubernetes" : kind, text, start);
      // Comments above are the text's own: they count in the numbers of lines that messages name.
      const first = pasted || found === "cilium" ? start : 0;
      if (kind === "kubernetes" && weak !== undefined) return weak;
      const own = untilPrompt(untilFence(text, first, fence), 0);
      const rest = text.slice(first + own.length);
      const below = linesThatCount(rest, fence);
      const around = {
        above: first === start ? above : 0,
        below: below.length,
        line: nearest || (below[0] ?? ""),
      };
      const recognised = {
        kind: found,
        text: own,
        ...(around.above + around.below > 0 && { around }),
      };
      if (kind !== "weak") return recognised;
      weak ??= recognised;
      if (++others > MAX_OTHER_LINES) break;
    } else if (kind !== "noise" && ++others > MAX_OTHER_LINES) break;
    if (hint === undefined || hint === "log") hint = hintOf(line) ?? hint;
    pasted ||= line !== "" && !line.startsWith("#");
    if (kind === undefined && isOther(line)) {
      above++;
      nearest = line;
    }
    start = end + 1;
  }
  return weak ?? { kind: hint ?? "unknown", text };
}

function kindOf(line: string): TextKind | "noise" | "weak" | undefined {
  const kind = LINES.find(([pattern]) => pattern.test(line))?.[1];
  // `error: …` and `table ip kube-proxy` look like YAML and like a ruleset.
  return (kind === "weak" || kind === "nft") && hintOf(line) !== undefined ? undefined : kind;
}

function hintOf(line: string): TextKind | undefined {
  return HINTS.find(([pattern]) => pattern.test(line))?.[1];
}

/** Whether a line is neither empty nor a command that somebody typed. */
function isOther(line: string): boolean {
  return line !== "" && !hasPrompt(line) && !/^(?:[#$%>❯]|```|~~~|\(END\)|Every \d)/.test(line);
}

function linesThatCount(text: string, fence: string): string[] {
  const inFence = fence === "" ? text : text.replace(fence, "");
  return inFence.split("\n").filter((line) => isOther(line.trim()));
}

function isYaml(kind: TextKind | "weak"): boolean {
  return kind === "kubernetes" || kind === "weak";
}

function jsonKind(kind: TextKind, text: string, start: number): TextKind {
  if (kind !== "kubernetes") return kind;
  const head = text.slice(start, start + JSON_HEAD).trimStart();
  return JSON_HEADS.find(([pattern]) => pattern.test(head))?.[1] ?? kind;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Up to the line that closes a code fence. */
function untilFence(text: string, start: number, fence: string): string {
  if (fence === "") return start === 0 ? text : text.slice(start);
  const end = text.indexOf(`\n${fence}`, start);
  return text.slice(start, end < 0 ? text.length : end + 1);
}
