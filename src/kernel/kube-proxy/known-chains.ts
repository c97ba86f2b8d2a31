/**
 * Chains of nftables that have been loaded and listed before. Loading a whole table costs the kernel time that grows
 * with the square of its anonymous maps, and after a change all chains but a few are what they were: only the others
 * are loaded, next to empty ones, and listed. How nft lists a chain depends on nothing but the chain.
 */

// pattern-bounded: nft's own output, whose chains end.
const CHAIN = /^\tchain (\S+) \{\n([\s\S]*?)^\t\}\n/gm;
/** Base chains are the table's frame: they are always loaded. */
const IS_BASE = /^\t\ttype /m;

/** What nft listed for the text of each chain that has been loaded. */
export class KnownChains {
  readonly #listed = new Map<string, string>();

  /** The text without the rules of chains that are known. */
  withoutKnown(text: string): string {
    return text.replace(CHAIN, (chain: string, name: string) =>
      this.#listed.has(chain) ? emptyChain(name) : chain,
    );
  }

  /**
   * Puts known chains back into a listing of what `withoutKnown` left, and learns the others.
   * @param text What should have been loaded.
   */
  complete(text: string, listing: string): string {
    const chains = new Map([...text.matchAll(CHAIN)].map(([chain, name]) => [name!, chain!]));
    return listing.replace(CHAIN, (listed: string, name: string, rules: string) => {
      const chain = chains.get(name);
      if (chain === undefined || IS_BASE.test(rules)) return listed;
      const known = this.#listed.get(chain);
      if (known !== undefined) return known;
      this.#listed.set(chain, listed);
      return listed;
    });
  }
}

function emptyChain(name: string): string {
  return `\tchain ${name} {\n\t}\n`;
}
