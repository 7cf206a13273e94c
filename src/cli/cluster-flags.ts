/** @file kubectl's global flags, for commands that ask a cluster. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import { repeatable } from "./flags.ts";

/** What the flags of `addClusterFlags` give: a choice of connection as it stands. */
export type ClusterFlags = ConnectionChoice;

/** Names and forms are kubectl's: it hands on all that stands after the name of a plugin. */
export function addClusterFlags(command: Command): Command {
  for (const option of clusterOptions()) command.addOption(option.helpGroup("Which cluster, and as whom, as with kubectl:"));
  return command;
}

function clusterOptions(): readonly Option[] {
  return [
    new Option("--kubeconfig <path>", "kubeconfig file; else those of $KUBECONFIG, or ~/.kube/config"),
    new Option("--context <context>", "context of the kubeconfig"),
    new Option("--cluster <cluster>", "cluster of the kubeconfig, in place of the context's"),
    new Option("--user <user>", "user of the kubeconfig, in place of the context's"),
    new Option("-s, --server <url>", "the API server, in place of the cluster's"),
    new Option("--tls-server-name <host>", "name that the server's certificate must have, in place of the URL's"),
    new Option("--certificate-authority <path>", "who must have signed the server's certificate, PEM"),
    new Option("--insecure-skip-tls-verify", "take any server's certificate"),
    new Option("--client-certificate <path>", "certificate to show the server, PEM"),
    new Option("--client-key <path>", "its private key, PEM"),
    new Option("--token <token>", "bearer token"),
    new Option("--as <username>", "user to act as: a person, or system:serviceaccount:NAMESPACE:NAME"),
    repeatable("--as-group <group>", "group to act as a member of"),
    new Option("--as-uid <uid>", "UID to act as"),
    new Option("--request-timeout <duration>", "how long to wait for one answer: 10s, 2m; 0 for ever")
      .default(undefined, "60s")
      .argParser(parseDuration),
    // crdguard caches nothing on disk, and asks for no compression: both are kept without doing anything.
    new Option("--cache-dir <path>").hideHelp(),
    new Option("--disable-compression").hideHelp(),
  ];
}

/**
 * kubectl's switches may have `=true` or `=false`, which commander's may not.
 * Source: pflag, Flag.NoOptDefVal, and Go, strconv.ParseBool.
 */
export function withPlainSwitches(args: readonly string[]): readonly string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const plain = args.slice(0, end).flatMap((word) => {
    const { flag, value = "" } =
      /^(?<flag>--(?:insecure-skip-tls-verify|disable-compression))=(?<value>.*)$/.exec(word)?.groups ?? {};
    if (flag === undefined) return [word];
    if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return [flag];
    return /^(?:0|f|F|FALSE|false|False)$/.test(value) ? [] : [word];
  });
  return [...plain, ...args.slice(end)];
}

/** Seconds of `90`, `1m30s`, `1.5h`; 0 is no limit. Source: client-go, clientcmd/helpers.go, ParseTimeout; Go, time.ParseDuration. */
export function parseDuration(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  const parts = [...value.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== value) {
    throw new InvalidArgumentError("give a number and its unit, for example 10s, 2m or 1h; 0 waits for ever.");
  }
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (SECONDS_OF[unit] ?? 0), 0);
}

const SECONDS_OF: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
};

/** Flags of a line that asks the same cluster as the same user again; a token or a key is not told. */
export function sameClusterFlags(choice: ConnectionChoice): readonly string[] {
  const { kubeconfig, context, cluster, user, server, as } = choice;
  const given = { kubeconfig, context, cluster, user, server, as };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [`--${name}`, value]));
}
