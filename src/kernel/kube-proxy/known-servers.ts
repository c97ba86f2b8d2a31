/** Virtual services and servers of lbscale, whose listing is known once they were in a kernel. */

/** Loading thousands of servers takes a guest half a minute, and a change concerns a few. */
export class KnownServers {
  /** What ipvsadm lists for a line that it was given. */
  readonly #listed = new Map<string, string>();

  /** The lines for `ipvsadm -R` that were never loaded, each server with the virtual service that it belongs to. */
  withoutKnown(text: string): string {
    const lines = linesOf(text);
    const unknown = new Set(lines.filter((line) => !this.#listed.has(line)));
    const frontends = new Set([...unknown].map(frontendOf));
    const wanted = lines.filter(
      (line) => unknown.has(line) || (line.startsWith("-A ") && frontends.has(frontendOf(line))),
    );
    return wanted.map((line) => `${line}\n`).join("");
  }

  /** The listing of a whole text, after what it did not know was loaded and listed. */
  complete(text: string, listed: string): string {
    const byName = new Map(linesOf(listed).map((line) => [nameOf(line), line]));
    const lines = linesOf(text);
    for (const line of lines) {
      const found = byName.get(nameOf(line));
      if (found !== undefined) this.#listed.set(line, found);
    }
    return lines.flatMap((line) => this.#listed.get(line) ?? []).join("\n");
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** `-t 10.96.0.1:80` */
function frontendOf(line: string): string {
  return line.split(" ").slice(1, 3).join(" ");
}

/** A virtual service by its frontend, a server by its address too. */
function nameOf(line: string): string {
  return line
    .split(" ")
    .slice(0, line.startsWith("-a ") ? 5 : 3)
    .join(" ");
}
