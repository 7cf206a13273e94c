/** @file The flags of `crdguard serve`. */
import { type Command, Option } from "commander";
import { LOG_LEVELS } from "../../observability/log-levels.ts";
import { parseAddress } from "../address.ts";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, parseSeconds, ruleOption } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

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
    .option("--tls-ca-file <path>", "CA bundle to register with --register-url, where the certificate does not sign itself")
    .option(
      "--register-url <url>",
      "register the webhook configurations by this https URL, and remove them at exit (development)",
    )
    .option("--warn-workloads", "with --register-url: be asked about workloads too, to warn of what they will lack", false)
    .option("--facts <snapshot|folder>", "take facts from a snapshot or a folder of manifests instead of a cluster");
  command
    .addOption(ruleOption())
    .addOption(
      new Option(
        "--on-undecided <answer>",
        "what to answer when a change cannot be judged in time, whatever GuardPolicies say; without: as they say, else deny",
      ).choices(["deny", "allow"]),
    )
    .option("--drain-seconds <number>", "how long to go on answering after SIGTERM", parseSeconds, 10)
    .addOption(new Option("--log-level <level>", "least level logged").choices(LOG_LEVELS).default("info"));
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard serve --facts demo/cluster",
        "crdguard serve --listen 0.0.0.0:8443 --register-url https://192.0.2.1:8443",
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
            facts: undefined,
            catalogConfigMap: undefined,
            ...options,
            onUndecided: options.onUndecided ?? null,
          },
          invocation.terminal,
        ),
      );
    });
}
