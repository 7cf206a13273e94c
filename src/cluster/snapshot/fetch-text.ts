/** @file Fetches a manifest by its URL, and not from networks that only the machine itself can see. */
import { lookup, type LookupAddress } from "node:dns";
import { type IncomingMessage, request as plainRequest, type RequestOptions } from "node:http";
import { request as secureRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

export type UrlErrorCode = "url-private" | "url-unreadable";

export type FetchResult =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: { readonly code: UrlErrorCode; readonly message: string } };

/** Of an IPv4 or IPv6 address. */
export type AddressTest = (address: string) => boolean;

/** Of a private network, or of the machine itself. */
export function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** For messages: a log of a pipeline is no place for a password. */
export function withoutCredentials(url: string): string {
  return url.replace(/^(?<scheme>https?:\/\/)[^/?#]*@/i, "$<scheme>");
}

/**
 * Follows redirects. A pipeline runs where a cluster's own network and a cloud's metadata can be reached, and what it is told
 * to fetch may come from a pull request: each address, that of a redirect too, is looked at when it is connected to, so that
 * a name cannot turn into another address in between. Never rejects.
 * @param isRefused of each address that a name stands for; `isPrivate` as a rule.
 */
export async function fetchText(url: string, isRefused: AddressTest): Promise<FetchResult> {
  const deadline = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  let target = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    if (!URL.canParse(target)) return unreadable(url, "not a URL");
    const hop = await fetchOnce(new URL(target), isRefused, deadline);
    if (hop.kind === "failed")
      return { ok: false, error: { code: hop.code, message: `${withoutCredentials(url)}: ${hop.reason}` } };
    if (hop.kind === "text") return { ok: true, value: hop.text };
    if (!URL.canParse(hop.location, target)) return unreadable(url, "it redirects to what is not a URL");
    const next = new URL(hop.location, target);
    if (next.protocol !== "https:" && (next.protocol !== "http:" || target.startsWith("https:"))) {
      return unreadable(url, `it redirects to ${next.protocol}//, which is not followed`);
    }
    target = next.href;
  }
  return unreadable(url, `it redirects more than ${String(MAX_REDIRECTS)} times`);
}

/** The largest release of CRDs that is known has 5 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const TIMEOUT_MILLISECONDS = 30_000;

type Hop =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "failed"; readonly code: UrlErrorCode; readonly reason: string };

async function fetchOnce(url: URL, isRefused: AddressTest, signal: AbortSignal): Promise<Hop> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Of an address, no name is looked up.
  if (isIP(host) !== 0 && isRefused(host)) return refused(host);
  try {
    const response = await open(url, { signal, lookup: lookupUnless(isRefused) });
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status >= 300 && status < 400 && location !== undefined) {
      response.destroy();
      return { kind: "redirect", location };
    }
    if (status !== 200) {
      response.destroy();
      return failed(`the server answered ${String(status)}`);
    }
    const text = await readBounded(response);
    return text === null ? failed(`more than ${String(MAX_BYTES / 1024 / 1024)} MiB`) : { kind: "text", text };
  } catch (error) {
    if (error instanceof PrivateAddress) return refused(error.address);
    if (signal.aborted) return failed(`no answer within ${String(TIMEOUT_MILLISECONDS / 1000)} s`);
    return failed(error instanceof Error && error.message !== "" ? error.message : "cannot be reached");
  }
}

function open(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const send = url.protocol === "https:" ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    send(url, { ...options, agent: false, headers: { accept: "*/*", "user-agent": "crdguard" } }, resolve)
      .on("error", reject)
      .end();
  });
}

async function readBounded(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

class PrivateAddress extends Error {
  readonly address: string;
  constructor(address: string) {
    super(`${address} is private`);
    this.address = address;
  }
}

/** Refuses a name of which any address is refused: which of them will be connected to is not ours to say. */
function lookupUnless(isRefused: AddressTest): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: readonly LookupAddress[]) => {
      const inside = error === null ? addresses.find(({ address }) => isRefused(address)) : undefined;
      if (error !== null) callback(error, "", 0);
      else if (inside !== undefined) callback(new PrivateAddress(`${hostname} (${inside.address})`), "", 0);
      else if (options.all) callback(null, [...addresses]);
      else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 0);
    });
  };
}

/** Source: IANA IPv4 and IPv6 Special-Purpose Address Registries, "Globally Reachable: False", and multicast. */
const PRIVATE = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
]) {
  const [network = "", prefix] = range.split("/");
  PRIVATE.addSubnet(network, Number(prefix), "ipv4");
}
// The unspecified address and loopback; IPv4 by NAT64, which hides the address; unique local, link-local, multicast.
for (const range of ["::/127", "64:ff9b::/96", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "ff00::/8"]) {
  const [network = "", prefix] = range.split("/");
  PRIVATE.addSubnet(network, Number(prefix), "ipv6");
}

function refused(address: string): Hop {
  return {
    kind: "failed",
    code: "url-private",
    reason: `${address} is in a private network; --allow-private-urls fetches from there too`,
  };
}

function failed(reason: string): Hop {
  return { kind: "failed", code: "url-unreadable", reason };
}

function unreadable(url: string, reason: string): FetchResult {
  return { ok: false, error: { code: "url-unreadable", message: `${withoutCredentials(url)}: ${reason}` } };
}
