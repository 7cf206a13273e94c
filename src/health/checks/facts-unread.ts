/** @file Finds what could not be looked at, so that nobody takes silence for health. */
import { defineHealthCheck } from "../check.ts";

/**
 * Source: docs/adr/0007-unknown-is-warned-of.md; docs/doctor.md has all that is read, and manifests/doctor/rbac.yaml grants it.
 */
export const factsUnread = defineHealthCheck({
  id: "facts-unread",
  defaultSeverity: "note",
  find: ({ unread }) =>
    unread.map((each) => ({
      subject: { kind: "view" },
      field: each.what.kind,
      fact: { kind: "facts-unread", unread: each },
      remedies: each.isForbidden ? [{ kind: "grant-reading" }] : [],
    })),
});
