import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../../../src/migration/make-folder.ts";

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-folder-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

describe("a folder", () => {
  it("is made with those above it, by the mode that is asked for", () => {
    const path = join(emptyFolder(), "a/b/c");

    makeFolder(path, 0o700);

    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it("may be there already", () => {
    const path = emptyFolder();

    expect(() => {
      makeFolder(path);
      makeFolder(join(path, "."));
    }).not.toThrow();
  });

  it("is not made in place of a file, nor below one", () => {
    const path = join(emptyFolder(), "file");
    writeFileSync(path, "");

    expect(() => {
      makeFolder(path);
    }).toThrow(/EEXIST/);
    expect(() => {
      makeFolder(join(path, "below"));
    }).toThrow(/ENOTDIR/);
  });

  it.skipIf(!existsSync("/proc/self"))("is refused where the system takes none, rather than tried for ever", () => {
    expect(() => {
      makeFolder("/proc/crdguard/steps");
    }).toThrow(/ENOENT/);
  });
});
