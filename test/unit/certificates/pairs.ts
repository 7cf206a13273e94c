import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Host, parseHosts } from "../../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate, type KeyAndCertificate } from "../../../src/certificates/issue.ts";
import type { ServingPairFiles } from "../../../src/certificates/serving-pair.ts";

export const DAY_MS = 24 * 60 * 60_000;

/** A pair that signs itself, for `crdguard.crdguard.svc` unless told. */
export async function pairFor(
  hosts: readonly string[] = ["crdguard.crdguard.svc"],
  now = new Date(),
): Promise<KeyAndCertificate> {
  return issueServingCertificate(parsed(hosts), { days: 30, now }, null);
}

/** An authority, and a pair that it signed. */
export async function signedPair(): Promise<{ readonly authority: KeyAndCertificate; readonly pair: KeyAndCertificate }> {
  const validity = { days: 30, now: new Date() };
  const authority = await issueAuthority("test authority", validity);
  return { authority, pair: await issueServingCertificate(parsed(["crdguard.crdguard.svc"]), validity, authority) };
}

export async function writePair(folder: string, { cert, key }: KeyAndCertificate): Promise<ServingPairFiles> {
  const files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  await replaceFile(files.certFile, cert);
  await replaceFile(files.keyFile, key);
  return files;
}

/** In one step, so that nobody who reads it meanwhile sees half of it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.draft`, text);
  await rename(`${path}.draft`, path);
}

function parsed(hosts: readonly string[]): readonly Host[] {
  const result = parseHosts(hosts);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
