/** @file Parses the command line and hands over; each command is a file of its own, loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS } from "../observability/log-levels.ts";
import { escaped } from "../explain/text.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { standardTerminal } from "./terminal.ts";
import { parseAddress } from "./address.ts";

const terminal = standardTerminal();
let status: ExitStatus = EXIT.allowed;

const program = new Command("crdguard")
  .description(
    "Denies a CustomResourceDefinition change that would break the cluster, and explains what, who is hurt and the way out.",
  )
  .version("0.1.0")
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

const kubeconfigOption = new Option("--kubeconfig <path>", "kubeconfig file, as kubectl takes it");
const contextOption = new Option("--context <name>", "context of the kubeconfig");
const ruleOption = new Option("--rule <id=deny|warn|audit>", "what a rule's findings lead to; may be given again")
  .default([], "each rule's own default")
  .argParser((value: string, previous: readonly string[]) => [...previous, value]);

program
  .command("check")
  .description("tell whether new CRDs would be allowed: exit status 0 allowed, 1 denied, 2 unreadable input, 3 undecided")
  .addOption(
    new Option("-f, --filename <path>", "new CRDs: a file, a folder, or - for standard input; may be given again")
      .default([], "none")
      .argParser((value: string, previous: readonly string[]) => [...previous, value]),
  )
  .option("-R, --recursive", "read folders below the given ones too", false)
  .requiredOption(
    "--against <folder|live>",
    "the cluster as it is: a folder of manifests, or live for the cluster of the kubeconfig",
  )
  .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
  .addOption(ruleOption)
  .addOption(kubeconfigOption)
  .addOption(contextOption)
  .addHelpText("after", "\nExample:\n  crdguard check -f gateway-api-v1.1.0/ --against live\n")
  .action(async (options) => {
    const { check } = await import("./check.ts");
    status = await check({ kubeconfig: undefined, context: undefined, ...options }, terminal);
  });

program
  .command("serve")
  .description("run the admission webhook server that the Kubernetes API server asks")
  .option("--listen <host:port>", "where to serve /validate and /explain over HTTPS", parseAddress, {
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
  .option("--register-url <url>", "register both webhook configurations by this https URL, and remove them at exit (development)")
  .option("--facts <folder>", "take facts from a folder of manifests instead of a cluster")
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
        ...options,
      },
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

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || seconds > 600) throw new InvalidArgumentError("give seconds from 0 to 600.");
  return seconds;
}

// A reader that has seen enough (head, less) closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(status);
  throw error;
});

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
