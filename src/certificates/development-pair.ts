/** @file Makes a serving pair on the spot, for a server that is tried out without a cluster's certificates. */
import { type HostError, parseHosts } from "./hosts.ts";
import { issueServingCertificate } from "./issue.ts";

export interface DevelopmentPair {
  readonly cert: string;
  readonly key: string;
  /** What a client must trust, as PEM; base64 of it is a `caBundle`. It is the certificate itself, which signs itself. */
  readonly ca: string;
}

export type DevelopmentPairResult =
  { readonly ok: true; readonly value: DevelopmentPair } | { readonly ok: false; readonly error: HostError };

/** Long enough for a server that somebody forgot over the holidays, too short to become anybody's production certificate. */
export const DEVELOPMENT_PAIR_DAYS = 30;

/** `hosts` are names and addresses by which the API server reaches us: what stands in `--register-url`, for one. */
export async function createDevelopmentPair({
  hosts,
  now = new Date(),
}: {
  readonly hosts: readonly string[];
  readonly now?: Date;
}): Promise<DevelopmentPairResult> {
  const parsed = parseHosts(hosts);
  if (!parsed.ok) return parsed;

  const { cert, key } = await issueServingCertificate(parsed.value, { days: DEVELOPMENT_PAIR_DAYS, now }, null);
  return { ok: true, value: { cert, key, ca: cert } };
}
