/** @file Objects of Gateway API as people write them: valid ones, ones with a thing wrong, and ones with fields that no schema knows. */
import type { WrittenObject } from "../../support/structural/written.ts";

export interface OracleObject {
  readonly title: string;
  readonly object: WrittenObject & { readonly apiVersion: string; readonly kind: string };
  /** Paths of what is wrong; empty: nothing. */
  readonly wrong: readonly string[];
  /** Members that are pruned. */
  readonly gone: readonly string[];
}

const GROUP = "gateway.networking.k8s.io";
const REPEATED = "a".repeat(254);

function row(
  title: string,
  object: OracleObject["object"],
  wrong: readonly string[] = [],
  gone: readonly string[] = [],
): OracleObject {
  return { title, object, wrong, gone };
}

function httpRoute(rule: WrittenObject, spec: WrittenObject = {}): OracleObject["object"] {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "HTTPRoute",
    metadata: { name: "shop", namespace: "default" },
    spec: { parentRefs: [{ name: "edge" }], hostnames: ["shop.example.com"], rules: [rule], ...spec },
  };
}

function grpcRoute(rule: WrittenObject): OracleObject["object"] {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "GRPCRoute",
    metadata: { name: "orders", namespace: "default" },
    spec: { parentRefs: [{ name: "edge" }], rules: [rule] },
  };
}

function gateway(listener: WrittenObject): OracleObject["object"] {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Gateway",
    metadata: { name: "edge", namespace: "default" },
    spec: { gatewayClassName: "example", listeners: [{ name: "http", port: 80, protocol: "HTTP", ...listener }] },
  };
}

function gatewayClass(spec: WrittenObject): OracleObject["object"] {
  return { apiVersion: `${GROUP}/v1`, kind: "GatewayClass", metadata: { name: "example" }, spec };
}

function referenceGrant(spec: WrittenObject): OracleObject["object"] {
  return { apiVersion: `${GROUP}/v1beta1`, kind: "ReferenceGrant", metadata: { name: "grant", namespace: "default" }, spec };
}

function backendTls(validation: WrittenObject): OracleObject["object"] {
  return {
    apiVersion: `${GROUP}/v1alpha3`,
    kind: "BackendTLSPolicy",
    metadata: { name: "payments", namespace: "default" },
    spec: { targetRefs: [{ group: "", kind: "Service", name: "payments" }], validation },
  };
}

function tlsRoute(spec: WrittenObject): OracleObject["object"] {
  return { apiVersion: `${GROUP}/v1alpha2`, kind: "TLSRoute", metadata: { name: "tls", namespace: "default" }, spec };
}

const BACKEND = { backendRefs: [{ name: "web", port: 8080 }] };
const TLS_RULES = [{ backendRefs: [{ name: "web", port: 443 }] }];

