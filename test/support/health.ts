/** @file Short ways to write what doctor goes by; by default a cluster in which all is well and nothing is known. */
import type { Crd } from "../../src/crd/crd.ts";
import type { CertificateSpan, EndpointEvidence, GuardEvidence, HealthFacts, Registration } from "../../src/health/facts.ts";
import type { ObjectEvidence } from "../../src/rules/facts.ts";

const NOW = "2026-06-15T12:00:00Z";

export interface HealthShape extends Partial<Omit<HealthFacts, "crds" | "objects">> {
  readonly crds?: readonly Crd[];
  /** Of each CRD,. */
  readonly objects?: ObjectEvidence;
}

export function healthFacts({ crds = [], objects, ...rest }: HealthShape = {}): HealthFacts {
  return {
    source: { kind: "cluster" },
    nowMilliseconds: Date.parse(NOW),
    bundles: [],
    controllers: [],
    needs: new Map(),
    unreadableDeclarations: [],
    objects: new Map(objects === undefined ? [] : crds.map(({ name }) => [name, objects])),
    finalizers: new Map(),
    migrations: new Map(),
    owners: new Map(),
    conversions: new Map(),
    policies: [],
    guard: { kind: "not-examined" },
    guardPolicies: [],
    unread: [],
    ...rest,
    crds: new Map(crds.map((crd) => [crd.name, crd])),
  };
}

/** A certificate that is well in the middle of its year. */
export function certificate(shape: Partial<CertificateSpan> = {}): CertificateSpan {
  return { subject: "CN=mill", notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z", ...shape };
}

/** A service that listens, behind an authority that is well. */
export function endpoint(shape: Partial<EndpointEvidence> = {}): EndpointEvidence {
  return {
    target: { kind: "service", namespace: "mill", name: "converter", port: 443 },
    reach: { kind: "listening" },
    authorities: { kind: "read", certificates: [certificate()] },
    served: { kind: "not-seen", reason: "the name of a service resolves inside of the cluster alone" },
    ...shape,
  };
}

export function registration(shape: Partial<Registration> = {}): Registration {
  return {
    kind: "ValidatingWebhookConfiguration",
    name: "crdguard",
    role: "validating",
    differences: [],
    endpoints: [endpoint({ target: { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 } })],
    isBlocking: true,
    isKept: false,
    ...shape,
  };
}

export const EXPLAINER = registration({
  kind: "MutatingWebhookConfiguration",
  name: "crdguard-explainer",
  role: "explainer",
  isBlocking: false,
});

/** Both registrations, and the server that they are answered by. */
export function guard(shape: Partial<Extract<GuardEvidence, { kind: "examined" }>> = {}): GuardEvidence {
  const servers = [{ kind: "Deployment", namespace: "crdguard", name: "crdguard" } as const];
  return { kind: "examined", servers, registrations: [registration(), EXPLAINER], ...shape };
}
