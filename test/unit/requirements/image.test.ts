import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isInRange,
  isSameRepository,
  knownKeys,
  lookUpKeys,
  parseImage,
  readTagVersion,
  type TagVersion,
} from "../../../src/requirements/image.ts";

describe("parseImage", () => {
  it.each([
    { image: "traefik", path: "traefik", tag: null },
    { image: "traefik:v3.0.0", path: "traefik", tag: "v3.0.0" },
    { image: "library/traefik:v3", path: "traefik", tag: "v3" },
    { image: "docker.io/library/traefik:v3", path: "traefik", tag: "v3" },
    { image: "docker.io/envoyproxy/gateway:v1.0.1", path: "envoyproxy/gateway", tag: "v1.0.1" },
    { image: "envoyproxy/gateway", path: "envoyproxy/gateway", tag: null },
    { image: "quay.io/cilium/operator-generic:v1.15.4@sha256:0a1b", path: "cilium/operator-generic", tag: "v1.15.4" },
    { image: "quay.io/cilium/operator@sha256:0a1b", path: "cilium/operator", tag: null },
    { image: "registry.example:5000/envoyproxy/gateway", path: "envoyproxy/gateway", tag: null },
    { image: "registry.example:5000/envoyproxy/gateway:v1", path: "envoyproxy/gateway", tag: "v1" },
    { image: "registry:5000/gateway:v1", path: "gateway", tag: "v1" },
    { image: "localhost/gateway:v1", path: "gateway", tag: "v1" },
    { image: "[::1]:5000/gateway:v1", path: "gateway", tag: "v1" },
    { image: "mirror/docker.io/envoyproxy/gateway:v1", path: "mirror/docker.io/envoyproxy/gateway", tag: "v1" },
    { image: "mirror.example/library/traefik", path: "traefik", tag: null },
    { image: "mirror.example/hub/library/traefik", path: "hub/library/traefik", tag: null },
    { image: "registry.example/gateway:v1@sha256:0a1b", path: "gateway", tag: "v1" },
    { image: "registry.example:5000/gateway@sha256:0a1b", path: "gateway", tag: null },
    { image: "localhost:5000/gateway", path: "gateway", tag: null },
    { image: "localhosts/gateway", path: "localhosts/gateway", tag: null },
    {
      image: "0123.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/envoyproxy/gateway:v1.0.1",
      path: "docker-hub/envoyproxy/gateway",
      tag: "v1.0.1",
    },
    { image: "", path: "", tag: null },
    { image: ":", path: "", tag: "" },
    { image: "@sha256:0a1b", path: "", tag: null },
  ])("reads $image", ({ image, path, tag }) => {
    expect(parseImage(image)).toMatchObject({ path, tag });
  });
});

describe("parseImage of any text", () => {
  it("gives a path without registry, tag and digest", () => {
    const segment = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,5})?$/);
    const registry = fc.constantFrom("", "registry.example/", "registry.example:5000/", "localhost/", "[::1]:5000/");
    const tag = fc.option(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,9}$/));
    const digest = fc.constantFrom("", "@sha256:0a1b");
    // Without a registry, a first segment with a dot would be one.
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).filter(([first]) => first !== "library");
    fc.assert(
      fc.property(registry, path, tag, digest, (host, segments, version, hash) => {
        fc.pre(host !== "" || segments.length === 1 || !segments[0]?.includes("."));
        const joined = segments.join("/");

        expect(parseImage(`${host}${joined}${version === null ? "" : `:${version}`}${hash}`)).toEqual({
          path: joined,
          tag: version,
          isOfficial: false,
        });
      }),
    );
  });

  it("throws at none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof parseImage(text).path).toBe("string");
        expect(["exact", "minor", "unknown"]).toContain(readTagVersion(text).kind);
      }),
    );
  });
});

