/** @file The flags of `crdguard serve`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS } from "../../observability/log-levels.ts";
import { parseAddress } from "../address.ts";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, parseHours, parseSeconds, ruleOption } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";
import { WEBHOOK_PROFILES } from "../webhook-profiles.ts";
import { parseServiceName } from "../service-name.ts";
import { REPORT_FORMS } from "../report-formats.ts";

export function declareServe(command: Command, invocation: Invocation): void {
  command
    .description("run the admission webhook server that the Kubernetes API server asks")
    .option("--listen <host:port>", "where to serve /validate, /explain and /workloads over HTTPS", parseAddress, {
      host: "127.0.0.1",
      port: 8443,
    })
    .option("--health-listen <host:port>", "where to serve /livez, /readyz and /metrics over HTTP", parseAddress, {
      host: "127.0.0.1",
      port: 8080,
    })
    .option(
      "--tls-cert-file <path>",
      "serving certificate, PEM; read again when it changes. Without: a self-signed one for development",
    )
    .option("--tls-private-key-file <path>", "its private key, PEM")
    .option(
      "--tls-ca-file <path>",
      "CA bundle to register with --register-url or --keep-installed, where the certificate does not sign itself",
    )
    .option(
      "--register-url <url>",
      "register the webhook configurations by this https URL, and remove them at exit (development)",
    )
    .option(
      "--warn-workloads",
      "with --register-url or --keep-installed: be asked about workloads too, to warn of what they will lack",
      false,
    )
    .option("--facts <snapshot|folder>", "take facts from a snapshot or a folder of manifests instead of a cluster");
  command
    .addOption(ruleOption())
    .addOption(
      new Option(
        "--on-undecided <answer>",
        "what to answer when a change cannot be judged in time, whatever GuardPolicies say; without: as they say, else deny",
      ).choices(["deny", "allow"]),
    )
    .addOption(
      new Option(
        "--on-incomplete <answer>",
        "what it ends in if not all live objects could be held against new schemas, whatever GuardPolicies say; without: as they say, else a warning",
      ).choices(["allow-with-warning", "deny"]),
    )
    .addOption(
      new Option("--client-auth <mode>", "whether callers must show a client certificate: request only logs and counts")
        .choices(["off", "request", "require"])
        .default("off"),
    )
    .option("--client-ca-file <path>", "who must have signed it, PEM; read again when it changes")
    .option("--client-name <subject>", "common name or subject alternative name that it must have, such as kube-apiserver")
    .addOption(
      new Option(
        "--health-reports <form>",
        "examine the cluster every so often, as doctor does, and keep what was found as a ClusterReport or ClusterPolicyReport",
      )
        .choices([...REPORT_FORMS, "off"] as const)
        .default("off" as const),
    )
    .option("--health-reports-interval <seconds>", "how often, 60 at least", parseReportsInterval, 3_600)
    .option("--drain-seconds <number>", "how long to go on answering after SIGTERM", parseSeconds, 10)
    .addOption(new Option("--log-level <level>", "least level logged").choices(LOG_LEVELS).default("info"));
  addKeepingFlags(command);
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard serve --facts demo/cluster",
        "crdguard serve --listen 0.0.0.0:8443 --register-url https://192.0.2.1:8443",
        "crdguard serve --listen 0.0.0.0:8443 --keep-installed crdguard/crdguard",
      ),
    )
    .action(async (options) => {
      const { serve } = await import("../serve.ts");
      invocation.end(
        await serve(
          {
            tlsCertFile: undefined,
            tlsPrivateKeyFile: undefined,
            tlsCaFile: undefined,
            registerUrl: undefined,
            keepInstalled: undefined,
            webhookUrl: undefined,
            webhookProfile: undefined,
            authorityHours: undefined,
            certificateHours: undefined,
            rotationHoldSeconds: undefined,
            storageSettleSeconds: undefined,
            replica: undefined,
            caBundle: undefined,
            clientCaFile: undefined,
            clientName: undefined,
            facts: undefined,
            catalogConfigMap: undefined,
            ...options,
            onUndecided: options.onUndecided ?? null,
            onIncomplete: options.onIncomplete ?? null,
          },
          invocation.terminal,
        ),
      );
    });
}

const KEEPING = "A server that keeps itself installed:";

function addKeepingFlags(command: Command): void {
  for (const option of keepingOptions()) command.addOption(option.helpGroup(KEEPING));
}

function keepingOptions(): readonly Option[] {
  return [
    new Option(
      "--keep-installed <ns/service>",
      "keep webhook configurations, certificates and the default policy of this Service in the cluster",
    ).argParser(parseServiceName),
    new Option("--webhook-url <url>", "have the API server call this https URL instead of the Service"),
    new Option(
      "--webhook-profile <profile>",
      "when changes that cannot be judged are refused; staged, the default: once the API server reaches us",
    ).choices(WEBHOOK_PROFILES),
    new Option("--replica <name>", "name of this replica; else $POD_NAME, or the host's"),
    new Option(
      "--authority-hours <number>",
      "how long an authority of our own is valid, 8760 unless told; replaced at two thirds",
    ).argParser(parseHours),
    new Option(
      "--certificate-hours <number>",
      "how long a serving certificate of our own is valid, 168 unless told; replaced at two thirds",
    ).argParser(parseHours),
    new Option(
      "--rotation-hold-seconds <number>",
      "how long a new authority is published before anyone serves by it, 60 unless told",
    ).argParser(parseSeconds),
    new Option(
      "--storage-settle-seconds <number>",
      "how long a new storage version is in force before what is written counts as stored in it, 65 unless told",
    ).argParser(parseSeconds),
    new Option(
      "--ca-bundle <file|external>",
      "with --tls-cert-file: what the API server shall trust, in place of --tls-ca-file; external: another writes caBundle",
    ),
  ];
}

/** A minute leaves the API server in peace; after a week nobody believes a report. */
function parseReportsInterval(value: string): number {
  const seconds = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || seconds < 60 || seconds > 604_800) {
    throw new InvalidArgumentError("give seconds from 60 to 604800.");
  }
  return seconds;
}
