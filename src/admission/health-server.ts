/** @file The plain HTTP server for probes and metrics, on a port of its own. */
import { fastify } from "fastify";
import type { Metrics } from "../observability/metrics.ts";

/** One condition of readiness or liveness; `detail` tells a person why it fails. */
export interface HealthCheck {
  readonly name: string;
  isHealthy(): boolean;
  readonly detail: string;
}

export interface HealthServer {
  /** @returns the address listened on, `http://HOST:PORT`. */
  listen(host: string, port: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * `/livez` and `/readyz`, as kube-apiserver has them: `ok`, or 503 with the checks; `?verbose` lists them always, and
 * `/readyz/<check>` tells of one.
 * Liveness does not depend on the API server: a restart would not mend the API server.
 */
export function createHealthServer(options: {
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
  readonly metrics: Metrics;
}): HealthServer {
  const app = fastify({ forceCloseConnections: true });
  for (const [path, checks] of [
    ["/livez", options.live],
    ["/readyz", options.ready],
  ] as const) {
    app.get<{ Querystring: Record<string, unknown> }>(path, (request, reply) => {
      const lines = checks.map((check) => ({ isHealthy: check.isHealthy(), check }));
      const isHealthy = lines.every((line) => line.isHealthy);
      const verbose = lines.map((line) =>
        line.isHealthy ? `[+]${line.check.name} ok` : `[-]${line.check.name} failed: ${line.check.detail}`,
      );
      const summary = `${path.slice(1)} check ${isHealthy ? "passed" : "failed"}`;
      const text = isHealthy && request.query["verbose"] === undefined ? "ok" : [...verbose, summary].join("\n");
      return reply
        .code(isHealthy ? 200 : 503)
        .type("text/plain; charset=utf-8")
        .send(`${text}\n`);
    });
    for (const check of checks) {
      app.get(`${path}/${check.name}`, (_request, reply) =>
        reply
          .code(check.isHealthy() ? 200 : 503)
          .type("text/plain; charset=utf-8")
          .send(check.isHealthy() ? "ok\n" : `${check.name} failed: ${check.detail}\n`),
      );
    }
  }
  app.get("/metrics", async (_request, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  );
  return {
    listen: async (host, port) => app.listen({ host, port }),
    close: async () => {
      await app.close();
    },
  };
}
