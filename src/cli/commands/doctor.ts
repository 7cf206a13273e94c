/** @file The flags of `crdguard doctor`. */
import { type Command, Option } from "commander";
import { FAIL_ON_WORDS, parseFailOn } from "../check-settings.ts";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, outputOption, parseSeconds, repeatable } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";
import { HEALTH_FORMATS } from "../report-formats.ts";

export function declareDoctor(command: Command, invocation: Invocation): void {
  command
    .description(
      "tell what is wrong in a cluster now, before anyone changes anything: exit status 0 nothing, 1 an error, 2 wrong usage, 3 out of reach",
    )
    .option(
      "--against <live|snapshot|folder>",
      "the cluster: live for that of the kubeconfig, a snapshot of it, or a folder of manifests",
      "live",
    )
    .addOption(outputOption(...HEALTH_FORMATS))
    .addOption(
      new Option("--fail-on <severity>", "the mildest finding that gives exit status 1; deny and warn mean error and warning")
        .choices(FAIL_ON_WORDS)
        .default("error"),
    )
    .addOption(
      repeatable(
        "--check <check=severity>",
        "how bad a check's findings are: error, warning, note or off",
        "each check's own default",
      ),
    )
    .addOption(repeatable("--rule <check=severity>", "the same as --check").hideHelp())
    .option(
      "--timeout <seconds>",
      "for what is asked beside definitions and workloads; the rest is told as not looked at",
      parseSeconds,
      30,
    );
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard doctor",
        "crdguard doctor --fail-on warning --check stored-in-alpha=off -o json",
        "crdguard doctor --against prod.crdguard.json.gz",
      ),
    )
    .action(async ({ check, rule, failOn, timeout, ...options }) => {
      const { doctor } = await import("../doctor.ts");
      invocation.end(
        await doctor(
          {
            catalogConfigMap: undefined,
            ...options,
            check: [...check, ...rule],
            failOn: parseFailOn(failOn),
            timeoutSeconds: timeout,
          },
          invocation.terminal,
        ),
      );
    });
}
