/** @file `crdguard override`: the command that overrides a denial, and whether you may. */
import { nearestWord } from "../crd/nearest-word.ts";
import { overrideGuide, overrideText, type Permission } from "../explain/override-guide.ts";
import { isOverridable, isReason } from "../policy/override.ts";
import { rules } from "../rules/checks/index.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import { connectionFlags } from "./connection-flags.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { Terminal } from "./terminal.ts";

export interface OverrideOptions extends ClusterFlags {
  readonly crd: string;
  /** Each with ids of rules, separated by commas. */
  readonly rule: readonly string[];
  readonly reason: string;
  readonly lifetimeSeconds: number;
  readonly offline: boolean;
  readonly output: "text" | "json";
}

export async function override(options: OverrideOptions, terminal: Terminal): Promise<ExitStatus> {
  const ruleIds = parseRules(options.rule);
  const reason = parseReason(options.reason);
  const crd = parseCrdName(options.crd);
  const permission = options.offline ? UNASKED : await askPermission(options, crd, ruleIds);
  // Whole seconds, as people write them; never earlier than asked for.
  const until = new Date(Math.ceil(Date.now() / 1_000 + options.lifetimeSeconds) * 1_000).toISOString().replace(".000Z", "Z");
  const guide = overrideGuide({ crd, rules: ruleIds, reason, until }, permission, connectionFlags(options));
  terminal.print(options.output === "json" ? `${JSON.stringify(guide, null, 2)}\n` : `${overrideText(guide).join("\n")}\n`);
  switch (permission.kind) {
    case "unasked":
      return EXIT.allowed;
    case "unanswered":
      return EXIT.undecided;
    case "answered":
      return permission.missing.length === 0 ? EXIT.allowed : EXIT.denied;
  }
}

const UNASKED: Permission = { kind: "unasked" };

function parseRules(given: readonly string[]): readonly [string, ...string[]] {
  const ids = rules.map(({ id }) => id);
  const [first, ...others] = new Set(
    given
      .flatMap((list) => list.split(","))
      .map((id) => id.trim())
      .filter((id) => id !== ""),
  );
  if (first === undefined) throw new CommandError(EXIT.usage, "rule-unknown", "--rule names no rule");
  for (const id of [first, ...others]) {
    if (!ids.includes(id)) {
      const meant = nearestWord(id, ids);
      const hint = meant === null ? `the rules are ${ids.filter(isOverridable).join(", ")}` : `did you mean ${meant}?`;
      throw new CommandError(EXIT.usage, "rule-unknown", `--rule: "${id}" is no rule; ${hint}`);
    }
    if (!isOverridable(id)) throw new CommandError(EXIT.usage, "override-useless", `--rule ${id}: ${USELESS[noOverrideOf(id)]}`);
  }
  return [first, ...others];
}

type NoOverride = NonNullable<(typeof rules)[number]["noOverride"]>;

function noOverrideOf(ruleId: string): NoOverride {
  return rules.find(({ id }) => id === ruleId)?.noOverride ?? "api-server-refuses";
}

const USELESS: Readonly<Record<NoOverride, string>> = {
  "api-server-refuses":
    "no override helps, since the API server refuses the same change by itself; the denial names the ways out",
  "never-denied": "there is nothing to override: workloads are only ever warned about",
};

function parseReason(text: string): string {
  if (isReason(text)) return text.trim();
  throw new CommandError(EXIT.usage, "reason-missing", "--reason says nothing: say why, for whoever reads the audit log");
}

/** Source: Kubernetes, "Object Names and IDs", DNS subdomain names. */
function parseCrdName(name: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.includes(".") && name.length <= MAX_NAME_LENGTH) return name;
  throw new CommandError(
    EXIT.usage,
    "crd-unknown",
    `"${name}" is no name of a CRD, which is <plural>.<group>; kubectl get crd lists them`,
  );
}

const MAX_NAME_LENGTH = 253;

/** @throws CommandError for flags that do not go together; a cluster that is not there is an answer too. */
async function askPermission(options: OverrideOptions, crd: string, ruleIds: readonly string[]): Promise<Permission> {
  // The Kubernetes client takes a third of a second to load, which only a cluster is worth.
  const { openClient } = await import("./live-source.ts");
  const { whoAmI } = await import("../cluster/live/access-review.ts");
  const { mayOverride } = await import("../cluster/live/may-override.ts");
  let client;
  try {
    client = openClient(options);
  } catch (error) {
    if (error instanceof CommandError && error.status === EXIT.undecided) return { kind: "unanswered", reason: error.message };
    throw error;
  }
  try {
    const signal = AbortSignal.timeout(ASKING_MILLISECONDS);
    const user = await whoAmI(client, signal);
    if (!user.ok) return { kind: "unanswered", reason: `${client.server}: ${user.error.message}` };
    const found = await client.request({
      method: "GET",
      path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`,
      signal,
    });
    const rights = await Promise.all(ruleIds.map(async (id) => [id, await mayOverride(client, null, id, signal)] as const));
    const unanswered = rights.find(([, right]) => right === "unverified");
    if (unanswered !== undefined) return { kind: "unanswered", reason: `${client.server} did not answer for ${unanswered[0]}` };
    return {
      kind: "answered",
      user: user.value,
      missing: rights.filter(([, right]) => right === "not-allowed").map(([id]) => id),
      exists: found.ok || found.error.code !== "not-found",
    };
  } finally {
    client.close();
  }
}

/** Three questions, single milliseconds each; somebody waits at a terminal. */
const ASKING_MILLISECONDS = 10_000;
