/** What others published, as data: numbers keep their source, their unit and how they were read. */

/** Where numbers come from and what they are. */
export interface Source {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  /** Day of publication, `YYYY-MM-DD` or as much of it as is known; null where it was not found. */
  readonly date: string | null;
  /** What was timed or counted, with the set-up as far as it is stated. */
  readonly timed: string;
  readonly unit: string;
  /** `text`: printed in a text, table or log. `chart`: read from the chart's file. `derived`: computed here from those. `quoted`:
   * from a third party, the original was not read. */
  readonly kind: "text" | "chart" | "derived" | "quoted";
  /** Half-width of the reading error in the unit; null where numbers were printed. */
  readonly error: number | null;
  /** What a reader must know before comparing. */
  readonly notes: readonly string[];
}

export interface PublishedSeries {
  /** The plane's id here (PLANE_IDS), which decides the colour; another word where no plane of ours is meant. */
  readonly plane: string;
  /** As the source calls it. */
  readonly label: string;
  /** `p50`, `mean` …; absent where the source doesn't say. */
  readonly statistic?: string;
  /** Ascending in services. */
  readonly points: readonly { readonly services: number; readonly value: number }[];
}

/** A quantity against the number of services. */
export interface Reference extends Source {
  readonly series: readonly PublishedSeries[];
}

/** Numbers without a services axis: packet rates, single costs. */
export interface ReferenceTable extends Source {
  readonly head: readonly string[];
  /** null: not published. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A series of `values` at `services`, in the same order. */
export function publishedSeries(
  plane: string,
  label: string,
  services: readonly number[],
  values: readonly number[],
  statistic?: string,
): PublishedSeries {
  return {
    plane,
    label,
    ...(statistic !== undefined && { statistic }),
    points: services.map((n, i) => ({ services: n, value: values[i]! })),
  };
}
