/** Why something of a run was not measured, which its profile or `--budget` gives so much time. */
export const OUT_OF_TIME = "the run's time budget was used up before it";
