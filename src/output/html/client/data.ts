/** The page's data, out of the element that holds them. */

import type { PageData } from "../data.js";

let data: PageData | undefined;

/** Parsed on the first call, the same object on every later one. */
export function loadData(): PageData {
  // Written by the same version of the same program into the same file: no stranger's input.
  data ??= JSON.parse(byId("data").textContent ?? "") as PageData;
  return data;
}

/** An element that html.ts writes. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found;
}
