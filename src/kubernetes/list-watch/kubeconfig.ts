/** The file by which a client finds the server. */

/**
 * A kubeconfig for a server without TLS and users.
 * @param url As `ApiServer.listen` returns it.
 */
export function kubeconfig(url: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: lbscale
    cluster:
      server: ${url}
users:
  - name: lbscale
    user: {}
contexts:
  - name: lbscale
    context:
      cluster: lbscale
      user: lbscale
current-context: lbscale
`;
}
