/** @file `--register-url`: the registration of a server on a developer's machine, made while it runs and removed when it ends. */
import type { LogFields, Logger } from "../../observability/log.ts";
import { registerWebhooks, unregisterWebhooks } from "../../operator/registration.ts";
import { renderWebhookConfigurations } from "../../operator/webhook-configurations.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface DevelopmentRegistration {
  readonly url: URL;
  /** PEM. */
  readonly caBundle: string;
  readonly warnWorkloads: boolean;
}

/** @returns what removes it again. @throws CommandError */
export async function registerForDevelopment(
  { cluster, client }: Pick<LiveFacts, "cluster" | "client">,
  { url, caBundle, warnWorkloads }: DevelopmentRegistration,
  logger: Logger,
): Promise<() => Promise<void>> {
  await cluster.synced;
  const configurations = renderWebhookConfigurations(
    { kind: "url", url: url.href.replace(/\/$/, ""), caBundle: Buffer.from(caBundle).toString("base64") },
    { warnWorkloads },
  );
  const registered = await registerWebhooks(client, configurations);
  if (!registered.ok) throw new CommandError(EXIT.undecided, registered.error.code, registered.error.message);
  return async () => {
    const removed = await unregisterWebhooks(client, configurations);
    if (!removed.ok)
      logger.error({ code: removed.error.code, reason: removed.error.message } satisfies LogFields, "registration left behind");
  };
}
