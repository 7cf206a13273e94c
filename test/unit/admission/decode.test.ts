import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeReview } from "../../../src/admission/server.ts";
import { decodeReview } from "../../../src/admission/decode.ts";
import { admissionRequest, admissionReview, harmlessUpdate, manifest } from "./support/reviews.ts";

const gears = manifest({ versions: ["v1"], stored: ["v1"] });
const NOT_A_REVIEW = "not an AdmissionReview of admission.k8s.io/v1: ";

function decode(review: unknown): ReturnType<typeof decodeReview> {
  return decodeReview(Buffer.from(JSON.stringify(review)));
}

describe("decodeReview", () => {
  it("reads a whole update as kube-apiserver sends it", () => {
    const result = decode(admissionReview({ ...harmlessUpdate, dryRun: true }));

    expect(result).toMatchObject({
      ok: true,
      value: {
        uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
        isDryRun: true,
        operation: "UPDATE",
        subresource: null,
        name: "gears.own.dev",
        requester: { username: "jane", uid: "u1", groups: ["system:authenticated"], extra: { "example.com/team": ["mill"] } },
        subject: {
          kind: "change",
          change: {
            kind: "update",
            previous: { name: "gears.own.dev", stored: { names: ["v1"], source: "status" } },
            next: { versions: [{ name: "v1" }, { name: "v2" }] },
          },
        },
      },
    });
  });

  it.each([
    { title: "a create, whose old object is null", request: { operation: "CREATE", object: gears }, kind: "create" },
    { title: "a deletion, whose object is null", request: { operation: "DELETE", oldObject: gears }, kind: "delete" },
    {
      title: "a write of the status",
      request: { subResource: "status", object: gears, oldObject: gears },
      kind: "status-update",
    },
    {
      title: "an update with an empty subresource",
      request: { subResource: "", object: gears, oldObject: gears },
      kind: "update",
    },
  ])("reads $title", ({ request, kind }) => {
    expect(decode(admissionReview(request))).toMatchObject({
      ok: true,
      value: { name: "gears.own.dev", subject: { kind: "change", change: { kind } } },
    });
  });

  it("takes the name of a deletion from the old object: a collection is deleted without a name in the request", () => {
    expect(decode(admissionReview({ operation: "DELETE", oldObject: gears, name: "" }))).toMatchObject({
      ok: true,
      value: { name: "gears.own.dev" },
    });
  });

  it("does without what the API server leaves out: name, dryRun and userInfo", () => {
    const { uid, resource, operation } = admissionRequest({ operation: "DELETE" });

    expect(decode({ ...admissionReview(), request: { uid, resource, operation, oldObject: gears } })).toMatchObject({
      ok: true,
      value: { isDryRun: false, name: "gears.own.dev", requester: { username: "", uid: "", groups: [], extra: {} } },
    });
  });

  it.each([
    { title: "no body", body: "", message: "the body is not JSON" },
    { title: "text", body: "hello", message: "the body is not JSON" },
    { title: "JSON cut short", body: '{"apiVersion":', message: "the body is not JSON" },
    { title: "a byte order mark", body: `\uFEFF${JSON.stringify(admissionReview())}`, message: "the body is not JSON" },
    { title: "UTF-16", body: Buffer.from("{}", "utf16le"), message: "the body is not JSON" },
  ])("refuses $title", ({ body, message }) => {
    expect(decodeReview(Buffer.from(body))).toEqual({ ok: false, error: { code: "json-malformed", message } });
  });

  it.each([
    { title: "null", review: null, message: "the body must be object" },
    { title: "a list", review: [], message: "the body must be object" },
    { title: "an empty object", review: {}, message: "the body must have required property 'apiVersion'" },
    {
      title: "another kind",
      review: { ...admissionReview(), kind: "ConversionReview" },
      message: "/kind must be equal to constant",
    },
    {
      title: "a review of v1beta1, which no API server since 1.22 sends",
      review: { ...admissionReview(), apiVersion: "admission.k8s.io/v1beta1" },
      message: "/apiVersion must be equal to constant",
    },
    {
      title: "a review without a request",
      review: { ...admissionReview(), request: undefined },
      message: "the body must have required property 'request'",
    },
    { title: "a request that is a list", review: { ...admissionReview(), request: [] }, message: "/request must be object" },
    {
      title: "a request without a uid",
      review: admissionReview({ uid: undefined }),
      message: "/request must have required property 'uid'",
    },
    {
      title: "an empty uid",
      review: admissionReview({ uid: "" }),
      message: "/request/uid must NOT have fewer than 1 characters",
    },
    {
      title: "a huge uid",
      review: admissionReview({ uid: "u".repeat(145) }),
      message: "/request/uid must NOT have more than 144 characters",
    },
    { title: "a uid that is a number", review: admissionReview({ uid: 7 }), message: "/request/uid must be string" },
    {
      title: "an operation of another case",
      review: admissionReview({ operation: "update" }),
      message: "/request/operation must be equal to one of the allowed values",
    },
    {
      title: "no resource",
      review: admissionReview({ resource: undefined }),
      message: "/request must have required property 'resource'",
    },
    {
      title: "a resource without a group",
      review: admissionReview({ resource: { resource: "customresourcedefinitions" } }),
      message: "/request/resource must have required property 'group'",
    },
    {
      title: "groups that are not text",
      review: admissionReview({ userInfo: { groups: [1] } }),
      message: "/request/userInfo/groups/0 must be string",
    },
    {
      title: "extra that is not lists of text",
      review: admissionReview({ userInfo: { extra: { scopes: "all" } } }),
      message: "/request/userInfo/extra/scopes must be array",
    },
  ])("refuses $title", ({ review, message }) => {
    expect(decode(review)).toEqual({ ok: false, error: { code: "review-malformed", message: `${NOT_A_REVIEW}${message}` } });
  });

  it.each([
    {
      title: "a create without an object",
      request: { operation: "CREATE", oldObject: gears },
      code: "object-missing",
      message: "request.object is missing",
    },
    {
      title: "a deletion without its old object",
      request: { operation: "DELETE", object: gears },
      code: "object-missing",
      message: "request.oldObject is missing",
    },
    {
      title: "an update without its old object",
      request: { object: gears },
      code: "object-missing",
      message: "request.oldObject is missing",
    },
    {
      title: "an update without an object",
      request: { oldObject: gears },
      code: "object-missing",
      message: "request.object is missing",
    },
    {
      title: "an update of one into another",
      request: { oldObject: gears, object: manifest({ name: "cogs.own.dev", versions: ["v1"] }) },
      code: "name-mismatch",
      message: "request.object and request.oldObject have different names",
    },
    {
      title: "another kind of object",
      request: { operation: "CREATE", object: { apiVersion: "v1", kind: "Secret" } },
      code: "object-malformed",
      message: "request.object.kind: expected apiVersion apiextensions.k8s.io/v1 and kind CustomResourceDefinition",
    },
    {
      title: "an object that is text",
      request: { operation: "CREATE", object: "gears" },
      code: "object-malformed",
      message: "request.object: expected an object",
    },
    {
      title: "an old object without a name",
      request: { operation: "DELETE", oldObject: manifest({ versions: ["v1"], metadata: { name: undefined } }) },
      code: "object-malformed",
      message: "request.oldObject.metadata.name: expected a non-empty string",
    },
    {
      title: "a spec without versions",
      request: { operation: "CREATE", object: manifest({ versions: [] }) },
      code: "object-malformed",
      message: "request.object.spec.versions: expected a list with at least one version",
    },
    {
      title: "stored versions that are not text",
      request: { oldObject: { ...gears, status: { storedVersions: [1] } }, object: gears },
      code: "object-malformed",
      message: "request.oldObject.status.storedVersions[0]: expected a non-empty string",
    },
  ])("cannot read $title, and keeps the uid to answer by", ({ request, code, message }) => {
    expect(decode(admissionReview(request))).toMatchObject({
      ok: true,
      value: { uid: "705ab4f5-6393-11e8-b7cc-42010a800002", subject: { kind: "unreadable", code, message } },
    });
  });

  it.each([
    {
      title: "another resource",
      request: { resource: { group: "apps", version: "v1", resource: "deployments" } },
      reason: "crdguard judges customresourcedefinitions only, not deployments.apps",
    },
    {
      title: "the same resource of another group",
      request: { resource: { group: "own.dev", version: "v1", resource: "customresourcedefinitions" } },
      reason: "crdguard judges customresourcedefinitions only, not customresourcedefinitions.own.dev",
    },
    { title: "another subresource", request: { subResource: "scale" }, reason: "crdguard does not judge the subresource scale" },
    { title: "a connection", request: { operation: "CONNECT" }, reason: "crdguard does not judge connections" },
  ])("has no opinion on $title", ({ request, reason }) => {
    expect(decode(admissionReview({ ...harmlessUpdate, ...request }))).toMatchObject({
      ok: true,
      value: { subject: { kind: "irrelevant", reason } },
    });
  });

  it("lets __proto__ and constructor keys be inert wherever they stand", () => {
    const evil = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},';
    const body = JSON.stringify(admissionReview({ operation: "CREATE", object: gears }))
      .replaceAll("{", evil)
      .replaceAll(",}", "}");
    const result = decodeReview(Buffer.from(body));

    expect(Object.prototype).not.toHaveProperty("isAdmin");
    // Where they stand among the requester's extra, they are named as what they are: no lists of text.
    expect(result).toEqual({
      ok: false,
      error: { code: "review-malformed", message: `${NOT_A_REVIEW}/request/userInfo/extra/__proto__ must be array` },
    });
  });

  it("takes no member from the prototype of anything", () => {
    const body = '{"__proto__":{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}}';

    expect(decodeReview(Buffer.from(body))).toEqual({
      ok: false,
      error: { code: "review-malformed", message: `${NOT_A_REVIEW}the body must have required property 'apiVersion'` },
    });
  });

  it("reads a CRD whose schema is nested 200,000 deep as fast as any other", () => {
    const depth = 200_000;
    const schema = `${'{"properties":{"a":'.repeat(depth)}{}${"}}".repeat(depth)}`;
    const object = JSON.stringify(gears).replace('{"openAPIV3Schema":{"type":"object"}}', schema);
    const body = JSON.stringify(admissionReview({ operation: "CREATE" })).replace('"object":null', `"object":${object}`);

    expect(decodeReview(Buffer.from(body))).toMatchObject({
      ok: true,
      value: { subject: { kind: "change", change: { kind: "create", next: { name: "gears.own.dev" } } } },
    });
  });

  it("reads the last of duplicate keys, as kube-apiserver would have written one only", () => {
    const body = JSON.stringify(admissionReview({ operation: "CREATE", object: gears })).replace(
      '"uid":',
      '"uid":"first","uid":',
    );

    expect(decodeReview(Buffer.from(body))).toMatchObject({ ok: true, value: { uid: "705ab4f5-6393-11e8-b7cc-42010a800002" } });
  });

  it("keeps the uid through decoding and encoding, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 144, unit: "grapheme-ascii" }), fc.boolean(), (uid, allowed) => {
        const decoded = decode(admissionReview({ ...harmlessUpdate, uid }));
        const encoded: unknown = JSON.parse(encodeReview(decoded.ok ? decoded.value.uid : "", { allowed, auditAnnotations: {} }));

        expect(encoded).toEqual({
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          response: { uid, allowed, auditAnnotations: {} },
        });
      }),
    );
  });

  it("never throws, whatever JSON it is given", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (object, request) => {
        expect(decodeReview(Buffer.from(request)).ok).toBe(false);
        const body = JSON.stringify(admissionReview({ operation: "CREATE" })).replace(
          '"object":null',
          () => `"object":${object}`,
        );
        expect(decodeReview(Buffer.from(body))).toMatchObject({ ok: true, value: { subject: { kind: "unreadable" } } });
      }),
    );
  });
});
