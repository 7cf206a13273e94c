/** @file Finds a crdguard that runs, and that the API server does not ask. */
import { defineHealthCheck } from "../check.ts";

/**
 * Without its webhook configurations it judges nothing, and nobody notices. A cluster without crdguard is well in this regard.
 * Source: docs/install.md, section "Register".
 */
export const guardNotRegistered = defineHealthCheck({
  id: "guard-not-registered",
  defaultSeverity: "error",
  find({ guard }) {
    if (guard.kind !== "examined") return [];
    const { servers, registrations } = guard;
    if (servers.length === 0 && registrations.length === 0) return [];
    const missing = (["validating", "explainer"] as const).filter((role) => !registrations.some((own) => own.role === role));
    if (missing.length === 0) return [];
    return [
      {
        subject: { kind: "guard" },
        field: "webhooks",
        fact: { kind: "guard-not-registered", missing, servers },
        remedies: [{ kind: "register-guard", missing }],
        // Without the explainer, what it would explain is refused all the same.
        ...(missing.includes("validating") ? {} : { severity: "warning" }),
      },
    ];
  },
});
