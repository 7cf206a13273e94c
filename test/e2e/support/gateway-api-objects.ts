/** @file What runs on Gateway API v1.0 in the incidents, and a policy of it in two versions. */
import { deploymentManifest } from "./manifests.ts";

const ENVOY_GATEWAY_AND_CILIUM: readonly string[] = [
  deploymentManifest({ name: "envoy-gateway", namespace: "envoy-gateway-system", image: "docker.io/envoyproxy/gateway:v1.0.1" }),
  deploymentManifest({ name: "cilium-operator", namespace: "kube-system", image: "quay.io/cilium/operator-generic:v1.15.4" }),
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "kube-system", name: "cilium-config" },
    data: { "enable-gateway-api": "true" },
  }),
];

/** Envoy Gateway 1.0 and the operator of Cilium 1.15, and what is given beside, as one list. */
export function workloadsWith(...others: readonly string[]): string {
  const items = [...ENVOY_GATEWAY_AND_CILIUM, ...others].map((item): unknown => JSON.parse(item));
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

export const BACKEND_TLS_POLICY = JSON.stringify({
  apiVersion: "gateway.networking.k8s.io/v1alpha2",
  kind: "BackendTLSPolicy",
  metadata: { name: "payments", namespace: "default" },
  spec: {
    targetRef: { group: "", kind: "Service", name: "payments" },
    tls: { hostname: "payments.example.com", wellKnownCACerts: "System" },
  },
});

export const NEW_BACKEND_TLS_POLICY = `apiVersion: gateway.networking.k8s.io/v1alpha3
kind: BackendTLSPolicy
metadata:
  name: payments
  namespace: default
spec:
  targetRefs:
    - group: ""
      kind: Service
      name: payments
  validation:
    hostname: payments.example.com
    wellKnownCACertificates: System
`;
