import { describe, expect, it } from "vitest";
import { isWorkloadManifest, parseWorkload } from "../../../src/requirements/workload.ts";

const template = { spec: { containers: [{ name: "main", image: "own.dev/turner:v1.0.0" }] } };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "turner", namespace: "mill" },
  spec: { template },
};
const read = {
  ref: { kind: "Deployment", namespace: "mill", name: "turner" },
  isRunning: true,
  containers: [{ name: "main", image: "own.dev/turner:v1.0.0", args: [], env: {}, hasForeignEnv: false }],
  labels: {},
  annotations: {},
};

describe("parseWorkload", () => {
  it("keeps what requirements are found by, and nothing else", () => {
    expect(parseWorkload(deployment)).toEqual(read);
  });

  it.each([
    { title: "one replica, which is the default", spec: { template }, isRunning: true },
    { title: "three replicas, ready or not", spec: { template, replicas: 3 }, isRunning: true },
    { title: "zero replicas", spec: { template, replicas: 0 }, isRunning: false },
    { title: "replicas that are null, for which the default counts", spec: { template, replicas: null }, isRunning: true },
    { title: "a pause, in which its pods run on", spec: { template, paused: true }, isRunning: true },
  ])("tells whether a Deployment runs: $title", ({ spec, isRunning }) => {
    expect(parseWorkload({ ...deployment, spec })).toEqual({ ...read, isRunning });
  });

  it.each([
    { replicas: 0, isRunning: false },
    { replicas: 1, isRunning: true },
  ])("tells whether a StatefulSet with $replicas replicas runs: $isRunning", ({ replicas, isRunning }) => {
    const parsed = parseWorkload({ ...deployment, kind: "StatefulSet", spec: { template, replicas } });

    expect(parsed).toEqual({ ...read, ref: { ...read.ref, kind: "StatefulSet" }, isRunning });
  });

  it("takes a DaemonSet for running, which has no replicas", () => {
    expect(parseWorkload({ ...deployment, spec: { template, replicas: 0 } }, "DaemonSet")).toEqual({
      ...read,
      ref: { ...read.ref, kind: "DaemonSet" },
    });
  });

  it("puts a workload without a namespace into default, as kubectl does", () => {
    expect(parseWorkload({ ...deployment, metadata: { name: "turner" } })?.ref).toEqual({
      kind: "Deployment",
      namespace: "default",
      name: "turner",
    });
  });

  it("reads annotations of its own from the workload, then from the pod template", () => {
    const annotations = { "crdguard.dev/requires": "a.own.dev/v1", "other.dev/requires": "x", "crdguard.dev/number": 1 };
    const ofTemplate = { "crdguard.dev/requires": "b.own.dev/v1", "crdguard.dev/uses": "c.own.dev/v1" };
    const workload = parseWorkload({
      ...deployment,
      metadata: { ...deployment.metadata, annotations },
      spec: { template: { ...template, metadata: { annotations: ofTemplate } } },
    });

    expect(workload?.annotations).toEqual({ "crdguard.dev/requires": "a.own.dev/v1", "crdguard.dev/uses": "c.own.dev/v1" });
  });

  it("reads an init container that is always restarted, which is a sidecar", () => {
    const initContainers = [{ name: "snapshotter", image: "own.dev/snapshotter:v8.5.0", restartPolicy: "Always" }];
    const workload = parseWorkload({ ...deployment, spec: { template: { spec: { ...template.spec, initContainers } } } });

    expect(workload?.containers.map(({ name }) => name)).toEqual(["main", "snapshotter"]);
  });

  it("passes over containers without a name or an image, and init containers", () => {
    const containers = [{ name: "a" }, { image: "b" }, null, "c", { name: "main", image: "own.dev/turner:v1.0.0" }];
    const spec = { template: { spec: { containers, initContainers: [{ name: "init", image: "envoyproxy/gateway:v1.0.1" }] } } };

    expect(parseWorkload({ ...deployment, spec })).toEqual(read);
  });

  it("keeps arguments, literal variables and labels, by which needs are switched on", () => {
    const containers = [
      {
        ...template.spec.containers[0],
        command: ["/turner"],
        args: ["--gears", 1, "--cogs=off"],
        env: [
          { name: "LITERAL", value: "on" },
          { name: "EMPTY" },
          { name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
          { value: "nameless" },
          null,
        ],
        envFrom: [{ configMapRef: { name: "settings" } }],
      },
    ];
    const workload = parseWorkload({
      ...deployment,
      metadata: { ...deployment.metadata, labels: { app: "turner", number: 1 } },
      spec: { template: { spec: { containers } } },
    });

    expect(workload?.labels).toEqual({ app: "turner" });
    expect(workload?.containers).toEqual([
      {
        name: "main",
        image: "own.dev/turner:v1.0.0",
        args: ["/turner", "--gears", "--cogs=off"],
        env: { LITERAL: "on", EMPTY: "", SECRET: null },
        hasForeignEnv: true,
      },
    ]);
  });

  it.each([
    {
      title: "the last of two, as the kubelet does",
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
      read: { A: "2" },
    },
    {
      title: "a Secret's after a literal one",
      env: [
        { name: "A", value: "1" },
        { name: "A", valueFrom: {} },
      ],
      read: { A: null },
    },
    { title: "a literal one beside an empty source", env: [{ name: "A", value: "1", valueFrom: null }], read: { A: "1" } },
    { title: "no value that is no text", env: [{ name: "A", value: 1 }], read: { A: "" } },
    { title: "none of what is no list", env: { A: "1" }, read: {} },
  ])("reads of variables $title", ({ env, read: variables }) => {
    const containers = [{ ...template.spec.containers[0], env }];

    expect(parseWorkload({ ...deployment, spec: { template: { spec: { containers } } } })?.containers[0]?.env).toEqual(variables);
  });

  it("keeps a variable whose name is a member of every object, as a variable", () => {
    const containers = [{ ...template.spec.containers[0], env: [{ name: "__proto__", value: "on" }] }];
    const env = parseWorkload({ ...deployment, spec: { template: { spec: { containers } } } })?.containers[0]?.env ?? {};

    expect([Object.entries(env), Object.getPrototypeOf(env)]).toEqual([[["__proto__", "on"]], Object.prototype]);
  });

  it.each([
    { title: "no list of whole sources", envFrom: [], hasForeignEnv: false },
    { title: "null", envFrom: null, hasForeignEnv: false },
    { title: "a whole Secret", envFrom: [{ secretRef: { name: "s" } }], hasForeignEnv: true },
  ])("tells whether variables come from elsewhere: $title", ({ envFrom, hasForeignEnv }) => {
    const containers = [{ ...template.spec.containers[0], envFrom }];

    expect(parseWorkload({ ...deployment, spec: { template: { spec: { containers } } } })?.containers).toEqual([
      { ...read.containers[0], hasForeignEnv },
    ]);
  });

  it("keeps no labels of the pod template, by which no kubectl selects the workload", () => {
    const spec = { template: { ...template, metadata: { labels: { app: "turner" } } } };

    expect(parseWorkload({ ...deployment, spec })?.labels).toEqual({});
  });

  it.each([
    { title: "null", input: null },
    { title: "a list", input: [] },
    { title: "another kind", input: { ...deployment, kind: "Job" } },
    { title: "no name", input: { ...deployment, metadata: {} } },
    { title: "no spec", input: { ...deployment, spec: undefined } },
    { title: "no pod template", input: { ...deployment, spec: {} } },
  ])("reads nothing out of $title", ({ input }) => {
    expect(parseWorkload(input)).toBeNull();
  });

  it.each([
    { input: deployment, isWorkload: true },
    { input: { ...deployment, kind: "StatefulSet" }, isWorkload: true },
    { input: { ...deployment, kind: "DaemonSet" }, isWorkload: true },
    { input: { ...deployment, kind: "Job" }, isWorkload: false },
    { input: { ...deployment, apiVersion: "extensions/v1beta1" }, isWorkload: false },
    { input: null, isWorkload: false },
  ])("tells a workload from other objects", ({ input, isWorkload }) => {
    expect(isWorkloadManifest(input)).toBe(isWorkload);
  });
});
