import { describe, expect, it } from "vitest";
import { kubectlLines } from "../../../src/cli/kubectl-lines.ts";

const details = { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", name: "gears.own.dev" };
const status = { status: "Failure", code: 422, reason: "Invalid", message: "all of it" } as const;

describe("kubectlLines", () => {
  it.each([
    { title: "says what kubectl says when nobody objects", response: { allowed: true }, lines: ["gears patched"] },
    {
      title: "tells warnings first",
      response: { allowed: true, warnings: ["a", "b"] },
      lines: ["Warning: a", "Warning: b", "gears patched"],
    },
    {
      title: "tells one cause on the line itself",
      response: {
        allowed: false,
        status: { ...status, details: { ...details, causes: [{ reason: "r", field: "spec", message: "one\n  more" }] } },
      },
      lines: ['The CustomResourceDefinition "gears.own.dev" is invalid: spec: one', "  more"],
    },
    {
      title: "tells several causes on lines of their own",
      response: {
        allowed: false,
        status: {
          ...status,
          details: {
            ...details,
            causes: [
              { reason: "r", field: "spec", message: "one" },
              { reason: "r", field: "status", message: "two" },
            ],
          },
        },
      },
      lines: ['The CustomResourceDefinition "gears.own.dev" is invalid: ', "* spec: one", "* status: two"],
    },
    {
      title: "tells the message where there is no cause",
      response: { allowed: false, status: { ...status, reason: "ServiceUnavailable" } },
      lines: ["Error from server (ServiceUnavailable): admission webhook denied the request: all of it"],
    },
  ])("$title", ({ response, lines }) => {
    expect(kubectlLines(response, "gears patched")).toEqual(lines);
  });
});
