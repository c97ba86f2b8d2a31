/** Which N a scenario measures of a plane that can't afford all of them. */

/**
 * Those of `services` within a plane's limit, with the limit itself in place of what is beyond.
 *
 * @param services ascending
 * @param limit largest N; undefined: none
 */
export function withinLimit(services: readonly number[], limit: number | undefined): readonly number[] {
  if (limit === undefined || services.every((n) => n <= limit)) return services;
  return [...services.filter((n) => n < limit), limit];
}
