import { describe, expect, it } from "vitest";
import { descriptionOf } from "../../../src/explain/descriptions.ts";
import { rules } from "../../../src/rules/checks/index.ts";

describe("descriptionOf", () => {
  it.each(rules.map(({ id }) => id))("describes %s in one sentence without a full stop", (id) => {
    expect(descriptionOf(id)).toMatch(/^[A-Z].{20,110}[^.]$/);
    expect(descriptionOf(id)).not.toBe(id.replaceAll("-", " "));
  });

  it("takes the id of any other for its description", () => {
    expect(descriptionOf("certificate-expired")).toBe("certificate expired");
  });
});
