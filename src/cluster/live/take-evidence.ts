/** @file What the API server knows of the objects of every CRD, asked for a few CRDs at a time. */
import type { Crd } from "../../crd/crd.ts";
import type { CrdEvidence } from "../snapshot/snapshot.ts";
import type { ApiClient, ApiRequest, ApiResult } from "./api-client.ts";
import { localError } from "./api-error.ts";
import { countObjects } from "./count-objects.ts";
import { findMigration } from "./find-migration.ts";
import { sampleWriters } from "./sample-writers.ts";
import { takeFieldStatistics } from "./take-field-statistics.ts";

/** Never rejects: what cannot be known is told with its reason. @param done called for each CRD. */
export async function takeEvidence(
  client: Pick<ApiClient, "request" | "requestBytes">,
  crds: readonly Crd[],
  { signal, withObjects }: { readonly signal: AbortSignal; /** Which fields they set. */ readonly withObjects: boolean },
  done: () => void,
): Promise<ReadonlyMap<string, CrdEvidence>> {
  const migrations = remembering(client, () => true);
  const evidence = await inParallel(crds, async (crd): Promise<readonly [string, CrdEvidence]> => {
    const own = within(signal);
    // Writers are found on the first pages of what is counted, which are asked for only once in this way.
    const objects = remembering(bounded(client), isFirstPages());
    const counted = await countObjects(objects, crd, own);
    const writers = await sampleWriters(objects, crd, own);
    const migration = await findMigration(migrations, crd, signal, {
      request: (request) => objects.request({ ...request, signal: own }),
    });
    const fields = withObjects ? await takeFieldStatistics(client, crd, within(signal)) : null;
    done();
    // Who takes a snapshot is not who judges by it: that one lacked a right is no advice to the other.
    return [
      crd.name,
      {
        objects: counted.kind === "uncountable" ? { kind: "uncountable", reason: counted.reason } : counted,
        migration,
        writers: writers.kind === "unreadable" ? { kind: "unreadable", reason: writers.reason } : writers,
        ...(fields === null ? {} : { fields }),
      },
    ];
  });
  return new Map(evidence);
}

/** As many requests at a time as the API server is asked; client-go's own limit is 5 a second. */
const AT_ONCE = 8;

/** As long as `check` counts the objects of one CRD. */
const CRD_MILLISECONDS = 60_000;

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(CRD_MILLISECONDS)]);
}

/** Pages of 500: beyond 200,000 objects of one CRD, a lower bound says as much. */
const MAX_REQUESTS = 400;

/** As many as writers are looked for on. */
const REMEMBERED_PAGES = 4;

/** Results are in the order of the items. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  async function worker(): Promise<void> {
    for (const [index, item] of queue) results.set(index, await work(item));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return [...results].toSorted(([left], [right]) => left - right).map(([, result]) => result);
}

/** Gives the same answer to the same question. After a failure all is asked anew, as a continue token may have expired. */
function remembering(client: Pick<ApiClient, "request">, isWorth: (request: ApiRequest) => boolean): Pick<ApiClient, "request"> {
  const answers = new Map<string, Promise<ApiResult>>();
  return {
    request(request) {
      const key = JSON.stringify([request.path, request.query]);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const answer = client.request(request).then((result) => {
        if (!result.ok && result.error.code === "gone") answers.clear();
        return result;
      });
      if (isWorth(request)) answers.set(key, answer);
      return answer;
    },
  };
}

function isFirstPages(): () => boolean {
  let pages = 0;
  return () => {
    pages += 1;
    return pages <= REMEMBERED_PAGES;
  };
}

function bounded(client: Pick<ApiClient, "request">): Pick<ApiClient, "request"> {
  let requests = 0;
  return {
    request(request) {
      requests += 1;
      if (requests <= MAX_REQUESTS) return client.request(request);
      return Promise.resolve({ ok: false, error: localError("aborted", `more than ${String(MAX_REQUESTS)} pages`) });
    },
  };
}
