import fc from "fast-check";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { objectPath, safeSegment } from "../../../../src/migration/backup/file-names.ts";

describe("a name as a segment of a path", () => {
  it.each([
    { title: "stays as it is where it is plain", name: "gear-1.mill", segment: "gear-1.mill" },
    { title: "loses its capitals, which some file systems do not tell from small letters", name: "Gear", segment: "%47ear" },
    { title: "loses slashes", name: "a/b", segment: "a%2fb" },
    { title: "leads nowhere", name: "..", segment: "%2e%2e" },
    { title: "is hidden nowhere", name: ".a", segment: "%2ea" },
    { title: "ends in no dot, which Windows drops", name: "a.", segment: "a%2e" },
    { title: "is no option", name: "-rf", segment: "%2drf" },
    { title: "is no device of Windows", name: "con", segment: "%63on" },
    { title: "is no device of Windows with an ending either", name: "nul.txt", segment: "%6eul.txt" },
    { title: "may begin as a device does", name: "console", segment: "console" },
    { title: "loses what separates on Windows", name: "a\\b:c", segment: "a%5cb%3ac" },
    { title: "loses its own escape", name: "a%2fb", segment: "a%252fb" },
    { title: "is ASCII", name: "ü☃", segment: "%c3%bc%e2%98%83" },
  ])("$title", ({ name, segment }) => {
    expect(safeSegment(name)).toBe(segment);
  });

  it("is cut where it is too long for a file, and still its own", () => {
    const [one, other] = [safeSegment(`${"x".repeat(252)}a`), safeSegment(`${"x".repeat(252)}b`)];

    expect(one).not.toBe(other);
    expect(`${one}.yaml`.length).toBe(255);
    expect(one).toMatch(/^x+%~[0-9a-f]{64}$/);
    expect(safeSegment("x".repeat(250))).toBe("x".repeat(250));
  });

  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }),
    fc.string({
      minLength: 1,
      maxLength: 40,
      unit: fc.constantFrom("a", "A", ".", "/", "\\", "%", "2", "f", "~", "-", ":", " ", "\0"),
    }),
  );

  it("differs from that of every other name, on file systems that know no case too", () => {
    fc.assert(
      fc.property(name, name, (left, right) => {
        expect(safeSegment(left).toLowerCase() === safeSegment(right).toLowerCase()).toBe(left === right);
      }),
    );
  });

  it("never leaves its folder, and fits into a file system", () => {
    fc.assert(
      fc.property(name, name, (namespace, own) => {
        const path = objectPath({ namespace, name: own });

        expect(posix.join("/folder", path)).toBe(`/folder/${path}`);
        expect(path.split("/")).toHaveLength(2);
        for (const segment of path.split("/")) {
          expect(segment.length).toBeLessThanOrEqual(255);
          expect(segment).toMatch(/^[a-z0-9_%][-a-z0-9_.%~]*$/);
        }
      }),
    );
  });
});
