/** @file Objects that a later release of Gateway API, or its other channel, does not take or keep. */

/** As Cilium 1.16 writes it: v1.2 has objects in place of the texts (cilium/cilium#35562). */
export const GATEWAY_CLASS_WITH_FEATURES = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: "cilium" },
  spec: { controllerName: "io.cilium/gateway-controller" },
  status: { supportedFeatures: ["HTTPRoute", "Gateway"] },
};

/** `retry` is of the experimental channel since v1.2, and of no other. */
export const EXPERIMENTAL_HTTP_ROUTE = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { namespace: "shop", name: "checkout" },
  spec: {
    parentRefs: [{ name: "edge" }],
    rules: [{ backendRefs: [{ name: "checkout", port: 8080 }], retry: { attempts: 3, backoff: "100ms" } }],
  },
};
