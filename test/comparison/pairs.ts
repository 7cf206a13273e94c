/** @file Pairs of definitions, one for each check of crdify and for each notable difference between it and crdguard. */

export interface Pair {
  /** As crdify names its check; `none` for what none of its checks is about. */
  readonly check: string;
  /** Tells pairs apart, in Markdown. */
  readonly title: string;
  readonly before: Definition;
  readonly after: Definition;
  /** The spec of an object that lives in the cluster, for which the change matters or does not; without: of no interest. */
  readonly spec?: Written;
  /** The version that its manifest names; the storage version unless told. */
  readonly writtenIn?: string;
}

type Written = Readonly<Record<string, unknown>>;

export interface Definition {
  readonly scope?: "Namespaced" | "Cluster";
  readonly versions: readonly Version[];
  /** Of the status; without, the definition has none, as in a file. */
  readonly storedVersions?: readonly string[];
  readonly conversion?: Written;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Version {
  readonly name: string;
  readonly isServed?: boolean;
  readonly isStorage?: boolean;
  readonly schema: Written;
  readonly hasStatus?: boolean;
}

const TEXT: Written = { type: "string" };
const NUMBER: Written = { type: "integer" };

function specOf(properties: Written, more: Written = {}): Written {
  return { type: "object", properties: { spec: { type: "object", properties, ...more } } };
}

function v1(schema: Written, more: Partial<Version> = {}): Version {
  return { name: "v1", isStorage: true, schema, ...more };
}

function v1beta1(schema: Written, more: Partial<Version> = {}): Version {
  return { name: "v1beta1", schema, ...more };
}

/** The schema of `spec.size` changes, and nothing else. */
function size(check: string, title: string, before: Written, after: Written, value?: unknown): Pair {
  const one = (schema: Written): Definition => ({ versions: [v1(specOf({ size: schema }))] });
  return { check, title, before: one(before), after: one(after), ...(value === undefined ? {} : { spec: { size: value } }) };
}

const LIST: Written = { type: "array", items: TEXT };
const MAP: Written = { type: "object", additionalProperties: TEXT };
const SIZES: Written = { ...TEXT, enum: ["s", "m"] };
const ONE_OF: Written = { type: "object", properties: { a: TEXT, b: TEXT } };
const WEBHOOK: Written = {
  strategy: "Webhook",
  webhook: { conversionReviewVersions: ["v1"], clientConfig: { service: { namespace: "mill", name: "converter" } } },
};
const SMALL = specOf({ size: TEXT });
const LARGE = specOf({ size: TEXT, teeth: NUMBER });

function mark(version: string, channel: string): Definition["annotations"] & object {
  return { "gateway.networking.k8s.io/bundle-version": version, "gateway.networking.k8s.io/channel": channel };
}

const GLOBAL: readonly Pair[] = [
  {
    check: "scope",
    title: "`Namespaced` → `Cluster`",
    before: { versions: [v1(SMALL)] },
    after: { scope: "Cluster", versions: [v1(SMALL)] },
  },
  {
    check: "existingFieldRemoval",
    title: "a field is removed",
    before: { versions: [v1(LARGE)] },
    after: { versions: [v1(SMALL)] },
    spec: { teeth: 12 },
  },
  {
    check: "existingFieldRemoval",
    title: "a field is removed, and its level keeps unknown fields",
    before: { versions: [v1(specOf({ size: TEXT, teeth: NUMBER }, { "x-kubernetes-preserve-unknown-fields": true }))] },
    after: { versions: [v1(specOf({ size: TEXT }, { "x-kubernetes-preserve-unknown-fields": true }))] },
    spec: { teeth: 12 },
  },
  {
    check: "existingFieldRemoval",
    title: "a field is added",
    before: { versions: [v1(SMALL)] },
    after: { versions: [v1(LARGE)] },
    spec: { size: "m" },
  },
  {
    check: "storedVersionRemoval",
    title: "a version that the status names as stored is removed",
    before: { versions: [v1(SMALL), v1beta1(SMALL)], storedVersions: ["v1beta1", "v1"] },
    after: { versions: [v1(SMALL)] },
    spec: { size: "m" },
  },
  {
    check: "storedVersionRemoval",
    title: "the storage version is removed, in files without a status",
    before: { versions: [v1beta1(SMALL, { isStorage: true })] },
    after: { versions: [v1(SMALL)] },
    spec: { size: "m" },
  },
  {
    check: "storedVersionRemoval",
    title: "a served version that nothing is stored in is removed, in files without a status",
    before: { versions: [v1(SMALL), v1beta1(SMALL)] },
    after: { versions: [v1(SMALL)] },
  },
];

const BOUNDS: readonly Pair[] = (
  [
    ["maximum", NUMBER, 9, 5, 7],
    ["maxLength", TEXT, 9, 5, "seven77"],
    ["maxItems", LIST, 3, 1, ["a", "b"]],
    ["maxProperties", MAP, 3, 1, { a: "a", b: "b" }],
    ["minimum", NUMBER, 5, 9, 7],
    ["minLength", TEXT, 5, 9, "seven77"],
    ["minItems", LIST, 1, 3, ["a", "b"]],
    ["minProperties", MAP, 1, 3, { a: "a", b: "b" }],
  ] as const
).map(([check, type, loose, tight, value]) =>
  size(check, `tightened, ${String(loose)} → ${String(tight)}`, { ...type, [check]: loose }, { ...type, [check]: tight }, value),
);

const PROPERTY: readonly Pair[] = [
  ...BOUNDS,
  size("maximum", "added", NUMBER, { ...NUMBER, maximum: 5 }, 7),
  size("maximum", "raised", { ...NUMBER, maximum: 5 }, { ...NUMBER, maximum: 9 }, 4),
  size("maximum", "removed", { ...NUMBER, maximum: 5 }, NUMBER, 4),
  size("minLength", "0 is added, which is as good as none", TEXT, { ...TEXT, minLength: 0 }, "m"),
  size("enum", "a value is removed", SIZES, { ...TEXT, enum: ["s"] }, "m"),
  size("enum", "a value is added", SIZES, { ...TEXT, enum: ["s", "m", "l"] }, "m"),
  size("enum", "an enum comes where there was none", TEXT, SIZES, "l"),
  size("enum", "the enum goes, so that any value is taken", SIZES, TEXT, "m"),
  size("enum", "its values are reordered", SIZES, { ...TEXT, enum: ["m", "s"] }, "m"),
  size("default", "added", TEXT, { ...TEXT, default: "m" }, "s"),
  size("default", "changed", { ...TEXT, default: "s" }, { ...TEXT, default: "m" }, "s"),
  size("default", "removed", { ...TEXT, default: "s" }, TEXT, "s"),
  {
    check: "default",
    title: "removed from a required field",
    before: { versions: [v1(specOf({ size: { ...TEXT, default: "s" } }, { required: ["size"] }))] },
    after: { versions: [v1(specOf({ size: TEXT }, { required: ["size"] }))] },
  },
  {
    check: "required",
    title: "a field becomes required",
    before: { versions: [v1(LARGE)] },
    after: { versions: [v1(specOf({ size: TEXT, teeth: NUMBER }, { required: ["teeth"] }))] },
    spec: { size: "m" },
  },
  {
    check: "required",
    title: "a new field is required, and has a default",
    before: { versions: [v1(SMALL)] },
    after: { versions: [v1(specOf({ size: TEXT, teeth: { ...NUMBER, default: 12 } }, { required: ["teeth"] }))] },
    spec: { size: "m" },
  },
  {
    check: "required",
    title: "a field is required no more",
    before: { versions: [v1(specOf({ size: TEXT }, { required: ["size"] }))] },
    after: { versions: [v1(SMALL)] },
    spec: { size: "m" },
  },
  size("type", "`integer` → `string`", NUMBER, TEXT, 7),
  size("type", "`integer` → `number`, which takes every integer", NUMBER, { type: "number" }, 7),
  size("type", "`integer` → int-or-string", NUMBER, { "x-kubernetes-int-or-string": true }, 7),
  size("description", "changed", { ...TEXT, description: "how large" }, { ...TEXT, description: "how large it is" }, "m"),
  size("pattern", "added", TEXT, { ...TEXT, pattern: "^[a-z]+$" }, "M"),
  size("pattern", "changed", { ...TEXT, pattern: "^[a-z]+$" }, { ...TEXT, pattern: "^[a-z]$" }, "large"),
  size("pattern", "removed", { ...TEXT, pattern: "^[a-z]+$" }, TEXT, "m"),
  size("nullable", "null is taken from now on", TEXT, { ...TEXT, nullable: true }, "m"),
  size("nullable", "null is no longer taken", { ...TEXT, nullable: true }, TEXT, null),
];

const RULE = { rule: "self.matches('^[a-z]+$')" };

/** Whatever none of its checks knows, crdify calls unhandled. */
const UNHANDLED: readonly Pair[] = [
  size("unhandled", "`format: date-time` added", TEXT, { ...TEXT, format: "date-time" }, "noon"),
  size("unhandled", "`format` added that the API server does not know", TEXT, { ...TEXT, format: "hostport" }, "m"),
  size("unhandled", "`title` changed", TEXT, { ...TEXT, title: "Size" }, "m"),
  size("unhandled", "a CEL rule added", TEXT, { ...TEXT, "x-kubernetes-validations": [RULE] }, "M"),
  size("unhandled", "a CEL rule removed", { ...TEXT, "x-kubernetes-validations": [RULE] }, TEXT, "m"),
  size(
    "unhandled",
    "the message of a CEL rule changed",
    { ...TEXT, "x-kubernetes-validations": [RULE] },
    { ...TEXT, "x-kubernetes-validations": [{ ...RULE, message: "small letters alone" }] },
    "m",
  ),
  size("unhandled", "list type `atomic` → `set`", LIST, { ...LIST, "x-kubernetes-list-type": "set" }, ["a", "a"]),
  size("unhandled", "list type `set` → `atomic`", { ...LIST, "x-kubernetes-list-type": "set" }, LIST, ["a"]),
  size("unhandled", "`additionalProperties` removed", MAP, { type: "object", properties: { a: TEXT } }, { b: "b" }),
  size(
    "unhandled",
    "a bound within `additionalProperties` removed",
    { ...MAP, additionalProperties: { ...TEXT, maxLength: 5 } },
    MAP,
    {
      a: "a",
    },
  ),
  size(
    "unhandled",
    "`x-kubernetes-preserve-unknown-fields` removed",
    { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    { type: "object" },
    { any: "thing" },
  ),
  size("unhandled", "`multipleOf` added", NUMBER, { ...NUMBER, multipleOf: 2 }, 7),
  size(
    "unhandled",
    "`oneOf` added",
    ONE_OF,
    { ...ONE_OF, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { a: "a", b: "b" },
  ),
  size(
    "unhandled",
    "`anyOf`: a branch removed",
    { ...ONE_OF, anyOf: [{ required: ["a"] }, { required: ["b"] }] },
    {
      ...ONE_OF,
      anyOf: [{ required: ["a"] }],
    },
    { b: "b" },
  ),
  size("unhandled", "`anyOf` removed", { ...ONE_OF, anyOf: [{ required: ["a"] }, { required: ["b"] }] }, ONE_OF, { b: "b" }),
];

const BESIDES: readonly Pair[] = [
  {
    check: "none",
    title: "a version is no longer served that objects are written in",
    before: { versions: [v1(SMALL), v1beta1(SMALL)] },
    after: { versions: [v1(SMALL), v1beta1(SMALL, { isServed: false })] },
    spec: { size: "m" },
    writtenIn: "v1beta1",
  },
  {
    check: "none",
    title: "the status subresource goes",
    before: { versions: [v1(SMALL, { hasStatus: true })] },
    after: { versions: [v1(SMALL)] },
  },
  {
    check: "none",
    title: "the conversion webhook goes, and versions differ",
    before: { versions: [v1(LARGE), v1beta1(SMALL)], conversion: WEBHOOK },
    after: { versions: [v1(LARGE), v1beta1(SMALL)], conversion: { strategy: "None" } },
    spec: { size: "m" },
  },
  {
    check: "none",
    title: "the conversion webhook goes, and versions are the same",
    before: { versions: [v1(SMALL), v1beta1(SMALL)], conversion: WEBHOOK },
    after: { versions: [v1(SMALL), v1beta1(SMALL)], conversion: { strategy: "None" } },
    spec: { size: "m" },
  },
  {
    check: "none",
    title: "new objects are stored in a less stable version",
    before: { versions: [v1(SMALL), v1beta1(SMALL)] },
    after: { versions: [v1(SMALL, { isStorage: false }), v1beta1(SMALL, { isStorage: true })] },
  },
  {
    check: "none",
    title: "a bundle goes back a release, and a field with it",
    before: { versions: [v1(LARGE)], annotations: mark("v1.2.0", "standard") },
    after: { versions: [v1(SMALL)], annotations: mark("v1.1.0", "standard") },
    spec: { size: "m" },
  },
  {
    check: "none",
    title: "another Helm release takes the definition over, with a new version",
    before: {
      versions: [v1(SMALL)],
      annotations: { "meta.helm.sh/release-name": "mill", "meta.helm.sh/release-namespace": "mill" },
    },
    after: {
      versions: [v1(SMALL), v1beta1(SMALL)],
      annotations: { "meta.helm.sh/release-name": "saw", "meta.helm.sh/release-namespace": "mill" },
    },
  },
  {
    check: "none",
    title: "a second served version comes that lacks a field, without conversion",
    before: { versions: [v1(LARGE)] },
    after: { versions: [v1(LARGE), v1beta1(SMALL)] },
  },
];

export const PAIRS: readonly Pair[] = [...GLOBAL, ...PROPERTY, ...UNHANDLED, ...BESIDES];

/** Before or after, as `kubectl get -o json` or a file has it. */
export function manifestOf(definition: Definition): Written {
  const { scope = "Namespaced", versions, storedVersions, conversion, annotations } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gears.own.dev", ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      group: "own.dev",
      names: { kind: "Gear", listKind: "GearList", plural: "gears", singular: "gear" },
      scope,
      versions: versions.map(({ name, isServed = true, isStorage = false, schema, hasStatus = false }) => ({
        name,
        served: isServed,
        storage: isStorage,
        schema: { openAPIV3Schema: schema },
        ...(hasStatus ? { subresources: { status: {} } } : {}),
      })),
      ...(conversion === undefined ? {} : { conversion }),
    },
    ...(storedVersions === undefined ? {} : { status: { storedVersions } }),
  };
}

/** Null where the pair has none. */
export function objectOf({ before, spec, writtenIn }: Pair): Written | null {
  const version = writtenIn ?? before.versions.find(({ isStorage }) => isStorage === true)?.name;
  if (spec === undefined || version === undefined) return null;
  return { apiVersion: `own.dev/${version}`, kind: "Gear", metadata: { namespace: "mill", name: "g1" }, spec };
}
