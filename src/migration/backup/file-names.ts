/** @file Names of objects as names of files: safe on every file system, and no two alike. */
import { createHash } from "node:crypto";

export interface ObjectName {
  /** Empty where the scope is the cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** Below the folder of all objects of a CRD, with slashes: `mill/lathe.yaml`, or `lathe.yaml` where the scope is the cluster. */
export function objectPath({ namespace, name }: ObjectName): string {
  const file = `${safeSegment(name)}${EXTENSION}`;
  return namespace === "" ? file : `${safeSegment(namespace)}/${file}`;
}

/**
 * One segment of a path, whatever stands in the name: small letters, digits, `-`, `_` and `.` stay, and each other byte becomes `%` and two
 * hexadecimal digits, so that names that differ in case alone differ on file systems that know no case too. An API server of 1.35 takes names
 * of DNS alone for custom resources, up to 253 characters, which with an extension are too many for a file; a tampered index may hold anything.
 */
export function safeSegment(name: string): string {
  const isDevice = DEVICE.test(name);
  let segment = "";
  let index = 0;
  for (const character of name) {
    const isEdge = index === 0 || index === name.length - 1;
    const stays = PLAIN.test(character) || (PLAIN_INSIDE.test(character) && !isEdge);
    segment += stays && !(isDevice && index === 0) ? character : percentEncoded(character);
    index += character.length;
  }
  return segment.length <= LONGEST ? segment : `${segment.slice(0, CUT)}%~${createHash("sha256").update(name).digest("hex")}`;
}

const EXTENSION = ".yaml";

const PLAIN = /^[a-z0-9_]$/;

/** A dot in front hides a file or leads out of its folder, one at the end is dropped by Windows; a dash in front reads as an option. */
const PLAIN_INSIDE = /^[.-]$/;

/** What Windows takes for a device, whatever follows after a dot. Source: Microsoft, "Naming Files, Paths, and Namespaces". */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** Of 255 bytes that ext4, APFS and NTFS have room for, less the extension. */
const LONGEST = 255 - EXTENSION.length;

/** Leaves room for the hash and the mark before it, which no other name has: `%` is followed by digits there. */
const CUT = LONGEST - 64 - 2;

function percentEncoded(character: string): string {
  return [...Buffer.from(character, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
