/** @file Looks whether the Helm release, Argo CD application or Flux object that a CRD names as its owner is there. */
import type { Crd } from "../../../crd/crd.ts";
import { servedVersions } from "../../../crd/versions.ts";
import type { OwnerEvidence, TraceableOwner } from "../../../health/facts.ts";
import type { Answer } from "../../health-probe.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt, textAt } from "../json.ts";
import { METADATA_LIST } from "../list-metadata.ts";
import { unanswered } from "./unanswered.ts";

type Client = Pick<ApiClient, "request">;

/** Never rejects. Metadata alone is asked for: what a release or an application holds is not read. */
export function findOwner(
  client: Client,
  owner: TraceableOwner,
  crds: ReadonlyMap<string, Crd>,
  signal: AbortSignal,
): Promise<Answer<OwnerEvidence>> {
  switch (owner.kind) {
    case "helm-release":
      return findHelmRelease(client, owner, signal);
    case "argo-application":
      return findApplication(client, owner, crds, signal);
    case "flux-kustomization":
      return findNamed(client, owner, crds.get("kustomizations.kustomize.toolkit.fluxcd.io"), "Flux", signal);
    case "flux-helm-release":
      return findNamed(client, owner, crds.get("helmreleases.helm.toolkit.fluxcd.io"), "Flux", signal);
  }
}

/**
 * Helm keeps a release in Secrets, or in ConfigMaps where it is told to; one that is in neither is gone. A release that is
 * kept in an SQL database is not seen.
 * Source: helm.sh/helm/v3/pkg/storage/driver, labels `owner` and `name`.
 */
async function findHelmRelease(
  client: Client,
  { namespace, name }: Extract<TraceableOwner, { kind: "helm-release" }>,
  signal: AbortSignal,
): Promise<Answer<OwnerEvidence>> {
  for (const resource of ["secrets", "configmaps"]) {
    const answer = await client.request({
      method: "GET",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resource}`,
      query: { labelSelector: `owner=helm,name=${name}`, limit: 1 },
      accept: METADATA_LIST,
      signal,
    });
    if (!answer.ok) return unanswered(answer.error);
    if (listAt(answer.body, "items").length > 0) return EXISTS;
  }
  return GONE;
}

/**
 * An application that is not here may be in the cluster from which Argo CD manages this one. Only where Argo CD keeps
 * applications here, and this one is not among them, it counts as gone.
 */
async function findApplication(
  client: Client,
  { namespace, name }: Extract<TraceableOwner, { kind: "argo-application" }>,
  crds: ReadonlyMap<string, Crd>,
  signal: AbortSignal,
): Promise<Answer<OwnerEvidence>> {
  const path = pathOf(crds.get("applications.argoproj.io"), namespace);
  if (path === null) return elsewhere("Argo CD");
  const named = await client.request({
    method: "GET",
    path,
    query: { fieldSelector: `metadata.name=${name}`, limit: 1 },
    accept: METADATA_LIST,
    signal,
  });
  if (!named.ok) return unanswered(named.error);
  if (listAt(named.body, "items").length > 0) return EXISTS;
  const any = await client.request({ method: "GET", path, query: { limit: 1 }, accept: METADATA_LIST, signal });
  if (!any.ok) return unanswered(any.error);
  return listAt(any.body, "items").length > 0 ? GONE : elsewhere("Argo CD");
}

async function findNamed(
  client: Client,
  { namespace, name }: Extract<TraceableOwner, { kind: "flux-kustomization" | "flux-helm-release" }>,
  crd: Crd | undefined,
  program: string,
  signal: AbortSignal,
): Promise<Answer<OwnerEvidence>> {
  const path = pathOf(crd, namespace);
  if (path === null) return elsewhere(program);
  const answer = await client.request({
    method: "GET",
    path: `${path}/${encodeURIComponent(name)}`,
    accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    signal,
  });
  if (answer.ok) return textAt(answer.body, "metadata", "name") === name ? EXISTS : GONE;
  return answer.error.code === "not-found" ? GONE : unanswered(answer.error);
}

const EXISTS: Answer<OwnerEvidence> = { ok: true, value: { kind: "exists" } };
const GONE: Answer<OwnerEvidence> = { ok: true, value: { kind: "gone" } };

function elsewhere(program: string): Answer<OwnerEvidence> {
  return {
    ok: true,
    value: { kind: "unknown", reason: `${program} keeps nothing in this cluster, and may manage it from another one` },
  };
}

function pathOf(crd: Crd | undefined, namespace: string | null): string | null {
  const [version] = crd === undefined ? [] : servedVersions(crd);
  if (crd === undefined || version === undefined) return null;
  const place = namespace === null ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${crd.group}/${version}${place}/${crd.plural}`;
}
