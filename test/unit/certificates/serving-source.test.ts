import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { KeyAndCertificate } from "../../../src/certificates/issue.ts";
import type { ServingPair, ServingPairError, ServingPairFiles } from "../../../src/certificates/serving-pair.ts";
import { type ServingSource, watchServingPair } from "../../../src/certificates/serving-source.ts";
import { pairFor, replaceFile, writePair } from "./pairs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const INTERVAL_MS = 10;
/** Some ten looks at the files. */
const A_WHILE_MS = 150;

describe("watchServingPair", () => {
  it("has the pair from the start, and does not announce it", async () => {
    const made = await pairFor();
    const { source, pairs, problems } = await watch(await writePair(await temporaryFolder(), made));
    await pause(A_WHILE_MS);

    expect(source.current).toMatchObject(made);
    expect({ pairs, problems }).toEqual({ pairs: [], problems: [] });
  });

  it("does not start with files that cannot be served", async () => {
    const folder = await temporaryFolder();

    const result = await watchServingPair({
      certFile: join(folder, "tls.crt"),
      keyFile: join(folder, "tls.key"),
      onPair: () => undefined,
      onProblem: () => undefined,
    });

    expect(result).toMatchObject({ ok: false, error: { code: "certificate-unreadable" } });
  });

  it("swaps to a new pair, once", async () => {
    const folder = await temporaryFolder();
    const watched = await watch(await writePair(folder, await pairFor()));
    const next = await pairFor(["next.example"]);
    await writePair(folder, next);

    await eventually(() => expect(watched.source.current).toMatchObject({ ...next, names: ["next.example"] }));
    await pause(A_WHILE_MS);

    expect(watched.pairs).toEqual([watched.source.current]);
  });

  it("follows a Secret mount, whose files stay the same symlinks while the folder behind them is swapped", async () => {
    const folder = await temporaryFolder();
    const next = await pairFor(["next.example"]);
    const files = await mountSecret(folder, "..2026_01", await pairFor());
    const watched = await watch(files);
    await mountSecret(folder, "..2026_02", next);

    await eventually(() => expect(watched.source.current).toMatchObject(next));

    expect(watched.problems.filter(({ code }) => code !== "key-mismatch")).toEqual([]);
  });

  it.each([
    { title: "the certificate changed and the key has not yet", write: ["cert"], code: "key-mismatch" },
    { title: "the key changed and the certificate has not yet", write: ["key"], code: "key-mismatch" },
  ] as const)("keeps the old pair while $title, says so once, and swaps when both fit", async ({ write: [first], code }) => {
    const folder = await temporaryFolder();
    const old = await pairFor();
    const files = await writePair(folder, old);
    const watched = await watch(files);
    const next = await pairFor(["next.example"]);

    await replaceFile(first === "cert" ? files.certFile : files.keyFile, next[first]);
    await eventually(() => expect(watched.problems.map((problem) => problem.code)).toEqual([code]));
    await pause(A_WHILE_MS);
    expect(watched.source.current).toMatchObject(old);
    expect(watched.problems).toHaveLength(1);

    await writePair(folder, next);
    await eventually(() => expect(watched.source.current).toMatchObject(next));
    expect(watched.pairs).toHaveLength(1);
  });

  it.each([
    {
      title: "cut off in the middle",
      code: "certificate-malformed",
      damage: async (path: string, cert: string) => replaceFile(path, cert.slice(0, 200)),
    },
    { title: "taken away", code: "certificate-unreadable", damage: async (path: string) => rm(path) },
  ])("keeps the old pair while the certificate is $title, and tells again when it goes bad again", async ({ code, damage }) => {
    const folder = await temporaryFolder();
    const old = await pairFor();
    const files = await writePair(folder, old);
    const watched = await watch(files);

    await damage(files.certFile, old.cert);
    await eventually(() => expect(watched.problems.map((problem) => problem.code)).toEqual([code]));
    expect(watched.source.current).toMatchObject(old);

    await writePair(folder, old);
    await pause(A_WHILE_MS);
    expect({ pairs: watched.pairs, problems: watched.problems.length }).toEqual({ pairs: [], problems: 1 });

    await damage(files.certFile, old.cert);
    await eventually(() => expect(watched.problems.map((problem) => problem.code)).toEqual([code, code]));
  });

  it("does not take a pair that has expired in place of one that has not", async () => {
    const folder = await temporaryFolder();
    const old = await pairFor();
    const watched = await watch(await writePair(folder, old));

    await writePair(folder, await pairFor(undefined, new Date("2024-01-01T00:00:00Z")));

    await eventually(() => expect(watched.problems.map(({ code }) => code)).toContain("certificate-expired"));
    expect(watched.source.current).toMatchObject(old);
  });

  it("calls back no more after it was stopped", async () => {
    const folder = await temporaryFolder();
    const old = await pairFor();
    const watched = await watch(await writePair(folder, old));

    watched.source.stop();
    await writePair(folder, await pairFor());
    await pause(A_WHILE_MS);

    expect(watched.source.current).toMatchObject(old);
    expect(watched.pairs).toEqual([]);
  });
});

/** Long, as the machine may have other things to do; it ends as soon as the expectation holds. */
async function eventually(expectation: () => void): Promise<void> {
  await vi.waitFor(expectation, { timeout: 10_000, interval: INTERVAL_MS });
}

interface Watched {
  readonly source: ServingSource;
  readonly pairs: ServingPair[];
  readonly problems: ServingPairError[];
}

async function watch(files: ServingPairFiles): Promise<Watched> {
  const pairs: ServingPair[] = [];
  const problems: ServingPairError[] = [];
  const result = await watchServingPair({
    ...files,
    intervalMs: INTERVAL_MS,
    onPair: (pair) => void pairs.push(pair),
    onProblem: (problem) => void problems.push(problem),
  });
  if (!result.ok) throw new Error(result.error.message);
  onTestFinished(() => result.value.stop());
  return { source: result.value, pairs, problems };
}

/** As the kubelet does: `tls.crt` → `..data/tls.crt`, and `..data` → a folder of the day, swapped by a rename. */
async function mountSecret(folder: string, version: string, { cert, key }: KeyAndCertificate): Promise<ServingPairFiles> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, "tls.crt"), cert);
  await writeFile(join(folder, version, "tls.key"), key);
  await symlink(version, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  const files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  await symlink("..data/tls.crt", files.certFile).catch(() => undefined);
  await symlink("..data/tls.key", files.keyFile).catch(() => undefined);
  return files;
}
