/** @file What an installation has left in a cluster, what of it may go, and what stays and why; and the going. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { listPages } from "../cluster/live/pages.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { helmReleaseOf, isOurs } from "./install.ts";
import { isRegisteredByUs } from "./uninstall.ts";
import { asKubernetesObject, type KubernetesObject, pathOf, titleOf } from "./kubernetes-object.ts";

type Client = Pick<ApiClient, "request">;

export interface RemovalPlan {
  /** In the order in which they go. */
  readonly goes: readonly Thing[];
  readonly stays: readonly Staying[];
  /** `namespace/name` of the release that keeps the server, or null. */
  readonly helmRelease: string | null;
  /** The server may be running: its Deployment is there. */
  readonly hasServer: boolean;
}

/** Something of the cluster, by its path below the API server. */
export interface Thing {
  readonly title: string;
  readonly path: string;
}

export interface Staying {
  readonly title: string;
  readonly why:
    | { readonly kind: "foreign" }
    /** Of a definition: objects that people have made, the first few by name. */
    | { readonly kind: "has-objects"; readonly count: number; readonly examples: readonly string[] }
    /** Of a namespace: what others keep in it. */
    | { readonly kind: "holds-others"; readonly others: readonly string[] };
}

export type PlanResult =
  { readonly ok: true; readonly plan: RemovalPlan } | { readonly ok: false; readonly what: string; readonly error: ApiError };

export interface PlanOptions {
  readonly client: Client;
  readonly namespace: string;
  /** All that any installation may have brought, in the order of need. */
  readonly objects: readonly KubernetesObject[];
  /** Definitions go together with the objects that people have made by them. */
  readonly deletesObjects: boolean;
  /** `definitions`: the rest is removed by whatever installed it. */
  readonly extent: "all" | "definitions";
}

/** Asks, and changes nothing. Never rejects. */
export async function planRemoval(options: PlanOptions): Promise<PlanResult> {
  const { client, objects, extent } = options;
  const goes: Thing[] = [];
  const stays: Staying[] = [];
  let helmRelease: string | null = null;
  let hasServer = false;
  let ownNamespace: Thing | null = null;
  try {
    for (const object of objects.toReversed()) {
      if (extent === "definitions" && object.kind !== "CustomResourceDefinition" && object.kind !== "Deployment") continue;
      const thing = { title: titleOf(object), path: pathOf(object) };
      const live = await find(client, thing);
      if (live === null) continue;
      if (object.kind === "Deployment") {
        hasServer = true;
        helmRelease = helmReleaseOf(live);
        if (extent === "definitions") continue;
      }
      if (!isOurs(live)) {
        // A namespace that was there before crdguard is nobody's surprise.
        if (object.kind !== "Namespace") stays.push({ title: thing.title, why: { kind: "foreign" } });
      } else if (object.kind === "Namespace") ownNamespace = thing;
      else if (object.kind === "CustomResourceDefinition") {
        const made = options.deletesObjects ? [] : await objectsOf(client, object);
        if (made.length === 0) goes.push(thing);
        else {
          const examples = made.slice(0, EXAMPLES);
          stays.push({ title: thing.title, why: { kind: "has-objects", count: made.length, examples } });
        }
      } else goes.push(thing);
    }
    if (extent === "all") {
      goes.push(...(await countingRoles(client)), ...(await certificateSecrets(options)));
      if (ownNamespace !== null) {
        const others = await othersIn(options);
        if (others.length === 0) goes.push(ownNamespace);
        else stays.push({ title: ownNamespace.title, why: { kind: "holds-others", others: others.slice(0, EXAMPLES) } });
      }
    }
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, what: error.what, error: error.error };
    throw error;
  }
  return { ok: true, plan: { goes, stays, helmRelease, hasServer } };
}

/** Enough to recognise whose they are. */
const EXAMPLES = 5;

/**
 * Goes on after a failure, and returns all of them. What is refused for another reason than a missing right is tried again for a
 * while: the API server goes on for a moment by a registration that has been deleted.
 * @param told each as it has gone. Never rejects.
 */
