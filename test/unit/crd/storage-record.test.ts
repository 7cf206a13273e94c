import { describe, expect, it } from "vitest";
import {
  carriedOver,
  isCurrent,
  isMigrationDue,
  isProven,
  parseStorageRecord,
  type StorageRecord,
  storageRecordSpec,
} from "../../../src/crd/storage-record.ts";
import { crd } from "../../support/builders.ts";

const GEARS = {
  ...crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] }),
  uid: "uid-1",
  generation: 4,
};
const RECORD: StorageRecord = {
  crdUid: "uid-1",
  generation: 4,
  storageVersion: "v1",
  writtenSince: "396",
  recordedAt: "2026-05-06T08:00:00Z",
  recordedBy: "crdguard one",
};

describe("a record of a storage version", () => {
  it.each([
    { title: "is current for the definition that it speaks of", crd: GEARS, current: true, carried: 4 },
    { title: "is carried over to the next generation", crd: { ...GEARS, generation: 5 }, current: false, carried: 5 },
    { title: "is not carried over two generations", crd: { ...GEARS, generation: 6 }, current: false, carried: null },
    { title: "is not carried back, as after a restore", crd: { ...GEARS, generation: 3 }, current: false, carried: null },
    { title: "is not of another definition of the name", crd: { ...GEARS, uid: "uid-2" }, current: false, carried: null },
    {
      title: "is not of another definition, one generation on",
      crd: { ...GEARS, uid: "uid-2", generation: 5 },
      current: false,
      carried: null,
    },
    {
      title: "is not of another storage version, one generation on",
      crd: { ...GEARS, generation: 5, versions: GEARS.versions.map((each) => ({ ...each, isStorage: !each.isStorage })) },
      current: false,
      carried: null,
    },
    {
      title: "is not of a definition that no cluster has taken",
      crd: { ...GEARS, uid: null, generation: null },
      current: false,
      carried: null,
    },
  ])("$title", ({ crd: definition, current, carried }) => {
    expect(isCurrent(RECORD, definition)).toBe(current);
    expect(carriedOver(RECORD, definition)).toEqual(carried === null ? null : { ...RECORD, generation: carried });
  });

  it.each([
    { title: "an object that was written later", resourceVersion: "397", proven: true },
    { title: "one more digit: numbers, not letters", resourceVersion: "1000", proven: true },
    { title: "numbers beyond those of JavaScript", resourceVersion: "9007199254740993000", proven: true },
    { title: "not the same version, as of an empty write", resourceVersion: "396", proven: false },
    { title: "not one that was written before", resourceVersion: "99", proven: false },
    { title: "not what is no number", resourceVersion: "x397", proven: false },
    { title: "not what is missing", resourceVersion: "", proven: false },
  ])("proves $title", ({ resourceVersion, proven }) => {
    expect(isProven(RECORD, resourceVersion)).toBe(proven);
  });

  it("proves nothing by a version that is no number", () => {
    expect(isProven({ ...RECORD, writtenSince: "" }, "397")).toBe(false);
  });

  it("is read as it is written", () => {
    expect(parseStorageRecord(JSON.parse(JSON.stringify(storageRecordSpec(RECORD))))).toEqual(RECORD);
  });

  it.each([
    { title: "nothing", input: null },
    { title: "no definition", input: { ...storageRecordSpec(RECORD), definition: undefined } },
    {
      title: "a generation that is no number",
      input: { ...storageRecordSpec(RECORD), definition: { uid: "a", generation: "4" } },
    },
    { title: "a resource version that is no text", input: { ...storageRecordSpec(RECORD), writtenSince: 396 } },
    { title: "nobody who saw it", input: { ...storageRecordSpec(RECORD), recordedBy: undefined } },
  ])("is not read out of $title", ({ input }) => {
    expect(parseStorageRecord(input)).toBeNull();
  });
});

describe("a migration is due", () => {
  it.each([
    { title: "while another version is stored", crd: GEARS, due: true },
    { title: "not for the storage version alone", crd: { ...GEARS, stored: { ...GEARS.stored, names: ["v1"] } }, due: false },
    { title: "not for a definition that goes", crd: { ...GEARS, isTerminating: true }, due: false },
    {
      title: "not by what is only assumed",
      crd: { ...GEARS, stored: { names: ["v1alpha1"], source: "assumed" as const } },
      due: false,
    },
  ])("$title", ({ crd: definition, due }) => {
    expect(isMigrationDue(definition)).toBe(due);
  });
});
