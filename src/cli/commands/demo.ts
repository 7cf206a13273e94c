/** @file The flags of `crdguard demo`. */
import type { Command } from "commander";
import { examples, type Invocation } from "../invocation.ts";

export function declareDemo(command: Command, invocation: Invocation): void {
  command
    .description("show the guard at work on real incidents, without a cluster")
    .option("--stay", "leave the server running for curl", false)
    .addHelpText("after", examples(invocation, "crdguard demo", "crdguard demo --stay"))
    .action(async (options) => {
      const { demo } = await import("../demo.ts");
      invocation.end(await demo(options, invocation.terminal));
    });
}
