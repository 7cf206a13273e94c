/** @file CRDs of Go modules as they were released, their variants, and how a cluster is brought to hold exactly these. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { isRecord } from "../../../src/crd/is-record.ts";
import { isCrdManifest, parseCrd } from "../../../src/crd/parse.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import type { ApiServer } from "../../e2e/support/api-server.ts";
import { eventually } from "../../e2e/support/eventually.ts";
import { type GoModule, moduleFolder } from "./go-modules.ts";

/** A folder of CRDs inside a module; later folders of a list replace CRDs of earlier ones, as applying them does. */
export interface CrdFolder {
  readonly module: GoModule;
  readonly folder: string;
  /** The only file of interest; all of them unless told. */
  readonly file?: string;
}

/** A CRD as read from its file; `crd` is what the product makes of it. */
export interface CrdFile {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly crd: Crd;
}

/** By name, `grpcroutes.gateway.networking.k8s.io`. */
export type CrdSet = ReadonlyMap<string, CrdFile>;

/** A release of Gateway API, read from its Go module. */
export function gatewayApi(version: string, channel: "standard" | "experimental"): CrdFolder {
  return { module: { path: "sigs.k8s.io/gateway-api", version }, folder: `config/crd/${channel}` };
}

export async function readCrds(folders: readonly CrdFolder[]): Promise<CrdSet> {
  const found = new Map<string, CrdFile>();
  for (const folder of folders) for (const file of await filesOf(folder)) found.set(file.crd.name, file);
  return found;
}

/** A bundle is a megabyte of YAML, and read for every state that is made of it. */
const READ = new Map<string, Promise<readonly CrdFile[]>>();

function filesOf(folder: CrdFolder): Promise<readonly CrdFile[]> {
  const key = JSON.stringify(folder);
  const reading = READ.get(key) ?? readFolder(folder);
  READ.set(key, reading);
  return reading;
}

async function readFolder({ module, folder, file: only }: CrdFolder): Promise<readonly CrdFile[]> {
  const path = join(await moduleFolder(module), folder);
  const names = only === undefined ? (await readdir(path)).filter(isYaml).toSorted() : [only];
  const texts = await Promise.all(names.map((name) => readFile(join(path, name), "utf8")));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document): unknown => document.toJS()))
    .flatMap((input) => (isRecord(input) && isCrdManifest(input) ? [crdFile(input)] : []));
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

/** The same CRD with none of `versions`. Where it has no other, one of them stays, under a name that nobody asks for. */
export function withoutVersions(file: CrdFile, versions: readonly string[]): CrdFile {
  const all = specVersions(file.manifest);
  const others = all.filter(({ name }) => !versions.includes(name));
  const kept =
    others.length > 0 ? others : all.slice(0, 1).map((version) => ({ ...version, name: UNKNOWN_VERSION, served: true }));
  return withSpecVersions(file, kept);
}

/** The same CRD with all of `versions` listed and none of them served. */
export function withUnserved(file: CrdFile, versions: readonly string[]): CrdFile {
  return withSpecVersions(
    file,
    specVersions(file.manifest).map((version) => (versions.includes(version.name) ? { ...version, served: false } : version)),
  );
}

/** The same CRD with a version beside that discovery prefers over every other. */
export function withNewerVersion(file: CrdFile): CrdFile {
  const all = specVersions(file.manifest);
  const newer = all.slice(-1).map((version) => ({ ...version, name: NEWER_VERSION, served: true, storage: false }));
  return withSpecVersions(file, [...newer, ...all]);
}

/** Installs CRDs one by one: those that changed are deleted first, so that no stored version of before stands in the way. */
export class CrdInstaller {
  readonly #api: ApiServer;
  /** Null: its deletion was asked for, and it was not seen gone yet. */
  readonly #installed = new Map<string, CrdFile | null>();

  constructor(api: ApiServer) {
    this.#api = api;
  }

