/** @file What `crdguard override` tells: what to type, how to take it back, and who may. The contract of its `-o json`. */
import { OVERRIDE, OVERRIDE_REASON, OVERRIDE_UNTIL } from "../crd/parse.ts";
import { listOf, shellWord, shown } from "./text.ts";

export interface OverrideAsked {
  readonly crd: string;
  readonly rules: readonly string[];
  readonly reason: string;
  /** RFC 3339. */
  readonly until: string;
}

export type Permission =
  | { readonly kind: "unasked" }
  /** There is no cluster, or it did not answer. */
  | { readonly kind: "unanswered"; readonly reason: string }
  | {
      readonly kind: "answered";
      /** Null: the API server does not tell. */
      readonly user: string | null;
      /** Rules that the user may not override. */
      readonly missing: readonly string[];
      /** Whether there is such a CRD. */
      readonly exists: boolean;
    };

/** Flags of kubectl. */
export interface ConnectionFlags {
  readonly cluster: readonly string[];
  /** As whom. */
  readonly user: readonly string[];
}

export interface OverrideGuide {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "OverrideGuide";
  readonly crd: string;
  readonly rules: readonly string[];
  readonly reason: string;
  readonly until: string;
  /** For a POSIX shell. */
  readonly command: string;
  readonly takeBack: string;
  /** The same for a manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether the CRD exists; null where that was not asked. */
  readonly exists: boolean | null;
  readonly permission: {
    readonly user: string | null;
    /** Null: not known. */
    readonly allowed: boolean | null;
    /** Rules that the user may not override. */
    readonly missing: readonly string[];
    /** What somebody who administers RBAC runs to allow it; empty where nothing is missing. */
    readonly grant: readonly string[];
    /** Why it is not known; null where it is, or was not asked. */
    readonly reason: string | null;
  };
}

export function overrideGuide(asked: OverrideAsked, permission: Permission, flags: ConnectionFlags): OverrideGuide {
  const { crd, rules, reason, until } = asked;
  const annotations = {
    [OVERRIDE]: rules.join(","),
    [OVERRIDE_REASON]: reason,
    [OVERRIDE_UNTIL]: until,
  };
  const annotate = ["kubectl", "annotate", "crd", crd, ...flags.cluster, ...flags.user];
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "OverrideGuide",
    crd,
    rules,
    reason,
    until,
    command: typed([...annotate, "--overwrite", ...Object.entries(annotations).map(([key, value]) => `${key}=${value}`)]),
    takeBack: typed([...annotate, ...Object.keys(annotations).map((key) => `${key}-`)]),
    annotations,
    exists: permission.kind === "answered" ? permission.exists : null,
    permission: toldPermission(permission, rules, flags),
  };
}

/** Lines for people. */
export function overrideText(guide: OverrideGuide): readonly string[] {
  const { crd, rules, until, command, takeBack, annotations, exists } = guide;
  const lasting = `overrides ${listOf(rules)} on ${crd} until ${until}`;
  const manifest = Object.entries(annotations).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return [
    ...(exists === false
      ? [
          `There is no CRD ${crd} yet, so that there is nothing to annotate. In metadata.annotations of the manifest that creates it, this ${lasting}:`,
          "",
          ...manifest,
        ]
      : [
          `This ${lasting}. Run it, then make the change again:`,
          "",
          `  ${command}`,
          "",
          "The same in a manifest, in metadata.annotations, for a CRD that is applied from Git or by a chart:",
          "",
          ...manifest,
          "",
          "To take it back:",
          "",
          `  ${takeBack}`,
        ]),
    "",
    ...permissionLines(guide),
  ];
}

function toldPermission(
  permission: Permission,
  rules: readonly string[],
  { cluster }: ConnectionFlags,
): OverrideGuide["permission"] {
  switch (permission.kind) {
    case "unasked":
      return { user: null, allowed: null, missing: [], grant: grantCommands(rules, null, cluster), reason: null };
    case "unanswered":
      return {
        user: null,
        allowed: null,
        missing: [],
        grant: grantCommands(rules, null, cluster),
        reason: shown(permission.reason),
      };
    case "answered": {
      const { user, missing } = permission;
      const grant = missing.length === 0 ? [] : grantCommands(missing, user, cluster);
      return { user, allowed: missing.length === 0, missing, grant, reason: null };
    }
  }
}

function permissionLines({ permission, rules }: OverrideGuide): readonly string[] {
  const { user, allowed, missing, grant, reason } = permission;
  const who = user === null ? "You" : `You (${shown(user)})`;
  if (allowed === true) {
    return [`It counts for whoever may override ${oneOrAll(rules)}. ${who} may.`];
  }
  const commands = grant.map((command) => `  ${command}`);
  if (allowed === false) {
    return [
      `${who} may not override ${listOf(missing)}: the denial would stay. Somebody who administers RBAC allows it by:`,
      "",
      ...commands,
    ];
  }
  return [
    ...(reason === null ? [] : [`Whether you may could not be asked: ${reason}`]),
    `It counts for whoever may override ${oneOrAll(rules)}, which somebody who administers RBAC allows by:`,
    "",
    ...commands,
  ];
}

function oneOrAll(rules: readonly string[]): string {
  return rules.length === 1 ? "this rule" : "these rules";
}

function grantCommands(rules: readonly string[], user: string | null, cluster: readonly string[]): readonly string[] {
  const role = `crdguard-override-${rules.join(".")}`.slice(0, MAX_ROLE_LENGTH);
  const suffix = user === null ? "USER" : user.replaceAll(/[^\w:.@-]/g, "-");
  const create = ["kubectl", "create"];
  const grantedRules = rules.map((rule) => `--resource-name=${rule}`);
  const binding = `${role}-${suffix}`.slice(0, MAX_NAME_LENGTH);
  return [
    typed([...create, "clusterrole", role, ...cluster, ...GRANTED_VERB, ...grantedRules]),
    typed([...create, "clusterrolebinding", binding, ...cluster, `--clusterrole=${role}`, subjectFlag(user)]),
  ];
}

const GRANTED_VERB = ["--verb=override", "--resource=guardpolicies.crdguard.dev"];

const MAX_NAME_LENGTH = 253;
/** Leaves room for who it is bound to. */
const MAX_ROLE_LENGTH = 190;

function subjectFlag(user: string | null): string {
  const account = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/.exec(user ?? "")?.groups;
  if (account !== undefined) return `--serviceaccount=${account["namespace"] ?? ""}:${account["name"] ?? ""}`;
  return `--user=${user ?? "USER"}`;
}

function typed(words: readonly string[]): string {
  return words.map((word) => (word.startsWith("--") ? flagWord(word) : shellWord(word))).join(" ");
}

/** `shellWord` makes no option of a foreign word; these are ours, and their values are not. */
function flagWord(flag: string): string {
  const [name = "", ...value] = flag.split("=");
  return value.length === 0 ? name : `${name}=${shellWord(value.join("="))}`;
}
