/** @file For each check of doctor a cluster in which it finds something. */
import { UNRECORDED } from "../../src/crd/crd.ts";
import { type HealthFacts, ownerKey } from "../../src/health/facts.ts";
import { lookAtPolicies } from "../../src/explain/policy-looks.ts";
import { counted, crd, need } from "./builders.ts";
import { exceptionEntry, rawPolicy } from "./policies.ts";
import { certificate, endpoint, EXPLAINER, guard, healthFacts, registration } from "./health.ts";

const gateway = (plural: string, version: string) =>
  crd({ name: `${plural}.gateway.networking.k8s.io`, served: ["v1"], bundle: { version, channel: "standard" } });
const twoVersions = crd({ served: ["v1", "v1beta1"] });
const TRAEFIK = { kind: "Deployment", namespace: "traefik", name: "traefik" } as const;
const oldRoutes = crd({ name: "ingressroutes.traefik.containo.us", served: ["v1alpha1"] });
const oldMiddlewares = crd({ name: "middlewares.traefik.containo.us", served: ["v1alpha1"] });
const RELEASE = { kind: "helm-release", namespace: "mill", name: "gears", isKept: false } as const;
const ARGO = { kind: "argo-application", namespace: null, name: "platform" } as const;
const GUARD = { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 } as const;