  /** Returns when discovery tells of exactly these. @throws Error with the API server's reason; it may be called again then. */
  async install(wanted: CrdSet): Promise<void> {
    const gone = [...this.#installed].filter(([name, file]) => !isSame(wanted.get(name), file));
    const added = [...wanted].filter(([name, file]) => !isSame(file, this.#installed.get(name)));
    for (const [name] of gone) await this.#remove(name);
    for (const [, file] of added) await this.#create(file);
    const changed = [...gone, ...added].flatMap(([, file]) => file ?? []);
    for (const { crd } of changed) await this.#discovered(crd, wanted.get(crd.name)?.crd ?? null);
  }

  async #remove(name: string): Promise<void> {
    this.#installed.set(name, null);
    await this.#api.request("DELETE", `${CRDS}/${name}`);
    await eventually(`${name} is gone`, async () => (await this.#api.request("GET", `${CRDS}/${name}`)).status === 404, {
      timeoutMs: REMOVAL_TIMEOUT_MS,
    });
    this.#installed.delete(name);
  }

  async #create({ manifest, crd }: CrdFile): Promise<void> {
    const { status, body } = await this.#api.request("POST", CRDS, { body: manifest });
    if (status !== 201) throw new Error(`${crd.name} was not created: ${JSON.stringify(body)}`);
    this.#installed.set(crd.name, { manifest, crd });
  }

  /** Controllers read the documents of group versions, and the lists of groups that they are counted from. */
  async #discovered({ group, plural, versions }: Crd, wanted: Crd | null): Promise<void> {
    const names = new Set([...versions, ...(wanted?.versions ?? [])].map(({ name }) => name));
    for (const name of names) {
      const isServed = wanted?.versions.some((version) => version.name === name && version.isServed) === true;
      await eventually(
        `discovery ${isServed ? "tells" : "no longer tells"} of ${plural} in ${group}/${name}`,
        async () => {
          const { status, body } = await this.#api.request("GET", `/apis/${group}/${name}`);
          return (status === 200 && JSON.stringify(body).includes(`"name":"${plural}"`)) === isServed;
        },
        { timeoutMs: 30_000 },
      );
    }
  }
}

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** A second, mostly; three of some four hundred took the API server more than thirty. */
const REMOVAL_TIMEOUT_MS = 120_000;
const UNKNOWN_VERSION = "v9alpha9";
const NEWER_VERSION = "v9";

interface SpecVersion extends Readonly<Record<string, unknown>> {
  readonly name: string;
}

function crdFile(manifest: Readonly<Record<string, unknown>>): CrdFile {
  const parsed = parseCrd(manifest);
  if (!parsed.ok) throw new Error(`a CRD could not be read: ${parsed.error.message}`);
  return { manifest: installable(manifest), crd: parsed.value };
}

/**
 * Without conversion webhooks, which do not run here and are not needed while nothing is stored, and without labels, which
 * some charts leave to Helm to fill in.
 */
function installable(manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { conversion: _webhook, ...spec } = specOf(manifest);
  const { labels: _labels, ...metadata } = isRecord(manifest["metadata"]) ? manifest["metadata"] : {};
  return { ...manifest, metadata, spec };
}

function specOf(manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(manifest["spec"]) ? manifest["spec"] : {};
}

function specVersions(manifest: Readonly<Record<string, unknown>>): readonly SpecVersion[] {
  const versions = specOf(manifest)["versions"];
  return Array.isArray(versions) ? (versions as readonly SpecVersion[]) : [];
}

/** Exactly one version stores: the one that did, or else the first. */
function withSpecVersions({ manifest }: CrdFile, versions: readonly SpecVersion[]): CrdFile {
  const storing = Math.max(
    0,
    versions.findIndex((version) => version["storage"] === true),
  );
  return crdFile({
    ...manifest,
    spec: { ...specOf(manifest), versions: versions.map((version, index) => ({ ...version, storage: index === storing })) },
  });
}

function isSame(wanted: CrdFile | undefined, installed: CrdFile | null | undefined): boolean {
  if (wanted === undefined || installed === undefined || installed === null) return false;
  return wanted === installed || JSON.stringify(wanted.manifest) === JSON.stringify(installed.manifest);
}
