/** @file Builds a kustomization by kubectl, as `kubectl apply -k` does. */
import { execFile } from "node:child_process";

export type KustomizeResult =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: { readonly code: "kustomize-failed"; readonly message: string } };

/** @returns what would be applied, as YAML. Never rejects. */
export async function buildKustomization(folder: string): Promise<KustomizeResult> {
  return new Promise((resolve) => {
    execFile("kubectl", ["kustomize", "--", folder], { maxBuffer: MAX_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, value: stdout });
      else resolve({ ok: false, error: { code: "kustomize-failed", message: `-k ${folder}: ${reasonOf(error, stderr)}` } });
    });
  });
}

const MAX_BYTES = 256 * 1024 * 1024;

function reasonOf(error: Error & { readonly code?: unknown }, stderr: string): string {
  if (error.code === "ENOENT") {
    return "kubectl, which builds it, is not on the PATH; build it by another way and give -f - what that prints";
  }
  const [line = ""] = stderr
    .split("\n")
    .filter((text) => text !== "" && !text.startsWith("# Warning:"))
    .map(withoutLogPrefix);
  return line === "" ? error.message : `kubectl kustomize: ${line}`;
}

/** `error: reason`, or, of kubectl from 1.32 on at times, klog's `E1121 14:28:34.192122 176 run.go:72] "command failed" err="reason"`. */
function withoutLogPrefix(line: string): string {
  const logged = /^E\d{4} .*? err="(?<reason>.*)"$/.exec(line)?.groups?.["reason"];
  return logged === undefined ? line.replace(/^error: /, "") : logged.replaceAll('\\"', '"');
}
