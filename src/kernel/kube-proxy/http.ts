/** Asking a kube-proxy over HTTP: its health and its metrics. */

/** The text of an answer; undefined where nothing answers, or with an error. */
export async function get(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url);
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}
