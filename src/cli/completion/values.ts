/** @file What can be offered for the value of a flag or an argument, told by the placeholder in its declaration. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Argument, Option } from "commander";
import { nameAt } from "./name-at.ts";

export interface Candidate {
  readonly value: string;
  /** One line; empty where the value says it all. */
  readonly description: string;
}

export interface Offer {
  readonly candidates: readonly Candidate[];
  /** What of the file system may stand there besides. */
  readonly paths: "none" | "files" | "folders";
  /** The value goes on after what is offered, so that no space may follow. */
  readonly isOpen: boolean;
}

export const NOTHING: Offer = { candidates: [], paths: "none", isOpen: false };

/** @param given flags of the line, by attribute name: which catalog, which kubeconfig. */
export async function offerFor(declared: Option | Argument, partial: string, given: ReadonlyMap<string, string>): Promise<Offer> {
  if (declared.argChoices !== undefined) return { ...NOTHING, candidates: declared.argChoices.map(plain) };
  const placeholder = placeholderOf(declared);
  const setting = SETTING.exec(placeholder)?.groups?.["settings"];
  if (setting !== undefined)
    return "long" in declared && declared.long === "--rule" ? offerRuleSettings(partial, setting.split("|")) : NOTHING;
  if (placeholder === "check=severity") return offerCheckSettings(partial);
  const offers: Offer[] = [];
  for (const alternative of placeholder.split("|")) offers.push((await KINDS.get(alternative)?.(given)) ?? NOTHING);
  return {
    candidates: offers.flatMap(({ candidates }) => candidates),
    paths: offers.find(({ paths }) => paths === "files")?.paths ?? offers.find(({ paths }) => paths !== "none")?.paths ?? "none",
    isOpen: offers.some(({ isOpen }) => isOpen),
  };
}

/** Whether `offerFor` knows what to do with a placeholder; one that is new needs a line in `KINDS`. */
export function isKnownPlaceholder(declared: Option | Argument): boolean {
  if (declared.argChoices !== undefined) return true;
  const placeholder = placeholderOf(declared);
  return (
    SETTING.test(placeholder) ||
    placeholder === "check=severity" ||
    placeholder.split("|").every((alternative) => KINDS.has(alternative))
  );
}

/** What the findings of something that is named are to lead to. */
const SETTING = /^id=(?<settings>[\w|]+)$/;

function placeholderOf(declared: Option | Argument): string {
  return "flags" in declared
    ? (/[<[](?<placeholder>.+)[>\]]$/.exec(declared.flags)?.groups?.["placeholder"] ?? "")
    : declared.name();
}

type Source = (given: ReadonlyMap<string, string>) => Offer | Promise<Offer>;

const FILES: Source = () => ({ ...NOTHING, paths: "files" });
const FOLDERS: Source = () => ({ ...NOTHING, paths: "folders" });
/** Nobody but the person who types it knows. */
const UNKNOWN: Source = () => NOTHING;

/** By what stands between the brackets, each alternative by itself. */
const KINDS: ReadonlyMap<string, Source> = new Map<string, Source>([
  ["path", FILES],
  ["file", FILES],
  ["snapshot", FILES],
  ["folder", FOLDERS],
  ["live", () => ({ ...NOTHING, candidates: [{ value: "live", description: "the cluster of the kubeconfig" }] })],
  ["client", () => ({ ...NOTHING, candidates: [{ value: "client", description: "count what would be written" }] })],
  ["server", () => ({ ...NOTHING, candidates: [{ value: "server", description: "have the API server try it" }] })],
  ["external", () => ({ ...NOTHING, candidates: [{ value: "external", description: "another writes caBundle" }] })],
  ["context", offerOfKubeconfig("contexts")],
  ["cluster", offerOfKubeconfig("clusters")],
  ["user", offerOfKubeconfig("users")],
  ["rule", offerRules],
  ["crd", offerOfCluster("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")],
  ["namespace", offerOfCluster("/api/v1/namespaces")],
  ["controller", offerControllers("")],
  ["controller=version", offerControllers("=")],
  ["bundle", offerOfBundles("name")],
  ["release", offerOfBundles("version")],
  ["channel", offerOfBundles("channel")],
  ...[
    "host:port",
    "number",
    "version",
    "seconds",
    "url",
    "host",
    "token",
    "username",
    "group",
    "uid",
    "duration",
    "ns/name",
    "ns/service",
    "reference",
    "name",
    "subject",
    "text",
  ].map((placeholder): [string, Source] => [placeholder, UNKNOWN]),
]);