export async function remove(
  client: Client,
  things: readonly Thing[],
  told: (thing: Thing) => void,
  timing: Timing = SYSTEM_TIMING,
): Promise<readonly { readonly thing: Thing; readonly error: ApiError }[]> {
  const failed: { readonly thing: Thing; readonly error: ApiError }[] = [];
  for (const thing of things) {
    let deleted = await deleteOne(client, thing);
    for (let attempt = 1; attempt < MOST_ATTEMPTS && !deleted.ok && !FINAL.has(deleted.error.code); attempt += 1) {
      await timing.sleep(PAUSE_MILLISECONDS, new AbortController().signal);
      deleted = await deleteOne(client, thing);
    }
    if (deleted.ok) told(thing);
    else if (deleted.error.code !== "not-found") failed.push({ thing, error: deleted.error });
  }
  return failed;
}

function deleteOne(client: Client, { path }: Thing): ReturnType<Client["request"]> {
  return client.request({ method: "DELETE", path, query: { propagationPolicy: "Background" } });
}

/** The API server took a second at most to notice; one of several takes as long as its watch. */
const MOST_ATTEMPTS = 10;
const PAUSE_MILLISECONDS = 1_000;
/** Waiting does not help. */
const FINAL: ReadonlySet<ApiError["code"]> = new Set(["not-found", "forbidden", "unauthorized", "unreachable"]);

class Unreadable extends Error {
  readonly what: string;
  readonly error: ApiError;

  constructor(what: string, error: ApiError) {
    super(error.message);
    this.what = what;
    this.error = error;
  }
}

/** Null: there is none. */
async function find(client: Client, { title, path }: Thing): Promise<unknown> {
  const answer = await client.request({ method: "GET", path });
  if (answer.ok) return answer.body;
  if (answer.error.code === "not-found") return null;
  throw new Unreadable(title, answer.error);
}

/** Objects of a definition of ours that people have made: all but the default policy, which the server makes. */
async function objectsOf(client: Client, definition: KubernetesObject): Promise<readonly string[]> {
  const group = textAt(definition, "spec", "group") ?? "";
  const plural = textAt(definition, "spec", "names", "plural") ?? "";
  const kind = textAt(definition, "spec", "names", "kind") ?? "";
  // Notes of servers and of `crdguard migrate`, which are taken anew where they are needed.
  if (kind === "StorageVersionRecord") return [];
  const version = textAt(listAt(definition, "spec", "versions")[0], "name") ?? "";
  const items = await list(client, `${plural}.${group}`, `/apis/${group}/${version}/${plural}`);
  return items
    .map((item) => [textAt(item, "metadata", "namespace"), textAt(item, "metadata", "name")])
    .filter(([namespace, name]) => !(kind === "GuardPolicy" && namespace === null && name === "default"))
    .map((names) => `${kind} ${names.filter((name) => name !== null).join("/")}`);
}

/** Those that the words of a denial ask for, by their names; roles of others, which the label alone ties to us, stay theirs. */
async function countingRoles(client: Client): Promise<readonly Thing[]> {
  const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  const roles = await list(client, "ClusterRoles", path, "crdguard.dev/count-objects=true");
  return roles
    .flatMap((role) => textAt(role, "metadata", "name") ?? [])
    .filter((name) => name.startsWith("crdguard-count-"))
    .map((name) => ({ title: `ClusterRole ${name}`, path: `${path}/${name}` }));
}

/** cert-manager leaves a Secret behind when its Certificate goes. */
async function certificateSecrets({ client, namespace, objects }: PlanOptions): Promise<readonly Thing[]> {
  const names = objects
    .filter(({ kind }) => kind === "Certificate")
    .map((certificate) => ({ certificate: certificate.metadata.name, secret: textAt(certificate, "spec", "secretName") ?? "" }));
  const secrets: Thing[] = [];
  for (const { certificate, secret } of names) {
    const thing = { title: `Secret ${namespace}/${secret}`, path: `/api/v1/namespaces/${namespace}/secrets/${secret}` };
    const live = await find(client, thing);
    if (live === null || textAt(live, "metadata", "annotations", "cert-manager.io/certificate-name") !== certificate) continue;
    secrets.push(thing);
  }
  return secrets;
}

