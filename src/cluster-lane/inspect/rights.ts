/** The rights that a run needs, as rules of RBAC and as questions to the API server. */

import type { Api } from "../api.js";
import { ClusterUnfitError } from "../errors.js";
import { accessReviewSchema } from "../kinds.js";

interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** In the whole cluster. */
const CLUSTER_RIGHTS: readonly Right[] = [
  { group: "", resource: "nodes", verbs: ["list"] },
  { group: "", resource: "services", verbs: ["list"] },
];
/** For a namespace of the run's own. */
const NAMESPACE_RIGHTS: readonly Right[] = [
  { group: "", resource: "namespaces", verbs: ["create", "delete", "get", "list"] },
];
/** In the namespace. A Service is read where the answer to its creation was lost. */
const OBJECT_RIGHTS: readonly Right[] = [
  { group: "", resource: "services", verbs: ["create", "get"] },
  { group: "discovery.k8s.io", resource: "endpointslices", verbs: ["create"] },
  { group: "", resource: "configmaps", verbs: ["create"] },
  { group: "apps", resource: "deployments", verbs: ["create", "get"] },
  { group: "batch", resource: "jobs", verbs: ["create"] },
  { group: "", resource: "pods", verbs: ["list"] },
  { group: "", resource: "pods/log", verbs: ["get"] },
];
/** In a namespace that stays: to find it, and to delete objects by their label and wait until they are gone. */
const REMOVING_RIGHTS: readonly Right[] = [
  { group: "", resource: "namespaces", verbs: ["get"] },
  ...[
    { group: "", resource: "services" },
    { group: "discovery.k8s.io", resource: "endpointslices" },
    { group: "", resource: "configmaps" },
    { group: "apps", resource: "deployments" },
    { group: "batch", resource: "jobs" },
  ].map((kind) => ({ ...kind, verbs: ["list", "deletecollection"] })),
];
/** For changes, and to attach to the pods that wait for them: a GET that is upgraded, with older servers a POST. */
const CHANGE_RIGHTS: readonly Right[] = [
  { group: "", resource: "services", verbs: ["delete"] },
  { group: "discovery.k8s.io", resource: "endpointslices", verbs: ["update", "delete"] },
  { group: "", resource: "pods", verbs: ["get"] },
  { group: "", resource: "pods/attach", verbs: ["create", "get"] },
];
/**
 * Without them something stays unknown, and nothing fails. The last reaches the kubelet of every node, which also runs commands
 * in pods (kubernetes.io/docs/concepts/security/rbac-good-practices, "Access to proxy subresource of Nodes").
 */
const OPTIONAL_RIGHTS: readonly Right[] = [
  { group: "networking.k8s.io", resource: "servicecidrs", verbs: ["list"] },
  { group: "apps", resource: "daemonsets", verbs: ["list"] },
  { group: "", resource: "nodes/proxy", verbs: ["get"] },
];

/** Without it a run learns of a quota only when it is used up. */
const OPTIONAL_OBJECT_RIGHTS: readonly Right[] = [{ group: "", resource: "resourcequotas", verbs: ["list"] }];

/** What decides which rights a run needs. */
export interface RightsNeeded {
  /** Whether the namespace is the run's own. */
  readonly own: boolean;
  /** Whether it makes changes and has pods wait for them. */
  readonly watches: boolean;
}

function objectRights({ own, watches }: RightsNeeded): Right[] {
  return [...OBJECT_RIGHTS, ...(watches ? CHANGE_RIGHTS : []), ...(own ? [] : REMOVING_RIGHTS)];
}

/** What an object is for, under the key that Kubernetes has for it (its reference of well-known annotations). */
const optional = (words: string) => ({ annotations: { "kubernetes.io/description": `Optional: ${words}` } });

/**
 * Rights as RBAC grants them: a ClusterRole for what is the cluster's, a Role for what is the namespace's. What a run can do
 * without has roles of its own.
 */
