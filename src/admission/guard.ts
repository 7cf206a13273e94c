/** @file The running guard: admission server and health server together, and how they stop without losing a call. */
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createHealthServer } from "./health-server.ts";
import { startLoopWatch } from "./loop-watch.ts";
import { type AdmissionServerOptions, createAdmissionServer } from "./server.ts";

export interface Address {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface GuardOptions extends AdmissionServerOptions {
  readonly listen: Address;
  /** Null: no probes and no metrics. */
  readonly healthListen: Address | null;
  readonly hasValidCertificate: () => boolean;
  /** Whether liveness hangs on it too; true unless told. */
  readonly isCertificateMendedByRestart?: boolean;
  /** Whether those who call trust it; what is not told is. */
  readonly isCertificateTrusted?: () => boolean;
}

export interface Guard {
  /** `https://HOST:PORT` */
  readonly url: string;
  /** `http://HOST:PORT` */
  readonly healthUrl: string | null;
  readonly setCertificate: (tls: { readonly cert: string; readonly key: string }) => void;
  readonly setClientAuthority: (ca: string) => void;
  /**
   * Stops without failing a call: first readiness goes and each answer closes its connection; after `seconds`, in which
   * endpoints and the API server's connections move elsewhere, the ports close, and the last answers are awaited.
   */
  drain(seconds: number): Promise<void>;
}

export async function startGuard(options: GuardOptions): Promise<Guard> {
  let isDraining = false;
  const server = createAdmissionServer(options);
  /** Of whichever certificate is served, wherever it comes from. */
  const countLife = ({ cert }: { readonly cert: string }): void => {
    options.metrics.certificateNotBefore.set({ kind: "serving" }, new X509Certificate(cert).validFromDate.getTime() / 1_000);
  };
  countLife(options.tls);
  const certificate = {
    name: "certificate",
    isHealthy: options.hasValidCertificate,
    detail: "the serving certificate is missing or has expired",
  };
  const trusted = {
    name: "certificate-trusted",
    isHealthy: options.isCertificateTrusted ?? (() => true),
    detail: "the webhook configurations do not trust the serving certificate yet",
  };
  const synced = {
    name: "cluster-synced",
    isHealthy: () => options.cluster.picture() !== null,
    detail: "the cluster has not been read completely yet",
  };
  const draining = { name: "not-draining", isHealthy: () => !isDraining, detail: "the server is about to stop" };
  const loop = startLoopWatch();
  const responsive = {
    name: "event-loop",
    isHealthy: loop.isResponsive,
    detail: "for half a minute no request has been looked at in time",
  };
  const ready = [certificate, ...(options.isCertificateTrusted === undefined ? [] : [trusted]), synced, draining];
  const live = options.isCertificateMendedByRestart === false ? [responsive] : [certificate, responsive];
  const health = createHealthServer({ live, ready, metrics: options.metrics });

  const close = async (): Promise<void> => {
    loop.stop();
    await server.close();
    await health.close();
  };
  let url: string;
  let healthUrl: string | null = null;
  try {
    url = await server.listen(options.listen.host, options.listen.port);
    if (options.healthListen !== null) healthUrl = await health.listen(options.healthListen.host, options.healthListen.port);
  } catch (error) {
    // One port taken must not leave a process behind that listens on the other.
    await close();
    throw error;
  }
  return {
    url,
    healthUrl,
    setCertificate(tls) {
      server.setCertificate(tls);
      countLife(tls);
    },
    setClientAuthority: server.setClientAuthority,
    async drain(seconds) {
      isDraining = true;
      server.startDraining();
      await sleep(seconds * 1000);
      await close();
    },
  };
}
