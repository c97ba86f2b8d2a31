import { describe, expect, it } from "vitest";
import { type Reply, serve, status } from "../../../test/support/api-server.js";
import { examineCluster } from "./examine.js";

/** A cluster that answers a trial namespace like this. */
function clusterThatSays(reply: Reply) {
  return serve((method, path) => {
    if (path === "/version") return { status: 200, body: { gitVersion: "v1.36.3" } };
    if (path.endsWith("accessreviews")) return { status: 201, body: { status: { allowed: true } } };
    if (path.includes("/configmaps/")) return status(404, "not found");
    return method === "POST" ? reply : { status: 200, body: { items: [] } };
  });
}

const nameOf = "a namespace of the run's own";

describe.skipIf(process.platform === "win32")("the look at what a cluster can measure", () => {
  it.each([
    [500, 'Internal error occurred: failed calling webhook "n.example.org": connection refused'],
    [429, "too many requests"],
  ])("names what keeps it from a namespace, asked once: %i %s", async (code, words) => {
    const { api, seen } = await clusterThatSays(status(code, words));
    const { capabilities } = await examineCluster(api);
    expect(capabilities.find(({ name }) => name === nameOf)).toEqual({
      ...{ name: nameOf, isForbidden: false },
      lacks: expect.stringContaining(words),
    });
    expect(seen.filter((line) => line.includes("dryRun"))).toHaveLength(1);
  });

  it("lacks nothing where the namespace would be taken", async () => {
    const { api } = await clusterThatSays({ status: 201, body: {} });
    const { capabilities } = await examineCluster(api);
    expect(capabilities.find(({ name }) => name === nameOf)?.lacks).toBeNull();
  });
});
