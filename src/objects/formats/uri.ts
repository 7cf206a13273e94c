/** @file URIs, as Go reads those of requests. */

/** An absolute URI or an absolute path. Source: Go, package net/url, ParseRequestURI. */
export function isRequestUri(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- Go refuses them
  if (text === "" || /[\u0000-\u001F\u007F]/.test(text)) return false;
  if (text === "*") return true;
  if (text.startsWith(":")) return false;
  const [, scheme = "", rest = text] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/su.exec(text) ?? [];
  const [beforeQuery = ""] = rest.split("?", 1);
  if (!beforeQuery.startsWith("/")) return scheme !== "";
  if (scheme !== "" && beforeQuery.startsWith("//")) {
    const [, authority = "", path = ""] = /^\/\/([^/]*)(.*)$/su.exec(beforeQuery) ?? [];
    return isAuthority(authority) && isEscaped(path);
  }
  return isEscaped(beforeQuery);
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf("@");
  if (at !== -1) {
    const user = authority.slice(0, at);
    if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user) || !isEscaped(user)) return false;
  }
  return isHost(authority.slice(at + 1));
}

function isHost(host: string): boolean {
  const open = host.lastIndexOf("[");
  if (open === 0) {
    const close = host.lastIndexOf("]");
    if (close === -1 || !/^(?::\d*)?$/.test(host.slice(close + 1))) return false;
    return isHostText(host.slice(0, close + 1).replace(/%25.*\]$/su, "]"));
  }
  if (open > 0) return false;
  const colon = host.indexOf(":");
  if (colon !== -1 && !/^:\d*$/.test(host.slice(host.lastIndexOf(":")))) return false;
  return isHostText(host);
}

/** Percent stands for bytes beyond ASCII alone. */
function isHostText(host: string): boolean {
  return /^(?:[A-Za-z0-9._~!$&'()*+,;=:[\]<>"-]|%[89a-fA-F][0-9a-fA-F]|[^\0-\u007F])*$/u.test(host);
}
