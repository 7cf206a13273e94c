import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  beginBackup,
  type BackupPurpose,
  filesBelow,
  finishBackup,
  folderState,
  readIfThere,
  writeContentFile,
} from "../../../../src/migration/backup/folder.ts";

const PURPOSE: BackupPurpose = { server: "https://a", namespace: null, crds: ["gears.own.dev/v1"] };

let parent: string;
let folder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "crdguard-folder-"));
  folder = join(parent, "deep", "backup");
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

describe("the folder of a backup", () => {
  it("is unfinished from the beginning until its index is there", async () => {
    expect(await folderState(folder)).toEqual({ kind: "absent" });
    await beginBackup(folder, PURPOSE, false);
    expect(await folderState(folder)).toEqual({ kind: "unfinished", purpose: PURPOSE });
    await writeContentFile(join(folder, "gears.own.dev/objects/a.yaml"), "a: 1\n");
    await finishBackup(folder, ["{", "}"]);
    expect(await folderState(folder)).toEqual({ kind: "complete" });
    expect((await readdir(folder)).toSorted()).toEqual(["backup.json", "gears.own.dev"]);
    expect(await readFile(join(folder, "backup.json"), "utf8")).toBe("{}");
  });

  it("is for its owner alone", async () => {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await beginBackup(folder, PURPOSE, false);
    await writeContentFile(join(folder, "gears.own.dev/objects/a.yaml"), "a: 1\n");
    const modes = await Promise.all(
      ["", "gears.own.dev", "gears.own.dev/objects/a.yaml", "backup.unfinished.json"].map(
        async (path) => (await stat(join(folder, path))).mode & 0o777,
      ),
    );

    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
  });

  it("loses its index first, and then all of the backup before, and nothing else", async () => {
    await beginBackup(folder, PURPOSE, false);
    await writeContentFile(join(folder, "gears.own.dev/objects/a.yaml"), "a: 1\n");
    await writeFile(join(folder, "notes.txt"), "mine");
    await beginBackup(folder, { ...PURPOSE, crds: ["drums.own.dev/v1"] }, true);

    expect((await readdir(folder)).toSorted()).toEqual(["backup.unfinished.json", "notes.txt"]);
  });

  it("is somebody else's with anything else in it, and taken over where a process was killed at the very beginning", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, ".backup.0123456789ab"), "{");
    expect(await folderState(folder)).toEqual({ kind: "empty" });
    await writeFile(join(folder, "notes.txt"), "mine");
    expect(await folderState(folder)).toEqual({ kind: "foreign", example: "notes.txt" });
  });

  it("that is a file is none", async () => {
    await mkdir(join(parent, "deep"));
    await writeFile(folder, "");

    expect(await folderState(folder)).toEqual({ kind: "unreadable", reason: "ENOTDIR" });
  });

  it("is not left by way of a link", async () => {
    await writeFile(join(parent, "victim"), "mine");
    await mkdir(folder, { recursive: true });
    await symlink(join(parent, "victim"), join(folder, "a.yaml"));

    expect(await readIfThere(join(folder, "a.yaml"))).toBeNull();
    expect(await filesBelow(folder)).toEqual(["a.yaml"]);
    await writeContentFile(join(folder, "a.yaml"), "a: 1\n");
    expect(await readFile(join(parent, "victim"), "utf8")).toBe("mine");
    expect(await readIfThere(join(folder, "a.yaml"))).toBe("a: 1\n");
  });

  it("keeps a file that holds the same already", async () => {
    await writeContentFile(join(folder, "a.yaml"), "a: 1\n");
    const { ino } = await stat(join(folder, "a.yaml"));
    await writeContentFile(join(folder, "a.yaml"), "a: 1\n");

    expect((await stat(join(folder, "a.yaml"))).ino).toBe(ino);
  });
});
