/**
 * @file What people say in objects of their own: of workloads, in APIRequirements and OLM's ClusterServiceVersions, and of
 * what is enforced, in GuardPolicies. Read only while the cluster has such objects, and done without where they may not be read.
 */
import { isDeepStrictEqual } from "node:util";
import type { Crd } from "../../crd/crd.ts";
import { findVersion } from "../../crd/versions.ts";
import {
  API_REQUIREMENT_CRD,
  API_REQUIREMENT_VERSION,
  type ApiRequirementResult,
  parseApiRequirement,
} from "../../requirements/api-requirement.ts";
import {
  CLUSTER_SERVICE_VERSION_CRD,
  CLUSTER_SERVICE_VERSION_VERSION,
  type ClusterServiceVersion,
  COPIED_FROM_LABEL,
  parseClusterServiceVersion,
} from "../../requirements/cluster-service-version.ts";
import { GUARD_POLICY_CRD, GUARD_POLICY_VERSION, type RawGuardPolicy, readGuardPolicy } from "../guard-policies.ts";
import type { PictureBuilder } from "../picture.ts";
import type { ApiError, ApiErrorCode } from "./api-error.ts";
import { isRecord, memberAt, textAt } from "./json.ts";
import type { Reflector, ReflectorHandlers, ReflectorObserver, ReflectorOptions } from "./reflector.ts";
import { tracked } from "./tracked.ts";

/** An APIRequirement as the API server holds it. */
export interface StoredApiRequirement {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly content: ApiRequirementResult;
  /** As it stands there, of any shape. */
  readonly status: unknown;
}

/** A GuardPolicy as the API server holds it. */
export interface StoredGuardPolicy {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly content: RawGuardPolicy;
  /** As it stands there, of any shape. */
  readonly status: unknown;
}

export interface DeclarationsObserver extends ReflectorObserver {
  unreadable(resource: string, key: string, problem: string): void;
  /**
   * One of the collections cannot be read, and is done without: what was known of it before stays. Told once for each
   * kind of failure, until it has been read again.
   */
  doneWithout(resource: string, error: ApiError): void;
}

export interface DeclarationsOptions {
  readonly builder: Pick<
    PictureBuilder,
    | "putApiRequirement"
    | "removeApiRequirement"
    | "putClusterServiceVersion"
    | "removeClusterServiceVersion"
    | "putGuardPolicy"
    | "removeGuardPolicy"
  >;
  /** Objects by plural resource name, kept current. */
  readonly counts: Map<string, number>;
  readonly observer: DeclarationsObserver;
  /** Makes a reflector; it is started here. */
  readonly open: <T>(collection: Collection<T>) => Reflector;
}

export type Collection<T> = Pick<
  ReflectorOptions<T>,
  "resource" | "path" | "labelSelector" | "pageSize" | "transform" | "handlers" | "observer"
>;

export interface Declarations {
  /** To be told of every CRD that comes or changes. */
  crdPut(crd: Crd): void;
  crdRemoved(name: string): void;
  /** The same list, by reference, while nothing changes. */
  apiRequirements(): readonly StoredApiRequirement[];
  /** The same. */
  guardPolicies(): readonly StoredGuardPolicy[];
  /** Resolves when all that is being read was listed once, or refused; at once where nothing is. */
  answered(): Promise<void>;
  /** At once and for good. */
  stop(): void;
}

