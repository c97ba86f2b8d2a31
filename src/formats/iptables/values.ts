/** Values of a rule's options: ranges, ports and marks. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { type Cidr, parseAddress, parseCidr } from "../../cluster/cluster.js";
import { parseCidr6 } from "../../cluster/ipv6.js";

/** A range or an address; null for any other text, and where it has no number in the cluster. */
export function range(text: string, plan: AddressPlan | undefined): Cidr | null {
  if (text.includes(":")) {
    const range = parseCidr6(text.includes("/") ? text : `${text}/128`);
    return (range && plan?.cidr(range)) ?? null;
  }
  const cidr = parseCidr(text.includes("/") ? text : `${text}/32`);
  if (cidr) return cidr;
  // Old versions print masks in full: 10.0.0.0/255.0.0.0.
  const [address = "", mask = ""] = text.split("/");
  const bits = parseAddress(mask);
  if (bits === undefined) return null;
  const prefixLength = Math.clz32(~bits);
  // iptables takes masks with gaps, such as 255.0.255.0: no prefix means the same.
  if ((~bits & (~bits + 1)) !== 0) return null;
  return parseCidr(`${address}/${prefixLength}`) ?? null;
}

/** A port; -1 for any other text. */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return port >= 1 && port <= 65_535 ? port : -1;
}

/** `0x4000/0x4000`; without a mask, of all bits; null for any other text. */
export function markOf(text: string): { value: number; mask: number } | null {
  const match = /^(0x[\da-f]{1,8}|\d{1,10})(?:\/(0x[\da-f]{1,8}|\d{1,10}))?$/i.exec(text);
  if (!match) return null;
  const value = Number(match[1]);
  const mask = match[2] === undefined ? 0xffffffff : Number(match[2]);
  return value <= 0xffffffff && mask <= 0xffffffff ? { value, mask } : null;
}
