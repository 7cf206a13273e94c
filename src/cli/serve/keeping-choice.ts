/** @file What the flags of `crdguard serve` say of keeping itself installed, once they are known to go together. */
import { hostname } from "node:os";
import { CommandError, EXIT } from "../exit-status.ts";
import { SETTLE_MILLISECONDS } from "../../migration/storage-record-object.ts";
import type { WebhookProfile } from "../../operator/webhook-configurations.ts";
import type { ServiceName } from "../service-name.ts";

export interface KeepingFlags {
  readonly keepInstalled: ServiceName | undefined;
  readonly webhookUrl: string | undefined;
  readonly webhookProfile: WebhookProfile | undefined;
  readonly replica: string | undefined;
  readonly authorityHours: number | undefined;
  readonly certificateHours: number | undefined;
  readonly rotationHoldSeconds: number | undefined;
  readonly storageSettleSeconds: number | undefined;
  readonly caBundle: string | undefined;
  readonly registerUrl: string | undefined;
  readonly facts: string | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsCaFile: string | undefined;
}

export interface KeepingChoice {
  readonly service: ServiceName;
  readonly profile: WebhookProfile;
  /** Called instead of the Service. */
  readonly webhookUrl: URL | null;
  /** As a part of names of objects. */
  readonly replica: string;
  readonly trust: TrustChoice;
  /** How long a storage version is in force before what is written is taken to be stored in it. */
  readonly storageSettleSeconds: number;
}

export type TrustChoice =
  /** An authority of our own. */
  | {
      readonly kind: "self-managed";
      readonly authorityHours: number;
      readonly certificateHours: number;
      readonly rotationHoldSeconds: number;
    }
  /** Certificates come as files; `path`: what is to be trusted. */
  | { readonly kind: "file"; readonly path: string; readonly rotationHoldSeconds: number }
  /** Certificates come as files, and somebody else writes `caBundle`. */
  | { readonly kind: "external"; readonly rotationHoldSeconds: number };

/** Null without `--keep-installed`. @throws CommandError */
export function chooseKeeping(flags: KeepingFlags): KeepingChoice | null {
  const service = flags.keepInstalled;
  if (service === undefined) {
    if (flags.webhookUrl !== undefined) {
      throw incomplete(
        "--webhook-url goes with --keep-installed; --register-url registers a server for as long as it runs on a developer's machine",
      );
    }
    if (flags.caBundle !== undefined) {
      throw incomplete("--ca-bundle goes with --keep-installed; with --register-url, give --tls-ca-file");
    }
    const idle = KEEPING_ONLY.find(({ of }) => flags[of] !== undefined);
    if (idle !== undefined) throw incomplete(`${idle.flag} goes with --keep-installed, and does nothing without`);
    return null;
  }
  if (flags.registerUrl !== undefined) {
    throw conflicting(
      "--keep-installed and --register-url write the same webhook configurations: give one of them, and with --keep-installed --webhook-url where the API server shall call a URL",
    );
  }
  if (flags.facts !== undefined) {
    throw conflicting("--keep-installed needs a cluster, which --facts stands in for: give one of them");
  }
  return {
    service,
    profile: flags.webhookProfile ?? "staged",
    webhookUrl: flags.webhookUrl === undefined ? null : parseWebhookUrl(flags.webhookUrl),
    replica: replicaName(flags.replica),
    trust: chooseTrust(flags),
    storageSettleSeconds: flags.storageSettleSeconds ?? SETTLE_MILLISECONDS / 1_000,
  };
}

const KEEPING_ONLY = [
  { flag: "--webhook-profile", of: "webhookProfile" },
  { flag: "--replica", of: "replica" },
  { flag: "--authority-hours", of: "authorityHours" },
  { flag: "--certificate-hours", of: "certificateHours" },
  { flag: "--rotation-hold-seconds", of: "rotationHoldSeconds" },
  { flag: "--storage-settle-seconds", of: "storageSettleSeconds" },
] as const satisfies readonly { readonly flag: string; readonly of: keyof KeepingFlags }[];

/** What `--register-url` and `--webhook-url` take, or null. */
export function parseHttpsUrl(text: string): URL | null {
  const url = URL.parse(text);
  return url?.protocol === "https:" && url.search === "" && url.hash === "" && url.username === "" ? url : null;
}

function parseWebhookUrl(text: string): URL {
  const url = parseHttpsUrl(text);
  if (url !== null) return url;
  throw new CommandError(
    EXIT.usage,
    "webhook-url-invalid",
    "--webhook-url takes https://HOST:PORT, as the API server reaches this server",
  );
}

function chooseTrust(flags: KeepingFlags): TrustChoice {
  const { tlsCertFile, tlsCaFile, caBundle } = flags;
  const { authorityHours = AUTHORITY_HOURS, certificateHours = CERTIFICATE_HOURS, rotationHoldSeconds = HOLD_SECONDS } = flags;
  if (tlsCertFile === undefined) {
    if (caBundle !== undefined) {
      throw incomplete(
        "--ca-bundle goes with --tls-cert-file: without it, crdguard makes its certificates and knows whom to trust",
      );
    }
    if (tlsCaFile !== undefined) throw incomplete("--tls-ca-file goes with --tls-cert-file and --tls-private-key-file");
    if (certificateHours > authorityHours) {
      throw conflicting(
        `--certificate-hours ${String(certificateHours)} is more than --authority-hours ${String(authorityHours)}: no certificate outlives the authority that signed it`,
      );
    }
    return { kind: "self-managed", authorityHours, certificateHours, rotationHoldSeconds };
  }
  if (caBundle === "external") return { kind: "external", rotationHoldSeconds };
  if (caBundle !== undefined && tlsCaFile !== undefined) {
    throw conflicting("--ca-bundle and --tls-ca-file both say what the API server shall trust: give one of them");
  }
  const path = caBundle ?? tlsCaFile;
  if (path === undefined) {
    throw incomplete(
      "--keep-installed with --tls-cert-file does not say what the API server shall trust: give --tls-ca-file, or --ca-bundle external where another writes caBundle",
    );
  }
  return { kind: "file", path, rotationHoldSeconds };
}

/** A year. */
const AUTHORITY_HOURS = 8_760;
/** A week. */
const CERTIFICATE_HOURS = 168;
/** Longer than an API server takes to see a changed configuration. */
const HOLD_SECONDS = 60;

/** 253 characters of an object's name, less those of `crdguard-replica-`. */
const LONGEST_REPLICA_NAME = 236;
const REPLICA_NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

/** A pod's name is a part of an object's name as it stands; a host's may have capitals and underscores. */
function replicaName(flag: string | undefined): string {
  if (flag !== undefined && (flag.length > LONGEST_REPLICA_NAME || !REPLICA_NAME.test(flag))) {
    throw new CommandError(
      EXIT.usage,
      "replica-name-invalid",
      `--replica ${JSON.stringify(flag)}: give what can stand in an object's name, small letters, digits, "-" and ".", at most ${String(LONGEST_REPLICA_NAME)} of them`,
    );
  }
  const name = flag ?? (process.env["POD_NAME"] || hostname());
  const plain = name
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]+/g, "-")
    .slice(0, LONGEST_REPLICA_NAME)
    .replaceAll(/^[-.]+|[-.]+$/g, "");
  return plain === "" ? "unnamed" : plain;
}

function incomplete(message: string): CommandError {
  return new CommandError(EXIT.usage, "flags-incomplete", message);
}

function conflicting(message: string): CommandError {
  return new CommandError(EXIT.usage, "flags-conflict", message);
}
