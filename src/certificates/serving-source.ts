/** @file Keeps the serving pair current while the files change under a running server. */
import { readServingPair, type ServingPair, type ServingPairError, type ServingPairFiles } from "./serving-pair.ts";
import { watchContent } from "./watch-content.ts";

export interface ServingSource {
  /** The newest pair that was whole; it stays when the files go bad. */
  readonly current: ServingPair;
  /** No callback comes after this. */
  stop(): void;
}

export interface ServingSourceOptions extends ServingPairFiles {
  /** Pause between two looks at the files; `DEFAULT_INTERVAL_MS` unless told. */
  readonly intervalMs?: number;
  /** A new pair is current. Not called for the first one, which the returned source has. */
  onPair(pair: ServingPair): void;
  /** The files are not a usable pair, and `current` stays. Called once until the files are good again or wrong in another way. */
  onProblem(error: ServingPairError): void;
}

export type ServingSourceResult =
  { readonly ok: true; readonly value: ServingSource } | { readonly ok: false; readonly error: ServingPairError };

/**
 * The kubelet brings a changed Secret into a pod within a minute or so, so that looking every ten seconds adds little; it
 * is also the interval at which cert-manager's own webhook looks at its authority.
 */
const DEFAULT_INTERVAL_MS = 10_000;

/**
 * Reads the pair once, and fails if it cannot be served; from then on looks again and again.
 *
 * Certificate and key are two files, so one can be seen before the other has followed: the new pair
 * becomes current only when both fit. An unchanged pair that expires is a problem too, and is reported as one.
 */
export async function watchServingPair(options: ServingSourceOptions): Promise<ServingSourceResult> {
  const watched = await watchContent({
    read: () => readServingPair(options),
    isSame: (left, right) => left.cert === right.cert && left.key === right.key,
    intervalMs: options.intervalMs ?? DEFAULT_INTERVAL_MS,
    onChange(pair: ServingPair) {
      options.onPair(pair);
    },
    onProblem(problem: ServingPairError) {
      options.onProblem(problem);
    },
  });
  if (!watched.ok) return watched;
  const { value } = watched;
  return {
    ok: true,
    value: {
      get current() {
        return value.current();
      },
      stop() {
        value.stop();
      },
    },
  };
}