export const OBJECTS: readonly OracleObject[] = [
  row("with a backend, of which defaults make more", httpRoute(BACKEND)),
  row("without rules", httpRoute({})),
  row(
    "with a match by path, header and query",
    httpRoute({
      ...BACKEND,
      matches: [{ path: { value: "/a" }, headers: [{ name: "x-a", value: "1" }], queryParams: [{ name: "q", value: "1" }] }],
    }),
  ),
  row("with a timeout", httpRoute({ ...BACKEND, timeouts: { request: "10s" } })),
  row("with a retry, which is experimental", httpRoute({ ...BACKEND, retry: { attempts: 3, backoff: "100ms" } })),
  row("with a field that nobody knows", httpRoute({ ...BACKEND, mirror: true }), [], ["mirror"]),
  row(
    "with an unknown field in a match",
    httpRoute({ ...BACKEND, matches: [{ path: { value: "/", regex: "x" } }] }),
    [],
    ["regex"],
  ),
  row("with an unknown object at the top of spec", httpRoute(BACKEND, { canary: { deep: [1] } }), [], ["canary"]),
  row("with a null that means nothing", httpRoute({ ...BACKEND, timeouts: null }), [], ["timeouts"]),
  row("with a port that is too large", httpRoute({ backendRefs: [{ name: "web", port: 65_536 }] }), [
    "spec.rules[0].backendRefs[0].port",
  ]),
  row("with a port in quotes", httpRoute({ backendRefs: [{ name: "web", port: "8080" }] }), [
    "spec.rules[0].backendRefs[0].port",
  ]),
  row("with a hostname in capitals", httpRoute(BACKEND, { hostnames: ["Shop.example.com"] }), ["spec.hostnames[0]"]),
  row("with a wildcard hostname", httpRoute(BACKEND, { hostnames: ["*.example.com"] })),
  row("with a hostname that is too long", httpRoute(BACKEND, { hostnames: [REPEATED] }), ["spec.hostnames[0]"]),
  row("with a path type that there is not", httpRoute({ ...BACKEND, matches: [{ path: { type: "Glob", value: "/" } }] }), [
    "spec.rules[0].matches[0].path.type",
  ]),
  row("with a method in lower case", httpRoute({ ...BACKEND, matches: [{ method: "get" }] }), [
    "spec.rules[0].matches[0].method",
  ]),
  row(
    "with one header twice",
    httpRoute({
      ...BACKEND,
      matches: [
        {
          headers: [
            { name: "x", value: "1" },
            { name: "x", value: "2" },
          ],
        },
      ],
    }),
    ["spec.rules[0].matches[0].headers[1]"],
  ),
  row("with a timeout without a unit", httpRoute({ ...BACKEND, timeouts: { request: "10" } }), [
    "spec.rules[0].timeouts.request",
  ]),
  row("with rules that are no list", httpRoute(BACKEND, { rules: { backendRefs: [] } }), ["spec.rules"]),
  row("with too many rules", httpRoute(BACKEND, { rules: Array.from({ length: 17 }, () => ({})) }), ["spec.rules"]),
  row("with a filter without its type", httpRoute({ filters: [{ requestRedirect: { statusCode: 301 } }] }), [
    "spec.rules[0].filters[0].type",
  ]),
  row(
    "with a redirect by a status that there is not",
    httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { statusCode: 305 } }] }),
    ["spec.rules[0].filters[0].requestRedirect.statusCode"],
  ),
  row("with a match by method", grpcRoute({ ...BACKEND, matches: [{ method: { service: "a.B", method: "C" } }] })),
  row("with a service of no text", grpcRoute({ ...BACKEND, matches: [{ method: { service: 1 } }] }), [
    "spec.rules[0].matches[0].method.service",
  ]),
  row("with an unknown field", grpcRoute({ ...BACKEND, timeouts: { request: "1s" } }), [], ["timeouts"]),
  row("with a listener", gateway({})),
  row("with routes from everywhere", gateway({ allowedRoutes: { namespaces: { from: "All" } } })),
  row("with a port of 0", gateway({ port: 0 }), ["spec.listeners[0].port"]),
  row("with a listener without a port", gateway({ port: null }), ["spec.listeners[0].port"]),
  row("with routes from nowhere that there is", gateway({ allowedRoutes: { namespaces: { from: "Here" } } }), [
    "spec.listeners[0].allowedRoutes.namespaces.from",
  ]),
  row("with an unknown field in a listener", gateway({ proxyProtocol: true }), [], ["proxyProtocol"]),
  row("with a controller", gatewayClass({ controllerName: "example.com/controller" })),
  row("with a controller without a domain", gatewayClass({ controllerName: "controller" }), ["spec.controllerName"]),
  row("without a controller", gatewayClass({ description: "none" }), ["spec.controllerName"]),
  row("with a description that is too long", gatewayClass({ controllerName: "example.com/c", description: "a".repeat(65) }), [
    "spec.description",
  ]),
  row(
    "with a description of 64 signs beyond the BMP",
    gatewayClass({ controllerName: "example.com/c", description: "😀".repeat(64) }),
  ),
  row(
    "from one namespace",
    referenceGrant({ from: [{ group: GROUP, kind: "HTTPRoute", namespace: "shop" }], to: [{ group: "", kind: "Service" }] }),
  ),
  row("from nowhere", referenceGrant({ from: [], to: [{ group: "", kind: "Service" }] }), ["spec.from"]),
  row("without a kind", referenceGrant({ from: [{ group: GROUP, namespace: "shop" }], to: [{ group: "", kind: "Service" }] }), [
    "spec.from[0].kind",
  ]),
  row("with the system's certificates", backendTls({ hostname: "payments.example.com", wellKnownCACertificates: "System" })),
  row("without a hostname", backendTls({ wellKnownCACertificates: "System" }), ["spec.validation.hostname"]),
  row(
    "with an unknown option",
    backendTls({ hostname: "a.example.com", wellKnownCACertificates: "System", insecure: true }),
    [],
    ["insecure"],
  ),
  row("with a rule", tlsRoute({ hostnames: ["a.example.com"], rules: TLS_RULES })),
  row("without rules", tlsRoute({ hostnames: ["a.example.com"] }), ["spec.rules"]),
  row("with a weight below zero", tlsRoute({ rules: [{ backendRefs: [{ name: "web", port: 443, weight: -1 }] }] }), [
    "spec.rules[0].backendRefs[0].weight",
  ]),
];
