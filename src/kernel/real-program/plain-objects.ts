/** The plainest objects of a Service with one port, with the fields that the API server fills in. */

import { FAMILY_NAMES, type Family } from "../../cluster/family.js";
import { type ApiObject, parseObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../kubernetes/list-watch/resources.js";

/** Names the Service of a slice. */
export const SERVICE_LABEL = "kubernetes.io/service-name";

const PORT = 80;
const TARGET_PORT = 8080;

/** What names an object, and the protocol of its port. */
interface PlainNames {
  readonly name: string;
  readonly namespace: string;
  readonly protocol: string;
  readonly family: Family;
}

/** A ClusterIP Service: port 80, endpoints at 8080. */
export function plainService({
  name,
  namespace,
  protocol,
  family,
  clusterIP,
}: PlainNames & { readonly clusterIP: string }): ApiObject {
  return parseObject({
    apiVersion: "v1",
    kind: SERVICE.kind,
    metadata: { name, namespace },
    spec: {
      type: "ClusterIP",
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: [FAMILY_NAMES[family]],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
      sessionAffinity: "None",
      ports: [{ name: "p", protocol, port: PORT, targetPort: TARGET_PORT }],
    },
    status: { loadBalancer: {} },
  }).object;
}

/** An EndpointSlice of such a Service. */
export function plainSlice({
  name,
  namespace,
  protocol,
  family,
  service,
  endpoints,
}: PlainNames & { readonly service: string; readonly endpoints: readonly object[] }): ApiObject {
  return parseObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: ENDPOINT_SLICE.kind,
    metadata: { name, namespace, labels: { [SERVICE_LABEL]: service } },
    addressType: FAMILY_NAMES[family],
    endpoints,
    ports: [{ name: "p", protocol, port: TARGET_PORT }],
  }).object;
}
