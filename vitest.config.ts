import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 20_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/support/build-once.ts",
          // Each file has an API server of its own, of 270 MB. Most of the time they wait: for a Lease to run out, for a rotation.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "controllers",
          include: ["test/controllers/**/*.test.ts"],
          globalSetup: "test/controllers/support/result-table.ts",
          // Controllers listen on ports of their own choice.
          fileParallelism: false,
          // One that is given two minutes to sync its caches takes all of them before it fails.
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
