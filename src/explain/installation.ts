/** @file What `install` and `uninstall` say: what has been done, what is being waited for, why something was refused, and what is next. */
import { listOf, shown } from "./text.ts";

interface Told {
  /** `Deployment crdguard/crdguard`. */
  readonly title: string;
  /** The API server's own words. */
  readonly message: string;
}

/** A line for each object, as kubectl has them. */
export function changeLine(
  title: string,
  change: "created" | "changed" | "unchanged" | "left-alone" | "deleted",
  isDryRun: boolean,
): string {
  const words = {
    created: "created",
    changed: "changed",
    unchanged: "unchanged",
    "left-alone": "was there before, left alone",
    deleted: "deleted: no longer chosen",
  };
  return `${title} ${words[change]}${isDryRun ? " (dry run)" : ""}`;
}

export function removalLine(title: string, isDryRun: boolean): string {
  return isDryRun ? `${title} would be deleted` : `${title} deleted`;
}

export function stayingLine(
  title: string,
  why:
    | { readonly kind: "foreign" }
    | { readonly kind: "has-objects"; readonly count: number; readonly examples: readonly string[] }
    | { readonly kind: "holds-others"; readonly others: readonly string[] },
): string {
  switch (why.kind) {
    case "foreign":
      return `${title} stays: it does not say that it is crdguard's`;
    case "has-objects": {
      const more = why.count > why.examples.length ? ", and more" : "";
      return `${title} stays: ${String(why.count)} of its objects would go with it (${why.examples.map(shown).join(", ")}${more}); --delete-objects deletes them too`;
    }
    case "holds-others":
      return `${title} stays: it holds ${listOf(why.others.map(shown))}`;
  }
}

export function foreignObjects(titles: readonly string[]): string {
  return (
    `${listOf(titles)} ${titles.length === 1 ? "is" : "are"} there already, and ${titles.length === 1 ? "does" : "do"} not say to be crdguard's (label ` +
    "app.kubernetes.io/part-of=crdguard): nothing was changed. Delete or rename what is there, or, if it is crdguard's, label it"
  );
}

export function helmOwned(release: string, what: "install" | "uninstall"): string {
  const [namespace = "", name = ""] = release.split("/");
  const command =
    what === "install" ? `helm upgrade ${name} --namespace ${namespace} …` : `helm uninstall ${name} --namespace ${namespace}`;
  return `crdguard is there already, as the Helm release ${release}, which would not know of it: use ${command}`;
}

/** @param there where it is; `named`: where it was looked for. */
export function installedElsewhereWords(there: string, named: string, what: "install" | "uninstall"): string {
  const ways =
    what === "install"
      ? `--namespace ${there} upgrades it; to move it, uninstall it there first`
      : `--namespace ${there} uninstalls it`;
  return `crdguard is in the namespace ${shown(there)}, not in ${shown(named)}, and shares its roles and definitions with the whole cluster: nothing was changed; ${ways}`;
}

export function refusals(refused: readonly Told[]): string {
  const [first, ...others] = refused;
  if (first === undefined) throw new Error("a refusal has a reason");
  const more = others.length === 0 ? "" : `; the same of ${listOf(others.map(({ title }) => title))}`;
  return `${first.title}: ${first.message}${more}`;
}

export function kindUnknown(title: string, apiVersion: string): string {
  const hint = apiVersion.startsWith("cert-manager.io/")
    ? "install cert-manager first"
    : "this cluster is too old, or lacks an API";
  return `${title} cannot be made, since the cluster does not know ${apiVersion}: ${hint}`;
}

export type StandingWords =
  | { readonly kind: "starting"; readonly ready: number; readonly wanted: number; readonly trouble: readonly string[] }
  | { readonly kind: "unregistered" }
  | { readonly kind: "failing-open" }
  | { readonly kind: "unreadable"; readonly error: { readonly message: string } }
  | { readonly kind: "guarding" };

/** What is being waited for, or what it came to. */
export function standingLine(standing: StandingWords): string {
  switch (standing.kind) {
    case "starting": {
      const trouble = standing.trouble.length === 0 ? "" : ` (${standing.trouble.map(shown).join("; ")})`;
      return `${String(standing.ready)} of ${String(standing.wanted)} pods ready${trouble}`;
    }
    case "unregistered":
      return "pods ready; the API server does not know of them yet";
    case "failing-open":
      return "registered; fails open until the API server is seen to reach the pods";
    case "unreadable":
      return `the cluster does not tell how far it is: ${standing.error.message}`;
    case "guarding":
      return "the API server asks crdguard about every change of a CRD";
  }
}

/** After an installation that succeeded. */
export function nextSteps(program: string, namespace: string): string {
  const steps = [
    [`${program} doctor`, "what is wrong in this cluster now"],
    [`${program} requirements`, "who needs which API"],
    [`kubectl --namespace ${namespace} logs deployment/crdguard`, "what it was asked and answered"],
  ] as const;
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    "Next:",
    ...steps.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`),
    "Should it be down and in the way: kubectl delete validatingwebhookconfiguration crdguard",
    "",
  ].join("\n");
}

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
}

/** What the taking away of kept objects tells as it goes; null: nothing that a person need know. */
export function uninstallLine(
  step:
    | { readonly kind: "marked" | "deleted" | "absent"; readonly object: Named }
    | { readonly kind: "foreign"; readonly object: Named; readonly registeredBy: string | null }
    | { readonly kind: "scaled-down"; readonly object: Named; readonly from: number | null }
    | { readonly kind: "waiting" | "replicas-left"; readonly replicas: readonly string[] }
    | { readonly kind: "failed"; readonly object: Named; readonly error: { readonly message: string } },
): string | null {
  switch (step.kind) {
    case "marked":
      return "the server is told to put nothing back any more";
    case "deleted":
      return removalLine(titleOf(step.object), false);
    case "absent":
      return null;
    case "foreign":
      return `${titleOf(step.object)} stays: it was registered by ${step.registeredBy === null ? "somebody else" : shown(step.registeredBy)}`;
    case "scaled-down":
      return `${titleOf(step.object)} scaled down to 0`;
    case "waiting":
      return `waiting for ${listOf(step.replicas.map(shown))} to end`;
    case "replicas-left":
      return `${listOf(step.replicas.map(shown))} did not end; the Lease stays marked, so that they put nothing back`;
    case "failed":
      return `${titleOf(step.object)}: ${shown(step.error.message)}`;
  }
}

function titleOf({ kind, name, namespace }: Named): string {
  return `${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;
}