/** What would be lost with the namespace beside what is ours. */
async function othersIn({ client, namespace, objects }: PlanOptions): Promise<readonly string[]> {
  const own = new Set([
    `Secret ${namespace}/crdguard-authority`,
    ...objects.map(titleOf),
    ...objects
      .filter(({ kind }) => kind === "Certificate")
      .map((certificate) => `Secret ${namespace}/${textAt(certificate, "spec", "secretName") ?? ""}`),
    // Kubernetes makes one in each namespace.
    `ConfigMap ${namespace}/kube-root-ca.crt`,
  ]);
  const others: string[] = [];
  for (const [kind, path] of PRECIOUS) {
    const items = await list(client, `${kind}s of ${namespace}`, path.replace("NAMESPACE", namespace));
    const titles = items.flatMap((item) => {
      const object = asKubernetesObject({ apiVersion: "", kind, metadata: memberAt(item, "metadata") });
      return object === null ? [] : [titleOf(object)];
    });
    others.push(...titles.filter((title) => !own.has(title)));
  }
  return others;
}

/** What people put into a namespace and would miss. */
const PRECIOUS: ReadonlyMap<string, string> = new Map([
  ["Deployment", "/apis/apps/v1/namespaces/NAMESPACE/deployments"],
  ["StatefulSet", "/apis/apps/v1/namespaces/NAMESPACE/statefulsets"],
  ["DaemonSet", "/apis/apps/v1/namespaces/NAMESPACE/daemonsets"],
  ["CronJob", "/apis/batch/v1/namespaces/NAMESPACE/cronjobs"],
  ["PersistentVolumeClaim", "/api/v1/namespaces/NAMESPACE/persistentvolumeclaims"],
  ["Service", "/api/v1/namespaces/NAMESPACE/services"],
  ["ConfigMap", "/api/v1/namespaces/NAMESPACE/configmaps"],
  ["Secret", "/api/v1/namespaces/NAMESPACE/secrets"],
]);

/** @param what for people, if it cannot be read. */
async function list(client: Client, what: string, path: string, labelSelector?: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  const listed = await listPages(client, {
    path,
    pageSize: PAGE_SIZE,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    onPage: (items) => found.push(...items),
  });
  // A definition that is not served has no objects to show.
  if (!listed.ok && listed.error.code !== "not-found") throw new Unreadable(what, listed.error);
  return found;
}

/** As client-go's pager asks for. */
const PAGE_SIZE = 500;

/** What a running server has made, as far as it is there: {@link uninstall} takes it away. Never rejects. */
export async function keptThings(
  client: Client,
  namespace: string,
): Promise<
  | { readonly ok: true; readonly things: readonly Thing[] }
  | { readonly ok: false; readonly what: string; readonly error: ApiError }
> {
  const admission = "/apis/admissionregistration.k8s.io/v1";
  const candidates: readonly Thing[] = [
    { title: "ValidatingWebhookConfiguration crdguard", path: `${admission}/validatingwebhookconfigurations/crdguard` },
    {
      title: "ValidatingWebhookConfiguration crdguard-workloads",
      path: `${admission}/validatingwebhookconfigurations/crdguard-workloads`,
    },
    {
      title: "MutatingWebhookConfiguration crdguard-explainer",
      path: `${admission}/mutatingwebhookconfigurations/crdguard-explainer`,
    },
    { title: "GuardPolicy default", path: "/apis/crdguard.dev/v1alpha1/guardpolicies/default" },
    { title: `Secret ${namespace}/crdguard-authority`, path: `/api/v1/namespaces/${namespace}/secrets/crdguard-authority` },
    {
      title: `Lease ${namespace}/crdguard`,
      path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/crdguard`,
    },
  ];
  const things: Thing[] = [];
  for (const candidate of candidates) {
    const answer = await client.request({ method: "GET", path: candidate.path });
    if (answer.ok && isToBeRemoved(candidate, answer.body)) things.push(candidate);
    else if (!answer.ok && answer.error.code !== "not-found") return { ok: false, what: candidate.title, error: answer.error };
  }
  return { ok: true, things };
}

/** A configuration of this name that somebody else has registered stays. */
function isToBeRemoved({ path }: Thing, live: unknown): boolean {
  return !path.includes("webhookconfigurations/") || isRegisteredByUs(live);
}
