/** @file Since when objects are stored in the storage version of their CRD: recorded by the leader, logged, counted and told. */
import { storageRecorded } from "../../explain/storage-record.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { EventRecorder } from "../../operator/cluster-event.ts";
import { startStorageRecorder, type StorageRecorder, type StorageRecorderObserver } from "../../operator/storage-recorder.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface StorageRecordsOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  readonly leadership: { isLeader(): boolean };
  readonly replica: string;
  readonly storageSettleSeconds: number;
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function startStorageRecords(options: StorageRecordsOptions): StorageRecorder {
  const { facts, leadership, replica, storageSettleSeconds } = options;
  return startStorageRecorder({
    client: facts.client,
    leadership,
    crds: () => facts.cluster.picture()?.crds ?? null,
    observer: logCountAndTell(options),
    by: `crdguard ${replica}`,
    settleMilliseconds: storageSettleSeconds * 1_000,
  });
}

function logCountAndTell({ events, logger, metrics }: StorageRecordsOptions): StorageRecorderObserver {
  const resource = "storageversionrecords";
  return {
    counted({ current, missing }) {
      metrics.storageRecords.set({ state: "current" }, current);
      metrics.storageRecords.set({ state: "missing" }, missing);
    },
    taken({ name, uid, stored }, { storageVersion, writtenSince }) {
      metrics.storageRecordsWritten.inc({ result: "taken" });
      logger.info({ names: [name], reason: `storage version ${storageVersion}` } satisfies LogFields, "storage version recorded");
      const old = stored.names.filter((version) => version !== storageVersion);
      events.record({
        regarding: {
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          name,
          ...(uid === null ? {} : { uid }),
        },
        type: "Normal",
        reason: "StorageVersionRecorded",
        action: "RecordStorageVersion",
        note: storageRecorded({ storageVersion, writtenSince, old }),
      });
    },
    carriedOver({ name }, { generation }) {
      metrics.storageRecordsWritten.inc({ result: "carried-over" });
      logger.info(
        { names: [name], reason: `generation ${String(generation)}` } satisfies LogFields,
        "record of the storage version carried over",
      );
    },
    deleted(name) {
      metrics.storageRecordsWritten.inc({ result: "deleted" });
      logger.info({ names: [name] } satisfies LogFields, "record of the storage version deleted, there is nothing to migrate");
    },
    unlisted({ name }, reason) {
      logger.warn({ names: [name], reason } satisfies LogFields, "storage version cannot be recorded, so no migration is proven");
    },
    unknownKind() {
      logger.warn(
        { resource } satisfies LogFields,
        "the cluster has no definition of storage version records, going on without them",
      );
    },
    failed(name, { code, message }) {
      metrics.storageRecordsWritten.inc({ result: code });
      logger.warn(
        { resource, ...(name === null ? {} : { names: [name] }), code, reason: message } satisfies LogFields,
        "records of storage versions cannot be kept, trying again",
      );
    },
    resigned() {
      metrics.storageRecords.reset();
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}
