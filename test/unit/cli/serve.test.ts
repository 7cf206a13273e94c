import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly address?: string;
}

function serve(...flags: readonly string[]): ChildProcess {
  const args = [join(ROOT, "src/cli/main.ts"), "serve", "--facts", "demo/cluster", "--drain-seconds", "0", ...flags];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: tmpdir() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

describe("crdguard serve", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "serves from a folder until %s, by status 0, and logs JSON lines to standard error alone",
    async (signal) => {
      const child = serve("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0");
      const output = textOf(child.stdout);
      const exited = once(child, "exit");
      const lines: Line[] = [];
      for await (const text of createInterface({ input: child.stderr ?? process.stdin })) {
        const line = JSON.parse(text) as Line;
        lines.push(line);
        if (line.msg !== "serving probes and metrics") continue;
        const ready = await fetch(`${line.address ?? ""}/readyz`);
        expect([ready.status, await ready.text()]).toEqual([200, "ok\n"]);
        child.kill(signal);
      }

      expect(await exited).toEqual([0, null]);
      expect(await output).toBe("");
      expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
        ["warn", "serving by a self-signed certificate, for development"],
        ["info", "serving reviews"],
        ["info", "serving probes and metrics"],
        ["info", "stopping"],
        ["info", "stopped"],
      ]);
    },
  );

  it("says in one line that --warn-workloads alone registers nothing, by status 2", async () => {
    const child = serve("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--warn-workloads");
    const [errors, [status]] = await Promise.all([textOf(child.stderr), once(child, "exit")]);

    expect({ status: status as number, errors }).toEqual({
      status: 2,
      errors: "crdguard: error (flags-incomplete): --warn-workloads goes with --keep-installed or --register-url\n",
    });
  });

  it.each([
    {
      title: "health reports need a cluster",
      flags: ["--health-reports", "openreports"],
      errors:
        "crdguard: error (flags-conflict): --health-reports needs a cluster, which --facts stands in for: give one of them\n",
    },
    {
      title: "a minute is the shortest interval",
      flags: ["--health-reports-interval", "59"],
      errors: "error: option '--health-reports-interval <seconds>' argument '59' is invalid: give seconds from 60 to 604800.\n",
    },
    {
      title: "there are two forms of reports",
      flags: ["--health-reports", "html"],
      errors:
        "error: option '--health-reports <form>' argument 'html' is invalid. Allowed choices are openreports, policyreport, off.\n",
    },
  ])("says in one line that $title, by status 2", async ({ flags, errors }) => {
    const child = serve("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", ...flags);
    const [told, [status]] = await Promise.all([textOf(child.stderr), once(child, "exit")]);

    expect(status).toBe(2);
    expect(told).toContain(errors.split(": ").slice(1).join(": ").trim());
  });

  it("says in one line that a port is taken, by status 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      taken.close();
    });
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const child = serve("--listen", `127.0.0.1:${port}`, "--health-listen", "127.0.0.1:0", "--log-level", "silent");
    const [errors, [status]] = await Promise.all([textOf(child.stderr), once(child, "exit")]);

    expect({ status: status as number, errors }).toEqual({
      status: 2,
      errors: `crdguard: error (listen-failed): listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    });
  });

  it("says in one line that the port of the probes is taken, and does not stay", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      taken.close();
    });
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const child = serve("--listen", "127.0.0.1:0", "--health-listen", `127.0.0.1:${port}`, "--log-level", "silent");
    const [errors, [status]] = await Promise.all([textOf(child.stderr), once(child, "exit")]);

    expect({ status: status as number, errors }).toEqual({
      status: 2,
      errors: `crdguard: error (listen-failed): listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
    });
  });
});
