/** @file Asks the server by the way the API server will, before anything is registered that could fail for want of an answer. */
import { randomUUID } from "node:crypto";
import { request } from "node:https";
import { text as readText } from "node:stream/consumers";
import { memberAt } from "../cluster/live/json.ts";
import type { WebhookAddress } from "./webhook-configurations.ts";

/** `reason`: for the log. */
export type SelfCallResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface SelfCall {
  readonly address: WebhookAddress;
  /** PEM; null: whoever writes the caBundle knows it, and we take what is served as it is. */
  readonly bundle: string | null;
  /** The server asks for certificates that only the API server has: that it says so is answer enough. */
  readonly needsClientCertificate: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sends a review of something that crdguard has no opinion on. Anything but a well-formed answer to just that review is
 * "not yet". Never rejects.
 */
export async function callSelf({ address, bundle, needsClientCertificate, signal }: SelfCall): Promise<SelfCallResult> {
  const url = urlOf(address);
  const uid = randomUUID();
  try {
    const { status, body } = await post(
      url,
      bundle,
      reviewOf(uid),
      AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
    );
    const isAnswer = status === 200 && memberAt(body, "response", "uid") === uid;
    const isRefusal = needsClientCertificate && String(memberAt(body, "code")).startsWith("client-certificate-");
    if (isAnswer || isRefusal) return { ok: true };
    return { ok: false, reason: `${url.href} answers ${String(status)}, and not as crdguard does` };
  } catch (error) {
    const cause = error instanceof Error && error.name !== "AbortError" ? error.message : "no answer in time";
    return { ok: false, reason: `${url.href}: ${cause}` };
  }
}

/** As long as the API server waits where it waits least. */
const TIMEOUT_MILLISECONDS = 5_000;

/** By the name that the API server looks for in the certificate. Source: k8s.io/apiserver/pkg/util/webhook, client.go. */
function urlOf(address: WebhookAddress): URL {
  if (address.kind === "url") return new URL(`${address.url.replace(/\/+$/, "")}/validate`);
  return new URL(`https://${address.name}.${address.namespace}.svc:${String(address.port)}/validate`);
}

function reviewOf(uid: string): unknown {
  const version = { group: "crdguard.dev", version: "v1alpha1" };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: { ...version, kind: "SelfCall" },
      resource: { ...version, resource: "selfcalls" },
      operation: "UPDATE",
      dryRun: true,
      userInfo: { username: "crdguard" },
    },
  };
}

function post(
  url: URL,
  bundle: string | null,
  review: unknown,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        // A new connection each time: an open one goes to a replica that may be about to end.
        agent: false,
        signal,
        ...(bundle === null ? { rejectUnauthorized: false } : { ca: bundle }),
      },
      (response) => {
        readText(response).then((text) => {
          resolve({ status: response.statusCode ?? 0, body: parsed(text) });
        }, reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify(review));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
