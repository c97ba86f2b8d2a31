/** What a person sees while a run goes on: notes as lines, progress as one line that is redrawn on a terminal. */

import type { RunEvent } from "../run/events.js";
import { note } from "./output.js";
import { Progress } from "./progress.js";

/** Shows the events of a run on standard error. */
export class RunDisplay {
  readonly #progress = new Progress();

  /** Shows one event. */
  show(event: RunEvent): void {
    switch (event.kind) {
      case "planned":
        return;
      case "certifying":
        note(`checking that ${event.planes.join(", ")} decide alike`);
        return;
      case "note":
        note(event.text);
        return;
      case "measuring": {
        const { done, total, leftMs, what, mostLeftMs = null, phase } = event;
        this.#progress.show(done, total, leftMs, what, {
          isForecast: mostLeftMs !== null,
          ...(phase !== undefined && { phase }),
        });
      }
    }
  }

  /** Removes the redrawn line. */
  end(): void {
    this.#progress.end();
  }
}
