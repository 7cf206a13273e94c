/** @file Finds admission policies that will refuse changes of CRDs, a rollback above all. */
import { defineHealthCheck } from "../check.ts";

/**
 * Gateway API installs `safe-upgrades.gateway.networking.k8s.io` along with its CRDs since 1.5: it denies CRDs of releases before
 * 1.5, and experimental CRDs over standard ones. Whoever has to go back finds out in the middle of the incident.
 * Source: kubernetes-sigs/gateway-api config/crd/standard/gateway.networking.k8s.io_vap_safeupgrades.yaml.
 */
export const rollbackRefused = defineHealthCheck({
  id: "rollback-refused",
  defaultSeverity: "note",
  find: ({ policies }) =>
    policies
      .filter(({ denyingBindings }) => denyingBindings.length > 0)
      .map((policy) => {
        const isSafeUpgrades = policy.name === SAFE_UPGRADES;
        return {
          subject: { kind: "admission-policy", name: policy.name },
          field: "spec.validations",
          fact: { kind: "rollback-refused", policy, isSafeUpgrades },
          remedies: isSafeUpgrades ? [{ kind: "lift-policy", policy }] : [{ kind: "look-at-policy", policy }],
        };
      }),
});

const SAFE_UPGRADES = "safe-upgrades.gateway.networking.k8s.io";
