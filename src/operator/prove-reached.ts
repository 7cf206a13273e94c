/** @file Proves that the API server reaches the server: by a dry run that changes nothing, and that only the server answers so. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { REACHED_WARNING } from "../explain/registration.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import type { OwnUser } from "./own-user.ts";

/** `reason`: for log and Event. */
export type Proof = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * Patches an annotation of one of our own CRDs, which goes to `own.crdguard.dev` and to no other webhook of ours; the server
 * answers its own user with a warning, which comes back to us. Never rejects.
 */
export async function proveReached(client: Pick<ApiClient, "request">, ownUser: OwnUser, signal: AbortSignal): Promise<Proof> {
  const unknown = await ownUser.learn(signal);
  if (unknown !== null) return { ok: false, reason: `crdguard does not know its own user name: ${unknown}` };
  let reason = "";
  for (const crd of OWN_CRDS) {
    const patched = await client.request({
      method: "PATCH",
      path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`,
      query: { dryRun: "All", fieldManager: FIELD_MANAGER },
      contentType: "application/merge-patch+json",
      body: { metadata: { annotations: { "crdguard.dev/reached": new Date().toISOString() } } },
      signal,
    });
    if (patched.ok) {
      if (patched.warnings?.includes(REACHED_WARNING) === true) return { ok: true };
      return { ok: false, reason: `the API server changes ${crd} without asking crdguard: it does not reach it` };
    }
    reason = `${crd}: ${patched.error.message}`;
  }
  return { ok: false, reason };
}

const OWN_CRDS = ["guardpolicies.crdguard.dev", "apirequirements.crdguard.dev"] as const;
