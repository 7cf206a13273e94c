/** @file Names, patterns, formats and values that generated schemas and objects are made of; the simplest first. */
import { NumberText, type Written } from "./written.ts";

/** Names that JavaScript has a meaning for are what a careless look-up stumbles over. */
export const NAMES: readonly string[] = [
  "a",
  "b",
  "c",
  "name",
  "replicas",
  "kind",
  "x.y/z",
  "größe",
  "😀",
  "with space",
  "constructor",
  "toString",
  "__proto__",
  "length",
  "apiVersion",
  "a[0]",
];

export interface Pattern {
  /** RE2, as Go's regexp reads it. */
  readonly text: string;
  readonly matching: readonly [string, ...string[]];
}

export const PATTERNS: readonly Pattern[] = [
  { text: "^a*$", matching: ["", "a", "aaaa"] },
  { text: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", matching: ["a", "web-1", "0"] },
  { text: "b", matching: ["b", "abc", "😀b"] },
  { text: "^(?i)get|post$", matching: ["GET", "get it", "blogPOST"] },
  { text: "^\\pL+$", matching: ["ä", "größe", "abc"] },
  { text: "^.{2}$", matching: ["ab", "😀😀", "éa"] },
  { text: "^[[:alpha:]]{1,3}$", matching: ["a", "abc"] },
  { text: "^\\d+\\z", matching: ["0", "42"] },
  { text: "(?s)^a.b$", matching: ["a\nb", "axb"] },
  { text: "(?P<first>x)y|^$", matching: ["", "xy"] },
  { text: "^\\Qa.b\\E$", matching: ["a.b"] },
  { text: "^\\x{1F600}$", matching: ["😀"] },
  { text: "^(([^:/?#]+):)?(//([^/?#]*))?$", matching: ["", "https://host"] },
  { text: "\\s", matching: [" ", "a\tb"] },
  { text: "^\\w$", matching: ["_", "a"] },
];

export interface Format {
  readonly name: string;
  readonly valid: readonly [string, ...string[]];
  /** Or so one could think. */
  readonly doubtful: readonly string[];
}

/** Known ones and others; what is valid is for the API server to say. */
export const FORMATS: readonly Format[] = [
  {
    name: "date-time",
    valid: ["2024-02-29T12:00:00Z", "2024-01-01T00:00:00.5+01:00"],
    doubtful: [
      "2023-02-29T12:00:00Z",
      "2024-01-01",
      "2024-01-01t00:00:00z",
      "2024-01-01T25:00:00Z",
      "2024-01-01T00:00:60Z",
      "2024-01-01T00:00:00",
    ],
  },
  { name: "date", valid: ["2024-02-29"], doubtful: ["2023-02-29", "24-1-1", "2024-1-01"] },
  {
    name: "duration",
    valid: ["1s", "22 ns", "1h30m"],
    doubtful: ["1", "-1s", "1.5h", "3 weeks", "1 hours 2 minutes", "PT1S", "0", ""],
  },
  { name: "byte", valid: ["aGk=", ""], doubtful: ["aGk", "a", "aGk=\n", "-_8=", "!!!!"] },
  { name: "ipv4", valid: ["10.0.0.1"], doubtful: ["10.0.0.256", "010.0.0.1", "::1", "10.0.0"] },
  { name: "ipv6", valid: ["::1", "2001:db8::1"], doubtful: ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", ":::"] },
  { name: "cidr", valid: ["10.0.0.0/8", "fd00::/8"], doubtful: ["10.0.0.1", "10.0.0.0/33", "10.0.0.7/08"] },
  {
    name: "mac",
    valid: ["01:23:45:67:89:ab"],
    doubtful: ["01-23-45-67-89-AB", "0123.4567.89ab", "01:23:45:67:89", "0123456789ab"],
  },
  {
    name: "hostname",
    valid: ["example.com", "a"],
    doubtful: ["-a.com", "a_b.com", "example.com.", "größe.de", `${"a".repeat(64)}.com`, "1.2"],
  },
  {
    name: "uri",
    valid: ["https://example.com/x?y", "/path"],
    doubtful: ["example", "http://[::1", "//host", "", "mailto:a@b", "a b"],
  },
  { name: "email", valid: ["a@example.com"], doubtful: ["a@b", "A <a@b.c>", "a", "a@", '"a b"@c.d'] },
  {
    name: "uuid",
    valid: ["123e4567-e89b-12d3-a456-426614174000"],
    doubtful: [
      "123E4567E89B12D3A456426614174000",
      "123e4567-e89b-12d3-a456-42661417400",
      "{123e4567-e89b-12d3-a456-426614174000}",
    ],
  },
  { name: "uuid3", valid: ["123e4567-e89b-32d3-a456-426614174000"], doubtful: ["123e4567-e89b-42d3-a456-426614174000"] },
  { name: "uuid4", valid: ["123e4567-e89b-42d3-a456-426614174000"], doubtful: ["123e4567-e89b-42d3-c456-426614174000"] },
  { name: "uuid5", valid: ["123e4567-e89b-52d3-a456-426614174000"], doubtful: ["123e4567-e89b-12d3-a456-426614174000"] },
  { name: "isbn", valid: ["0321751043", "978-0321751041"], doubtful: ["0321751044", "0-321-75104-3"] },
  { name: "isbn10", valid: ["0321751043"], doubtful: ["978-0321751041", "032175104X"] },
  { name: "isbn13", valid: ["978-0321751041"], doubtful: ["0321751043", "9780321751042"] },
  { name: "creditcard", valid: ["4111-1111-1111-1111"], doubtful: ["4111111111111112", "123"] },
  { name: "ssn", valid: ["111-22-3333"], doubtful: ["111 22 3333", "111223333", "11-222-3333"] },
  { name: "hexcolor", valid: ["#FFFFFF", "fff"], doubtful: ["#ffff", "white"] },
  { name: "rgbcolor", valid: ["rgb(255,255,255)"], doubtful: ["rgb(256,0,0)", "rgb( 1, 2, 3 )", "RGB(1,2,3)", "rgb(01,2,3)"] },
  {
    name: "bsonobjectid",
    valid: ["507f1f77bcf86cd799439011"],
    doubtful: ["507f1f77bcf86cd79943901", "507F1F77BCF86CD799439011"],
  },
  { name: "password", valid: ["anything", ""], doubtful: [] },
  { name: "k8s-short-name", valid: ["web-1"], doubtful: ["Web", "-a", "a.b", "a".repeat(64)] },
  { name: "k8s-long-name", valid: ["web.example"], doubtful: ["Web.example", "a..b", "a_b", "a".repeat(254)] },
  { name: "datetime", valid: ["2024-02-29T12:00:00Z"], doubtful: ["yesterday"] },
  { name: "bson-object-id", valid: ["507f1f77bcf86cd799439011"], doubtful: ["507f"] },
  { name: "no-such-format", valid: ["anything"], doubtful: [] },
  { name: "int32", valid: ["text"], doubtful: ["1"] },
];

export const NUMBER_FORMATS: readonly string[] = ["int32", "int64", "float", "double", "no-such-format", "date"];

export const TEXTS: readonly string[] = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "web-1",
  "😀",
  "a😀",
  "é",
  "e\u0301",
  "größe",
  "1",
  "x y",
  "abcabcabc",
];

export const INTEGERS: readonly (number | bigint)[] = [
  0,
  1,
  -1,
  2,
  3,
  7,
  10,
  100,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 53 - 1,
  9_007_199_254_740_993n,
  9_223_372_036_854_775_807n,
  -9_223_372_036_854_775_808n,
];

export const NUMBERS: readonly (number | NumberText)[] = [
  0,
  1,
  0.5,
  -0.5,
  1.5,
  0.1,
  0.3,
  100.25,
  1e-7,
  new NumberText("1e3"),
  new NumberText("1.0"),
  1e21,
];

/** In place of anything. */
export const STRANGE: readonly Written[] = [
  null,
  "text",
  "",
  0,
  1.5,
  true,
  [],
  {},
  [null],
  [[]],
  { a: null },
  { unknown: { deep: 1 } },
  new NumberText("1.0"),
  new NumberText("-0.0"),
  new NumberText("1e3"),
  new NumberText("1e-3"),
  new NumberText("1E2"),
  9_007_199_254_740_993n,
  9_223_372_036_854_775_807n,
  9_223_372_036_854_775_808n,
  -9_223_372_036_854_775_809n,
  100_000_000_000_000_000_000n,
  "😀",
  "9",
];
