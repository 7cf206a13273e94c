import { describe, expect, it } from "vitest";
import { relativePath, uriOf } from "../../../../src/explain/outputs/paths.ts";

describe("relativePath", () => {
  it.each([
    { file: "crds/a.yaml", folder: "/work", path: "crds/a.yaml" },
    { file: "./crds//a.yaml", folder: "/work/", path: "crds/a.yaml" },
    { file: "/work/crds/a.yaml", folder: "/work", path: "crds/a.yaml" },
    { file: "crds/../a.yaml", folder: "/work", path: "a.yaml" },
    { file: "../work/a.yaml", folder: "/work", path: "a.yaml" },
    { file: "../a.yaml", folder: "/work", path: null },
    { file: "/worker/a.yaml", folder: "/work", path: null },
    { file: "a.yaml", folder: "/", path: "a.yaml" },
    { file: String.raw`crds\a.yaml`, folder: String.raw`C:\work`, path: "crds/a.yaml" },
    { file: String.raw`C:\work\crds\a.yaml`, folder: String.raw`C:\work`, path: "crds/a.yaml" },
    { file: String.raw`D:\a.yaml`, folder: String.raw`C:\work`, path: null },
    { file: String.raw`a\b.yaml`, folder: "/work", path: String.raw`a\b.yaml` },
  ])("$file below $folder is $path", ({ file, folder, path }) => {
    expect(relativePath(file, folder)).toBe(path);
  });
});

describe("uriOf", () => {
  it.each([
    { file: "crds/a.yaml", folder: "/work", uri: "crds/a.yaml" },
    { file: ".", folder: "/work", uri: "." },
    { file: "crds/my file#1%.yaml", folder: "/work", uri: "crds/my%20file%231%25.yaml" },
    { file: "a:b.yaml", folder: "/work", uri: "a%3Ab.yaml" },
    { file: "größe.yaml", folder: "/work", uri: "gr%C3%B6%C3%9Fe.yaml" },
    { file: "\uD800.yaml", folder: "/work", uri: "%EF%BF%BD.yaml" },
    { file: "/tmp/a b.yaml", folder: "/work", uri: "file:///tmp/a%20b.yaml" },
    { file: "../a.yaml", folder: "/work", uri: "file:///a.yaml" },
    { file: String.raw`D:\a.yaml`, folder: String.raw`C:\work`, uri: "file:///D%3A/a.yaml" },
    { file: "https://own.dev/a b.yaml", folder: "/work", uri: "https://own.dev/a%20b.yaml" },
  ])("$file is $uri", ({ file, folder, uri }) => {
    expect(uriOf(file, folder)).toBe(uri);
  });
});
