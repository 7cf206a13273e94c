/** @file AdmissionReviews of a given size: an update of a real-looking CRD that the guard allows. */

/** @param bytes of the encoded review, reached within one property's worth. */
export function reviewOfSize(bytes: number): Buffer {
  const perProperty = JSON.stringify(property(0)).length + '"field0000":,'.length;
  // Each property stands twice: in the old and in the new object.
  const count = Math.max(1, Math.floor((bytes - encode(0).length) / (2 * perProperty)));
  return encode(count);
}

function encode(propertyCount: number): Buffer {
  const object = crd(propertyCount, "v2");
  const oldObject = crd(propertyCount, "v1");
  return Buffer.from(
    JSON.stringify({
      kind: "AdmissionReview",
      apiVersion: "admission.k8s.io/v1",
      request: {
        uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
        kind: { group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition" },
        resource: { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" },
        name: "gears.own.dev",
        operation: "UPDATE",
        userInfo: { username: "system:serviceaccount:flux-system:helm-controller", groups: ["system:authenticated"] },
        object,
        oldObject,
        dryRun: false,
      },
    }),
  );
}

function crd(propertyCount: number, release: string): unknown {
  const properties = Object.fromEntries(
    Array.from({ length: propertyCount }, (_, index) => [`field${String(index).padStart(4, "0")}`, property(index)]),
  );
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gears.own.dev", generation: 2, annotations: { "own.dev/release": release } },
    spec: {
      group: "own.dev",
      scope: "Namespaced",
      names: { plural: "gears", singular: "gear", kind: "Gear", listKind: "GearList" },
      versions: [
        { name: "v1", served: true, storage: true, schema },
        { name: "v1beta1", served: true, storage: false, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
    status: { storedVersions: ["v1"], conditions: [], acceptedNames: { plural: "gears", kind: "Gear" } },
  };
}

/** About as long, and as deep, as a property of Gateway API. */
function property(index: number): unknown {
  return {
    description: `Field ${String(index)} tells the "gear" how fast to turn.\nIt is ignored by implementations that do not support turning, which must say so in a condition.`,
    type: "array",
    maxItems: 16,
    items: {
      type: "object",
      required: ["name"],
      properties: { name: { type: "string", maxLength: 253, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" } },
    },
  };
}
