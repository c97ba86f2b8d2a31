/** How wide the terminal is. */

/** `COLUMNS` where it is set, as for other tools; else what the terminal says; undefined where there is none. */
export function terminalColumns(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const set = Number(env.COLUMNS);
  return Number.isInteger(set) && set >= 20 ? set : process.stdout.columns;
}
