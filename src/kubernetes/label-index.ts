/** What carries labels, found by selectors: ten thousand services must not each look at ten thousand pods. */

type Labels = Readonly<Record<string, string>>;

interface Labelled<T> {
  readonly labels: Labels;
  readonly item: T;
}

/** By namespace and one label. */
export class LabelIndex<T> {
  readonly #byLabel = new Map<string, Labelled<T>[]>();

  add(namespace: string, labels: Labels, item: T): void {
    const entry = { labels, item };
    for (const label of Object.entries(labels)) {
      const key = keyOf(namespace, label);
      const others = this.#byLabel.get(key);
      if (others) others.push(entry);
      else this.#byLabel.set(key, [entry]);
    }
  }

  /** What carries all labels of the selector. An empty selector selects nothing: its endpoints are someone else's. */
  select(namespace: string, selector: Labels): T[] {
    const wanted = Object.entries(selector);
    const [shortest = []] = wanted
      .map((label) => this.#byLabel.get(keyOf(namespace, label)) ?? [])
      .sort((a, b) => a.length - b.length);
    return shortest.filter(({ labels }) => hasLabels(labels, selector)).map(({ item }) => item);
  }
}

/** Whether labels satisfy a selector. */
export function hasLabels(labels: Labels, selector: Labels): boolean {
  return Object.entries(selector).every(
    ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
  );
}

function keyOf(namespace: string, label: readonly [string, string]): string {
  return JSON.stringify([namespace, ...label]);
}
