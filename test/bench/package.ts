/** @file Lays the built package out as an installation does, so that what is measured is what people run. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Installed {
  /** `bin/crdguard.js` of it. */
  readonly command: string;
  /** A folder for XDG_CACHE_HOME, empty at first. */
  readonly cache: string;
  readonly remove: () => void;
}

/** What `npm pack` puts into the package, beside the packages that it needs. @throws where the build fails. */
export function installPackage(): Installed {
  const built = spawnSync("npm", ["run", "--silent", "build"], { stdio: ["ignore", "ignore", "inherit"] });
  if (built.status !== 0) throw new Error("the build failed");
  const { files }: { readonly files: readonly string[] } = JSON.parse(readFileSync("package.json", "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "crdguard-bench-"));
  const installed = join(folder, "package");
  mkdirSync(installed);
  for (const file of ["package.json", ...files]) cpSync(file, join(installed, file), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(installed, "node_modules"));
  return {
    command: join(installed, "bin/crdguard.js"),
    cache: join(folder, "cache"),
    remove() {
      rmSync(folder, { recursive: true });
    },
  };
}