export function createDeclarations({ builder, counts, observer, open }: DeclarationsOptions): Declarations {
  const stored = new Map<string, StoredApiRequirement>();
  let storedList: readonly StoredApiRequirement[] | null = null;
  const versions = new Map<string, ClusterServiceVersion>();
  const policies = new Map<string, StoredGuardPolicy>();
  let policyList: readonly StoredGuardPolicy[] | null = null;

  function putApiRequirement(next: StoredApiRequirement): void {
    const key = keyOf(next);
    const { content } = next;
    // Our own writes of the status come back as changes; reading a namespace's workloads again for them would be in vain.
    const isSame = isDeepStrictEqual(stored.get(key)?.content, content);
    stored.set(key, next);
    storedList = null;
    if (isSame) return;
    if (content.ok) {
      builder.putApiRequirement(content.value);
    } else {
      builder.removeApiRequirement(next.namespace, next.name);
      observer.unreadable(API_REQUIREMENTS, key, content.error.message);
    }
  }

  function putClusterServiceVersion(next: ClusterServiceVersion): void {
    const key = keyOf(next);
    // OLM writes the status of each every few minutes.
    if (isDeepStrictEqual(versions.get(key), next)) return;
    versions.set(key, next);
    builder.putClusterServiceVersion(next);
  }

  function putGuardPolicy(next: StoredGuardPolicy): void {
    const { name, content } = next;
    const isSame = isDeepStrictEqual(policies.get(name)?.content, content);
    policies.set(name, next);
    policyList = null;
    // Our own writes of the status come back as changes.
    if (!isSame) builder.putGuardPolicy(content);
  }

  const resources = [
    createServedCollection({
      crdName: API_REQUIREMENT_CRD,
      version: API_REQUIREMENT_VERSION,
      handlers: tracked(counts, API_REQUIREMENTS, {
        put: putApiRequirement,
        remove(key) {
          const known = stored.get(key);
          if (known === undefined) return;
          stored.delete(key);
          storedList = null;
          builder.removeApiRequirement(known.namespace, known.name);
        },
      }),
      observer,
      open: (refinements) =>
        open({
          resource: API_REQUIREMENTS,
          path: `/apis/crdguard.dev/${API_REQUIREMENT_VERSION}/${API_REQUIREMENTS}`,
          // Some 10 kB with a long status: pages of 5 MB.
          pageSize: 500,
          transform: readStored,
          ...refinements,
        }),
    }),
    createServedCollection({
      crdName: CLUSTER_SERVICE_VERSION_CRD,
      version: CLUSTER_SERVICE_VERSION_VERSION,
      handlers: tracked(counts, CLUSTER_SERVICE_VERSIONS, {
        put: putClusterServiceVersion,
        remove(key) {
          const known = versions.get(key);
          if (known === undefined) return;
          versions.delete(key);
          builder.removeClusterServiceVersion(known.namespace, known.name);
        },
      }),
      observer,
      open: (refinements) =>
        open({
          resource: CLUSTER_SERVICE_VERSIONS,
          path: `/apis/operators.coreos.com/${CLUSTER_SERVICE_VERSION_VERSION}/${CLUSTER_SERVICE_VERSIONS}`,
          // A copy for each namespace that an operator watches is most of what there is, and says nothing new.
          labelSelector: `!${COPIED_FROM_LABEL}`,
          // With icons and examples, 100 kB each and more: pages of 5 MB.
          pageSize: 50,
          transform: parseClusterServiceVersion,
          ...refinements,
        }),
    }),
    createServedCollection({
      crdName: GUARD_POLICY_CRD,
      version: GUARD_POLICY_VERSION,
      handlers: tracked(counts, GUARD_POLICIES, {
        put: putGuardPolicy,
        remove(name) {
          policies.delete(name);
          policyList = null;
          builder.removeGuardPolicy(name);
        },
      }),
      observer,
      open: (refinements) =>
        open({
          resource: GUARD_POLICIES,
          path: `/apis/crdguard.dev/${GUARD_POLICY_VERSION}/${GUARD_POLICIES}`,
          // Some 60 kB with 64 exceptions: pages of 6 MB.
          pageSize: 100,
          transform: readStoredPolicy,
          ...refinements,
        }),
    }),
  ];

  return {
    crdPut(crd) {
      for (const resource of resources) resource.crdPut(crd);
    },
    crdRemoved(name) {
      for (const resource of resources) resource.crdRemoved(name);
    },
    apiRequirements: () => (storedList ??= [...stored.values()]),
    guardPolicies: () => (policyList ??= [...policies.values()]),
    async answered() {
      await Promise.all(resources.map((resource) => resource.answered()));
    },
    stop() {
      for (const resource of resources) resource.stop();
    },
  };
}

