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

/** Of 6, 8 or 20 bytes; without marks between them since Go 1.26. Source: Go, package net, ParseMAC. */
export function isMac(text: string): boolean {
  const isKnown = MAC_FORMS.some((form) => form.test(text));
  return isKnown && [6, 8, 20].includes(text.replaceAll(/[:.-]/g, "").length / 2);
}

const MAC_FORMS = [
  /^[0-9a-f]{2}(?::[0-9a-f]{2})+$/i,
  /^[0-9a-f]{2}(?:-[0-9a-f]{2})+$/i,
  /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i,
  /^(?:[0-9a-f]{2})+$/i,
];

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
