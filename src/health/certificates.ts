/** @file How long the certificates of a webhook last. */
import type { CertificateSpan, EndpointEvidence } from "./facts.ts";
import type { CheckedCertificate } from "./finding.ts";

/**
 * The certificate that ends the soonest: that of the server where it was seen, and of the authorities the one that lasts the
 * longest, since one that is trusted is enough while they are exchanged. Null where none is known.
 */
export function soonestEnd({ served, authorities }: EndpointEvidence, nowMilliseconds: number): CheckedCertificate | null {
  const lasting =
    authorities.kind === "read" ? authorities.certificates.toSorted((left, right) => endOf(right) - endOf(left))[0] : undefined;
  const known = [
    ...(served.kind === "seen" ? [checked("server", served.certificate, nowMilliseconds)] : []),
    ...(lasting === undefined ? [] : [checked("authority", lasting, nowMilliseconds)]),
  ];
  return known.toSorted((left, right) => endOf(left.certificate) - endOf(right.certificate))[0] ?? null;
}

export function isExpired({ certificate }: CheckedCertificate, nowMilliseconds: number): boolean {
  return endOf(certificate) <= nowMilliseconds;
}

/**
 * Little is left, and whoever renews it has missed the time to: cert-manager and most others renew when a third of the
 * lifetime is left. Of certificates that live for days, a fifth of the lifetime counts; of those that live for years, two weeks.
 */
export function isEnding({ certificate }: CheckedCertificate, nowMilliseconds: number): boolean {
  const lifetime = endOf(certificate) - Date.parse(certificate.notBefore);
  return endOf(certificate) - nowMilliseconds < Math.min(lifetime / 5, TWO_WEEKS_MILLISECONDS);
}

const DAY_MILLISECONDS = 24 * 60 * 60 * 1_000;
const TWO_WEEKS_MILLISECONDS = 14 * DAY_MILLISECONDS;

function checked(of: CheckedCertificate["of"], certificate: CertificateSpan, nowMilliseconds: number): CheckedCertificate {
  return { of, certificate, daysLeft: Math.floor((endOf(certificate) - nowMilliseconds) / DAY_MILLISECONDS) };
}

function endOf({ notAfter }: CertificateSpan): number {
  return Date.parse(notAfter);
}
