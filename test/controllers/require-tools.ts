/** @file Says in one sentence what the machine lacks to run controllers, before a test runner says it in forty lines. */
import { requireTools } from "../e2e/support/api-server.ts";
import { requireGo } from "./support/go-modules.ts";

try {
  await requireGo();
  await requireTools();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
