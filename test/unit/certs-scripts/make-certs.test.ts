import { X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alternativeNames, readServingPair } from "../../../src/certificates/serving-pair.ts";
import { temporaryFolder } from "../certificates/temporary-folder.ts";
import { runScript } from "./run-script.ts";

const SERVICE_NAMES = ["crdguard.crdguard.svc", "crdguard.crdguard.svc.cluster.local"];

describe("certs:make", () => {
  it("makes an authority, and a pair signed by it that the server can serve", async () => {
    const folder = join(await temporaryFolder(), "new", "folder");

    expect(await runScript("make", ["--out", folder])).toEqual({
      status: 0,
      stdout: `${folder}: ca.crt, ca.key, tls.crt and tls.key for ${SERVICE_NAMES.join(", ")}; valid for 365 days\n`,
      stderr: "",
    });

    const authority = await read(folder, "ca.crt");
    const leaf = await read(folder, "tls.crt");
    expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
    expect([authority.ca, leaf.ca]).toEqual([true, false]);
    expect(await readServingPair({ certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") })).toMatchObject({
      ok: true,
      value: { names: SERVICE_NAMES },
    });
  });

  it("lets nobody else read the keys, and leaves nothing else in the folder", async () => {
    const folder = await made();

    expect((await readdir(folder)).toSorted()).toEqual(["ca.crt", "ca.key", "tls.crt", "tls.key"]);
    const modes = await Promise.all(
      ["ca.key", "tls.key", "ca.crt", "tls.crt"].map(async (file) => (await stat(join(folder, file))).mode & 0o777),
    );
    expect(modes).toEqual([0o600, 0o600, 0o644, 0o644]);
  });

  it("keeps a key closed that replaces one that others could read", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tls.key"), "old", { mode: 0o644 });

    expect(await runScript("make", ["--out", folder, "--force"])).toMatchObject({ status: 0 });
    expect((await stat(join(folder, "tls.key"))).mode & 0o777).toBe(0o600);
  });

  it("names the Service of other names and every host that is asked for", async () => {
    const folder = await made("--namespace", "guards", "--service", "crds", "--host", "127.0.0.1", "--host", "guard.example");

    expect(alternativeNames(await read(folder, "tls.crt"))).toEqual([
      "crds.guards.svc",
      "crds.guards.svc.cluster.local",
      "127.0.0.1",
      "guard.example",
    ]);
  });

  it("takes days from flags", async () => {
    const folder = await made("--days", "7", "--ca-days", "30");

    expect([daysOf(await read(folder, "tls.crt")), daysOf(await read(folder, "ca.crt"))]).toEqual([7, 30]);
  });

  it("overwrites nothing unless forced to", async () => {
    const folder = await made();
    const before = await readAll(folder);

    expect(await runScript("make", ["--out", folder])).toEqual({
      status: 2,
      stdout: "",
      stderr: `certs:make: ${join(folder, "ca.crt")} is there already: --renew makes a new serving pair by the same authority, --force replaces everything\n`,
    });
    expect(await readAll(folder)).toEqual(before);

    expect(await runScript("make", ["--out", folder, "--force"])).toMatchObject({ status: 0 });
    const after = await readAll(folder);
    expect(after.filter((text, index) => text === before[index])).toEqual([]);
  });

  it("refuses even where only the last of the files is there", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "tls.key"), "precious");

    expect(await runScript("make", ["--out", folder])).toMatchObject({ status: 2 });
    expect(await readdir(folder)).toEqual(["tls.key"]);
  });

  it("renews the pair by the same authority, which then needs no new trust", async () => {
    const folder = await made();
    const [caCert, caKey, cert, key] = await readAll(folder);

    expect(await runScript("make", ["--out", folder, "--renew", "--host", "localhost"])).toMatchObject({ status: 0, stderr: "" });

    const after = await readAll(folder);
    expect(after.slice(0, 2)).toEqual([caCert, caKey]);
    expect(after[2]).not.toBe(cert);
    expect(after[3]).not.toBe(key);
    expect((await read(folder, "tls.crt")).verify((await read(folder, "ca.crt")).publicKey)).toBe(true);
  });

  it("renews by the authority whose key is there, while an old one is still trusted beside it", async () => {
    const folder = await made();
    const old = await made();
    const both = (await readFile(join(old, "ca.crt"), "utf8")) + (await readFile(join(folder, "ca.crt"), "utf8"));
    const authority = await read(folder, "ca.crt");
    await writeFile(join(folder, "ca.crt"), both);

    expect(await runScript("make", ["--out", folder, "--renew"])).toMatchObject({ status: 0 });
    expect((await read(folder, "tls.crt")).verify(authority.publicKey)).toBe(true);
    expect(await readFile(join(folder, "ca.crt"), "utf8")).toBe(both);
  });

  it.each([
    { title: "no folder", args: [], says: "--out DIR is missing" },
    { title: "an empty folder name", args: ["--out", ""], says: "--out DIR is missing" },
    { title: "an unknown flag", args: ["--out", "x", "--nope"], says: "Unknown option '--nope'" },
    { title: "a flag without its value", args: ["--out"], says: "Option '--out <value>' argument missing" },
    { title: "what is no flag", args: ["x"], says: "Unexpected argument 'x'" },
    {
      title: "a namespace that is no name",
      args: ["--out", "x", "--namespace", "A b"],
      says: '--namespace "A b" is no Kubernetes name',
    },
    {
      title: "a host that is none",
      args: ["--out", "x", "--host", "https://x"],
      says: '--host: "https://x" is neither a DNS name nor an IP address',
    },
    { title: "no day", args: ["--out", "x", "--days", "0"], says: '--days "0" is no number of days from 1 to 36500' },
    { title: "part of a day", args: ["--out", "x", "--days", "1.5"], says: '--days "1.5" is no number of days' },
    {
      title: "a pair that outlives its authority",
      args: ["--out", "x", "--days", "31", "--ca-days", "30"],
      says: "--days 31 outlives the authority (--ca-days 30)",
    },
    {
      title: "both ways to replace",
      args: ["--out", "x", "--renew", "--force"],
      says: "--renew keeps the authority and --force replaces it",
    },
    {
      title: "a renewal without an authority",
      args: ["--out", "/nowhere", "--renew"],
      says: "/nowhere/ca.crt cannot be read (ENOENT)",
    },
  ])("refuses $title in one line, with exit status 2", async ({ args, says }) => {
    const { status, stdout, stderr } = await runScript("make", args);

    expect({ status, stdout, lines: stderr.split("\n").length }).toEqual({ status: 2, stdout: "", lines: 2 });
    expect(stderr).toMatch(/^certs:make: /);
    expect(stderr).toContain(says);
  });

  it.each([
    {
      title: "the key of another authority",
      damage: async (folder: string) => writeFile(join(folder, "ca.key"), await readFile(join(await made(), "ca.key"))),
      says: "holds no certificate of",
    },
    {
      title: "a key that is none",
      damage: async (folder: string) => writeFile(join(folder, "ca.key"), "x"),
      says: "does not hold an unencrypted PEM private key",
    },
    {
      title: "a certificate that is none",
      damage: async (folder: string) => writeFile(join(folder, "ca.crt"), "x"),
      says: "does not hold PEM certificates",
    },
  ])("does not renew by $title", async ({ damage, says }) => {
    const folder = await made();
    await damage(folder);

    const outcome = await runScript("make", ["--out", folder, "--renew"]);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain(says);
  });

  it("does not renew for longer than the authority is valid", async () => {
    const folder = await made("--days", "1", "--ca-days", "10");

    const outcome = await runScript("make", ["--out", folder, "--renew", "--days", "11"]);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain("before a serving certificate of 11 days would");
  });

  it("says in one line that the folder cannot be written to", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a", "file"), "");

    expect(await runScript("make", ["--out", join(folder, "a", "file", "certs")])).toEqual({
      status: 2,
      stdout: "",
      stderr: `certs:make: ${join(folder, "a", "file", "certs")} cannot be written to (ENOTDIR)\n`,
    });
  });

  it("explains itself", async () => {
    const { status, stdout } = await runScript("make", ["--help"]);

    expect(status).toBe(0);
    for (const flag of ["--out", "--namespace", "--service", "--host", "--days", "--ca-days", "--renew", "--force"])
      expect(stdout).toContain(flag);
  });
});

async function made(...args: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  const { status, stderr } = await runScript("make", ["--out", folder, ...args]);
  if (status !== 0) throw new Error(stderr);
  return folder;
}

async function read(folder: string, file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(folder, file)));
}

async function readAll(folder: string): Promise<readonly string[]> {
  return Promise.all(["ca.crt", "ca.key", "tls.crt", "tls.key"].map(async (file) => readFile(join(folder, file), "utf8")));
}

function daysOf(certificate: X509Certificate): number {
  return Math.round((certificate.validToDate.getTime() - Date.now()) / (24 * 60 * 60_000));
}