/** By id. Other checks may find something in it as well. */
export const HEALTH_EXAMPLES: Readonly<Record<string, HealthFacts>> = {
  "bundle-mixed": healthFacts({
    crds: [gateway("gateways", "v1.2.1"), gateway("httproutes", "v1.2.1"), gateway("grpcroutes", "v1.1.0")],
  }),
  "conversion-certificate-expired": healthFacts({
    crds: [twoVersions],
    conversions: new Map([
      [
        "gears.own.dev",
        {
          trial: { kind: "nothing-to-convert" },
          endpoint: endpoint({
            authorities: { kind: "read", certificates: [certificate({ notAfter: "2026-06-01T00:00:00Z" })] },
          }),
        },
      ],
    ]),
  }),
  "conversion-webhook-unreachable": healthFacts({
    crds: [twoVersions],
    objects: counted(1),
    conversions: new Map([
      [
        "gears.own.dev",
        {
          trial: {
            kind: "failed",
            version: "v1beta1",
            reason:
              'conversion webhook for own.dev/v1, Kind=Gear failed: Post "https://converter.mill.svc:443/convert?timeout=30s": no endpoints available for service "converter"',
          },
          endpoint: endpoint({ reach: { kind: "no-endpoints" } }),
        },
      ],
    ]),
  }),
  "crd-names-refused": healthFacts({
    crds: [
      {
        ...crd({ name: "cogs.own.dev", served: ["v1"] }),
        conditions: [{ type: "NamesAccepted", status: "False", reason: "KindConflict", message: '"Gear" is already in use' }],
      },
      crd({ name: "gears.own.dev", served: ["v1"] }),
    ],
  }),
  "crd-not-structural": healthFacts({
    crds: [
      {
        ...crd({ served: ["v1"] }),
        conditions: [
          {
            type: "NonStructuralSchema",
            status: "True",
            reason: "Violations",
            message: "spec.preserveUnknownFields: Invalid value: true: must be false",
          },
        ],
      },
    ],
  }),
  "crd-owner-gone": healthFacts({
    crds: [oldRoutes, oldMiddlewares, { ...crd({ served: ["v1"] }), owners: [RELEASE] }],
    objects: counted(1),
    owners: new Map([[ownerKey(RELEASE), { kind: "gone" }]]),
    controllers: [
      {
        id: "traefik",
        owns: ["traefik.io", "traefik.containo.us"],
        everWanted: new Set([oldRoutes.name, oldMiddlewares.name]),
        installed: [{ workload: TRAEFIK, image: "docker.io/library/traefik:v3.1.2", wanted: new Set() }],
      },
    ],
  }),
  "crd-owners-two": healthFacts({ crds: [{ ...crd({ served: ["v1"] }), owners: [RELEASE, ARGO] }] }),
  "crd-terminating": healthFacts({
    crds: [{ ...crd({ served: ["v1"] }), ...UNRECORDED, isTerminating: true, terminatingSince: "2026-06-15T09:30:00Z" }],
    objects: counted(1),
    finalizers: new Map([["gears.own.dev", [{ finalizer: "own.dev/unmount", count: 1 }]]]),
  }),
  "declaration-malformed": healthFacts({
    unreadableDeclarations: [
      {
        workload: { kind: "Deployment", namespace: "mill", name: "turner" },
        key: "crdguard.dev/requires",
        value: "gears.own.dev",
        problem: '"gears.own.dev" is not of the form <plural>.<group>/<version>[|<version>]',
      },
    ],
  }),
  "exception-lapsed": healthFacts({
    guardPolicies: lookAtPolicies(
      [
        rawPolicy("mill", {
          exceptions: [
            exceptionEntry({ expires: "2026-06-01T00:00:00Z" }),
            exceptionEntry({ rule: "stored-version-removed", reason: "rewritten by hand", expires: "2026-06-20T17:00:00Z" }),
          ],
        }),
      ],
      Date.parse("2026-06-15T12:00:00Z"),
    ),
  }),
  "facts-unread": healthFacts({
    unread: [
      {
        what: { kind: "owners", owners: [RELEASE] },
        reason: 'secrets is forbidden: User "ci" cannot list resource "secrets" in API group "" in the namespace "mill"',
        isForbidden: true,
      },
    ],
  }),
  "guard-ca-mismatch": healthFacts({
    guard: guard({
      registrations: [
        registration({
          endpoints: [
            endpoint({
              target: GUARD,
              served: {
                kind: "seen",
                certificate: certificate(),
                distrust: "the caBundle does not hold the authority that signed its certificate",
              },
            }),
          ],
        }),
        EXPLAINER,
      ],
    }),
  }),
  "guard-certificate-expired": healthFacts({
    guard: guard({
      registrations: [
        registration({
          endpoints: [
            endpoint({
              target: GUARD,
              served: {
                kind: "seen",
                certificate: certificate({ subject: "CN=crdguard", notAfter: "2026-06-20T00:00:00Z" }),
                distrust: null,
              },
            }),
          ],
        }),
        EXPLAINER,
      ],
    }),
  }),
  "guard-not-registered": healthFacts({ guard: guard({ registrations: [] }) }),
  "guard-registration-drifted": healthFacts({
    guard: guard({
      registrations: [
        registration({
          differences: [
            { field: "webhooks[changes.crdguard.dev].failurePolicy", expected: '"Fail"', found: '"Ignore"' },
            { field: "webhooks[creates.crdguard.dev]", expected: '"creates.crdguard.dev"', found: null },
          ],
        }),
        EXPLAINER,
      ],
    }),
  }),
  "guard-unreachable": healthFacts({
    guard: guard({
      registrations: [registration({ endpoints: [endpoint({ target: GUARD, reach: { kind: "no-endpoints" } })] }), EXPLAINER],
    }),
  }),
  "migration-due": healthFacts({ crds: [crd({ served: ["v1", "v1beta1"], stored: ["v1beta1", "v1"] })], objects: counted(3) }),
  "policy-malformed": healthFacts({
    guardPolicies: lookAtPolicies(
      [
        rawPolicy("mill", {
          rules: [
            { id: "object-deleted", enforcement: "warn" },
            { id: "stored-version-removed", enforcement: false },
          ],
        }),
      ],
      Date.parse("2026-06-15T12:00:00Z"),
    ),
  }),
  "requirement-unmet": healthFacts({
    crds: [crd({ served: ["v1"], unserved: ["v1alpha1"] })],
    needs: new Map([["gears.own.dev", [need({ versions: ["v1alpha1"] })]]]),
  }),
  "rollback-refused": healthFacts({
    policies: [{ name: "safe-upgrades.gateway.networking.k8s.io", denyingBindings: ["safe-upgrades.gateway.networking.k8s.io"] }],
  }),
  "stored-in-alpha": healthFacts({
    crds: [crd({ served: ["v1alpha1", "v1"], storage: "v1alpha1" }), crd({ name: "cogs.other.dev", served: ["v1alpha1"] })],
  }),
  "stored-version-unlisted": healthFacts({ crds: [crd({ served: ["v1"], stored: ["v1alpha1", "v1"] })], objects: counted(0) }),
};