const API_REQUIREMENTS = "apirequirements";
const CLUSTER_SERVICE_VERSIONS = "clusterserviceversions";
const GUARD_POLICIES = "guardpolicies";

interface ServedCollection {
  crdPut(crd: Crd): void;
  crdRemoved(name: string): void;
  answered(): Promise<void>;
  stop(): void;
}

/** Reflected from when its CRD serves the version until that ends, with which its objects are forgotten. */
function createServedCollection<T>(options: {
  readonly crdName: string;
  readonly version: string;
  readonly handlers: ReflectorHandlers<T>;
  readonly observer: DeclarationsObserver;
  readonly open: (refinements: Pick<Collection<T>, "handlers" | "observer">) => Reflector;
}): ServedCollection {
  const { crdName, version, handlers, observer, open } = options;
  let reflector: Reflector | null = null;
  let answered = Promise.resolve();
  let isStopped = false;

  function end(): void {
    if (reflector === null) return;
    reflector.stop();
    reflector = null;
    answered = Promise.resolve();
    handlers.replace(new Map());
  }

  return {
    crdPut(crd) {
      if (crd.name !== crdName || isStopped) return;
      if (findVersion(crd, version)?.isServed !== true) {
        end();
      } else if (reflector === null) {
        const refused = Promise.withResolvers<void>();
        reflector = open({ handlers, observer: tellingOnce(observer, refused.resolve) });
        answered = Promise.race([reflector.synced, refused.promise]);
        reflector.start();
      }
    },
    crdRemoved(name) {
      if (name === crdName) end();
    },
    answered: () => answered,
    stop() {
      isStopped = true;
      reflector?.stop();
    },
  };
}

/** A CRD is known a moment before the API server serves it: so many refusals of that kind are no news. */
const EXPECTED_NOT_FOUND = 2;

/** @param refuse called when the API server says no, rather than nothing. */
function tellingOnce(observer: DeclarationsObserver, refuse: () => void): ReflectorObserver {
  let told: ApiErrorCode | null = null;
  let failures = 0;
  return {
    ...observer,
    listed(resource, count, pages) {
      told = null;
      failures = 0;
      observer.listed(resource, count, pages);
    },
    failed(resource, error) {
      failures += 1;
      if (error.code === "forbidden" || error.code === "not-found") refuse();
      if (error.code === told || (error.code === "not-found" && failures <= EXPECTED_NOT_FOUND)) return;
      told = error.code;
      observer.doneWithout(resource, error);
    },
  };
}

function readStored(raw: unknown): StoredApiRequirement | null {
  const name = textAt(raw, "metadata", "name");
  const namespace = textAt(raw, "metadata", "namespace");
  const resourceVersion = textAt(raw, "metadata", "resourceVersion");
  const generation = memberAt(raw, "metadata", "generation");
  if (!isRecord(raw) || name === null || namespace === null || resourceVersion === null) return null;
  return {
    namespace,
    name,
    resourceVersion,
    generation: typeof generation === "number" ? generation : 0,
    // Items of a list carry no version of their own.
    content: parseApiRequirement({ ...raw, apiVersion: `crdguard.dev/${API_REQUIREMENT_VERSION}` }, "ignore"),
    status: raw["status"],
  };
}

function readStoredPolicy(raw: unknown): StoredGuardPolicy | null {
  const content = readGuardPolicy(raw);
  const resourceVersion = textAt(raw, "metadata", "resourceVersion");
  if (!isRecord(raw) || content === null || resourceVersion === null) return null;
  return { name: content.name, uid: textAt(raw, "metadata", "uid") ?? "", resourceVersion, content, status: raw["status"] };
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
