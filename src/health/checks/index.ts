/** @file All health checks, in the order of their ids. */
import type { HealthCheck } from "../check.ts";
import { bundleMixed } from "./bundle-mixed.ts";
import { conversionCertificateExpired } from "./conversion-certificate-expired.ts";
import { conversionWebhookUnreachable } from "./conversion-webhook-unreachable.ts";
import { crdNamesRefused } from "./crd-names-refused.ts";
import { crdNotStructural } from "./crd-not-structural.ts";
import { crdOwnerGone } from "./crd-owner-gone.ts";
import { crdOwnersTwo } from "./crd-owners-two.ts";
import { crdTerminating } from "./crd-terminating.ts";
import { declarationMalformed } from "./declaration-malformed.ts";
import { exceptionLapsed } from "./exception-lapsed.ts";
import { factsUnread } from "./facts-unread.ts";
import { guardCaMismatch } from "./guard-ca-mismatch.ts";
import { guardCertificateExpired } from "./guard-certificate-expired.ts";
import { guardNotRegistered } from "./guard-not-registered.ts";
import { guardRegistrationDrifted } from "./guard-registration-drifted.ts";
import { guardUnreachable } from "./guard-unreachable.ts";
import { migrationDue } from "./migration-due.ts";
import { policyMalformed } from "./policy-malformed.ts";
import { requirementUnmet } from "./requirement-unmet.ts";
import { rollbackRefused } from "./rollback-refused.ts";
import { storedInAlpha } from "./stored-in-alpha.ts";
import { storedVersionUnlisted } from "./stored-version-unlisted.ts";

export const checks: readonly HealthCheck[] = [
  bundleMixed,
  conversionCertificateExpired,
  conversionWebhookUnreachable,
  crdNamesRefused,
  crdNotStructural,
  crdOwnerGone,
  crdOwnersTwo,
  crdTerminating,
  declarationMalformed,
  exceptionLapsed,
  factsUnread,
  guardCaMismatch,
  guardCertificateExpired,
  guardNotRegistered,
  guardRegistrationDrifted,
  guardUnreachable,
  migrationDue,
  policyMalformed,
  requirementUnmet,
  rollbackRefused,
  storedInAlpha,
  storedVersionUnlisted,
];
