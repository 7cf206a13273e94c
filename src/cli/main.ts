/** @file Parses the command line and hands over; each command is a file of its own, loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS } from "../observability/log-levels.ts";
import { escaped } from "../explain/text.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { standardTerminal } from "./terminal.ts";
import { parseAddress } from "./address.ts";
import { parseConfigMapName } from "./config-map-name.ts";

const terminal = standardTerminal();
let status: ExitStatus = EXIT.allowed;

const program = new Command("crdguard")
  .description(
    "Denies a CustomResourceDefinition change that would break the cluster, and explains what, who is hurt and the way out.",
  )
  .version("0.1.0")
  .exitOverride()
  .configureOutput({
    writeOut: (text) => {
      terminal.print(text);
    },
    outputError: () => undefined,
  });

const kubeconfigOption = new Option("--kubeconfig <path>", "kubeconfig file, as kubectl takes it");
const contextOption = new Option("--context <name>", "context of the kubeconfig");
const catalogOption = new Option(
  "--catalog <path>",
  "catalog entries of your own, beside or in place of those built in: a file or a folder; may be given again",
)
  .default([], "none")
  .argParser(addTo);
const catalogConfigMapOption = new Option(
  "--catalog-config-map <ns/name>",
  "ConfigMap of the cluster that holds catalog entries, which count more than all others",
).argParser(parseConfigMapName);
const ruleOption = new Option("--rule <id=deny|warn|audit>", "what a rule's findings lead to; may be given again")
  .default([], "each rule's own default")
  .argParser(addTo);

program
  .command("check")
  .description(
    "tell whether new CRDs and workloads would be allowed: exit status 0 allowed, 1 denied, 2 unreadable input, 3 undecided",
  )
  .addOption(
    new Option("-f, --filename <path>", "new CRDs and workloads: a file, a folder, or - for standard input; may be given again")
      .default([], "none")
      .argParser(addTo),
  )
  .option("-R, --recursive", "read folders below the given ones too", false)
  .option("-n, --namespace <name>", "namespace of objects whose manifest names none", "default")
  .addOption(new Option("--delete <crd>", "a CRD that would be deleted; may be given again").default([], "none").argParser(addTo))
  .requiredOption(
    "--against <folder|live>",
    "the cluster as it is: a folder of manifests, or live for the cluster of the kubeconfig",
  )
  .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
  .addOption(ruleOption)
  .addOption(catalogOption)
  .addOption(catalogConfigMapOption)
  .addOption(kubeconfigOption)
  .addOption(contextOption)
  .addHelpText("after", "\nExample:\n  crdguard check -f gateway-api-v1.1.0/ --against live\n")
  .action(async (options) => {
    const { check } = await import("./check.ts");
    status = await check({ kubeconfig: undefined, context: undefined, catalogConfigMap: undefined, ...options }, terminal);
  });

program
  .command("requirements")
  .description(
    "tell who needs which API, from where that is known, and whether it is met: in a cluster, or in a folder of manifests",
  )
  .option("--against <folder|live>", "the cluster: live for that of the kubeconfig, or a folder of manifests", "live")
  .option("--crd <name>", "of this CRD alone, and who would be hurt if a version of it or all of it went away")
  .option("-n, --namespace <name>", "workloads of this namespace alone")
  .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
  .option("--fail-on-unmet", "exit status 1 where a workload does not get what it cannot work without", false)
  .addOption(catalogOption)
  .addOption(catalogConfigMapOption)
  .addOption(kubeconfigOption)
  .addOption(contextOption)
  .addHelpText("after", "\nExample:\n  crdguard requirements --crd grpcroutes.gateway.networking.k8s.io\n")
  .action(async (options) => {
    const { requirements } = await import("./requirements.ts");
    status = await requirements(
      {
        kubeconfig: undefined,
        context: undefined,
        crd: undefined,
        namespace: undefined,
        catalogConfigMap: undefined,
        ...options,
      },
      terminal,
    );
  });

program
  .command("serve")
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
  .option("--register-url <url>", "register the webhook configurations by this https URL, and remove them at exit (development)")
  .option("--warn-workloads", "with --register-url: be asked about workloads too, to warn of what they will lack", false)
  .option("--facts <folder>", "take facts from a folder of manifests instead of a cluster")
  .addOption(catalogOption)
  .addOption(catalogConfigMapOption)
  .addOption(ruleOption)
  .addOption(
    new Option("--on-undecided <answer>", "what to answer when a change cannot be judged in time")
      .choices(["deny", "allow"])
      .default("deny"),
  )
  .option("--drain-seconds <number>", "how long to go on answering after SIGTERM", parseSeconds, 10)
  .addOption(new Option("--log-level <level>", "least level logged").choices(LOG_LEVELS).default("info"))
  .addOption(kubeconfigOption)
  .addOption(contextOption)
  .action(async (options) => {
    const { serve } = await import("./serve.ts");
    status = await serve(
      {
        kubeconfig: undefined,
        context: undefined,
        tlsCertFile: undefined,
        tlsPrivateKeyFile: undefined,
        tlsCaFile: undefined,
        registerUrl: undefined,
        facts: undefined,
        catalogConfigMap: undefined,
        ...options,
      },
      terminal,
    );
  });

const catalogCommand = program.command("catalog").description("what known controllers need: check files of it, or look it up");

catalogCommand
  .command("lint")
  .description("tell all that is wrong with catalog files, by line: exit status 0 nothing, 2 something")
  .argument("[path...]", "catalog files, and folders of them; without any, the catalog that comes with crdguard")
  .addHelpText("after", "\nExample:\n  crdguard catalog lint my-catalog/\n")
  .action(async (paths) => {
    const { lintCatalog } = await import("./lint-catalog.ts");
    status = await lintCatalog(paths, terminal);
  });

catalogCommand
  .command("show")
  .description("list the controllers that the catalog knows, or what one of them needs, release by release")
  .argument("[controller[@version]]", "as in traefik, or traefik@3.7.2; without any, the list")
  .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
  .addOption(catalogOption)
  .addHelpText("after", "\nExample:\n  crdguard catalog show envoy-gateway@1.0.1\n")
  .action(async (wanted, options) => {
    const { showCatalog } = await import("./show-catalog.ts");
    status = await showCatalog(wanted, options, terminal);
  });

program
  .command("matrix")
  .description("tell which releases of a bundle of CRDs the catalog's controllers, or those you name, get on with")
  .argument("<bundle>", "gateway-api")
  .addOption(
    new Option(
      "--with <controller=version>",
      "a controller at a version, and after spaces the arguments and variables that matter; may be given again. Tells which bundle suits all",
    )
      .default([], "none")
      .argParser(addTo),
  )
  .option("--against <folder|live>", "the controllers that run in the cluster of the kubeconfig, or in a folder of manifests")
  .addOption(
    new Option("--controller <id>", "of the catalog, this controller alone; may be given again")
      .default([], "all")
      .argParser(addTo),
  )
  .addOption(
    new Option("--release <version>", "this release of the bundle alone; may be given again").default([], "all").argParser(addTo),
  )
  .addOption(new Option("--channel <name>", "this channel alone; may be given again").default([], "all").argParser(addTo))
  .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json", "markdown"]).default("text"))
  .addOption(catalogOption)
  .addOption(catalogConfigMapOption)
  .addOption(kubeconfigOption)
  .addOption(contextOption)
  .addHelpText(
    "after",
    "\nExamples:\n  crdguard matrix gateway-api --with envoy-gateway=1.2.1 --with cilium=1.16.3\n" +
      "  crdguard matrix gateway-api --with 'traefik=3.7.2 --providers.kubernetesgateway'\n  crdguard matrix gateway-api --against live\n",
  )
  .action(async (bundle, options) => {
    const { matrix } = await import("./matrix.ts");
    status = await matrix(
      bundle,
      { kubeconfig: undefined, context: undefined, catalogConfigMap: undefined, against: undefined, ...options },
      terminal,
    );
  });

program
  .command("demo")
  .description("show the guard at work on real incidents, without a cluster")
  .option("--stay", "leave the server running for curl", false)
  .action(async (options) => {
    const { demo } = await import("./demo.ts");
    status = await demo(options, terminal);
  });

/** Of a flag that may be given again. */
function addTo(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || seconds > 600) throw new InvalidArgumentError("give seconds from 0 to 600.");
  return seconds;
}

/** Not awaited at the top level: in the package, files of commands import this one, and would wait for it in turn. */
async function run(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommandError) {
      // The message may quote a manifest, and a line of a log must stay one.
      terminal.tell(escaped(`crdguard: error (${error.code}): ${error.message}`));
      status = error.status;
    } else if (error instanceof CommanderError) {
      status = error.exitCode === 0 ? EXIT.allowed : EXIT.usage;
      // Where nothing was asked for, the help has been written already.
      if (error.exitCode !== 0 && error.code !== "commander.help") {
        terminal.tell(escaped(`crdguard: ${error.message.split("\n", 1)[0] ?? ""} (crdguard --help tells more)`));
      }
    } else {
      // Node's own status for a crash is 1, which would read as a denial.
      status = EXIT.undecided;
      terminal.tell(
        escaped(`crdguard: error (internal-error): ${error instanceof Error ? error.message : String(error)}; please report it`),
      );
    }
    // A command that failed half-way may leave a server or a watch open, which would keep the process for ever.
    process.exit(status);
  }
  process.exitCode = status;
}

void run();
