/** @file A schema and objects of the size and form of HTTPRoute's. */

const text = (maxLength: number, pattern?: string): object => ({
  type: "string",
  minLength: 1,
  maxLength,
  ...(pattern === undefined ? {} : { pattern }),
});
const NAME = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

const header = {
  type: "object",
  required: ["name", "value"],
  properties: { name: text(256, "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$"), value: text(4_096) },
};
const headers = {
  type: "array",
  maxItems: 16,
  items: header,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
};
const modifier = {
  type: "object",
  properties: {
    set: headers,
    add: headers,
    remove: { type: "array", maxItems: 16, items: { type: "string" }, "x-kubernetes-list-type": "set" },
  },
};
const reference = {
  group: {
    type: "string",
    default: "",
    maxLength: 253,
    pattern: "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
  },
  kind: { ...text(63, "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"), default: "Service" },
  name: text(253),
  namespace: text(63, "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
  port: { type: "integer", format: "int32", minimum: 1, maximum: 65_535 },
};
const filter = {
  type: "object",
  required: ["type"],
  properties: {
    type: {
      type: "string",
      enum: ["RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite", "RequestRedirect", "RequestMirror"],
    },
    requestHeaderModifier: modifier,
    responseHeaderModifier: modifier,
    urlRewrite: {
      type: "object",
      properties: {
        hostname: text(253, NAME),
        path: {
          type: "object",
          required: ["type"],
          properties: {
            type: { type: "string", enum: ["ReplaceFullPath", "ReplacePrefixMatch"] },
            replaceFullPath: { type: "string", maxLength: 1_024 },
            replacePrefixMatch: { type: "string", maxLength: 1_024 },
          },
        },
      },
    },
    requestRedirect: {
      type: "object",
      properties: {
        hostname: text(253, NAME),
        port: reference.port,
        scheme: { type: "string", enum: ["http", "https"] },
        statusCode: { type: "integer", default: 302, enum: [301, 302] },
      },
    },
    requestMirror: {
      type: "object",
      required: ["backendRef"],
      properties: { backendRef: { type: "object", required: ["name"], properties: reference } },
    },
  },
};
const match = {
  type: "object",
  properties: {
    path: {
      type: "object",
      default: { type: "PathPrefix", value: "/" },
      properties: {
        type: { type: "string", default: "PathPrefix", enum: ["Exact", "PathPrefix", "RegularExpression"] },
        value: { type: "string", default: "/", maxLength: 1_024 },
      },
    },
    headers: {
      ...headers,
      items: {
        ...header,
        properties: { ...header.properties, type: { type: "string", default: "Exact", enum: ["Exact", "RegularExpression"] } },
      },
    },
    method: { type: "string", enum: ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] },
  },
};
const parent = {
  group: { ...text(253, NAME), default: "gateway.networking.k8s.io" },
  kind: { ...reference.kind, default: "Gateway" },
  namespace: reference.namespace,
  name: text(253),
  sectionName: text(253, NAME),
  port: reference.port,
};
const condition = {
  type: "object",
  required: ["lastTransitionTime", "message", "reason", "status", "type"],
  properties: {
    lastTransitionTime: { type: "string", format: "date-time" },
    message: { type: "string", maxLength: 32_768 },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    reason: text(1_024, "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    type: text(
      316,
      "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    ),
  },
};

export const HTTP_ROUTE_SCHEMA = {
  type: "object",
  required: ["spec"],
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object" },
    spec: {
      type: "object",
      properties: {
        hostnames: {
          type: "array",
          maxItems: 16,
          items: text(253, "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
        },
        parentRefs: { type: "array", maxItems: 32, items: { type: "object", required: ["name"], properties: parent } },
        rules: {
          type: "array",
          maxItems: 16,
          items: {
            type: "object",
            properties: {
              matches: { type: "array", maxItems: 64, items: match, default: [{ path: { type: "PathPrefix", value: "/" } }] },
              filters: { type: "array", maxItems: 16, items: filter },
              backendRefs: {
                type: "array",
                maxItems: 16,
                items: {
                  type: "object",
                  required: ["name"],
                  properties: {
                    ...reference,
                    weight: { type: "integer", format: "int32", default: 1, minimum: 0, maximum: 1_000_000 },
                    filters: { type: "array", maxItems: 16, items: filter },
                  },
                },
              },
              timeouts: {
                type: "object",
                properties: {
                  request: { type: "string", pattern: DURATION },
                  backendRequest: { type: "string", pattern: DURATION },
                },
              },
            },
          },
        },
      },
    },
    status: {
      type: "object",
      required: ["parents"],
      properties: {
        parents: {
          type: "array",
          maxItems: 32,
          items: {
            type: "object",
            required: ["controllerName", "parentRef"],
            properties: {
              controllerName: text(253),
              parentRef: { type: "object", required: ["name"], properties: parent },
              conditions: {
                type: "array",
                minItems: 1,
                maxItems: 8,
                items: condition,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
              },
            },
          },
        },
      },
    },
  },
};

/** Some 3 kB. */
export function httpRoute(number: number): unknown {
  const parentRef = {
    group: "gateway.networking.k8s.io",
    kind: "Gateway",
    name: `edge-${String(number % 50)}`,
    sectionName: "https",
  };
  const made = (type: string): object => ({
    type,
    status: "True",
    reason: type,
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: 1,
  });
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: {
      name: `route-${String(number)}`,
      namespace: "mill",
      resourceVersion: String(100_000 + number),
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      parentRefs: [parentRef],
      hostnames: [`shop-${String(number)}.example.com`, "www.example.com"],
      rules: Array.from({ length: 3 }, (_, index) => ({
        matches: [
          {
            path: { type: "PathPrefix", value: `/shop/${String(number)}/${String(index)}` },
            headers: [{ type: "Exact", name: "x-env", value: "canary" }],
            method: "GET",
          },
        ],
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: {
              set: [{ name: "x-shop", value: String(number) }],
              add: [{ name: "x-rule", value: String(index) }],
              remove: ["x-debug"],
            },
          },
          {
            type: "URLRewrite",
            urlRewrite: { hostname: "shop.example.com", path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
          },
        ],
        backendRefs: [
          { group: "", kind: "Service", name: `shop-${String(number)}`, namespace: "mill", port: 8_080, weight: 90 },
          { group: "", kind: "Service", name: `shop-${String(number)}-canary`, namespace: "mill", port: 8_080, weight: 10 },
        ],
        timeouts: { request: "10s", backendRequest: "5s" },
      })),
    },
    status: {
      parents: [{ controllerName: "own.dev/gateway", parentRef, conditions: [made("Accepted"), made("ResolvedRefs")] }],
    },
  };
}
