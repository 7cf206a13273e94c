/** @file Reads the hosts that a certificate shall speak for, into what its subject alternative names can hold. */
import { isIP } from "node:net";

/** `value` as a certificate holds it: an IPv6 address without brackets, a DNS name in lower case without the last dot. */
export type Host = { readonly kind: "dns"; readonly value: string } | { readonly kind: "ip"; readonly value: string };

export interface HostError {
  readonly code: "host-missing" | "host-malformed";
  readonly message: string;
}

export type HostsResult =
  { readonly ok: true; readonly value: readonly Host[] } | { readonly ok: false; readonly error: HostError };

/**
 * Go's verifier, which is the API server's, compares an address only with IP entries and a name only with DNS entries, and
 * ignores the common name: each host must therefore become an entry of the right kind. Repeated hosts are kept once.
 */
export function parseHosts(hosts: readonly string[]): HostsResult {
  if (hosts.length === 0) {
    return failure(
      "host-missing",
      "a certificate that names no host is accepted by no API server: name at least one host or address",
    );
  }
  const parsed = new Map<string, Host>();
  for (const text of hosts) {
    const host = parseHost(text);
    if (host === null) return failure("host-malformed", `${JSON.stringify(text)} is neither a DNS name nor an IP address`);
    parsed.set(host.value, host);
  }
  return { ok: true, value: [...parsed.values()] };
}

/** Labels of RFC 1123, which is what Kubernetes names are made of; a wildcard stands for the whole first label or not at all. */
const DNS_NAME = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** RFC 1035 allows 255 octets on the wire, which leaves 253 characters in text. */
const MAX_DNS_NAME_CHARACTERS = 253;

/** No top-level domain is a number; a name that ends in one is an address with a slip in it, such as `10.0.0.256` or `10.0.1`. */
const ENDS_IN_NUMBER = /(?:^|\.)[0-9]+$/;

function parseHost(text: string): Host | null {
  const address = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  // An address with a zone (`fe80::1%eth0`) means something on one machine only, and no certificate can hold it.
  if (isIP(address) !== 0) return address.includes("%") ? null : { kind: "ip", value: address };

  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.length > MAX_DNS_NAME_CHARACTERS || !DNS_NAME.test(name) || ENDS_IN_NUMBER.test(name)) return null;
  return { kind: "dns", value: name };
}

function failure(code: HostError["code"], message: string): HostsResult {
  return { ok: false, error: { code, message } };
}
