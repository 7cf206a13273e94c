/** @file Reads image references, and tells whether one is an image that the catalog knows. */
import { loadRanges } from "./lazy-packages.ts";

export interface ImageReference {
  /** Repository path without the registry host: `envoyproxy/gateway`. Docker Hub's `library/` is left out. */
  readonly path: string;
  readonly tag: string | null;
  /** One of Docker Hub's official images: `docker.io/library/traefik`. */
  readonly isOfficial: boolean;
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
    isOfficial: path.startsWith("library/"),
  };
}

/**
 * True when `image` is `known` on any registry, below a mirror's prefix (`registry.example/mirror/envoyproxy/gateway`),
 * renamed as mirrors rename (`rancher/mirrored-cilium-operator-generic`), or a variant of it (`…-distroless`). A name of a
 * single word (`controller`) is too common to be looked for below a prefix, but for Docker Hub's official images (`traefik`).
 */
export function isSameRepository(image: ImageReference, known: ImageReference): boolean {
  const mayHavePrefix = known.isOfficial || known.path.includes("/");
  return [image.path, image.path.replace(VARIANT, "")].some(
    (path) =>
      path === known.path || (mayHavePrefix && (path.endsWith(`/${known.path}`) || lastSegment(path) === mirroredName(known))),
  );
}

/** Last segments of a path by which a known image can be found, before `isSameRepository` looks at the rest. */
export function lookUpKeys(image: ImageReference): readonly string[] {
  const last = lastSegment(image.path);
  const plain = last.replace(VARIANT, "");
  return last === plain ? [last] : [last, plain];
}

/** Last segments that images equal to this one can have. */
export function knownKeys(known: ImageReference): readonly string[] {
  return [lastSegment(known.path), mirroredName(known)];
}

/** Source: rancher/image-mirror, which flattens paths in this way. */
function mirroredName(known: ImageReference): string {
  return `mirrored-${known.path.replaceAll("/", "-")}`;
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** How images of the same program on another base, or built another way, are named. */
const VARIANT = /-(?:distroless|debug|fips|ubi\d*|alpine|slim|nonroot)$/;

/** What a tag says of the version: all of it, its first two numbers, or nothing. */
export type TagVersion =
  | { readonly kind: "exact"; readonly version: string }
  | { readonly kind: "minor"; readonly range: string }
  | { readonly kind: "unknown" };

/**
 * `v1.15.6`, `1.15.6-distroless` and `v1.1.0-rc.1` are releases (a candidate needs what its release needs); `v1.15` is
 * some 1.15; `latest`, `edge-24.5.1`, a commit hash, a date and `v0.0.0-…` (how Go projects tag development builds) tell
 * nothing.
 * @param prefixes taken off first: `stable-` of `stable-2.14.1`.
 */
export function readTagVersion(tag: string | null, prefixes: readonly string[] = []): TagVersion {
  const prefix = prefixes.find((candidate) => tag?.startsWith(candidate)) ?? "";
  const match = /^v?(?<major>\d{1,3})\.(?<minor>\d{1,6})(?:\.(?<patch>\d{1,6}))?(?:[-+_.].*)?$/.exec(
    tag?.slice(prefix.length) ?? "",
  );
  if (match?.groups === undefined) return { kind: "unknown" };
  const { major, minor, patch } = match.groups;
  if (patch === undefined) return { kind: "minor", range: `${String(Number(major))}.${String(Number(minor))}.x` };
  const version = [major, minor, patch].map(Number).join(".");
  return version === "0.0.0" ? { kind: "unknown" } : { kind: "exact", version };
}

/** Whether a version read from a tag lies wholly in `range`, in semver range syntax. */
export function isInRange(version: Exclude<TagVersion, { kind: "unknown" }>, range: string): boolean {
  return version.kind === "exact" ? loadRanges().satisfies(version.version, range) : loadRanges().subset(version.range, range);
}
