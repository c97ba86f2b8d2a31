/** Messages between the processes of a run: JSON, which is checked where it comes in. */

/** Where the process of a replicate writes its measurement: what a library prints does not get in between. */
export const MEASUREMENT_FD = 3;
