/** @file URLs, read as Go does. Source: k8s.io/apiserver/pkg/cel/library/urls.go; Go, net/url. */
import { isIPv6 } from "node:net";
import { kindOf, one, text } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { MadeList, MadeMap } from "../values/collections.ts";
import { CelFailure, NotEvaluated, Opaque } from "../values/value.ts";
import type { MapValue, Value } from "../values/value.ts";

interface UrlParts {
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  /** As written. */
  readonly path: string;
  readonly query: string;
}

class Url extends Opaque {
  override readonly typeName = "kubernetes.URL";
  readonly raw: string;
  readonly parts: UrlParts;

  constructor(raw: string, parts: UrlParts) {
    super();
    this.raw = raw;
    this.parts = parts;
  }

  override equals(other: Opaque): boolean {
    if (other instanceof Url && other.raw === this.raw) return true;
    throw new NotEvaluated("it compares URLs that are written differently");
  }
}

const url = kindOf(Url);

export const URLS: Library = {
  "url/1": [
    one(text, (raw) => {
      parse(raw, true);
      const [beforeFragment = "", ...fragment] = raw.split("#");
      unescaped(fragment.join("#"));
      return new Url(raw, parse(beforeFragment, false));
    }),
  ],
  "isURL/1": [one(text, isUrl)],
  ".getScheme/1": [one(url, ({ parts }) => parts.scheme)],
  ".getHost/1": [one(url, ({ parts }) => parts.host)],
  ".getHostname/1": [one(url, ({ parts }) => hostAndPort(parts.host).name)],
  ".getPort/1": [one(url, ({ parts }) => hostAndPort(parts.host).port)],
  ".getEscapedPath/1": [one(url, ({ parts }) => escapedPath(parts.path))],
  ".getQuery/1": [one(url, ({ parts }) => queryOf(parts.query))],
};

/** An absolute URL, or an absolute path. */
export function isUrl(raw: string): boolean {
  try {
    parse(raw, true);
    return true;
  } catch (error) {
    if (error instanceof CelFailure) return false;
    throw error;
  }
}

function invalid(why: string): CelFailure {
  return new CelFailure(`URL parse error during conversion from string: ${why}`);
}

/** @throws CelFailure for what is none. */
function parse(raw: string, isRequest: boolean): UrlParts {
  if (hasControlCharacter(raw)) throw invalid("invalid control character in URL");
  if (raw === "" && isRequest) throw invalid("empty url");
  if (raw === "*") return { scheme: "", host: "", path: "*", query: "" };
  if (raw.startsWith(":")) throw invalid("missing protocol scheme");
  const scheme = /^([A-Za-z][A-Za-z\d+.-]*):/.exec(raw)?.[1] ?? "";
  const [rest = "", ...queries] = raw.slice(scheme === "" ? 0 : scheme.length + 1).split("?");
  const query = queries.join("?");
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { scheme: scheme.toLowerCase(), host: "", path: "", query };
    if (isRequest) throw invalid("invalid URI for request");
    if ((rest.split("/")[0] ?? "").includes(":")) throw invalid("first path segment in URL cannot contain colon");
  }
  let host = "";
  let path = rest;
  if ((scheme !== "" || (!isRequest && !rest.startsWith("///"))) && rest.startsWith("//")) {
    const end = rest.indexOf("/", 2);
    host = parseAuthority(scheme.toLowerCase(), rest.slice(2, end < 0 ? undefined : end));
    path = end < 0 ? "" : rest.slice(end);
  }
  unescaped(path);
  return { scheme: scheme.toLowerCase(), host, path, query };
}

function hasControlCharacter(raw: string): boolean {
  return Array.from(raw).some((character) => character < " " || character === "\x7f");
}

function parseAuthority(scheme: string, authority: string): string {
  const at = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(at, 0));
  if (!/^[\w.~!$&'()*+,;=%@:-]*$/.test(user)) throw invalid("invalid userinfo");
  unescaped(user);
  return parseHost(scheme, authority.slice(at + 1));
}

function parseHost(scheme: string, host: string): string {
  if (host.startsWith("[")) {
    const address = /^\[([^\]]*)\](:\d*)?$/.exec(host)?.[1];
    // What else Go takes between brackets differs by its version.
    if (address === undefined || !isIPv6(address) || address.includes("%"))
      throw new NotEvaluated("it meets a URL with an unusual host");
    return host;
  }
  if (host.includes("[")) throw invalid("invalid IP-literal");
  const colon = host.lastIndexOf(":");
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon)))
    throw invalid(`invalid port ${JSON.stringify(host.slice(colon))} after host`);
  // Whether it takes several colons differs by its version, too.
  if (colon !== host.indexOf(":") && scheme.startsWith("http")) throw new NotEvaluated("it meets a URL with an unusual host");
  // Only what is not ASCII may be escaped in a host.
  if (/%(?![89A-Fa-f][\dA-Fa-f]|25)/.test(host)) throw invalid("invalid URL escape");
  const bad = /[^\w.~!$&'()*+,;=:\]<>"%\u{80}-\u{10ffff}-]/u.exec(host)?.[0];
  if (bad !== undefined) throw invalid(`invalid character ${JSON.stringify(bad)} in host name`);
  return unescaped(host);
}

function hostAndPort(host: string): { readonly name: string; readonly port: string } {
  const [, name = host, port = ""] = /^(.*):(\d*)$/.exec(host) ?? [];
  return { name: /^\[.*\]$/.test(name) ? name.slice(1, -1) : name, port };
}

/** @throws CelFailure for a `%` without two digits. */
function unescaped(part: string): string {
  if (/%(?![\dA-Fa-f]{2})/.test(part)) throw invalid("invalid URL escape");
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new NotEvaluated("it meets a URL with escapes that are no UTF-8", { cause: error });
  }
}

/** What needs no escape stays as it is written. */
function escapedPath(path: string): string {
  if (/^[\w.~!$&'()*+,;=:@/%[\]-]*$/.test(path)) return path;
  return encodeURI(unescaped(path)).replaceAll(
    /[!'()*?#[\]]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What is not written well is left out. */
function queryOf(query: string): MapValue {
  const entries = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "" || pair.includes(";") || /%(?![\dA-Fa-f]{2})/.test(pair)) continue;
    const [key = "", ...value] = pair.split("=").map((part) => unescaped(part.replaceAll("+", " ")));
    entries.set(key, [...(entries.get(key) ?? []), value.join("=")]);
  }
  const made = [...entries].map(([key, values]) => [`s${key}`, [key, new MadeList(values)]] as const);
  return new MadeMap(new Map<string, readonly [Value, Value]>(made));
}
