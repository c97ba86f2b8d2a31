/** JSON of `nft -j` as the text of `nft list`, as far as kube-proxy's rules go (libnftables-json(5)). Anything else becomes `?`. */

/** Nested sets and expressions of kube-proxy are three deep. */
const MAX_DEPTH = 12;

/** A rule's expressions in one line. */
export function renderRule(expressions: readonly unknown[]): string {
  return expressions.map((expression) => render(expression, 0)).join(" ");
}

function render(value: unknown, depth: number): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return "?";
  if (Array.isArray(value)) return value.map((part) => render(part, depth + 1)).join(" , ");
  const [[kind, inner] = ["", undefined]] = Object.entries(value);
  const fields = (typeof inner === "object" && inner !== null ? inner : {}) as Record<string, unknown>;
  const field = (name: string): string => render(fields[name], depth + 1);
  switch (kind) {
    case "match":
      return `${field("left")} ${isImplied(fields) ? "" : `${field("op")} `}${field("right")}`;
    case "payload":
      return `${before(fields.tunnel)}${field("protocol")} ${field("field")}`;
    case "meta":
      return `meta ${field("key")}`;
    case "fib":
      return `fib ${renderFlags(fields.flags, depth)} ${field("result")}`;
    case "concat":
      return Array.isArray(inner) ? inner.map((part) => render(part, depth + 1)).join(" . ") : "?";
    case "range":
      return Array.isArray(inner) ? inner.map((part) => render(part, depth + 1)).join("-") : "?";
    case "prefix":
      return `${field("addr")}/${field("len")}`;
    case "set":
      return Array.isArray(inner)
        ? `{ ${inner.map((part) => renderElement(part, depth)).join(" , ")} }`
        : `${field("op")} ${field("set")} { ${field("elem")} }`;
    case "ct":
      return `ct ${before(fields.dir)}${field("key")}`;
    case "elem":
      return field("val");
    case "vmap":
      return `${field("key")} vmap ${field("data")}`;
    case "numgen":
      return `numgen ${field("mode")} mod ${field("mod")}`;
    case "jump":
    case "goto":
      return `${kind} ${field("target")}`;
    case "map":
      return `${field("key")} map ${field("data")}`;
    case "dnat":
      // Layout since 1.36: address and port together, out of a map.
      return fields.port === undefined
        ? `dnat ip to ${field("addr")}`
        : `dnat to ${bracketed(field("addr"))}:${field("port")}`;
    case "mangle":
      return `${field("key")} set ${field("value")}`;
    case "|":
    case "&":
    case "^":
      return Array.isArray(inner) ? inner.map((part) => render(part, depth + 1)).join(` ${kind} `) : "?";
    case "masquerade":
      return "masquerade";
    case "accept":
    case "drop":
    case "reject":
    case "return":
      return kind;
    default:
      return "?";
  }
}

/** A tunnel's name or a direction, which stands in front of what is meant. */
function before(word: unknown): string {
  return typeof word === "string" ? `${word} ` : "";
}

/** Whether nft leaves the comparison out: not behind a mask, as in `meta mark & 0x4000 == 0`. */
function isImplied({ op, left }: Record<string, unknown>): boolean {
  const isMasked = typeof left === "object" && left !== null && "&" in left;
  return op === "in" || (op === "==" && !isMasked);
}

/** An address in front of a port. */
function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function renderFlags(flags: unknown, depth: number): string {
  return Array.isArray(flags)
    ? flags.map((flag) => render(flag, depth + 1)).join(" . ")
    : render(flags, depth + 1);
}

/** A set's member, or a map's: [key, value]. */
function renderElement(element: unknown, depth: number): string {
  if (!Array.isArray(element)) return render(element, depth + 1);
  return element.map((part) => render(part, depth + 1)).join(" : ");
}
