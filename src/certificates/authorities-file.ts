/** @file A file of authorities to be trusted: read with bounds, and again as it changes. */
import { readFile, stat } from "node:fs/promises";
import type { TrustedCertificate } from "./authority.ts";
import { trustedOf } from "./authority-secret.ts";
import { parseChain } from "./serving-pair.ts";

export interface AuthoritiesFileError {
  readonly code: "certificate-unreadable" | "certificate-malformed";
  /** Names the file, what is wrong with it, and the way out. */
  readonly message: string;
}

export interface AuthoritiesFile {
  /** The last ones that could be read. */
  current(): readonly TrustedCertificate[];
  /** No callback comes after this. */
  stop(): void;
}

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

type Read =
  | { readonly ok: true; readonly value: readonly TrustedCertificate[] }
  | { readonly ok: false; readonly error: AuthoritiesFileError };

/** Looks at content rather than waiting for file events, as serving-source.ts does and tells why. The timer keeps no process alive. */
export async function watchAuthoritiesFile(
  options: AuthoritiesFileOptions,
): Promise<{ readonly ok: true; readonly value: AuthoritiesFile } | Extract<Read, { readonly ok: false }>> {
  const first = await read(options);
  if (!first.ok) return first;
  let current = first.value;
  let reported: string | null = null;
  let isStopped = false;
  let timer = schedule();

  function schedule(): NodeJS.Timeout {
    return setTimeout(() => void look(), options.intervalMs).unref();
  }

  async function look(): Promise<void> {
    const found = await read(options);
    if (isStopped) return;
    timer = schedule();
    if (!found.ok) {
      if (found.error.code !== reported) options.onProblem(found.error);
      reported = found.error.code;
      return;
    }
    reported = null;
    if (pemOf(found.value) === pemOf(current)) return;
    current = found.value;
    options.onChange(current);
  }

  return {
    ok: true,
    value: {
      current: () => current,
      stop() {
        isStopped = true;
        clearTimeout(timer);
      },
    },
  };
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
