/** @file IP addresses and networks. Source: k8s.io/apiserver/pkg/cel/library/ip.go and cidr.go; Go, net/netip. */
import { isIPv4, isIPv6 } from "node:net";
import { kindOf, one, text, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { CelFailure, Opaque } from "../values/value.ts";

class Ip extends Opaque {
  override readonly typeName = "net.IP";
  readonly family: 4 | 6;
  readonly bits: bigint;

  constructor(family: 4 | 6, bits: bigint) {
    super();
    this.family = family;
    this.bits = bits;
  }

  get length(): number {
    return this.family === 4 ? 32 : 128;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Ip && other.family === this.family && other.bits === this.bits;
  }

  /** The first of its bits are those of the network. */
  isIn(family: 4 | 6, network: bigint, prefix: number): boolean {
    return family === this.family && this.bits >> BigInt(this.length - prefix) === network;
  }

  text(): string {
    if (this.family === 4) return groups(this.bits, 4, 8).join(".");
    const words = groups(this.bits, 8, 16).map((word) => word.toString(16));
    const run = longestZeros(words);
    if (run.length < 2) return words.join(":");
    return `${words.slice(0, run.start).join(":")}::${words.slice(run.start + run.length).join(":")}`;
  }
}

class Cidr extends Opaque {
  override readonly typeName = "net.CIDR";
  readonly address: Ip;
  readonly prefix: number;

  constructor(address: Ip, prefix: number) {
    super();
    this.address = address;
    this.prefix = prefix;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Cidr && other.prefix === this.prefix && this.address.equals(other.address);
  }

  contains(address: Ip): boolean {
    const rest = BigInt(this.address.length - this.prefix);
    return address.isIn(this.address.family, this.address.bits >> rest, this.prefix);
  }
}

const ip = kindOf(Ip);
const cidr = kindOf(Cidr);

export const IP: Library = {
  "ip/1": [one(text, parseIp)],
  "isIP/1": [one(text, (value) => isParsed(() => parseIp(value)))],
  "ip.isCanonical/1": [one(text, (value) => parseIp(value).text() === value)],
  ".family/1": [one(ip, ({ family }) => BigInt(family))],
  ".isUnspecified/1": [one(ip, ({ bits }) => bits === 0n)],
  ".isLoopback/1": [one(ip, isLoopback)],
  ".isLinkLocalMulticast/1": [
    one(
      ip,
      (address) => address.isIn(4, 0xe00000n, 24) || (address.family === 6 && ((address.bits >> 112n) & 0xff0fn) === 0xff02n),
    ),
  ],
  ".isLinkLocalUnicast/1": [one(ip, isLinkLocalUnicast)],
  ".isGlobalUnicast/1": [one(ip, isGlobalUnicast)],
  "cidr/1": [one(text, parseCidr)],
  "isCIDR/1": [one(text, (value) => isParsed(() => parseCidr(value)))],
  ".containsIP/2": [
    two(cidr, ip, (network, address) => network.contains(address)),
    two(cidr, text, (network, address) => network.contains(parseIp(address))),
  ],
  ".containsCIDR/2": [
    two(cidr, cidr, containsNetwork),
    two(cidr, text, (network, other) => containsNetwork(network, parseCidr(other))),
  ],
  ".ip/1": [one(cidr, ({ address }) => address)],
  ".prefixLength/1": [one(cidr, ({ prefix }) => BigInt(prefix))],
  ".masked/1": [
    one(cidr, ({ address, prefix }) => {
      const rest = BigInt(address.length - prefix);
      return new Cidr(new Ip(address.family, (address.bits >> rest) << rest), prefix);
    }),
  ],
  "string/1": [one(ip, (address) => address.text()), one(cidr, ({ address, prefix }) => `${address.text()}/${prefix}`)],
};

function isLoopback(address: Ip): boolean {
  return address.isIn(4, 127n, 8) || (address.family === 6 && address.bits === 1n);
}

function isLinkLocalUnicast(address: Ip): boolean {
  return address.isIn(4, 0xa9fen, 16) || address.isIn(6, 0xfe80n >> 6n, 10);
}

function isGlobalUnicast(address: Ip): boolean {
  const isMulticast = address.isIn(4, 0xen, 4) || address.isIn(6, 0xffn, 8);
  const isBroadcast = address.family === 4 && address.bits === 0xffffffffn;
  return address.bits !== 0n && !isBroadcast && !isMulticast && !isLoopback(address) && !isLinkLocalUnicast(address);
}

function containsNetwork(network: Cidr, other: Cidr): boolean {
  return network.prefix <= other.prefix && network.contains(other.address);
}

/** @throws CelFailure for a zone, an IPv4 address within IPv6, and what is none. */
function parseIp(value: string): Ip {
  if (isIPv4(value)) return new Ip(4, joined(value.split(".").map(Number), 8n));
  if (!isIPv6(value)) throw new CelFailure(`IP Address ${JSON.stringify(value)} parse error during conversion from string`);
  if (value.includes("%")) throw new CelFailure(`IP address ${JSON.stringify(value)} with zone value is not allowed`);
  const address = new Ip(6, joined(wordsOf(value), 16n));
  if (address.bits >> 32n === 0xffffn) throw new CelFailure(`IPv4-mapped IPv6 address ${JSON.stringify(value)} is not allowed`);
  return address;
}

/** @throws CelFailure for what is none. */
function parseCidr(value: string): Cidr {
  const match = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(value);
  if (match === null) throw networkFailure();
  const [, addressText = "", prefixText = ""] = match;
  let address: Ip;
  try {
    address = parseIp(addressText);
  } catch (error) {
    throw error instanceof CelFailure ? networkFailure() : error;
  }
  const prefix = Number(prefixText);
  if (prefix > address.length) throw networkFailure();
  return new Cidr(address, prefix);
}

function networkFailure(): CelFailure {
  return new CelFailure("network address parse error during conversion from string");
}

function isParsed(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof CelFailure) return false;
    throw error;
  }
}

function wordsOf(value: string): readonly number[] {
  const [head = "", tail] = value.split("::");
  const before = wordsIn(head);
  if (tail === undefined) return before;
  const after = wordsIn(tail);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

/** An IPv4 address at the end is two words. */
function wordsIn(part: string): readonly number[] {
  if (part === "") return [];
  return part.split(":").flatMap((word) => {
    if (!word.includes(".")) return [Number.parseInt(word, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = word.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n);
}

function groups(bits: bigint, count: number, width: number): readonly bigint[] {
  return Array.from({ length: count }, (_, index) => BigInt.asUintN(width, bits >> BigInt(width * (count - 1 - index))));
}

/** Source: RFC 5952, section 4.2: the first of the longest runs. */
function longestZeros(words: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
