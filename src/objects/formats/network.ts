/** @file Addresses, as Go and Kubernetes read them. */
import { isIPv6 } from "node:net";

/** Also an IPv6 address that ends in one. Zeros may lead. Source: strfmt/default.go, isIPv4; k8s.io/utils/net, ParseIPSloppy. */
export function isIpv4(text: string): boolean {
  const mark = /[.:]/.exec(text)?.[0];
  return text.includes(".") && (mark === "." ? isSloppyIpv4(text) : isSloppyIpv6(text));
}

/** Source: govalidator, IsIPv6: net.ParseIP, which knows no zones. */
export function isIpv6(text: string): boolean {
  return text.includes(":") && !text.includes("%") && isIPv6(text);
}

/** Source: k8s.io/utils/net, ParseCIDRSloppy. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash === -1) return false;
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (!/^\d+$/.test(bits)) return false;
  if (isSloppyIpv4(address)) return Number(bits) <= 32;
  return isSloppyIpv6(address) && Number(bits) <= 128;
}

/** Of 6, 8 or 20 bytes. Source: Go, package net, ParseMAC. */
export function isMac(text: string): boolean {
  const isPairs = /^[0-9a-f]{2}(?::[0-9a-f]{2})+$/i.test(text) || /^[0-9a-f]{2}(?:-[0-9a-f]{2})+$/i.test(text);
  const byteCount = isPairs
    ? (text.length + 1) / 3
    : /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text)
      ? (2 * (text.length + 1)) / 5
      : 0;
  return byteCount === 6 || byteCount === 8 || byteCount === 20;
}

function isSloppyIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255);
}

/** Groups may have more than four digits, as long as zeros lead. */
function isSloppyIpv6(text: string): boolean {
  if (text.includes("%")) return false;
  const [, head = "", ipv4 = null] = /^(.*:)([^:]*\.[^:]*)$/.exec(text) ?? [];
  if (ipv4 !== null && !isSloppyIpv4(ipv4)) return false;
  const plain = ipv4 === null ? text : `${head}1.1.1.1`;
  return isIPv6(plain.replaceAll(/[0-9a-f]{5,}/gi, (group) => group.replace(/^0+(?=.{4})/, "")));
}
