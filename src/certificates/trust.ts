/** @file What whoever calls us must trust, and how those who publish it and those who serve by it hear of each other. */

/** Authorities to be trusted; changes while one of them takes over from another. */
export interface TrustSource {
  /** Somebody else writes `caBundle`, such as cert-manager's cainjector: it is left alone, and `bundle` stays null. */
  readonly isExternal: boolean;
  /** PEM, one certificate after the other; null until there is any, and while nothing may be published. */
  bundle(): string | null;
  /** `use` is called after each change of the bundle. Returns what ends that. */
  onChange(use: () => void): () => void;
}

/** What the API server is known to trust already. */
export interface Publication {
  /** Whether each webhook configuration that we keep was seen to hold these certificates (PEM) as authorities. */
  isPublished(bundle: string): boolean;
  /** PEM of all that these configurations hold now; empty where there are none of them, null until they have been read. */
  published(): string | null;
}