export function roleManifests(namespace: string, needed: RightsNeeded): object[] {
  const { own } = needed;
  const rules = (rights: readonly Right[]) =>
    rights.map(({ group, resource, verbs }) => ({ apiGroups: [group], resources: [resource], verbs }));
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
  // Only the configurations of kube-proxy and Cilium, by name.
  const configurations = {
    apiGroups: [""],
    resources: ["configmaps"],
    verbs: ["get"],
    resourceNames: ["kube-proxy", "kube-proxy-config", "cilium-config"],
  };
  const everywhere = [...CLUSTER_RIGHTS, ...(own ? NAMESPACE_RIGHTS : [])];
  return [
    { ...rbac, kind: "ClusterRole", metadata: { name: "lbscale" }, rules: rules(everywhere) },
    // A Role needs a namespace that exists: for one of the run's own, these rights are in a ClusterRole.
    ...(own
      ? [
          {
            ...rbac,
            kind: "ClusterRole",
            metadata: { name: "lbscale-objects" },
            rules: rules(objectRights(needed)),
          },
        ]
      : [
          {
            ...rbac,
            kind: "Role",
            metadata: { name: "lbscale", namespace },
            rules: rules(objectRights(needed)),
          },
        ]),
    {
      ...rbac,
      kind: "ClusterRole",
      metadata: {
        name: "lbscale-optional",
        ...optional("to count free addresses and quotas and to detect the plane. nodes/proxy is powerful."),
      },
      rules: rules([...OPTIONAL_RIGHTS, ...(own ? OPTIONAL_OBJECT_RIGHTS : [])]),
    },
    ...(own
      ? []
      : [
          {
            ...rbac,
            kind: "Role",
            metadata: {
              name: "lbscale-optional",
              namespace,
              ...optional("to count what quotas leave before the run."),
            },
            rules: rules(OPTIONAL_OBJECT_RIGHTS),
          },
        ]),
    {
      ...rbac,
      kind: "Role",
      metadata: {
        name: "lbscale-plane",
        namespace: "kube-system",
        ...optional("to detect the plane by its configuration."),
      },
      rules: [configurations],
    },
  ];
}

/**
 * Asks whether this user has every right.
 *
 * @throws ClusterUnfitError that names all that are lacking.
 */
export async function requireRights(api: Api, namespace: string, needed: RightsNeeded): Promise<void> {
  const lacking = await lackingRights(api, namespace, needed);
  if (lacking.length === 0) return;
  throw new ClusterUnfitError(
    `this user of the cluster may not ${lacking.join(", ")}: lbscale run --lane cluster --dry-run prints the rights as manifests`,
  );
}

/** The rights that a run needs and this user lacks, such as `create pods`. */
export async function lackingRights(api: Api, namespace: string, needed: RightsNeeded): Promise<string[]> {
  const { own } = needed;
  const wanted = [
    ...[...CLUSTER_RIGHTS, ...(own ? NAMESPACE_RIGHTS : [])].map((right) => ({ ...right, namespace: "" })),
    ...objectRights(needed).map((right) => ({ ...right, namespace })),
  ].flatMap(({ verbs, ...right }) => verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(
    wanted.map(async (right) => ({ ...right, allowed: await isAllowed(api, right) })),
  );
  const lacking = answers.filter(({ allowed }) => !allowed);
  return [...new Set(lacking.map(({ verb, resource }) => `${verb} ${resource}`))];
}

async function isAllowed(
  api: Api,
  { group, resource, verb, namespace }: { group: string; resource: string; verb: string; namespace: string },
): Promise<boolean> {
  const [name, subresource] = resource.split("/");
  const review = await api.create(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {
        resourceAttributes: {
          group,
          resource: name,
          verb,
          ...(subresource !== undefined && { subresource }),
          ...(namespace !== "" && { namespace }),
        },
      },
    },
    accessReviewSchema,
  );
  return review?.status.allowed ?? false;
}
