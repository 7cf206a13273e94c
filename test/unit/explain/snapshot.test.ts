import { describe, expect, it } from "vitest";
import {
  ageLine,
  gapLines,
  progressLine,
  type SnapshotContents,
  unreadLine,
  writtenLine,
} from "../../../src/explain/snapshot.ts";

const NOTHING: SnapshotContents = { crds: 0, workloads: 0, countedInPart: [], uncounted: [], unread: [] };

describe("what is told of a snapshot", () => {
  it.each([
    { bytes: 1_500, size: "1,500 bytes" },
    { bytes: 176_902, size: "177 kB" },
    { bytes: 12_345_678, size: "12 MB" },
  ])("says what was written: $size", ({ bytes, size }) => {
    expect(writtenLine("mill.gz", { ...NOTHING, crds: 1, workloads: 10_000 }, bytes)).toBe(
      `mill.gz: 1 CRD, 10,000 workloads, ${size}`,
    );
  });

  it("says nothing where nothing is missing", () => {
    expect(gapLines(NOTHING)).toEqual([]);
  });

  it("groups CRDs by the reason why their objects were not counted, and names three", () => {
    const uncounted = ["a.own.dev", "b.own.dev", "c.own.dev", "d.own.dev", "e.own.dev"].map((crd) => ({
      crd,
      reason: `crdguard may not list ${crd}`,
    }));

    expect(
      gapLines({
        ...NOTHING,
        countedInPart: ["f.own.dev", "g.own.dev"],
        uncounted: [...uncounted, { crd: "h.own.dev", reason: "the API server is too busy to list them" }],
        unread: [{ resource: "apirequirements", reason: "alice may\nnot" }],
      }),
    ).toEqual([
      "apirequirements cannot be read, so that what they declare is not known: alice may\\u000anot",
      "objects of f.own.dev and g.own.dev were not counted to the end: their numbers are lower bounds",
      "objects of a.own.dev, b.own.dev, c.own.dev and 2 more CRDs were not counted: crdguard may not list them",
      "objects of h.own.dev were not counted: the API server is too busy to list them",
    ]);
  });

  it("says of a collection that was not read what is said of a live cluster", () => {
    expect(unreadLine({ resource: "clusterserviceversions", reason: "no" })).toBe(
      "clusterserviceversions cannot be read, so that what they declare is not known: no",
    );
  });

  it.each([
    { takenAt: "2026-05-01T10:00:00Z", line: null },
    { takenAt: "2026-04-30T12:00:01Z", line: null },
    {
      takenAt: "2026-04-30T12:00:00Z",
      line: "mill.gz: taken 24 hours ago, at 2026-04-30T12:00:00Z; what has changed since is not known",
    },
    {
      takenAt: "2026-04-29T12:00:00Z",
      line: "mill.gz: taken 2 days ago, at 2026-04-29T12:00:00Z; what has changed since is not known",
    },
    { takenAt: "2027-01-01T00:00:00Z", line: null },
  ])("tells the age of one of $takenAt, if it is a day or more", ({ takenAt, line }) => {
    expect(ageLine("mill.gz", takenAt, new Date("2026-05-01T12:00:00Z"))).toBe(line);
  });

  it("tells how far it has come", () => {
    expect(progressLine({ kind: "listed", crds: 75, workloads: 1_000 })).toBe("reading the cluster: 75 CRDs, 1,000 workloads");
    expect(progressLine({ kind: "counted", crds: 3, of: 1_000 })).toBe("counting objects: 3 of 1,000 CRDs");
  });
});
