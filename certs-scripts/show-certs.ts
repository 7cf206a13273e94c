/** @file Tells what is in a certificate folder and whether it would work: `npm run certs:show -- --from certs`. */
import type { X509Certificate } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { alternativeNames, parseServingPair } from "../src/certificates/serving-pair.ts";
import { FILES, isSelfSigned, readChain, readPem, signerOf } from "./certificate-folder.ts";
import { EXIT, type ExitStatus, readFlags, runScript, ScriptError } from "./script.ts";

const HELP = `Shows the serving certificate and the authority in a folder. Exit status 1 if something is wrong with them.

  npm run certs:show -- --from DIR [flags]

  --from DIR    folder with tls.crt, tls.key and, unless tls.crt signs itself, ca.crt
  --days N      fewer days left than this count as wrong (0)
`;

async function showCerts(): Promise<ExitStatus> {
  const flags = readFlags({
    options: {
      from: { type: "string" },
      days: { type: "string", default: "0" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (flags.from === undefined || flags.from === "")
    throw new ScriptError(EXIT.usage, "--from DIR is missing (--help tells more)");
  if (!/^\d{1,6}$/.test(flags.days))
    throw new ScriptError(EXIT.usage, `--days ${JSON.stringify(flags.days)} is no number of days`);

  const folder = flags.from;
  const now = new Date();
  const cert = await readPem(folder, FILES.cert);
  const key = await readPem(folder, FILES.key);
  const certPath = join(folder, FILES.cert);
  const caPath = join(folder, FILES.caCert);
  const [leaf] = readChain(cert, certPath);
  if (leaf === undefined) throw new ScriptError(EXIT.usage, `${certPath} does not hold PEM certificates`);
  const signsItself = isSelfSigned(leaf);
  // A folder without ca.crt is fine where the certificate signs itself.
  const authorities = (await isThere(caPath)) || !signsItself ? readChain(await readPem(folder, FILES.caCert), caPath) : [leaf];
  const signer = signerOf(leaf, authorities);

  const judged = parseServingPair({ cert, key }, { certFile: certPath, keyFile: join(folder, FILES.key) }, now);
  const problems = [
    ...(judged.ok ? [] : [judged.error.message]),
    ...(signer === null ? [`${certPath} is not signed by ${caPath}: the API server would refuse it`] : []),
    ...(signer !== null && signer.validToDate < now
      ? [`${caPath} expired at ${signer.validToDate.toISOString()}: replace it`]
      : []),
    ...[leaf, ...(signer === null ? [] : [signer])]
      .filter((each) => each.validToDate >= now && daysLeft(each, now) < Number(flags.days))
      .map((each) => `${oneLine(each.subject)} has ${days(daysLeft(each, now))} left, less than ${flags.days}: renew it`),
  ];
  process.stdout.write(
    [
      certPath,
      ...describe(leaf, now),
      `  names        ${alternativeNames(leaf).join(", ") || "none"}`,
      `  signed by    ${signer === null ? `unknown (${oneLine(leaf.issuer)})` : signer === leaf || signsItself ? "itself" : oneLine(signer.subject)}`,
      `  key          ${keyLine(judged)}`,
      ...(signsItself ? [] : [caPath, ...authorities.flatMap((authority) => describe(authority, now))]),
      ...(problems.length === 0 ? ["ok"] : problems.map((problem) => `wrong: ${problem}`)),
      "",
    ].join("\n"),
  );
  return problems.length === 0 ? EXIT.ok : EXIT.problem;
}

function keyLine(judged: ReturnType<typeof parseServingPair>): string {
  if (!judged.ok && judged.error.code === "key-mismatch") return `${FILES.key} does not match`;
  if (!judged.ok && judged.error.code === "key-malformed") return `${FILES.key} cannot be read`;
  return `${FILES.key} matches`;
}

function describe(certificate: X509Certificate, now: Date): readonly string[] {
  const left = daysLeft(certificate, now);
  return [
    `  subject      ${oneLine(certificate.subject)}`,
    `  valid        ${certificate.validFromDate.toISOString()} to ${certificate.validToDate.toISOString()} (${left < 0 ? `expired ${days(-left)} ago` : `${days(left)} left`})`,
    `  fingerprint  ${certificate.fingerprint256}`,
  ];
}

/** Whole days; negative once it has expired. */
function daysLeft(certificate: X509Certificate, now: Date): number {
  return Math.floor((certificate.validToDate.getTime() - now.getTime()) / (24 * 60 * 60_000));
}

function days(count: number): string {
  return `${String(count)} ${count === 1 ? "day" : "days"}`;
}

/** Node writes one attribute a line. */
function oneLine(name: string): string {
  return name.split("\n").join(", ");
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

// Last, since the constants above must have their values by then.
await runScript("certs:show", showCerts);