function plain(value: string): Candidate {
  return { value, description: "" };
}

/** How bad the findings of a check are. */
async function offerCheckSettings(partial: string): Promise<Offer> {
  const [{ checks }, { SEVERITIES }] = await Promise.all([
    import("../../health/checks/index.ts"),
    import("../../health/severity.ts"),
  ]);
  const byDefault = checks.map(({ id, defaultSeverity }) => [id, defaultSeverity] as const);
  return offerSettings(partial, byDefault, [...SEVERITIES, "off"]);
}

/** What the findings of a rule are to lead to. */
async function offerRuleSettings(partial: string, settings: readonly string[]): Promise<Offer> {
  const { rules } = await import("../../rules/checks/index.ts");
  const byDefault = rules.map(({ id, defaultEnforcement }) => [id, defaultEnforcement] as const);
  return offerSettings(partial, byDefault, settings);
}

/** First whose setting it is, then, after `=`, the setting. @param byDefault ids, each with what it is set to by default. */
function offerSettings(
  partial: string,
  byDefault: readonly (readonly [id: string, setting: string])[],
  settings: readonly string[],
): Offer {
  const [id = "", setting] = partial.split("=", 2);
  if (setting !== undefined) return { ...NOTHING, candidates: settings.map((each) => plain(`${id}=${each}`)) };
  return {
    ...NOTHING,
    isOpen: true,
    candidates: byDefault.map(([own, usual]) => ({ value: `${own}=`, description: `by default ${usual}` })),
  };
}

/** One, and after it perhaps others. */
async function offerRules(): Promise<Offer> {
  const { rules } = await import("../../rules/checks/index.ts");
  return { ...NOTHING, candidates: rules.filter(({ noOverride }) => noOverride === undefined).map(({ id }) => plain(id)) };
}

function offerControllers(end: string): Source {
  return async (given) => {
    const { loadCatalog } = await import("../sources.ts");
    const own = given.get("catalog");
    const catalog = await loadCatalog(own === undefined ? [] : [own]);
    return { ...NOTHING, isOpen: end !== "", candidates: catalog.map(({ id }) => plain(`${id}${end}`)) };
  };
}

function offerOfBundles(member: "name" | "version" | "channel"): Source {
  return async () => {
    const { loadBundles } = await import("../sources.ts");
    const { compareReleases } = await import("../../rules/bundle.ts");
    const values = [...new Set((await loadBundles()).map((bundle) => bundle[member]))];
    return { ...NOTHING, candidates: (member === "version" ? values.toSorted(compareReleases) : values.toSorted()).map(plain) };
  };
}

/** Read without the Kubernetes client, which takes longer to load than a person waits for a completion. */
function offerOfKubeconfig(section: "contexts" | "clusters" | "users"): Source {
  return async (given) => {
    const { parse } = await import("yaml");
    const listed = given.get("kubeconfig") ?? process.env["KUBECONFIG"] ?? "";
    const paths = (listed === "" ? join(homedir(), ".kube", "config") : listed).split(delimiter);
    const names = paths.filter((path) => existsSync(path)).flatMap((path) => nameAt(parse(readFileSync(path, "utf8")), section));
    return { ...NOTHING, candidates: [...new Set(names)].toSorted().map(plain) };
  };
}

/** Names of the live cluster, where the line does not say that a folder stands for it. */
function offerOfCluster(path: string): Source {
  return async (given) => {
    if ((given.get("against") ?? "live") !== "live") return NOTHING;
    const { listNames } = await import("./cluster-names.ts");
    return { ...NOTHING, candidates: (await listNames(path, given)).map(plain) };
  };
}
