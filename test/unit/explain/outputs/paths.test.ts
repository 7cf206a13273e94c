import { describe, expect, it } from "vitest";
import { relativePath, uriOf } from "../../../../src/explain/outputs/paths.ts";

describe("relativePath", () => {
  it.each([
    { file: "crds/a.yaml", folder: "/repo", path: "crds/a.yaml" },
    { file: "./crds//a.yaml", folder: "/repo/", path: "crds/a.yaml" },
    { file: "/repo/crds/a.yaml", folder: "/repo", path: "crds/a.yaml" },
    { file: "crds/../a.yaml", folder: "/repo", path: "a.yaml" },
    { file: "../repo/a.yaml", folder: "/repo", path: "a.yaml" },
    { file: "../a.yaml", folder: "/repo", path: null },
    { file: "/repository/a.yaml", folder: "/repo", path: null },
    { file: "a.yaml", folder: "/", path: "a.yaml" },
    { file: String.raw`crds\a.yaml`, folder: String.raw`C:\work`, path: "crds/a.yaml" },
    { file: String.raw`C:\work\crds\a.yaml`, folder: String.raw`C:\work`, path: "crds/a.yaml" },
    { file: String.raw`D:\a.yaml`, folder: String.raw`C:\work`, path: null },
    { file: String.raw`a\b.yaml`, folder: "/repo", path: String.raw`a\b.yaml` },
  ])("$file below $folder is $path", ({ file, folder, path }) => {
    expect(relativePath(file, folder)).toBe(path);
  });
});

describe("uriOf", () => {
  it.each([
    { file: "crds/a.yaml", folder: "/repo", uri: "crds/a.yaml" },
    { file: ".", folder: "/repo", uri: "." },
    { file: "crds/my file#1%.yaml", folder: "/repo", uri: "crds/my%20file%231%25.yaml" },
    { file: "a:b.yaml", folder: "/repo", uri: "a%3Ab.yaml" },
    { file: "größe.yaml", folder: "/repo", uri: "gr%C3%B6%C3%9Fe.yaml" },
    { file: "\uD800.yaml", folder: "/repo", uri: "%EF%BF%BD.yaml" },
    { file: "/tmp/a b.yaml", folder: "/repo", uri: "file:///tmp/a%20b.yaml" },
    { file: "../a.yaml", folder: "/repo", uri: "file:///a.yaml" },
    { file: String.raw`D:\a.yaml`, folder: String.raw`C:\work`, uri: "file:///D%3A/a.yaml" },
    { file: "https://own.dev/a b.yaml", folder: "/repo", uri: "https://own.dev/a%20b.yaml" },
  ])("$file is $uri", ({ file, folder, uri }) => {
    expect(uriOf(file, folder)).toBe(uri);
  });
});
