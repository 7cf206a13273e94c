/** @file Brings a serving pair and its authority into a cluster: `npm run certs:install -- --from certs`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { stringify } from "yaml";
import { parseServingPair } from "../src/certificates/serving-pair.ts";
import { renderWebhookConfigurations } from "../src/operator/webhook-configurations.ts";
import { codeOf, FILES, readChain, readPem, signerOf } from "./certificate-folder.ts";
import { EXIT, type ExitStatus, readFlags, requireKubernetesName, runScript, ScriptError } from "./script.ts";

const HELP = `Writes the Secret crdguard-tls, and the authority into the webhook configurations if they are registered already.

  npm run certs:install -- --from DIR [flags]

  --from DIR         folder with ca.crt, tls.crt and tls.key, as certs:make writes it
  --namespace NAME   namespace of the Service (crdguard)
  --service NAME     name of the Service (crdguard)
  --secret NAME      name of the Secret (crdguard-tls)
  --context NAME     context of the kubeconfig, as kubectl takes it
  --kubeconfig FILE  as kubectl takes it
  --dry-run          print what would be applied, the private key included, and touch no cluster
`;

/**
 * Not the manager that applies the configurations: each then owns its own fields, so that applying the manifests again keeps the
 * authority, and applying the authority again keeps the rest.
 */
const FIELD_MANAGER = "crdguard-certificates";

