import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadApiClient } from "../../src/cluster/live/api-client.ts";
import { uninstall, type UninstallStep } from "../../src/operator/uninstall.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, objectManifest } from "./support/manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const SERVER = "system:serviceaccount:crdguard:crdguard";
const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** What is promised of a repair. */
const PROMISED_MILLISECONDS = 10_000;

interface Entry {
  readonly name: string;
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
  readonly rules: readonly { readonly operations: readonly string[] }[];
  readonly matchConditions?: readonly { readonly name: string }[];
  readonly objectSelector?: unknown;
  readonly namespaceSelector?: unknown;
  readonly clientConfig: { readonly url?: string; readonly service?: unknown; readonly caBundle?: string };
}

interface Configuration {
  readonly metadata: {
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly webhooks: readonly Entry[];
}

let api: ApiServer;
let guard: GuardProcess;

beforeAll(async () => {
  api = await startApiServer({ users: [{ name: SERVER }] });
  for (const path of [
    "manifests/crds/apirequirements.yaml",
    "manifests/server/namespace.yaml",
    "manifests/server/rbac.yaml",
    "manifests/components/count-all-objects/rbac.yaml",
  ]) {
    await done("apply", "-f", join(ROOT, path));
  }
  // An administrator of the cluster, who is none of system:masters.
  await done("create", "clusterrolebinding", "bob", "--clusterrole=cluster-admin", "--user=bob");
  await applied(crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" }));
  await eventually("an object is created", async () => (await apply(objectManifest("own.dev/v1", "Gear", "one"))).exitCode === 0);
});

afterAll(async () => {
  await guard.process.stop(10_000);
  await api.stop();
});

describe("a server that keeps itself installed, in a cluster that has nothing", () => {
  it("registers itself when it answers, failing open, and fails closed once the API server was seen to reach it", async () => {
    guard = await startGuardProcess(api, { keeping: { user: SERVER }, args: ["--warn-workloads"] });
    const first = await eventually("it is registered", async () => (await configurations()).validating ?? false);
    expect(policiesOf(first)).toEqual(["changes Ignore", "creates Ignore", "own Ignore"]);

    const enforcing = await failingClosed();
    expect(enforcing.metadata.uid).toBe(first.metadata.uid);
    expect(enforcing.metadata.labels["crdguard.dev/registered-by"]).toBe("kept");
    expect(enforcing.webhooks.map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([10, 5, 5]);
    const { explainer, workloads } = await configurations();
    expect([explainer, workloads].map((each) => each && policiesOf(each))).toEqual([["explain Ignore"], ["workloads Ignore"]]);
    expect(await events("crdguard")).toEqual(["RegistrationCreated", "RegistrationEnforcing"]);
  });

  it("denies what it must deny, by rule", async () => {
    const withoutV1 = crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v2" }], storage: "v2" });

    expect((await apply(withoutV1)).stderr).toContain("stored-version-removed");
    expect((await asBob("delete", "crd", "gears.own.dev")).stderr).toContain("objects-deleted");
  });

  it("asks about its own CRDs where it fails open alone", async () => {
    await bobDid("annotate", "crd", "apirequirements.crdguard.dev", "note=looked-at");
    const asked = await eventually(
      "it was asked",
      async () =>
        (await guard.reviews()).find(({ crd, user }) => crd === "apirequirements.crdguard.dev" && user === "bob") ?? false,
    );
    expect(asked).toMatchObject({ phase: "validate", decision: "allow" });
  });

  it("lets collections of CRDs be deleted, its own among them: no condition errs", async () => {
    const labels = { batch: "one" };
    for (const [plural, kind] of [
      ["nuts", "Nut"],
      ["bolts", "Bolt"],
    ] as const) {
      await applied(crdManifest({ plural, kind, versions: [{ name: "v1" }], storage: "v1", labels }));
    }
    await bobDid("label", "crd", "apirequirements.crdguard.dev", "batch=one");

    const answer = await api.request("DELETE", `${CRDS}?labelSelector=batch%3Done&dryRun=All`, { user: "bob" });
    expect(answer.status).toBe(200);
    await bobDid("label", "crd", "apirequirements.crdguard.dev", "batch-");
  });
});

describe("what somebody changes of a registration", () => {
  it("stays, where it is a user's: labels, annotations, conditions, time-outs and webhooks of their own", async () => {
    await bobPatched(VALIDATING, "crdguard", [
      { op: "add", path: "/metadata/labels/team", value: "platform" },
      { op: "add", path: "/metadata/annotations/note", value: "looked at" },
      {
        op: "add",
        path: "/webhooks/0/matchConditions/-",
        value: { name: "not-root", expression: "request.userInfo.username != 'root'" },
      },
      { op: "replace", path: "/webhooks/0/timeoutSeconds", value: 7 },
      { op: "add", path: "/webhooks/-", value: await webhookOfBob() },
    ]);
    // What is ours changes as well, so that there is a repair to survive.
    await bobPatched(VALIDATING, "crdguard", [{ op: "replace", path: "/webhooks/1/failurePolicy", value: "Fail" }]);
    await repaired("creates fails open again", ({ webhooks }) => webhooks[1]?.failurePolicy === "Ignore");

    expect(await theirs()).toEqual(ALL_OF_THEIRS);
  });

  it.each([
    {
      title: "rules",
      patch: [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["DELETE"] }],
      isRepaired: ({ webhooks }: Configuration) => webhooks[0]?.rules[0]?.operations.join() === "UPDATE,DELETE",
    },
    {
      title: "the failurePolicy",
      patch: [{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }],
      isRepaired: ({ webhooks }: Configuration) => webhooks[0]?.failurePolicy === "Fail",
    },
    {
      title: "an emptied caBundle",
      patch: [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }],
      isRepaired: ({ webhooks }: Configuration) => (webhooks[0]?.clientConfig.caBundle ?? "") !== "",
    },
    {
      title: "a Service in place of the URL",
      patch: [
        { op: "remove", path: "/webhooks/0/clientConfig/url" },
        { op: "add", path: "/webhooks/0/clientConfig/service", value: { namespace: "default", name: "kubernetes" } },
      ],
      isRepaired: ({ webhooks }: Configuration) =>
        webhooks[0]?.clientConfig.url === `${guard.url}/validate` && webhooks[0].clientConfig.service === undefined,
    },
    {
      title: "selectors that keep changes from it",
      patch: [
        { op: "add", path: "/webhooks/0/objectSelector", value: { matchLabels: { guarded: "yes" } } },
        { op: "add", path: "/webhooks/1/namespaceSelector", value: { matchLabels: { guarded: "yes" } } },
      ],
      isRepaired: ({ webhooks }: Configuration) =>
        [webhooks[0]?.objectSelector, webhooks[1]?.namespaceSelector].every((selector) => JSON.stringify(selector) === "{}"),
    },
    {
      title: "a condition of its own",
      patch: [{ op: "replace", path: "/webhooks/0/matchConditions/0/expression", value: "false" }],
      isRepaired: ({ webhooks }: Configuration) => !JSON.stringify(webhooks[0]?.matchConditions).includes('"false"'),
    },
  ])("is put back within ten seconds, where it is crdguard's: $title", async ({ patch, isRepaired, title }) => {
    await bobPatched(VALIDATING, "crdguard", patch);

    await repaired(title, isRepaired);

    expect(await theirs()).toEqual(ALL_OF_THEIRS);
  });

  it("a webhook that is gone comes back, with the time-out that it had", async () => {
    const { webhooks } = await validating();
    const index = webhooks.findIndex(({ name }) => name === "creates.crdguard.dev");
    await bobPatched(VALIDATING, "crdguard", [{ op: "remove", path: `/webhooks/${String(index)}` }]);

    const { webhooks: after } = await repaired("creates is back", (live) =>
      live.webhooks.some(({ name }) => name === "creates.crdguard.dev"),
    );
    await eventually("with five seconds", async () =>
      (await validating()).webhooks.some(({ name, timeoutSeconds }) => name === "creates.crdguard.dev" && timeoutSeconds === 5),
    );
    expect(after.some(({ name }) => name === "third.own.dev")).toBe(true);
    expect(await theirs()).toEqual(ALL_OF_THEIRS);
  });

  it("is counted, logged, and told in an Event that names who did it", async () => {
    const metrics = await eventually("it is in order", async () => {
      const text = await (await fetch(`${guard.healthUrl}/metrics`)).text();
      return text.includes('crdguard_kept_object_in_order{kind="ValidatingWebhookConfiguration",name="crdguard"} 1') && text;
    });
    const repairs = /crdguard_drift_repaired_total\{kind="ValidatingWebhookConfiguration",name="crdguard"\} (\d+)/.exec(metrics);
    expect(Number(repairs?.[1])).toBeGreaterThan(6);

    const notes = (await api.kubectl(["get", "events", "-o", "jsonpath={.items[?(@.reason=='RegistrationRepaired')].message}"]))
      .stdout;
    expect(notes).toContain("webhooks[changes.crdguard.dev].rules differed");
    expect(notes).toContain('"bob"');
    expect(await guard.log()).toContain('"changedBy":"bob"');
  });

  it("a configuration that is deleted is back within ten seconds, and is proven anew", async () => {
    const { metadata } = await validating();
    await bobDid("delete", "validatingwebhookconfiguration", "crdguard");
    await bobDid("delete", "mutatingwebhookconfiguration", "crdguard-explainer");

    const back = await eventually(
      "both are back",
      async () => {
        const { validating: own, explainer } = await configurations();
        return own !== null && explainer !== null && own.metadata.uid !== metadata.uid ? own : false;
      },
      { timeoutMs: PROMISED_MILLISECONDS },
    );
    expect(policiesOf(back)).toEqual(["changes Ignore", "creates Ignore", "own Ignore"]);
    await failingClosed();
  });

  it("that changes back and back is not followed without a pause", async () => {
    const startedAt = Date.now();
    let edits = 0;
    while (Date.now() - startedAt < 12_000) {
      const { webhooks } = await validating();
      if (webhooks[0]?.failurePolicy === "Fail") {
        await bobPatched(
          VALIDATING,
          "crdguard",
          [{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }],
          "argocd-controller",
        );
        edits += 1;
      }
      await sleep(100);
    }
    // At once, after five seconds, and then after ten.
    expect(edits).toBeGreaterThanOrEqual(2);
    expect(edits).toBeLessThanOrEqual(4);
    const log = await guard.log();
    expect(log).toContain("kept object is changed back again and again");
    expect(log).toContain('"changedBy":"argocd-controller"');
    await repaired("it is put right in the end", ({ webhooks }) => webhooks[0]?.failurePolicy === "Fail", 30_000);
  });
});

describe("when the server is not there", () => {
  it("removes nothing when it ends, and goes on where it was", async () => {
    const before = await validating();
    await guard.process.stop(15_000);
    expect((await validating()).metadata.uid).toBe(before.metadata.uid);

    await restarted();
    await eventually("it has looked", async () => (await guard.log()).includes("this replica leads"));
    await sleep(2_000);
    expect(policiesOf(await validating())[0]).toBe("changes Fail");
    expect((await validating()).metadata.uid).toBe(before.metadata.uid);
  });

  it("keeps nobody from its own CRDs, though it fails closed for all others", async () => {
    await guard.process.kill9();
    const refused = await asBob(
      "patch",
      "crd",
      "gears.own.dev",
      "--type=json",
      "-p",
      '[{"op":"add","path":"/spec/names/shortNames","value":["g"]}]',
    );
    expect(refused.stderr).toContain("changes.crdguard.dev");

    await bobDid(
      "patch",
      "crd",
      "apirequirements.crdguard.dev",
      "--type=json",
      "-p",
      '[{"op":"add","path":"/spec/names/shortNames","value":["apireq"]}]',
    );
    await bobDid("delete", "crd", "apirequirements.crdguard.dev");
    await bobDid("apply", "-f", join(ROOT, "manifests/crds/apirequirements.yaml"));
    await applied(crdManifest({ plural: "pins", kind: "Pin", versions: [{ name: "v1" }], storage: "v1" }));
  });

  it("puts right whatever it finds when it is back after a crash", async () => {
    await bobDid("delete", "mutatingwebhookconfiguration", "crdguard-explainer");
    await bobPatched(VALIDATING, "crdguard", [
      { op: "remove", path: "/webhooks/0/clientConfig/caBundle" },
      { op: "remove", path: "/webhooks/2" },
      { op: "replace", path: "/webhooks/0/clientConfig/url", value: "https://127.0.0.1:1/validate" },
    ]);

    await restarted();

    await eventually("the explainer is back", async () => (await configurations()).explainer !== null, { timeoutMs: 20_000 });
    await repaired("it is all right", ({ webhooks }) => {
      const urls = webhooks.filter(({ name }) => name.endsWith(".crdguard.dev")).map(({ clientConfig }) => clientConfig.url);
      return urls.length === 3 && urls.every((url) => url === `${guard.url}/validate`);
    });
    await failingClosed();
    expect((await asBob("delete", "crd", "gears.own.dev")).stderr).toContain("objects-deleted");
  });
});

describe("uninstalling", () => {
  const steps: UninstallStep[] = [];

  async function uninstalled(): Promise<boolean> {
    const client = loadApiClient({ kubeconfig: api.kubeconfigPath });
    if (!client.ok) throw new Error(client.error.message);
    steps.length = 0;
    const { isComplete } = await uninstall({
      client: client.value,
      namespace: "crdguard",
      deployment: "crdguard",
      drainSeconds: 3,
      told: (step) => steps.push(step),
      signal: new AbortController().signal,
    });
    client.value.close();
    return isComplete;
  }

  it("takes the configurations away at once, the failing-closed one first, and no server puts them back", async () => {
    expect(await uninstalled()).toBe(false);

    const deleted = steps.flatMap((step) => (step.kind === "deleted" ? [step.object.name] : []));
    expect(deleted.slice(0, 3)).toEqual(["crdguard", "crdguard-workloads", "crdguard-explainer"]);
    expect(steps[0]).toMatchObject({ kind: "marked" });
    expect(steps.at(-1)).toMatchObject({ kind: "replicas-left" });
    await sleep(5_000);
    expect(await configurations()).toEqual({ validating: null, explainer: null, workloads: null });
    expect(await guard.log()).toContain('"reason":"uninstalling"');
  });

  it("leaves nothing once the servers have ended, may be repeated, and lets a new one start afresh", async () => {
    await guard.process.stop(15_000);
    expect(await uninstalled()).toBe(true);
    expect(await leftOvers()).toEqual("");
    expect(await uninstalled()).toBe(true);

    await restarted("--webhook-profile", "fail-open");
    const live = await eventually("it is registered", async () => (await configurations()).validating ?? false, {
      timeoutMs: 20_000,
    });
    expect(policiesOf(live)).toEqual(["changes Ignore", "creates Ignore", "own Ignore"]);
    await guard.process.stop(15_000);
    expect(await uninstalled()).toBe(true);
  });
});

describe("what cannot be proven", () => {
  it("an endpoint that does not answer is never registered", async () => {
    guard = await startGuardProcess(api, { keeping: { user: SERVER }, args: ["--webhook-url", "https://127.0.0.1:1"] });
    await eventually("it says why", async () => {
      const log = await guard.log();
      return log.includes("kept object has to wait") && log.includes("https://127.0.0.1:1/validate");
    });
    await sleep(3_000);

    expect(await configurations()).toEqual({ validating: null, explainer: null, workloads: null });
    await guard.process.stop(15_000);
  });

  it("without a CRD to try it on, it goes on failing open, and says so", async () => {
    await bobDid("delete", "crd", "apirequirements.crdguard.dev");
    await restarted();

    await eventually("it says so", async () => (await guard.log()).includes("was not seen to reach this server, failing open"), {
      timeoutMs: 60_000,
    });
    expect(policiesOf(await validating())[0]).toBe("changes Ignore");
    expect(await events("crdguard")).toContain("RegistrationUnproven");
  });

  it("by profile fail-closed it fails closed from the first moment", async () => {
    await guard.process.stop(15_000);
    await bobDid("delete", "validatingwebhookconfiguration", "crdguard");
    await restarted("--webhook-profile", "fail-closed");

    const live = await eventually("it is registered", async () => (await configurations()).validating ?? false, {
      timeoutMs: 20_000,
    });
    expect(policiesOf(live)).toEqual(["changes Fail", "creates Ignore", "own Ignore"]);
  });
});

async function configurations(): Promise<{
  readonly validating: Configuration | null;
  readonly explainer: Configuration | null;
  readonly workloads: Configuration | null;
}> {
  const [own, explainer, workloads] = await Promise.all(
    [`${VALIDATING}/crdguard`, `${MUTATING}/crdguard-explainer`, `${VALIDATING}/crdguard-workloads`].map(async (path) => {
      const { status, body } = await api.request("GET", path);
      return status === 200 ? (body as Configuration) : null;
    }),
  );
  return { validating: own ?? null, explainer: explainer ?? null, workloads: workloads ?? null };
}

async function validating(): Promise<Configuration> {
  const { validating: own } = await configurations();
  if (own === null) throw new Error("there is no ValidatingWebhookConfiguration crdguard");
  return own;
}

function policiesOf({ webhooks }: Configuration): readonly string[] {
  return webhooks.map(({ name, failurePolicy }) => `${name.replace(".crdguard.dev", "")} ${failurePolicy}`);
}

async function failingClosed(): Promise<Configuration> {
  return repaired("it fails closed", (live) => policiesOf(live).includes("changes Fail"), 40_000);
}

async function repaired(
  title: string,
  isRepaired: (live: Configuration) => boolean,
  timeoutMs = PROMISED_MILLISECONDS,
): Promise<Configuration> {
  return eventually(
    title,
    async () => {
      const live = await validating();
      return isRepaired(live) ? live : false;
    },
    { timeoutMs },
  );
}

/** What bob has set on the registration. */
async function theirs(): Promise<unknown> {
  const { metadata, webhooks } = await validating();
  const changes = webhooks.find(({ name }) => name === "changes.crdguard.dev");
  return {
    label: metadata.labels["team"],
    annotation: metadata.annotations?.["note"],
    condition: changes?.matchConditions?.some(({ name }) => name === "not-root"),
    timeoutSeconds: changes?.timeoutSeconds,
    webhook: webhooks.some(({ name }) => name === "third.own.dev"),
  };
}

const ALL_OF_THEIRS = { label: "platform", annotation: "looked at", condition: true, timeoutSeconds: 7, webhook: true };

/** Asked about nothing that is ever done here. */
async function webhookOfBob(): Promise<unknown> {
  const [changes] = (await validating()).webhooks;
  return {
    ...changes,
    name: "third.own.dev",
    failurePolicy: "Ignore",
    rules: [{ apiGroups: ["none.own.dev"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"], scope: "*" }],
  };
}

async function restarted(...args: readonly string[]): Promise<void> {
  // By the same address, as behind a Service.
  const port = Number(new URL(guard.url).port);
  guard = await startGuardProcess(api, { keeping: { user: SERVER }, args: ["--warn-workloads", ...args], port });
}

async function events(name: string): Promise<readonly string[]> {
  const listed = await eventually("Events are written", async () => {
    const { stdout } = await api.kubectl([
      "get",
      "events",
      `--field-selector=involvedObject.kind=ValidatingWebhookConfiguration,involvedObject.name=${name}`,
      "-o",
      "jsonpath={.items[*].reason}",
    ]);
    return stdout === "" ? false : stdout;
  });
  return [...new Set(listed.split(" "))].toSorted();
}

async function leftOvers(): Promise<string> {
  const { stdout } = await api.kubectl([
    "get",
    "validatingwebhookconfigurations,mutatingwebhookconfigurations,leases.coordination.k8s.io,secrets",
    "--namespace=crdguard",
    "-o",
    "name",
  ]);
  return stdout.trim();
}

async function bobPatched(collection: string, name: string, patch: unknown, manager = "bob"): Promise<void> {
  const path = `${collection}/${name}?fieldManager=${manager}`;
  const answer = await api.request("PATCH", path, { body: patch, contentType: "application/json-patch+json", user: "bob" });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

async function asBob(...args: readonly string[]) {
  return api.kubectl(args, { kubeconfig: await api.kubeconfigFor("bob") });
}

async function bobDid(...args: readonly string[]): Promise<void> {
  expect(await asBob(...args)).toMatchObject({ exitCode: 0 });
}

async function done(...args: readonly string[]): Promise<void> {
  expect(await api.kubectl(args)).toMatchObject({ exitCode: 0 });
}

async function apply(manifest: string) {
  return api.kubectl(["apply", "-f", "-"], { stdin: manifest });
}

async function applied(manifest: string): Promise<void> {
  expect(await apply(manifest)).toMatchObject({ exitCode: 0 });
}
