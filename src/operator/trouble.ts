/** @file Whether there is any use in asking the API server soon. */
import type { ApiErrorCode } from "../cluster/live/api-client.ts";

/** What would go wrong with every other request too. */
export function isTrouble(code: ApiErrorCode): boolean {
  switch (code) {
    case "unreachable":
    case "unauthorized":
    case "timeout":
    case "too-many-requests":
    case "server-error":
      return true;
    case "aborted":
    case "forbidden":
    case "not-found":
    case "conflict":
    case "gone":
    case "invalid":
      return false;
  }
}
