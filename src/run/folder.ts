/** The folder of a new run: nobody else's, and gone again where the run could not begin. */

import { existsSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ResultsFileError } from "../errors.js";
import { ensureWritableFolder, holdsResults, makeFolder, RESULTS_FILE } from "../results/files.js";
import type { Results } from "../results/schema.js";
import type { Lane } from "./lanes/lane.js";

/** A folder, or what names one by a run's id. */
type FolderChoice = string | ((runId: string) => string);

/** The folder of a new run. */
interface RunFolder {
  readonly path: string;
  /** Throws ResultsFileError where another process has measured into it meanwhile. */
  refuseRun(): void;
  /** Removes what a run left that measured nothing, so that it is not in the way of the next try. */
  removeUnused(results: Results): void;
}

/**
 * Chooses the folder. Two runs that begin in one second have one id: where the folder is named by it, the second run gets
 * a number.
 *
 * @throws ResultsFileError for a folder that holds a run or can't be written.
 */
export function chooseFolder(results: Results, choice: FolderChoice, lane: Lane): RunFolder {
  if (typeof choice === "string") return runFolder(choice, lane, !existsSync(choice));
  const { id } = results.run;
  let path = choice(id);
  for (let number = 2; !createNew(path); number++) {
    const next = choice(`${id}-${number}`);
    if (next === path) return runFolder(path, lane, false);
    results.run.id = `${id}-${number}`;
    path = next;
  }
  return runFolder(path, lane, true);
}

function runFolder(path: string, lane: Lane, isNew: boolean): RunFolder {
  const refuseRun = () => {
    if (!holdsResults(path)) return;
    throw new ResultsFileError(
      `${path} holds a run already: choose another folder${lane.resumable ? ", or resume it" : ""}`,
    );
  };
  refuseRun();
  return {
    path,
    refuseRun,
    removeUnused: ({ cells }) => {
      if (cells.some(({ replicates, counts }) => replicates.length > 0 || counts !== null)) return;
      rmSync(join(path, RESULTS_FILE), { force: true });
      if (isNew) removeIfEmpty(path);
    },
  };
}

/** Makes a folder that does not exist yet; false where it does. Throws ResultsFileError where it can't be made. */
function createNew(path: string): boolean {
  try {
    makeFolder(dirname(path));
    mkdirSync(path);
    return true;
  } catch {
    if (existsSync(path)) return false;
    ensureWritableFolder(path);
    return true;
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody put something there: it stays.
  }
}
