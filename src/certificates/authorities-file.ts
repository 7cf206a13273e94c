/** @file A file of authorities to be trusted: read with bounds, and again as it changes. */
import { readFile, stat } from "node:fs/promises";
import type { TrustedCertificate } from "./authority.ts";
import { trustedOf } from "./authority-secret.ts";
import { parseChain } from "./serving-pair.ts";
import { type ContentRead, watchContent, type WatchedContent } from "./watch-content.ts";

export interface AuthoritiesFileError {
  readonly code: "certificate-unreadable" | "certificate-malformed";
  /** Names the file, what is wrong with it, and the way out. */
  readonly message: string;
}

/** The last ones that could be read. */
export type AuthoritiesFile = WatchedContent<readonly TrustedCertificate[]>;

export interface AuthoritiesFileOptions {
  readonly path: string;
  /** Named in messages: `--client-ca-file`. */
  readonly flag: string;
  readonly intervalMs: number;
  /** Not called for the first ones. */
  readonly onChange: (authorities: readonly TrustedCertificate[]) => void;
  /** Called once until the file is good again, or wrong in another way. */
  readonly onProblem: (error: AuthoritiesFileError) => void;
}

type Read = ContentRead<readonly TrustedCertificate[], AuthoritiesFileError>;

/** Read with bounds; fails if the first read does. */
export function watchAuthoritiesFile(
  options: AuthoritiesFileOptions,
): Promise<ContentRead<AuthoritiesFile, AuthoritiesFileError>> {
  const { intervalMs, onChange, onProblem } = options;
  return watchContent({
    read: () => read(options),
    isSame: (left, right) => pemOf(left) === pemOf(right),
    intervalMs,
    onChange,
    onProblem,
  });
}

export function pemOf(authorities: readonly TrustedCertificate[]): string {
  return authorities.map(({ cert }) => cert).join("");
}

/** What an object of the cluster can hold is less than that. Parsing larger PEM files has cost others dearly (CVE-2024-12401). */
const MAX_BYTES = 1024 * 1024;

async function read({ path, flag }: AuthoritiesFileOptions): Promise<Read> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      return failure(
        "certificate-unreadable",
        `${flag}: ${path} has ${String(size)} bytes: a file of authorities has less than 1 MiB`,
      );
    }
    text = await readFile(path, "utf8");
  } catch {
    return failure("certificate-unreadable", `${flag}: ${path} cannot be read`);
  }
  const chain = parseChain(text);
  if (chain === null) {
    return failure(
      "certificate-malformed",
      `${flag}: ${path} does not hold PEM certificates: give the file that begins with "-----BEGIN CERTIFICATE-----"`,
    );
  }
  return { ok: true, value: chain.map(trustedOf) };
}

function failure(code: AuthoritiesFileError["code"], message: string): Extract<Read, { readonly ok: false }> {
  return { ok: false, error: { code, message } };
}
