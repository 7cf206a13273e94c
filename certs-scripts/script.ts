/** @file What the certificate scripts have in common: flags, exit statuses, and one clear line for what goes wrong. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** As the `crdguard` command has them. */
export const EXIT = {
  ok: 0,
  /** Something is wrong with the certificates. */
  problem: 1,
  /** Wrong flags, or files that cannot be read or written. */
  usage: 2,
  /** kubectl is missing, or failed. */
  cluster: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Ends a script: `message` is one line on standard error. */
export class ScriptError extends Error {
  readonly status: ExitStatus;
  constructor(status: ExitStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** Runs a script to its end and sets the process's exit status. A bug still throws, with its stack. */
export async function runScript(name: string, run: () => Promise<ExitStatus>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = error.status;
  }
}

/** @throws ScriptError `usage` for a flag that is unknown or lacks its value, and for what is no flag at all. */
export function readFlags<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>>["values"] {
  try {
    return parseArgs<T>(config).values;
  } catch (error) {
    // Node's own sentence; the advice about "--" that it adds is of no use here.
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/, 1);
    throw new ScriptError(EXIT.usage, `${sentence.replace(/\.$/, "")} (--help tells more)`);
  }
}

/** Labels of RFC 1123: both names become parts of a DNS name, `<service>.<namespace>.svc`. */
const KUBERNETES_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws ScriptError `usage` */
export function requireKubernetesName(flag: string, value: string): string {
  if (KUBERNETES_NAME.test(value)) return value;
  throw new ScriptError(
    EXIT.usage,
    `${flag} ${JSON.stringify(value)} is no Kubernetes name: lower-case letters, digits and "-", at most 63`,
  );
}
