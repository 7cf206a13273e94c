import { describe, expect, it } from "vitest";
import type { ApiError } from "../../../../src/cluster/live/api-error.ts";
import { problemsOf } from "../../../../src/migration/backup/refusal.ts";

function refused(message: string, causes?: ApiError["causes"]): ApiError {
  return { code: "invalid", status: 422, message, ...(causes === undefined ? {} : { causes }) };
}

describe("why an object is refused", () => {
  it.each([
    {
      title: "unknown fields, each by its path",
      error: refused(
        'Gear in version "v1alpha3" cannot be handled as a Gear: strict decoding error: unknown field "spec.size", unknown field "spec.teeth[0].depth"',
      ),
      problems: [
        { path: "spec.size", kind: "unknown-field", message: "" },
        { path: "spec.teeth[0].depth", kind: "unknown-field", message: "" },
      ],
    },
    {
      title: "that a list of them was cut",
      error: refused('strict decoding error: unknown field "spec.a", unknown fie…'),
      problems: [
        { path: "spec.a", kind: "unknown-field", message: "" },
        { path: "", kind: "invalid", message: "and more" },
      ],
    },
    {
      title: "causes, each by its path",
      error: refused("Gear is invalid: …", [{ field: "spec.mode", message: 'Unsupported value: "fastest"' }]),
      problems: [{ path: "spec.mode", kind: "invalid", message: 'Unsupported value: "fastest"' }],
    },
    {
      title: "a webhook's words",
      error: refused('admission webhook "a.b" denied the request: unknown field "x" is meant otherwise here'),
      problems: [
        {
          path: "",
          kind: "invalid",
          message: 'admission webhook "a.b" denied the request: unknown field "x" is meant otherwise here',
        },
      ],
    },
  ])("tells $title", ({ error, problems }) => {
    expect(problemsOf(error)).toEqual(problems);
  });
});
