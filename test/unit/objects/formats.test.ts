import { describe, expect, it } from "vitest";
import { isKnownFormat, isOfFormat } from "../../../src/objects/formats.ts";

/** Each answer is that of the Go code of the API server. */
describe("formats", () => {
  it.each<{ format: string; valid: readonly string[]; invalid: readonly string[] }>([
    { format: "date", valid: ["2024-02-29"], invalid: ["2023-02-29", "24-1-1", ""] },
    {
      format: "date-time",
      valid: ["2014-12-15T19:30:20.000Z", "2014-12-15t19:30:20x1+01:00"],
      invalid: ["2014-12-15T24:00:00Z", "2014-12-15 19:30:20Z"],
    },
    {
      format: "duration",
      valid: ["5s", "3 days", "22 ns", "1h30m", "-1.5h", "P1D", "0", "9999999999999h"],
      invalid: ["", "99999999999999999999 s"],
    },
    { format: "uuid", valid: ["deadbeef-dead-beef-dead-beefdeadbeef", "DEADBEEFdeadbeefdeadbeefdeadbeef"], invalid: ["x"] },
    { format: "uuid3", valid: ["deadbeef-dead-3eef-dead-beefdeadbeef"], invalid: ["deadbeef-dead-4eef-dead-beefdeadbeef"] },
    { format: "uuid4", valid: ["deadbeef-dead-4eef-8ead-beefdeadbeef"], invalid: ["deadbeef-dead-4eef-7ead-beefdeadbeef"] },
    { format: "uuid5", valid: ["deadbeef-dead-5eef-8ead-beefdeadbeef"], invalid: ["deadbeef-dead-4eef-8ead-beefdeadbeef"] },
    { format: "ipv4", valid: ["10.0.0.1", "010.0.0.1", "::ffff:1.2.3.4"], invalid: ["10.0.0", "256.0.0.1", "::1"] },
    { format: "ipv6", valid: ["::1", "::ffff:1.2.3.4"], invalid: ["fe80::1%eth0", "10.0.0.1", "00001::1", "1:2:3:4:5:6:7"] },
    {
      format: "cidr",
      valid: ["10.0.0.0/8", "010.0.0.0/8", "::/0", "00001::/12"],
      invalid: ["10.0.0.0/33", "::/129", "10.0.0.0"],
    },
    {
      format: "mac",
      valid: ["aa:bb:cc:dd:ee:ff", "aa-bb-cc-dd-ee-ff", "aabb.ccdd.eeff", "aabbccddeeff", "aa:bb:cc:dd:ee:ff:00:11"],
      invalid: ["aa:bb-cc:dd:ee:ff", "aa:bb:cc:dd:ee"],
    },
    { format: "byte", valid: ["Zm9v", "Zm8=", "Zg=="], invalid: ["Zm9", "", "Z==="] },
    {
      format: "uri",
      valid: [
        "http://a.b/c",
        "/x",
        "mailto:a@b",
        "*",
        "http://[::1]:80/",
        "http://u:p@h/",
        "/a b",
        "//a/b",
        "http://h:80:90/",
        "http://h/?%zz",
      ],
      invalid: ["foo.com", "http://a:b/", "http://%zz/", "http://a/%zz", "http://a b/", ":x", "http://[::1/", "http://u u@h/"],
    },
    {
      format: "email",
      valid: ["a@b.c", "A <a@b.c>", "a@b", '"x y"@b', "a@[1.2.3.4]", "<a@b>", "a@b (c)", '"A, B" <a@b>'],
      invalid: ["a", "a b@c", "a..b@c", "a@b.", "A, B <a@b>"],
    },
    {
      format: "hostname",
      valid: ["example.com", "a", "münchen.de"],
      invalid: ["a_b", "-a.com", "a.b.c", "1.2.3.4", "example.com.", "a-.com"],
    },
    { format: "bsonobjectid", valid: ["507f1f77bcf86cd799439011"], invalid: ["507f"] },
    { format: "isbn", valid: ["3 401 01319 X", "978-4-87311-368-5"], invalid: ["123"] },
    { format: "isbn10", valid: ["3836221195"], invalid: ["9784873113685"] },
    { format: "isbn13", valid: ["9784873113685"], invalid: ["3836221195"] },
    { format: "creditcard", valid: ["4220855426222389", "4220 8554 2622 2389"], invalid: ["4220855426213389", "1"] },
    { format: "ssn", valid: ["123-45-6789", "123 45 6789"], invalid: ["123456789", "1"] },
    { format: "hexcolor", valid: ["#ff12FA", "f00"], invalid: ["#ff12FG"] },
    { format: "rgbcolor", valid: ["rgb(1, 2,3)", "rgb( 1 ,2,3 )"], invalid: ["rgb(256,0,0)", "rgb(01,0,0)"] },
    { format: "password", valid: ["x"], invalid: [] },
    { format: "k8s-short-name", valid: ["a-b"], invalid: ["A", "a.b", "-a"] },
    { format: "k8s-long-name", valid: ["a.b-c"], invalid: ["a..b", "A"] },
    { format: "int64", valid: ["x"], invalid: [] },
    { format: "foo", valid: ["x"], invalid: [] },
    { format: "ip", valid: ["x"], invalid: [] },
    { format: "time", valid: ["x"], invalid: [] },
  ])("$format", ({ format, valid, invalid }) => {
    expect(valid.filter((text) => !isOfFormat(format, text))).toEqual([]);
    expect(invalid.filter((text) => isOfFormat(format, text))).toEqual([]);
  });

  it("knows those that the API server checks, however they are written", () => {
    expect(["date-time", "datetime", "k8s-short-name", "int32", "double", "ip"].map(isKnownFormat)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
