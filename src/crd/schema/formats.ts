/** @file The formats that the API server holds strings to; any other it ignores. */

/**
 * Formats that some API server since 1.25 knows. Of its list `password` is missing: any string is one. It knows no format of numbers.
 * Source: apiextensions-apiserver v0.35.4, pkg/apiserver/validation/formats.go, supportedVersionedFormats.
 */
const KNOWN: ReadonlySet<string> = new Set([
  "bsonobjectid",
  "uri",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "cidr",
  "mac",
  "uuid",
  "uuid3",
  "uuid4",
  "uuid5",
  "isbn",
  "isbn10",
  "isbn13",
  "creditcard",
  "ssn",
  "hexcolor",
  "rgbcolor",
  "byte",
  "date",
  "duration",
  "datetime",
  "k8sshortname",
  "k8slongname",
]);

/** The name under which the API server knows it, for which dashes do not count (`date-time`); null where it checks nothing. */
export function checkedFormat(format: string | null): string | null {
  if (format === null) return null;
  const name = format.replaceAll("-", "");
  return KNOWN.has(name) ? name : null;
}
