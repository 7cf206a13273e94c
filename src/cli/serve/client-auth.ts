/** @file `--client-auth`: whether callers must show a client certificate, and which. */
import type { ClientAuth } from "../../admission/client-certificate.ts";
import { pemOf, watchAuthoritiesFile } from "../../certificates/authorities-file.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import { CommandError, EXIT } from "../exit-status.ts";

export interface ClientAuthFlags {
  readonly clientAuth: "off" | "request" | "require";
  readonly clientCaFile: string | undefined;
  readonly clientName: string | undefined;
}

export interface OpenClientAuth {
  readonly auth: ClientAuth;
  /** `use` gets each new set of authorities, PEM. */
  onChange(use: (ca: string) => void): void;
  stop(): void;
}

/** Null: nobody is asked for one. @throws CommandError */
export async function openClientAuth(flags: ClientAuthFlags, logger: Logger): Promise<OpenClientAuth | null> {
  const { clientAuth: mode, clientCaFile: path, clientName: name } = flags;
  if (mode === "off") {
    if (path === undefined && name === undefined) return null;
    throw incomplete("--client-ca-file and --client-name go with --client-auth request or require");
  }
  if (path === undefined)
    throw incomplete(`--client-auth ${mode} goes with --client-ca-file: who must have signed the certificate`);
  if (mode === "require" && name === undefined) {
    throw incomplete(
      "--client-auth require goes with --client-name: an authority alone lets everybody in whose certificate it has signed; --client-auth request logs the names that callers show",
    );
  }
  let use: (ca: string) => void = () => undefined;
  const file = await watchAuthoritiesFile({
    path,
    flag: "--client-ca-file",
    intervalMs: LOOK_MILLISECONDS,
    onChange(authorities) {
      use(pemOf(authorities));
      logger.info({ count: authorities.length } satisfies LogFields, "authorities of clients replaced");
    },
    onProblem({ code, message }) {
      logger.error({ code, reason: message } satisfies LogFields, "authorities of clients unusable, the old ones stay");
    },
  });
  if (!file.ok) throw new CommandError(EXIT.usage, file.error.code, file.error.message);
  return {
    auth: { mode, ca: pemOf(file.value.current()), name: name ?? null },
    onChange(next) {
      use = next;
    },
    stop() {
      file.value.stop();
    },
  };
}

/** As often as the serving pair is looked at. */
const LOOK_MILLISECONDS = 2_000;

function incomplete(message: string): CommandError {
  return new CommandError(EXIT.usage, "flags-incomplete", message);
}
