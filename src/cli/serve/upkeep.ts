/** @file What a running server does in its cluster beside answering reviews. */
import { hostname } from "node:os";
import type { LogFields, Logger } from "../../observability/log.ts";
import { type ReportingObserver, startReporting } from "../../operator/reporting.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface Upkeep {
  /** At once and for good. */
  stop(): void;
}

export interface UpkeepOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  readonly logger: Logger;
}

export function startUpkeep({ facts: { cluster, client }, logger }: UpkeepOptions): Upkeep {
  const reporting = startReporting({ client, source: cluster, observer: logReports(logger), instance: hostname() });
  return {
    stop() {
      reporting.stop();
    },
  };
}

function logReports(logger: Logger): ReportingObserver {
  return {
    declarationUnreadable({ workload: { kind, namespace, name }, key, problem }) {
      logger.warn(
        {
          code: "declaration-malformed",
          names: [`${kind} ${namespace}/${name}`],
          reason: `${key}: ${problem}`,
        } satisfies LogFields,
        "annotation cannot be read",
      );
    },
    written(resource, name) {
      logger.debug({ resource, names: [name] } satisfies LogFields, "report written");
    },
    failed(resource, code, message, count) {
      logger.warn({ resource, code, reason: message, count } satisfies LogFields, "reports cannot be written, trying again");
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}
