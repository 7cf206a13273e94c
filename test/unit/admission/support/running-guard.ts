/** @file A real admission server over loopback, a cluster made of values, and a client that tells everything it got. */
import type { IncomingHttpHeaders } from "node:http";
import { type Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { Writable } from "node:stream";
import pino from "pino";
import { onTestFinished } from "vitest";
import type { ClientAuth } from "../../../../src/admission/client-certificate.ts";
import { type AdmissionServer, type AdmissionServerOptions, createAdmissionServer } from "../../../../src/admission/server.ts";
import { createDevelopmentPair, type DevelopmentPair } from "../../../../src/certificates/development-pair.ts";
import type { Cluster } from "../../../../src/cluster/cluster.ts";
import type { ClusterPicture } from "../../../../src/cluster/picture.ts";
import { createMetrics, type Metrics } from "../../../../src/observability/metrics.ts";
import { NO_FLAGS, type PolicyFlags } from "../../../../src/policy/combine.ts";
import type { Need, ObjectEvidence } from "../../../../src/rules/facts.ts";
import { counted, sampled } from "../../../support/builders.ts";

export async function developmentPair(): Promise<DevelopmentPair> {
  const pair = await createDevelopmentPair({ hosts: ["127.0.0.1", "localhost"] });
  if (!pair.ok) throw new Error(pair.error.message);
  return pair.value;
}

/** For all servers of a test file that do not speak of certificates: making one takes a while. */
const sharedPair = developmentPair();

export interface ClusterShape {
  /** Needs for gears.own.dev. */
  readonly needs?: readonly Need[];
  readonly objects?: ObjectEvidence;
  readonly guardPolicies?: ClusterPicture["guardPolicies"];
  readonly picture?: Cluster["picture"];
  readonly countObjects?: Cluster["countObjects"];
  readonly findMigration?: Cluster["findMigration"];
  readonly mayList?: Cluster["mayList"];
  /** Nobody may, unless told. */
  readonly mayOverride?: Cluster["mayOverride"];
}

/** Three objects and nobody who needs them, unless told; everybody may list everything. */
export function fakeCluster(shape: ClusterShape = {}): Cluster {
  const picture: ClusterPicture = {
    crds: new Map(),
    applied: new Map(),
    bundles: [],
    needs: new Map([["gears.own.dev", shape.needs ?? []]]),
    unreadableDeclarations: [],
    guardPolicies: shape.guardPolicies ?? [],
  };
  return {
    source: { kind: "cluster" },
    picture: shape.picture ?? (() => picture),
    countObjects: shape.countObjects ?? (() => Promise.resolve(shape.objects ?? counted(3))),
    findMigration: shape.findMigration ?? (() => Promise.resolve({ kind: "none" })),
    sampleWriters: () => Promise.resolve(sampled([])),
    readForms: () => Promise.resolve(null),
    lookAtObjects: () => Promise.resolve({ kind: "not-looked" }),
    lookAtWebhook: () => Promise.resolve({ kind: "answers" }),
    preview: () => Promise.resolve(null),
    mayList: shape.mayList ?? (() => Promise.resolve(true)),
    mayOverride: shape.mayOverride ?? (() => Promise.resolve("not-allowed")),
  };
}

export interface CapturedLog {
  readonly logger: pino.Logger;
  /** The lines as they were written. */
  readonly lines: () => readonly string[];
}

export function capturedLog(): CapturedLog {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString("utf8"));
      done();
    },
  });
  return {
    logger: pino({ base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, stream),
    lines: () => lines,
  };
}

export interface RunningGuard {
  readonly url: string;
  readonly pair: DevelopmentPair;
  readonly server: AdmissionServer;
  readonly metrics: Metrics;
  readonly logLines: () => readonly string[];
}

/** Stopped when the test ends. */
export async function runGuard(
  options: {
    readonly cluster?: Cluster;
    readonly policy?: PolicyFlags;
    readonly clientAuth?: ClientAuth;
    readonly ownUser?: string;
    readonly onAnswered?: AdmissionServerOptions["onAnswered"];
    readonly clock?: () => number;
  } = {},
): Promise<RunningGuard> {
  const pair = await sharedPair;
  const metrics = createMetrics();
  const log = capturedLog();
  const server = createAdmissionServer({
    cluster: options.cluster ?? fakeCluster(),
    policy: options.policy ?? NO_FLAGS,
    ...(options.ownUser === undefined ? {} : { ownUser: () => options.ownUser ?? null }),
    tls: pair,
    logger: log.logger,
    metrics,
    ...(options.clientAuth === undefined ? {} : { clientAuth: options.clientAuth }),
    ...(options.onAnswered === undefined ? {} : { onAnswered: options.onAnswered }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const url = await server.listen("127.0.0.1", 0);
  onTestFinished(() => server.close());
  return { url, pair, server, metrics, logLines: log.lines };
}

export interface Reply {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length; a list is sent in chunks without one. */
  readonly body?: string | Buffer | readonly (string | Buffer)[];
  readonly agent?: Agent;
  readonly tls?: RequestOptions;
}

/** Sends one request on a connection of its own, unless an agent keeps one. */
export function send(guard: Pick<RunningGuard, "url" | "pair">, path: string, sending: Sending = {}): Promise<Reply> {
  const { body = "", method = "POST", headers = { "content-type": "application/json" } } = sending;
  return new Promise((resolve, reject) => {
    const call = httpsRequest(
      `${guard.url}${path}`,
      { method, ca: guard.pair.ca, agent: sending.agent ?? false, headers: { ...headers }, ...sending.tls },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            statusCode: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString("utf8"),
          });
        });
      },
    );
    call.on("error", reject);
    if (typeof body === "string" || Buffer.isBuffer(body)) {
      call.end(body);
    } else {
      for (const chunk of body) call.write(chunk);
      call.end();
    }
  });
}

/** Sends a review and gives back the answer, which must be an AdmissionReview in an HTTP 200. */
export async function ask(guard: Pick<RunningGuard, "url" | "pair">, path: string, review: unknown): Promise<unknown> {
  const reply = await send(guard, path, { body: JSON.stringify(review) });
  if (reply.statusCode !== 200) throw new Error(`HTTP ${String(reply.statusCode)}: ${reply.text}`);
  const answer: unknown = JSON.parse(reply.text);
  return answer;
}
