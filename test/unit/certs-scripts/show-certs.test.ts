import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pairFor, signedPair, writePair } from "../certificates/pairs.ts";
import { temporaryFolder } from "../certificates/temporary-folder.ts";
import { runScript } from "./run-script.ts";

describe("certs:show", () => {
  it("tells subject, names, validity, days left, whether the key matches and who signed it", async () => {
    const folder = await signed();
    const { status, stdout, stderr } = await runScript("show", ["--from", folder]);

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(withoutChance(stdout, folder)).toBe(
      [
        "DIR/tls.crt",
        "  subject      CN=crdguard",
        "  valid        TIME to TIME (29 days left)",
        "  fingerprint  SHA-256",
        "  names        crdguard.crdguard.svc",
        "  signed by    CN=test authority",
        "  key          tls.key matches",
        "DIR/ca.crt",
        "  subject      CN=test authority",
        "  valid        TIME to TIME (29 days left)",
        "  fingerprint  SHA-256",
        "ok",
        "",
      ].join("\n"),
    );
  });

  it("needs no ca.crt for a certificate that signs itself", async () => {
    const folder = await temporaryFolder();
    await writePair(folder, await pairFor());

    const { status, stdout } = await runScript("show", ["--from", folder]);
    expect(status).toBe(0);
    expect(stdout).toContain("signed by    itself");
    expect(stdout).not.toContain("ca.crt");
  });

  it("finds the signer among several authorities, as while one replaces another", async () => {
    const folder = await temporaryFolder();
    const { authority, pair } = await signedPair();
    const other = await signedPair();
    await writePair(folder, pair);
    await writeFile(join(folder, "ca.crt"), other.authority.cert + authority.cert);

    const { status, stdout } = await runScript("show", ["--from", folder]);
    expect(status).toBe(0);
    expect(stdout.match(/subject +CN=test authority/g)).toHaveLength(2);
  });

  it.each([
    {
      title: "a key of another certificate",
      damage: async (folder: string) => copyFile(join(await signed(), "tls.key"), join(folder, "tls.key")),
      lines: ["key          tls.key does not match", "wrong: DIR/tls.key is not the key of the first certificate in DIR/tls.crt"],
    },
    {
      title: "another authority, though it has the same name",
      damage: async (folder: string) => copyFile(join(await signed(), "ca.crt"), join(folder, "ca.crt")),
      lines: [
        "signed by    unknown (CN=test authority)",
        "wrong: DIR/tls.crt is not signed by DIR/ca.crt: the API server would refuse it",
      ],
    },
    {
      title: "a certificate that has expired",
      damage: async (folder: string) => {
        await rm(join(folder, "ca.crt"));
        await writePair(folder, await pairFor(undefined, new Date("2024-01-01T00:00:00Z")));
      },
      lines: ["days ago)", "key          tls.key matches", "wrong: DIR/tls.crt expired at TIME: renew it"],
    },
    {
      title: "a key that is none",
      damage: async (folder: string) => writeFile(join(folder, "tls.key"), "x"),
      lines: ["key          tls.key cannot be read", "wrong: DIR/tls.key does not hold a PEM private key"],
    },
  ])("tells of $title, with exit status 1", async ({ damage, lines }) => {
    const folder = await signed();
    await damage(folder);

    const { status, stdout } = await runScript("show", ["--from", folder]);
    expect(status).toBe(1);
    for (const line of lines) expect(withoutChance(stdout, folder)).toContain(line);
    expect(stdout).not.toMatch(/^ok$/m);
  });

  it.each([
    { days: "29", status: 0 },
    { days: "30", status: 1 },
  ])("ends with $status when at least $days days must be left of 29", async ({ days, status }) => {
    expect(await runScript("show", ["--from", await signed(), "--days", days])).toMatchObject({ status });
  });

  it.each([
    { title: "no folder", args: [], says: "--from DIR is missing" },
    {
      title: "a folder without certificates",
      args: ["--from", "/nowhere"],
      says: "/nowhere/tls.crt cannot be read (ENOENT): make it with npm run certs:make",
    },
    { title: "an unknown flag", args: ["--nope"], says: "Unknown option '--nope'" },
    { title: "days that are none", args: ["--from", "x", "--days", "soon"], says: '--days "soon" is no number of days' },
  ])("refuses $title in one line, with exit status 2", async ({ args, says }) => {
    const { status, stdout, stderr } = await runScript("show", args);

    expect({ status, stdout, lines: stderr.split("\n").length }).toEqual({ status: 2, stdout: "", lines: 2 });
    expect(stderr).toContain(says);
  });
});

async function signed(): Promise<string> {
  const folder = await temporaryFolder();
  const { authority, pair } = await signedPair();
  await writePair(folder, pair);
  await writeFile(join(folder, "ca.crt"), authority.cert);
  return folder;
}

function withoutChance(text: string, folder: string): string {
  return text
    .replaceAll(folder, "DIR")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, "SHA-256");
}
