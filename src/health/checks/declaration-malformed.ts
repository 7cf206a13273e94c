/** @file Finds an annotation of crdguard on a workload that cannot be read. */
import { defineHealthCheck } from "../check.ts";

/**
 * A declaration takes the place of all that is known of the workload otherwise: one that cannot be read leaves it unguarded,
 * while its owner believes the contrary.
 * Source: docs/requirements.md, section "On the workload".
 */
export const declarationMalformed = defineHealthCheck({
  id: "declaration-malformed",
  defaultSeverity: "warning",
  find: ({ unreadableDeclarations }) =>
    unreadableDeclarations.map((declaration) => ({
      subject: { kind: "workload", workload: declaration.workload },
      field: `metadata.annotations[${declaration.key}]`,
      fact: { kind: "declaration-malformed", declaration },
      remedies: [{ kind: "correct-declaration", declaration }],
    })),
});
