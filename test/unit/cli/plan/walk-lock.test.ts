import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../../../../src/cli/plan/walk-lock.ts";

const OTHER = "walk-00000000-0000-0000-0000-000000000000.lock";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crdguard-lock-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function leave(content: unknown): void {
  writeFileSync(join(folder, OTHER), typeof content === "string" ? content : JSON.stringify(content));
}

/** As a process that holds it has written it. */
function ownContent(): Record<string, unknown> {
  const locked = lockFolder(folder);
  if (!locked.ok) throw new Error("nobody else holds it");
  const [file = ""] = readdirSync(folder);
  const content = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;
  locked.lock.release();
  return content;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? 0;
}

describe("the lock of a folder", () => {
  it("keeps a second walk out until it is released, and leaves nothing behind", () => {
    const first = lockFolder(folder);
    expect(first.ok).toBe(true);
    expect(lockFolder(folder)).toMatchObject({ ok: false, holder: { pid: process.pid, host: hostname(), isAlive: true } });
    if (first.ok) first.lock.release();

    const second = lockFolder(folder);
    expect(second.ok).toBe(true);
    if (second.ok) second.lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("makes the folder", () => {
    expect(lockFolder(join(folder, "a/b")).ok).toBe(true);
  });

  it("is not held by a process that is dead", async () => {
    leave({ ...ownContent(), pid: await deadPid() });

    expect(lockFolder(folder).ok).toBe(true);
    expect(readdirSync(folder)).not.toContain(OTHER);
  });

  it.runIf(process.platform === "linux")("is not held by a process that has the number of a dead one", () => {
    leave({ ...ownContent(), begun: "1" });

    expect(lockFolder(folder).ok).toBe(true);
  });

  it.each([
    { title: "a process of another machine", content: { pid: 1, host: "elsewhere", begun: null }, host: "elsewhere" },
    { title: "a file that nobody can read", content: "{", host: "" },
  ])("may be held by $title, which only a person can tell", ({ content, host }) => {
    leave(content);

    expect(lockFolder(folder)).toMatchObject({ ok: false, holder: { host, file: OTHER, isAlive: false } });
    expect(readdirSync(folder)).toEqual([OTHER]);
  });
});
