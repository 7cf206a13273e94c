/** @file What Events on the authority's Secret and on the Lease say. */

/** Why the leader wrote the Secret, as the state machine of certificates/ names it. */
export type AuthorityCause =
  | "first"
  | "due"
  | "asked"
  | "expired"
  | "not-yet-valid"
  | "deleted"
  | "malformed"
  | "foreign"
  | "trust-missing"
  | "held"
  | "unserved";

export interface AuthorityEvent {
  readonly reason: "CertificateRotated" | "AuthorityRepaired";
  readonly type: "Normal" | "Warning";
  readonly action: string;
  readonly note: string;
}

export interface AuthorityStep {
  readonly because: AuthorityCause;
  /** SHA-256 of the authority that was made in this step; null: none was. */
  readonly issued: string | null;
  /** SHA-256 of what replicas sign by now; null: nothing yet. */
  readonly signer: string | null;
}

export function authorityEvent({ because, issued, signer }: AuthorityStep): AuthorityEvent {
  switch (because) {
    case "first":
      return rotated("MakeAuthority", `The first authority, ${named(issued)}, was made; replicas sign their certificates by it.`);
    case "due":
      return rotated(
        "MakeAuthority",
        `Two thirds of the time of authority ${named(signer)} are over. ${named(issued)} shall take its place, once the API server has been told of it for a while; until then both are trusted.`,
      );
    case "asked":
      return rotated(
        "MakeAuthority",
        `Another authority than ${named(signer)} was asked for. ${named(issued)} shall take its place, once the API server has been told of it for a while; until then both are trusted.`,
      );
    case "held":
      return rotated(
        "SwitchAuthority",
        `Replicas now sign their certificates by authority ${named(signer)}. The one before it stays trusted until none serves by it.`,
      );
    case "unserved":
      return rotated(
        "PruneAuthority",
        `No replica serves by the authority before ${named(signer)} any more: it is no longer trusted.`,
      );
    case "expired":
    case "not-yet-valid":
      return repaired(
        `By the API server's clock, the authority ${because === "expired" ? "has expired" : "is not valid yet"}. ${named(issued)} was made and takes its place.`,
      );
    case "trust-missing":
      return repaired("A replica serves by an authority that the Secret did not name: it is trusted again until none does.");
    case "deleted":
    case "malformed":
    case "foreign":
      return repaired(`${LOSSES[because]} ${consequence(issued, signer)}`);
  }
}

export function leaderNote(replica: string): string {
  return `Replica ${replica} leads: it writes what all replicas need. All of them answer.`;
}

const LOSSES = {
  deleted: "The Secret was deleted.",
  malformed: "The Secret was damaged.",
  foreign: "The Secret held an authority that crdguard did not put there.",
} as const;

function consequence(issued: string | null, signer: string | null): string {
  if (issued === null) return "What it held before is there again; certificates stay as they are.";
  return signer === issued
    ? `A new authority, ${named(issued)}, was made; replicas sign their certificates by it.`
    : `A new authority, ${named(issued)}, was made. It is published along with what replicas still serve by, and takes its place after a while.`;
}

function rotated(action: string, note: string): AuthorityEvent {
  return { reason: "CertificateRotated", type: "Normal", action, note };
}

function repaired(note: string): AuthorityEvent {
  return { reason: "AuthorityRepaired", type: "Warning", action: "RepairAuthority", note };
}

/** As the log has it. */
function named(fingerprint: string | null): string {
  return (fingerprint ?? "").slice(0, 16);
}
