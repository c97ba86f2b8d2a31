/** Entries of maps as bytes. */

import type { AddressPlan } from "../../../cluster/address-plan.js";

export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** An entry of zeros, filled in. */
export function entry(
  keyBytes: number,
  valueBytes: number,
  fill: (key: DataView, value: DataView) => void,
): MapEntry {
  const key = new Uint8Array(keyBytes);
  const value = new Uint8Array(valueBytes);
  fill(new DataView(key.buffer), new DataView(value.buffer));
  return { key, value };
}

/** An address in network byte order; the surrogate of the node's addresses is zero in both families. */
export function writeAddress(
  view: DataView,
  at: number,
  address: number,
  plan: AddressPlan | undefined,
): void {
  if (plan === undefined) view.setUint32(at, address);
  else writeIpv6(view, at, address === 0 ? 0n : plan.address(address >>> 0));
}

/** Sixteen bytes of an address in network byte order. */
export function writeIpv6(view: DataView, at: number, address: bigint): void {
  view.setBigUint64(at, address >> 64n);
  view.setBigUint64(at + 8, address & 0xffff_ffff_ffff_ffffn);
}

/** As `bpftool map dump -j` prints bytes. */
export function hexBytes(bytes: Uint8Array): string {
  return `[${Array.from(bytes, (byte) => `"0x${byte.toString(16).padStart(2, "0")}"`).join(",")}]`;
}
