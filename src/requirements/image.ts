/** @file Reads image references, and tells whether one is an image that the catalog knows. */
import semver from "semver";

export interface ImageReference {
  /** Repository path without the registry host: `envoyproxy/gateway`. Docker Hub's `library/` is left out. */
  readonly path: string;
  readonly tag: string | null;
}

/** `[registry[:port]/]path[:tag][@digest]`. Source: distribution/reference, grammar in reference.go. */
export function parseImage(image: string): ImageReference {
  const withoutDigest = image.split("@", 1)[0] ?? "";
  const parts = withoutDigest.split("/");
  const first = parts[0] ?? "";
  const hasRegistry = parts.length > 1 && (first.includes(".") || first.includes(":") || first === "localhost");
  const remainder = (hasRegistry ? parts.slice(1) : parts).join("/");
  const colon = remainder.lastIndexOf(":");
  const path = colon === -1 ? remainder : remainder.slice(0, colon);
  return {
    path: path.startsWith("library/") ? path.slice("library/".length) : path,
    tag: colon === -1 ? null : remainder.slice(colon + 1),
  };
}

/**
 * True when `image` is `known` on any registry, or below a mirror's prefix (`registry.example/mirror/envoyproxy/gateway`).
 * A name of a single word (`traefik`) is too common for that: it must be the whole path.
 */
export function isSameRepository(image: ImageReference, known: ImageReference): boolean {
  return image.path === known.path || (known.path.includes("/") && image.path.endsWith(`/${known.path}`));
}

/** What a tag says of the version: all of it, its first two numbers, or nothing. */
export type TagVersion =
  | { readonly kind: "exact"; readonly version: string }
  | { readonly kind: "minor"; readonly range: string }
  | { readonly kind: "unknown" };

/**
 * `v1.15.6`, `1.15.6-distroless` and `v1.1.0-rc.1` are releases (a candidate needs what its release needs); `v1.15` is
 * some 1.15; `latest`, `edge-24.5.1`, a commit hash and `v0.0.0-…` (how Go projects tag development builds) tell nothing.
 */
export function readTagVersion(tag: string | null): TagVersion {
  const match = /^v?(?<major>\d{1,6})\.(?<minor>\d{1,6})(?:\.(?<patch>\d{1,6}))?(?:[-+_.].*)?$/.exec(tag ?? "");
  if (match?.groups === undefined) return { kind: "unknown" };
  const { major, minor, patch } = match.groups;
  if (patch === undefined) return { kind: "minor", range: `${String(major)}.${String(minor)}.x` };
  const version = [major, minor, patch].map(Number).join(".");
  return version === "0.0.0" ? { kind: "unknown" } : { kind: "exact", version };
}

/** Whether a version read from a tag lies wholly in `range`, in semver range syntax. */
export function isInRange(version: Exclude<TagVersion, { kind: "unknown" }>, range: string): boolean {
  return version.kind === "exact" ? semver.satisfies(version.version, range) : semver.subset(version.range, range);
}
