/** @file The HTTPS server that the Kubernetes API server asks. */
import type { IncomingMessage } from "node:http";
import type { Server } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { AdmissionAnswer } from "../explain/admission.ts";
import { exceptionLabel } from "../explain/relief.ts";
import { shown } from "../explain/text.ts";
import type { LogFields, Logger } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import { type Answered, type AnswerContext, answerReview, type Phase } from "./answer.ts";
import {
  BodyError,
  createBufferPool,
  createByteBudget,
  MAX_BODY_BYTES,
  MAX_BYTES_IN_FLIGHT,
  MAX_KEPT_BYTES,
  type ReadBody,
  readBody,
} from "./body.ts";
import { type ClientAuth, judgeClient } from "./client-certificate.ts";
import { deadlinesFrom } from "./deadline.ts";
import { type DecodedReview, decodeReview } from "./decode.ts";

export interface AdmissionServerOptions extends AnswerContext {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Absent: nobody is asked for a client certificate. */
  readonly clientAuth?: ClientAuth;
}

interface ReviewRoute {
  readonly Body: ReadBody | undefined;
  readonly Querystring: { readonly timeout?: unknown };
}

export interface AdmissionServer {
  /** @returns the address listened on, `https://HOST:PORT`; port 0 is given a free one. */
  listen(host: string, port: number): Promise<string>;
  /** Serves new connections by another certificate; open ones go on by theirs. */
  readonly setCertificate: (tls: { readonly cert: string; readonly key: string }) => void;
  /** Asks new connections for a client certificate that one of these (PEM) has signed. Only where there is a `clientAuth`. */
  readonly setClientAuthority: (ca: string) => void;
  /** From now on each answer asks its client to close the connection. */
  startDraining(): void;
  /** Stops listening, and resolves once the last answer is written. */
  close(): Promise<void>;
}

/** Go's HTTP client, thus the API server, drops idle connections after 90 s; the server must not be the first to. */
const KEEP_ALIVE_MILLISECONDS = 95_000;
/** Must exceed the keep-alive time, or Node cuts idle connections by this one. */
const HEADERS_MILLISECONDS = 100_000;
/** A whole request, body included: the API server waits no longer than 30 s for its answer. */
const REQUEST_MILLISECONDS = 30_000;

/** Between two looks whether the last answer is written, and for a request whose first bytes are on their way. */
const LAST_LOOK_MILLISECONDS = 100;

const MIN_TLS_VERSION = "TLSv1.2";

const OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { logger, metrics } = options;
  const budget = createByteBudget(MAX_BYTES_IN_FLIGHT);
  const pool = createBufferPool(MAX_KEPT_BYTES);
  let isDraining = false;
  let inFlight = 0;
  let { tls } = options;
  let clientCa = options.clientAuth?.ca;

  const app: FastifyInstance<Server> = fastify({
    https: {
      ...secureContext(),
      // Judged by request, so that whoever is refused reads why.
      ...(options.clientAuth === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    },
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    forceCloseConnections: "idle",
    // A request that was on its way when the server began to close is answered like any other.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false },
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 400, "request-malformed", "the request is malformed");
    },
  });
  app.server.headersTimeout = HEADERS_MILLISECONDS;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", (_request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, budget, pool),
  );

  // Before Fastify's own listener, and cheaper than two of its hooks.
  app.server.prependListener("request", (_request, response) => {
    if (isDraining) response.setHeader("connection", "close");
    inFlight += 1;
    response.once("close", () => {
      inFlight -= 1;
    });
  });
  metrics.bytesInFlight.read = budget.used;
  const { clientAuth } = options;
  // Before the body is read, and whatever the path.
  if (clientAuth !== undefined) {
    app.addHook("onRequest", (request, reply, done) => {
      if (admitsClient(clientAuth, request, reply)) done();
    });
  }

  for (const phase of ["validate", "explain", "workloads"] as const satisfies readonly Phase[]) {
    // Not an async handler: to Fastify those cost a stream listener for each event of the response.
    app.post<ReviewRoute>(`/${phase}`, (request, reply) => {
      handleReview(phase, request, reply).catch((error: unknown) => reply.send(error));
    });
    const refuseMethod = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      refuse(reply.header("allow", "POST"), 405, "method-not-allowed", `/${phase} takes POST only`);
    // Refused on arrival, so that the body of a wrong method is not read.
    app.route({ method: OTHER_METHODS, url: `/${phase}`, onRequest: refuseMethod, handler: refuseMethod });
  }

  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, 404, "path-unknown", "the paths are /validate, /explain and /workloads"),
  );
  app.setErrorHandler<FastifyError | BodyError>((error, _request, reply) => {
    if (error instanceof BodyError) {
      if (error.statusCode === 503) reply.header("retry-after", "1");
      // What is left of the body is not read.
      reply.header("connection", "close");
      return refuse(reply, error.statusCode, error.code, error.message);
    }
    if (error.statusCode === 415)
      return refuse(reply, 415, "content-type-unsupported", "the content type must be application/json");
    if (error.statusCode !== undefined && error.statusCode < 500)
      return refuse(reply, error.statusCode, "request-malformed", "the request is malformed");
    logger.error({ err: error } satisfies LogFields, "internal error");
    return refuse(reply, 500, "internal-error", "crdguard met an internal error; its log tells more");
  });

  function secureContext(): {
    readonly cert: string;
    readonly key: string;
    readonly minVersion: "TLSv1.2";
    readonly ca?: string;
  } {
    return { cert: tls.cert, key: tls.key, minVersion: MIN_TLS_VERSION, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  }

  /** Connections whose caller the log has been told of. */
  const told = new WeakSet<object>();

  /** Returns whether the request goes on; else it is answered. */
  function admitsClient({ mode, name }: ClientAuth, request: FastifyRequest, reply: FastifyReply): boolean {
    const { socket } = request.raw;
    const verdict = judgeClient(socket, name);
    metrics.clientCertificates.inc({ state: verdict.state });
    if (verdict.state === "accepted") return true;
    if (!told.has(socket)) {
      told.add(socket);
      const fields: LogFields = {
        code: verdict.code,
        reason: shown(verdict.shown),
        ...(socket.remoteAddress === undefined ? {} : { address: socket.remoteAddress }),
      };
      if (mode === "require") logger.warn(fields, "caller refused");
      else logger.warn(fields, "caller would be refused");
    }
    if (mode === "request") return true;
    // The body stays unread.
    refuse(reply.header("connection", "close"), verdict.statusCode, verdict.code, verdict.message);
    return false;
  }

  function refuse(reply: FastifyReply, statusCode: number, code: string, message: string): FastifyReply {
    metrics.admissionRejected.inc({ reason: code });
    return reply.code(statusCode).send({ code, message });
  }

  async function handleReview(phase: Phase, request: FastifyRequest<ReviewRoute>, reply: FastifyReply): Promise<void> {
    const { body } = request;
    if (body === undefined || body.length === 0) {
      refuse(reply, 400, "json-malformed", "the body is empty");
      return;
    }
    const startedAt = performance.now();
    try {
      const decoded = body.use((bytes) => decodeReview(bytes, phase === "workloads" ? "workloads" : "crds"));
      if (!decoded.ok) {
        refuse(reply, 400, decoded.error.code, decoded.error.message);
        return;
      }
      const { timeout } = request.query;
      const deadlines = deadlinesFrom(typeof timeout === "string" ? timeout : undefined);
      const answered = await answerReview(phase, decoded.value, deadlines, options);
      const milliseconds = performance.now() - startedAt;
      reply.header("content-type", "application/json").send(encodeReview(decoded.value.uid, answered.answer));
      // After the answer is on its way, so that nobody waits for the books to be kept.
      record(phase, decoded.value, answered, milliseconds);
    } finally {
      body.release();
    }
  }

  function record(phase: Phase, decoded: DecodedReview, { verdict, error }: Answered, milliseconds: number): void {
    const decision = verdict?.kind ?? (decoded.subject.kind === "unreadable" ? "unreadable" : "not-judged");
    const findings = verdict === null || verdict.kind === "undecided" ? [] : verdict.findings;
    metrics.admissionRequests.inc({
      phase,
      operation: decoded.operation,
      subresource: decoded.subresource === "status" ? "status" : "",
      decision,
      dry_run: String(decoded.isDryRun),
    });
    metrics.admissionDuration.observe({ phase }, milliseconds / 1000);
    for (const { rule, enforcement, relief } of findings) {
      metrics.ruleResults.inc({ rule, enforcement });
      // The explainer is asked about the same change before.
      if (relief?.kind === "exception" && phase !== "explain") metrics.exceptionsApplied.inc({ policy: relief.policy, rule });
    }
    const exceptions = findings.map(exceptionLabel).filter((label) => label !== null);
    const fields: LogFields = {
      requestUid: decoded.uid,
      phase,
      operation: decoded.operation,
      subresource: decoded.subresource,
      // Cut to a bound: whoever reaches the port could fill the log with them.
      ...(phase === "workloads" ? { workload: shown(decoded.name) } : { crd: shown(decoded.name) }),
      user: shown(decoded.requester.username),
      dryRun: decoded.isDryRun,
      decision,
      rules: findings.map(({ rule, enforcement }) => `${rule}=${enforcement}`),
      ...(exceptions.length === 0 ? {} : { exceptions }),
      durationMs: Math.round(milliseconds * 1000) / 1000,
      ...(error === null ? {} : { err: error }),
    };
    if (error === null) logger.info(fields, "review answered");
    else logger.error(fields, "review failed");
  }

  return {
    listen: async (host, port) => app.listen({ host, port }),
    setCertificate(next) {
      tls = next;
      app.server.setSecureContext(secureContext());
    },
    setClientAuthority(ca) {
      clientCa = ca;
      app.server.setSecureContext(secureContext());
    },
    startDraining() {
      isDraining = true;
    },
    async close() {
      const closed = app.close();
      // Go's client opens connections in advance. One that never sent a request counts as busy to Node, for as long as
      // its headers may take; so what is left after the last answer is cut.
      while (inFlight > 0) await sleep(LAST_LOOK_MILLISECONDS);
      await sleep(LAST_LOOK_MILLISECONDS);
      app.server.closeAllConnections();
      await closed;
    },
  };
}

/** As in k8s.io/api/admission/v1; HTTP 200 whatever the answer, or the API server hides the reason. */
export function encodeReview(uid: string, answer: AdmissionAnswer): string {
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, ...answer } });
}