describe("isSameRepository", () => {
  it.each([
    { image: "envoyproxy/gateway:v1.0.1", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example/envoyproxy/gateway", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example:5000/mirror/docker.io/envoyproxy/gateway", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example/evil-envoyproxy/gateway", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "envoyproxy/gateway-dev", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "envoyproxy/gateway/tools", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "gateway", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "registry.example/traefik:v3", known: "traefik", isSame: true },
    { image: "docker.io/library/traefik", known: "traefik", isSame: true },
    { image: "registry.example/someone/traefik", known: "traefik", isSame: false },
    { image: "registry.example/mirror/traefik:v2.11", known: "docker.io/library/traefik", isSame: true },
    { image: "registry.example/hub/library/traefik:v2.11", known: "docker.io/library/traefik", isSame: true },
    { image: "registry.example/traefik-mesh", known: "docker.io/library/traefik", isSame: false },
    { image: "ingress-nginx/controller:v1.1.1", known: "cr.agentgateway.dev/controller", isSame: false },
    { image: "cr.agentgateway.dev/controller:v1.1.1", known: "cr.agentgateway.dev/controller", isSame: true },
    { image: "rancher/mirrored-cilium-operator-generic:v1.15.4", known: "quay.io/cilium/operator-generic", isSame: true },
    { image: "registry.example/rancher/mirrored-cilium-operator-aws", known: "quay.io/cilium/operator", isSame: false },
    { image: "registry.example/envoyproxy/gateway-distroless:v1", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example/envoyproxy/gateway-fips:v1", known: "docker.io/envoyproxy/gateway", isSame: true },
    {
      image: "0123.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/envoyproxy/gateway:v1.0.1",
      known: "docker.io/envoyproxy/gateway",
      isSame: true,
    },
    { image: "harbor.example/dockerhub-proxy/envoyproxy/gateway:v1", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "europe-docker.pkg.dev/project/repo/envoyproxy/gateway", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example:5000/envoyproxy/gateway@sha256:0a1b", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "registry.example/envoyproxy/gateway-ubi9:v1", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "docker.io/envoyproxy/gateway-helm:v1.0.1", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "docker.io/myorg/gateway:v1.0.1", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "docker.io/envoyproxy/gateway/distroless", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "docker.io/envoyproxy/gateway-distroless-dev", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "docker.io/envoyproxy/gatewaydistroless", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "registry.example/envoyproxy-gateway", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "rancher/mirrored-envoyproxy-gateway-distroless", known: "docker.io/envoyproxy/gateway", isSame: true },
    { image: "rancher/mirrored-envoyproxy-gateway-helm", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "rancher/mirrored-envoyproxy/gateway", known: "docker.io/envoyproxy/gateway", isSame: false },
    { image: "rancher/mirrored-controller", known: "cr.agentgateway.dev/controller", isSame: false },
    { image: "registry.example/mirror/controller", known: "cr.agentgateway.dev/controller", isSame: false },
    { image: "registry.example/controller-fips", known: "cr.agentgateway.dev/controller", isSame: true },
    { image: "public.ecr.aws/docker/library/traefik:v3", known: "docker.io/library/traefik", isSame: true },
    { image: "registry.example/mytraefik:v3", known: "docker.io/library/traefik", isSame: false },
    { image: "registry.example/traefik/whoami:v1", known: "docker.io/library/traefik", isSame: false },
    { image: "registry.example/own/tool-debug", known: "registry.example/own/tool-debug", isSame: true },
    { image: "registry.example/own/tool", known: "registry.example/own/tool-debug", isSame: false },
    { image: "Envoyproxy/Gateway", known: "docker.io/envoyproxy/gateway", isSame: false },
  ])("tells whether $image is $known", ({ image, known, isSame }) => {
    expect(isSameRepository(parseImage(image), parseImage(known))).toBe(isSame);
    // What is the same must be found by its last segment, too.
    if (isSame) expect(lookUpKeys(parseImage(image)).some((key) => knownKeys(parseImage(known)).includes(key))).toBe(true);
  });
});

describe("the keys by which a known image is looked up", () => {
  it("hide none that is the same", () => {
    const segment = fc.constantFrom("a", "b", "a-debug", "mirrored-a", "mirrored-a-b", "mirrored-b-debug", "library", "a-b");
    const image = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => parseImage(segments.join("/")));
    fc.assert(
      fc.property(image, image, (given, known) => {
        fc.pre(isSameRepository(given, known));

        expect(knownKeys(known).filter((key) => lookUpKeys(given).includes(key))).not.toEqual([]);
      }),
    );
  });
});

describe("readTagVersion", () => {
  const exact = (version: string): TagVersion => ({ kind: "exact", version });
  const minor = (range: string): TagVersion => ({ kind: "minor", range });
  const unknown: TagVersion = { kind: "unknown" };

  it.each([
    { tag: "v1.15.6", version: exact("1.15.6") },
    { tag: "1.15.6", version: exact("1.15.6") },
    { tag: "v1.15.06", version: exact("1.15.6") },
    { tag: "1.15.6-distroless", version: exact("1.15.6") },
    { tag: "1.15.6_arm64", version: exact("1.15.6") },
    { tag: "v1.1.0-rc.1", version: exact("1.1.0") },
    { tag: "v1.1.0+build.7", version: exact("1.1.0") },
    { tag: "1.27.0.1", version: exact("1.27.0") },
    { tag: "v1.15", version: minor("1.15.x") },
    { tag: "1.15", version: minor("1.15.x") },
    { tag: "v1.15-alpine", version: minor("1.15.x") },
    { tag: "v1.2.9999999", version: minor("1.2.x") },
    { tag: "999.999999.999999", version: exact("999.999999.999999") },
    { tag: "v1.15.6-0.20240501120000-0123456789ab", version: exact("1.15.6") },
    { tag: "v1.15.6-20240501", version: exact("1.15.6") },
    { tag: "1.15.6.Final", version: exact("1.15.6") },
    { tag: "1.15-SNAPSHOT", version: minor("1.15.x") },
    { tag: "v0.1", version: minor("0.1.x") },
    { tag: "0.0.1", version: exact("0.0.1") },
    { tag: "1.2x", version: unknown },
    { tag: "1,2,3", version: unknown },
    { tag: "v-1.2.3", version: unknown },
    { tag: "release-1.15", version: unknown },
    { tag: "2024-05-01", version: unknown },
    { tag: "20240501.1.2", version: unknown },
    { tag: "1.20240501.3", version: unknown },
    { tag: "0123456789abcdef0123456789abcdef01234567", version: unknown },
    { tag: "stable", version: unknown },
    { tag: "2026.11.21", version: unknown },
    { tag: "v2026.11", version: unknown },
    { tag: "v1", version: unknown },
    { tag: "latest", version: unknown },
    { tag: "main", version: unknown },
    { tag: "edge-24.5.1", version: unknown },
    { tag: "stable-2.14.10", version: unknown },
    { tag: "v0.0.0-20240501120000-0123456789ab", version: unknown },
    { tag: "0.0.0", version: unknown },
    { tag: "0123abc", version: unknown },
    { tag: "sha-0123abc", version: unknown },
    { tag: "20240501", version: unknown },
    { tag: `v${"9".repeat(400)}.0.0`, version: unknown },
    { tag: "v1.15.6\n", version: unknown },
    { tag: "V1.15.6", version: unknown },
    { tag: "vv1.15.6", version: unknown },
    { tag: "v1.15.6x", version: minor("1.15.x") },
    { tag: "", version: unknown },
    { tag: null, version: unknown },
  ])("reads $tag", ({ tag, version }) => {
    expect(readTagVersion(tag)).toEqual(version);
  });

  it.each([
    { tag: "stable-2.14.10", version: exact("2.14.10") },
    { tag: "enterprise-2.15", version: minor("2.15.x") },
    { tag: "edge-24.5.1", version: unknown },
    { tag: "2.14.10", version: exact("2.14.10") },
    { tag: "stable-v2.14.1", version: exact("2.14.1") },
    { tag: "stable-2.14.1-distroless", version: exact("2.14.1") },
    { tag: "stable-stable-2.14.1", version: unknown },
    { tag: "v2.14.1-stable-", version: exact("2.14.1") },
    { tag: "stable-", version: unknown },
    { tag: null, version: unknown },
  ])("reads $tag of a controller whose tags have a prefix", ({ tag, version }) => {
    expect(readTagVersion(tag, ["stable-", "enterprise-"])).toEqual(version);
  });

  it.each([
    { version: exact("1.15.6"), range: ">=1.15.0 <1.16.0", isIn: true },
    { version: exact("1.16.0"), range: ">=1.15.0 <1.16.0", isIn: false },
    { version: minor("1.15.x"), range: ">=1.15.0 <1.16.0", isIn: true },
    { version: minor("1.15.x"), range: ">=1.15.3 <1.16.0", isIn: false },
    { version: minor("1.15.x"), range: ">=1.0.0", isIn: true },
    { version: minor("1.15.x"), range: ">=1.16.0", isIn: false },
    { version: exact("1.15.0"), range: ">=1.15.0 <1.16.0", isIn: true },
    { version: exact("1.14.9"), range: ">=1.15.0 <1.16.0", isIn: false },
    { version: exact("5.1.0"), range: "1.x || 5.x", isIn: true },
    { version: exact("3.1.0"), range: "1.x || 5.x", isIn: false },
    { version: minor("1.15.x"), range: "1.14.x || 1.15.x", isIn: true },
    { version: minor("1.15.x"), range: "<1.15.7", isIn: false },
  ] as const)("tells whether $version lies wholly in $range", ({ version, range, isIn }) => {
    expect(version.kind !== "unknown" && isInRange(version, range)).toBe(isIn);
  });
});