async function installCerts(): Promise<ExitStatus> {
  const flags = readFlags({
    options: {
      from: { type: "string" },
      namespace: { type: "string", default: "crdguard" },
      service: { type: "string", default: "crdguard" },
      secret: { type: "string", default: "crdguard-tls" },
      context: { type: "string" },
      kubeconfig: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (flags.from === undefined || flags.from === "")
    throw new ScriptError(EXIT.usage, "--from DIR is missing (--help tells more)");
  const namespace = requireKubernetesName("--namespace", flags.namespace);
  const service = requireKubernetesName("--service", flags.service);
  const pair = await readPair(flags.from, `${service}.${namespace}.svc`);
  const secret = secretOf(requireKubernetesName("--secret", flags.secret), namespace, pair);
  const bundles = bundlesOf(pair.ca, { namespace, service });

  if (flags["dry-run"]) {
    const documents = [
      ...bundles.map(({ object, isOptional }) => `${isOptional ? "# where workloads are warned about\n" : ""}${yamlOf(object)}`),
      yamlOf(secret),
    ];
    process.stdout.write(documents.join("---\n"));
    return EXIT.ok;
  }
  const choice = [
    ...(flags.context === undefined ? [] : ["--context", flags.context]),
    ...(flags.kubeconfig === undefined ? [] : ["--kubeconfig", flags.kubeconfig]),
  ];
  // Trust first: when an authority is replaced, the new certificate is served only after the API server knows both.
  for (const bundle of bundles) await installBundle(bundle, choice);
  await apply(secret, choice);
  return EXIT.ok;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Refuses what would make the API server's calls fail, while the old certificate still works. */
async function readPair(folder: string, calledAs: string): Promise<Pair> {
  const [ca, cert, key] = [
    await readPem(folder, FILES.caCert),
    await readPem(folder, FILES.cert),
    await readPem(folder, FILES.key),
  ];
  const certPath = join(folder, FILES.cert);
  const judged = parseServingPair({ cert, key }, { certFile: certPath, keyFile: join(folder, FILES.key) }, new Date());
  if (!judged.ok) throw new ScriptError(EXIT.problem, judged.error.message);

  const [leaf] = readChain(cert, certPath);
  const caPath = join(folder, FILES.caCert);
  if (leaf === undefined || signerOf(leaf, readChain(ca, caPath)) === null) {
    throw new ScriptError(EXIT.problem, `${certPath} is not signed by ${caPath}: take both from the same certs:make`);
  }
  if (leaf.checkHost(calledAs) === undefined) {
    throw new ScriptError(
      EXIT.problem,
      `${certPath} is for ${judged.value.names.join(", ")}, and the API server calls ${calledAs}: make it with --service and --namespace`,
    );
  }
  return { cert, key, ca };
}

function secretOf(name: string, namespace: string, { cert, key, ca }: Pair): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/part-of": "crdguard" } },
    type: "kubernetes.io/tls",
    // The authority goes along for whoever wants to check the pair later. Its key stays where it was made.
    data: { [FILES.cert]: base64(cert), [FILES.key]: base64(key), [FILES.caCert]: base64(ca) },
  };
}

/** Of each configuration, nothing but the authority; the API server merges entries by name. */
function bundlesOf(
  ca: string,
  { namespace, service }: { readonly namespace: string; readonly service: string },
): readonly Bundle[] {
  const { validating, mutating, workloads } = renderWebhookConfigurations(
    { kind: "service", namespace, name: service, port: 443, caBundle: base64(ca) },
    { warnWorkloads: true },
  );
  return [mutating, validating, ...(workloads === undefined ? [] : [workloads])].map((configuration) => ({
    object: {
      apiVersion: configuration.apiVersion,
      kind: configuration.kind,
      metadata: { name: configuration.metadata.name },
      webhooks: configuration.webhooks.map(({ name, clientConfig: { caBundle } }) => ({ name, clientConfig: { caBundle } })),
    },
    isOptional: configuration === workloads,
  }));
}

interface Bundle {
  readonly object: KubernetesObject;
  /** Of a configuration that is registered only where somebody chose to. */
  readonly isOptional: boolean;
}

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}

/**
 * By a patch, which finds entries by name, not by `kubectl apply --server-side`: where the configuration was ever applied
 * from the client's side, as GitOps tools do, that takes over all the fields which the annotation `last-applied-configuration`
 * names, and with the second run drops those that are not in our part, so that the API server refuses what is left.
 */
async function installBundle({ object: bundle, isOptional }: Bundle, choice: readonly string[]): Promise<void> {
  const found = await kubectl(["get", bundle.kind, bundle.metadata.name, "--ignore-not-found", "-o", "name", ...choice], "");
  if (found.trim() === "") {
    if (isOptional) return;
    process.stdout.write(
      `${bundle.kind} ${bundle.metadata.name} is not registered yet: run this again once it is (crdguard render --webhook-configurations)\n`,
    );
    return;
  }
  const patch = JSON.stringify({ webhooks: bundle["webhooks"] });
  process.stdout.write(
    await kubectl(
      [
        "patch",
        bundle.kind,
        bundle.metadata.name,
        "--type=strategic",
        `--field-manager=${FIELD_MANAGER}`,
        "--patch",
        patch,
        ...choice,
      ],
      "",
    ),
  );
}

async function apply(object: KubernetesObject, choice: readonly string[]): Promise<void> {
  process.stdout.write(
    await kubectl(["apply", "--server-side", `--field-manager=${FIELD_MANAGER}`, "-f", "-", ...choice], JSON.stringify(object)),
  );
}

/** @throws ScriptError `cluster`; kubectl's own words have gone to standard error by then. */
async function kubectl(args: readonly string[], input: string): Promise<string> {
  const child = spawn("kubectl", args, { stdio: ["pipe", "pipe", "inherit"] });
  // It may end before it has read anything, when the context is unknown for one; its exit status tells that.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const output = readText(child.stdout);
  try {
    const [status] = await once(child, "close");
    if (status === 0) return await output;
  } catch (error) {
    throw new ScriptError(EXIT.cluster, `kubectl cannot be started (${codeOf(error)}): install it, or use --dry-run`);
  }
  throw new ScriptError(EXIT.cluster, `kubectl ${args[0] ?? ""} failed, see above; --dry-run prints what was to be applied`);
}

function yamlOf(object: KubernetesObject): string {
  return stringify(object, { lineWidth: 0 });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

// Last, since the constants above must have their values by then.
await runScript("certs:install", installCerts);
