import { describe, expect, it } from "vitest";
import { createWriterTally, type ObjectWrite, recordedWrites } from "../../../src/cluster/writers.ts";

const EARLY = "2026-04-01T10:00:00Z";
const LATE = "2026-05-01T10:00:00Z";

function entry(manager: string, version: string, time?: string, subresource?: string): unknown {
  return { manager, operation: "Update", apiVersion: `own.dev/${version}`, time, subresource, fieldsV1: {} };
}

function write(name: string, version: string, lastWrittenAt: string | null, isSubresourceOnly = false): ObjectWrite {
  return { kind: "field-manager", name, version, isSubresourceOnly, lastWrittenAt };
}

describe("recordedWrites", () => {
  it.each([
    {
      title: "tells each field manager, the version that it wrote in, and when",
      entries: [entry("argocd-controller", "v1beta1", EARLY), entry("helm", "v1", LATE)],
      writes: [write("argocd-controller", "v1beta1", EARLY), write("helm", "v1", LATE)],
    },
    {
      title: "leaves out the version that a field manager has turned away from since",
      entries: [entry("kubectl", "v1beta1", EARLY), entry("kubectl", "v1", LATE)],
      writes: [write("kubectl", "v1", LATE)],
    },
    {
      title: "tells the old version of one that has gone back to it",
      entries: [entry("kubectl", "v1beta1", LATE), entry("kubectl", "v1", EARLY)],
      writes: [write("kubectl", "v1beta1", LATE)],
    },
    {
      title: "keeps a version that another field manager has turned away from",
      entries: [entry("kubectl", "v1beta1", EARLY), entry("argocd-controller", "v1", LATE)],
      writes: [write("kubectl", "v1beta1", EARLY), write("argocd-controller", "v1", LATE)],
    },
    {
      title: "tells both versions of the same second, for one cannot know",
      entries: [entry("kubectl", "v1beta1", LATE), entry("kubectl", "v1", LATE)],
      writes: [write("kubectl", "v1beta1", LATE), write("kubectl", "v1", LATE)],
    },
    {
      title: "tells both versions where no time is recorded",
      entries: [entry("kubectl", "v1beta1"), entry("kubectl", "v1", LATE)],
      writes: [write("kubectl", "v1beta1", null), write("kubectl", "v1", LATE)],
    },
    {
      title: "compares times, not their letters",
      entries: [entry("kubectl", "v1beta1", "2026-05-01T11:00:00+02:00"), entry("kubectl", "v1", LATE)],
      writes: [write("kubectl", "v1", LATE)],
    },
    {
      title: "tells the status apart from the object",
      entries: [entry("operator", "v1", LATE), entry("operator", "v1beta1", EARLY, "status")],
      writes: [write("operator", "v1", LATE), write("operator", "v1beta1", EARLY, true)],
    },
    {
      title: "tells once, and with the later time, who wrote object and status in one version",
      entries: [entry("operator", "v1beta1", EARLY), entry("operator", "v1beta1", LATE, "status")],
      writes: [write("operator", "v1beta1", LATE)],
    },
    {
      title: "passes over a time that is none",
      entries: [entry("kubectl", "v1", "yesterday")],
      writes: [write("kubectl", "v1", null)],
    },
    {
      title: "passes over another group, even one that begins alike",
      entries: [
        { manager: "kubectl", apiVersion: "v1", time: LATE },
        { manager: "kubectl", apiVersion: "own.dev.example/v1", time: LATE },
      ],
      writes: [],
    },
    {
      title: "passes over what is no entry",
      entries: [null, "kubectl", {}, entry("", "v1", LATE), { manager: 1, apiVersion: "own.dev/v1" }],
      writes: [],
    },
  ])("$title", ({ entries, writes }) => {
    expect(recordedWrites({ managedFields: entries }, "own.dev")).toEqual(writes);
  });

  it.each([undefined, null, "metadata", {}, { managedFields: null }, { managedFields: {} }])(
    "finds nothing in %j",
    (metadata) => {
      expect(recordedWrites(metadata, "own.dev")).toEqual([]);
    },
  );
});

describe("createWriterTally", () => {
  it("counts objects by writer and version, with the latest time, most objects first", () => {
    const tally = createWriterTally();
    tally.add([write("kubectl", "v1", LATE), write("operator", "v1beta1", EARLY, true)]);
    tally.add([write("argocd-controller", "v1beta1", null), write("operator", "v1beta1", LATE)]);
    tally.add([]);

    expect(tally.writers()).toEqual([
      { ...write("operator", "v1beta1", LATE), objectCount: 2 },
      { ...write("argocd-controller", "v1beta1", null), objectCount: 1 },
      { ...write("kubectl", "v1", LATE), objectCount: 1 },
    ]);
  });

  it("tells a file and a field manager of one name apart", () => {
    const tally = createWriterTally();
    tally.add([write("gears", "v1", LATE)]);
    tally.add([{ ...write("gears", "v1", null), kind: "file" }]);

    expect(tally.writers().map(({ kind, objectCount }) => ({ kind, objectCount }))).toEqual([
      { kind: "field-manager", objectCount: 1 },
      { kind: "file", objectCount: 1 },
    ]);
  });
});
