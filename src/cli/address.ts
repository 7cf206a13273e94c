/** @file Reads HOST:PORT. */
import { InvalidArgumentError } from "commander";
import type { Address } from "../admission/guard.ts";

/** `127.0.0.1:8443`, `[::1]:8443`, `:8443` (all addresses); port 0 stands for a free one. */
export function parseAddress(value: string): Address {
  const match = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(value);
  const port = Number(match?.groups?.["port"]);
  if (match?.groups === undefined || port > 65_535) throw new InvalidArgumentError("give HOST:PORT, for example 127.0.0.1:8443.");
  const host = match.groups["ipv6"] ?? match.groups["host"] ?? "";
  return { host: host === "" ? "0.0.0.0" : host, port };
}
