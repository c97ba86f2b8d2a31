/** What `-` becomes on the way in: yargs reads a lone dash in a positional's place as nothing at all. */
export const STANDARD_INPUT = "standard input";
