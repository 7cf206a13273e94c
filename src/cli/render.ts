/** @file `crdguard render`: manifests, to be applied by whatever applies manifests. */
import { type Counting, type InstallationChoice, NAME, renderInstallation } from "../operator/installation.ts";
import type { KubernetesObject } from "../operator/kubernetes-object.ts";
import { renderWebhookConfigurations } from "../operator/webhook-configurations.ts";
import type { ApiClient } from "../cluster/live/api-client.ts";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { InstallationFlags } from "./installation-flags.ts";
import type { Terminal } from "./terminal.ts";

export interface RenderOptions extends InstallationFlags, ConnectionChoice {
  readonly webhookConfigurations: boolean;
  readonly warnWorkloads: boolean;
  readonly output: "yaml" | "json";
}

export async function render(options: RenderOptions, terminal: Pick<Terminal, "print">): Promise<ExitStatus> {
  if (options.warnWorkloads && !options.webhookConfigurations) {
    throw new CommandError(
      EXIT.usage,
      "flags-incomplete",
      "--warn-workloads goes with --webhook-configurations; a server is told by its own flag of that name",
    );
  }
  const objects = options.webhookConfigurations
    ? configurationsOf(options)
    : await renderInstallation(await choiceOf(options, () => withClient(options, listCountable)));
  terminal.print(options.output === "json" ? jsonOf(objects) : await yamlOf(objects));
  return EXIT.allowed;
}

/** @param list asked only where it matters. */
export async function choiceOf(
  { overlay, countObjects, namespace, image }: InstallationFlags,
  list: () => Promise<Counting>,
): Promise<InstallationChoice> {
  const counting: Counting = countObjects === "existing" ? await list() : { kind: countObjects };
  return { overlays: overlay, counting, namespace, image: image ?? null };
}

/** The CRDs of the cluster. @throws CommandError where they cannot be listed. */
export async function listCountable(client: ApiClient): Promise<Counting> {
  const { listCrdNames } = await import("../cluster/live/crd-names.ts");
  const listed = await listCrdNames(client);
  if (!listed.ok) {
    const { unreadableError } = await import("./live-source.ts");
    throw unreadableError(client, "customresourcedefinitions", listed.error);
  }
  return {
    kind: "crds",
    crds: listed.names.flatMap((name) => {
      const { plural, group } = /^(?<plural>[^.]+)\.(?<group>.+)$/.exec(name)?.groups ?? {};
      return plural === undefined || group === undefined ? [] : [{ plural, group }];
    }),
  };
}

async function withClient<T>(choice: ConnectionChoice, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const { openClient } = await import("./live-source.ts");
  const client = openClient(choice);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Without a caBundle: whoever makes the certificates adds it. */
function configurationsOf({ namespace, warnWorkloads }: RenderOptions): readonly object[] {
  const { mutating, workloads, validating } = renderWebhookConfigurations(
    { kind: "service", namespace, name: NAME, port: 443 },
    { warnWorkloads },
  );
  return [mutating, ...(workloads === undefined ? [] : [workloads]), validating];
}

function jsonOf(objects: readonly (KubernetesObject | object)[]): string {
  return `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n`;
}

async function yamlOf(objects: readonly (KubernetesObject | object)[]): Promise<string> {
  const { yamlText } = await import("./yaml-text.ts");
  return objects.map((object) => yamlText(object)).join("---\n");
}
