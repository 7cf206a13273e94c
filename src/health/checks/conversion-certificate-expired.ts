/** @file Finds a conversion webhook whose certificate, or the authority that vouches for it, has ended or is about to. */
import { isEnding, isExpired, soonestEnd } from "../certificates.ts";
import { defineHealthCheck } from "../check.ts";

/**
 * The API server trusts no webhook by a certificate that has ended, so that objects can no longer be converted. Of what is about
 * to end, it is a warning: whoever should renew it has missed the time to.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", section "Deploy and configure a conversion webhook"; golang/go,
 * crypto/x509 Verify, which checks the dates of the whole chain.
 */
export const conversionCertificateExpired = defineHealthCheck({
  id: "conversion-certificate-expired",
  defaultSeverity: "error",
  find: ({ conversions, nowMilliseconds }) =>
    [...conversions].flatMap(([name, { endpoint, trial }]) => {
      const checked = soonestEnd(endpoint, nowMilliseconds);
      if (checked === null || !isEnding(checked, nowMilliseconds)) return [];
      const hasEnded = isExpired(checked, nowMilliseconds);
      // An object that was converted a moment ago proves that the API server goes by another certificate than we see.
      if (hasEnded && trial.kind === "works" && trial.isSure) return [];
      return [
        {
          subject: { kind: "crd", name },
          field: "spec.conversion.webhook.clientConfig",
          fact: { kind: "conversion-certificate", endpoint, checked },
          remedies: [{ kind: "renew-certificate", endpoint }],
          ...(hasEnded ? {} : { severity: "warning" }),
        },
      ];
    }),
});
