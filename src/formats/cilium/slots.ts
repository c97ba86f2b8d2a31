/** Rows of `cilium bpf lb list` that should be there: each frontend has a master (slot 0), and its slots count up from 1. */

/** `(REVNAT_ID) (SLOT)`, since 1.13; before, no slot is shown. */
const SLOT = /\(\d{1,10}\) \((\d{1,10})\)/;

interface Rows {
  hasMaster: boolean;
  slots: number;
  highest: number;
}

/** Counts rows that a cut or filtered list lacks. */
export class SlotCounter {
  readonly #frontends = new Map<string, Rows>();

  /** A row of a frontend. */
  add(frontend: string, value: string): void {
    const slot = SLOT.exec(value)?.[1];
    if (slot === undefined) return;
    const rows = this.#frontends.get(frontend) ?? { hasMaster: false, slots: 0, highest: 0 };
    this.#frontends.set(frontend, rows);
    if (slot === "0") rows.hasMaster = true;
    else {
      rows.slots++;
      rows.highest = Math.max(rows.highest, Number(slot));
    }
  }

  /** A kind of what is missing for each row that is. */
  missing(): string[] {
    return [...this.#frontends.values()].flatMap(({ hasMaster, slots, highest }) => [
      ...(hasMaster
        ? []
        : ["frontend without its first row, taken as a ClusterIP: the list is cut or filtered"]),
      ...(highest > slots ? ["frontend with rows of backends missing: the list is cut or filtered"] : []),
    ]);
  }
}
