/** @file Makes an authority and a serving pair for the webhook server: `npm run certs:make -- --out certs`. */
import { randomUUID } from "node:crypto";
import { access, chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHosts } from "../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate, type KeyAndCertificate } from "../src/certificates/issue.ts";
import { parseKey } from "../src/certificates/serving-pair.ts";
import { codeOf, FILES, readChain, readPem } from "./certificate-folder.ts";
import { EXIT, type ExitStatus, readFlags, requireKubernetesName, runScript, ScriptError } from "./script.ts";

const HELP = `Makes ca.crt, ca.key, tls.crt and tls.key for the webhook server.

  npm run certs:make -- --out DIR [flags]

  --out DIR          folder to write to; made if it is missing
  --namespace NAME   namespace of the Service (crdguard)
  --service NAME     name of the Service (crdguard)
  --host HOST        a further name or address to answer to; may be given again
  --days N           days that the serving certificate is valid (365)
  --ca-days N        days that the authority is valid (3650)
  --renew            sign a new serving pair with the ca.crt and ca.key in DIR; clients that trust them need no change
  --force            replace files that are there, the authority too
`;

async function makeCerts(): Promise<ExitStatus> {
  const flags = readFlags({
    options: {
      out: { type: "string" },
      namespace: { type: "string", default: "crdguard" },
      service: { type: "string", default: "crdguard" },
      host: { type: "string", multiple: true, default: [] },
      days: { type: "string", default: "365" },
      "ca-days": { type: "string", default: "3650" },
      renew: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (flags.out === undefined || flags.out === "") throw new ScriptError(EXIT.usage, "--out DIR is missing (--help tells more)");
  if (flags.renew && flags.force) {
    throw new ScriptError(EXIT.usage, "--renew keeps the authority and --force replaces it: give one of them");
  }
  const hosts = parseHosts([
    ...serviceHosts(requireKubernetesName("--service", flags.service), requireKubernetesName("--namespace", flags.namespace)),
    ...flags.host,
  ]);
  if (!hosts.ok) throw new ScriptError(EXIT.usage, `--host: ${hosts.error.message}`);
  const days = readDays("--days", flags.days);
  const caDays = readDays("--ca-days", flags["ca-days"]);
  if (!flags.renew && days > caDays) {
    throw new ScriptError(
      EXIT.usage,
      `--days ${String(days)} outlives the authority (--ca-days ${String(caDays)}), which would end it early`,
    );
  }

  const folder = flags.out;
  if (!flags.renew && !flags.force) await refuseToOverwrite(folder);
  const now = new Date();
  const authority = flags.renew
    ? await readAuthority(folder, now, days)
    : await issueAuthority(authorityName(), { days: caDays, now });
  const pair = await issueServingCertificate(hosts.value, { days, now }, authority);
  await writeAll(folder, [
    ...(flags.renew ? [] : [keyFile(FILES.caKey, authority.key), certFile(FILES.caCert, authority.cert)]),
    keyFile(FILES.key, pair.key),
    certFile(FILES.cert, pair.cert),
  ]);
  process.stdout.write(`${folder}: ${flags.renew ? "tls.crt and tls.key" : "ca.crt, ca.key, tls.crt and tls.key"} for `);
  process.stdout.write(`${hosts.value.map(({ value }) => value).join(", ")}; valid for ${String(days)} days\n`);
  return EXIT.ok;
}

/** The API server calls `<service>.<namespace>.svc` (k8s.io/apiserver, pkg/util/webhook); the longer one is for people with curl. */
function serviceHosts(service: string, namespace: string): readonly string[] {
  return [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
}

/** Ten years in days are 3,650; much more than a lifetime is a slip of the finger, and years beyond 9999 do not encode. */
const MAX_DAYS = 36_500;

function readDays(flag: string, text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= MAX_DAYS) return days;
  throw new ScriptError(EXIT.usage, `${flag} ${JSON.stringify(text)} is no number of days from 1 to ${String(MAX_DAYS)}`);
}

/**
 * A name of its own for each: OpenSSL looks authorities up by name, and while one replaces another both are trusted, so
 * that under the same name it may try the wrong one and give up.
 */
function authorityName(): string {
  return `crdguard authority ${randomUUID().slice(0, 8)}`;
}

async function refuseToOverwrite(folder: string): Promise<void> {
  for (const file of Object.values(FILES)) {
    const path = join(folder, file);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    throw new ScriptError(
      EXIT.usage,
      `${path} is there already: --renew makes a new serving pair by the same authority, --force replaces everything`,
    );
  }
}

async function readAuthority(folder: string, now: Date, days: number): Promise<KeyAndCertificate> {
  const pem = await readPem(folder, FILES.caCert);
  const key = await readPem(folder, FILES.caKey);
  const path = join(folder, FILES.caCert);
  const privateKey = parseKey(key);
  if (privateKey === null)
    throw new ScriptError(EXIT.usage, `${join(folder, FILES.caKey)} does not hold an unencrypted PEM private key`);
  if (privateKey.asymmetricKeyType !== "ec" || privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new ScriptError(
      EXIT.usage,
      `${join(folder, FILES.caKey)} is no P-256 key, the only kind that certs:make makes: sign with the tool that made it`,
    );
  }
  // There may be others beside it, which are still trusted while one authority replaces another.
  const authority = readChain(pem, path).find((each) => each.checkPrivateKey(privateKey));
  if (authority === undefined) throw new ScriptError(EXIT.usage, `${path} holds no certificate of ${join(folder, FILES.caKey)}`);
  if (authority.validToDate.getTime() < now.getTime() + days * 24 * 60 * 60_000) {
    throw new ScriptError(
      EXIT.usage,
      `${path} ends at ${authority.validToDate.toISOString()}, before a serving certificate of ${String(days)} days would: take fewer --days, or replace the authority`,
    );
  }
  return { cert: authority.toString(), key };
}

interface FileToWrite {
  readonly file: string;
  readonly text: string;
  readonly mode: number;
}

function certFile(file: string, text: string): FileToWrite {
  return { file, text, mode: 0o644 };
}

function keyFile(file: string, text: string): FileToWrite {
  return { file, text, mode: 0o600 };
}

/** Each file is whole or not there, and a key is never readable by others, not even for the moment before a chmod. */
async function writeAll(folder: string, files: readonly FileToWrite[]): Promise<void> {
  const written: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const { file, text, mode } of files) {
      const draft = join(folder, `.${file}.${randomUUID()}`);
      written.push(draft);
      await writeFile(draft, text, { mode, flag: "wx" });
      // The umask may have taken bits from a certificate's mode; it never adds any to a key's.
      await chmod(draft, mode);
    }
    for (const [index, { file }] of files.entries()) await rename(written[index] ?? "", join(folder, file));
  } catch (error) {
    await Promise.all(written.map(async (draft) => rm(draft, { force: true })));
    throw new ScriptError(EXIT.usage, `${folder} cannot be written to (${codeOf(error)})`);
  }
}

// Last, since the constants above must have their values by then.
await runScript("certs:make", makeCerts);
