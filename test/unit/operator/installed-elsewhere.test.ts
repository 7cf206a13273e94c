import { describe, expect, it } from "vitest";
import type { ApiErrorCode, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { installedElsewhere } from "../../../src/operator/installed-elsewhere.ts";

const BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/crdguard";
const THERE = "/apis/apps/v1/namespaces/there/deployments/crdguard";
const boundThere = {
  subjects: [
    { kind: "User", name: "somebody" },
    { kind: "ServiceAccount", name: "crdguard", namespace: "there" },
  ],
};

describe("an installation in another namespace", () => {
  it.each<{ readonly title: string; readonly answers: Answers; readonly named: string; readonly found: unknown }>([
    { title: "is none where nothing is installed", answers: {}, named: "here", found: { ok: true, namespace: null } },
    {
      title: "is told where the roles are bound to it and the server is there",
      answers: { [BINDING]: boundThere, [THERE]: {} },
      named: "here",
      found: { ok: true, namespace: "there" },
    },
    {
      title: "is none in the namespace that was named",
      answers: { [BINDING]: boundThere, [THERE]: {} },
      named: "there",
      found: { ok: true, namespace: null },
    },
    {
      title: "is none where the server is gone, so that what it left can be removed",
      answers: { [BINDING]: boundThere },
      named: "here",
      found: { ok: true, namespace: null },
    },
    {
      title: "is nobody's worry who may not read bindings, let alone delete them",
      answers: { [BINDING]: "forbidden" },
      named: "here",
      found: { ok: true, namespace: null },
    },
    {
      title: "is not known where the API server does not answer",
      answers: { [BINDING]: "unreachable" },
      named: "here",
      found: { ok: false, what: "ClusterRoleBinding crdguard", error: refusal("unreachable") },
    },
    {
      title: "is not known where the other namespace may not be read",
      answers: { [BINDING]: boundThere, [THERE]: "forbidden" },
      named: "here",
      found: { ok: false, what: "Deployment there/crdguard", error: refusal("forbidden") },
    },
  ])("$title", async ({ answers, named, found }) => {
    expect(await installedElsewhere({ request: answering(answers) }, named)).toEqual(found);
  });
});

type Answers = Readonly<Record<string, object | ApiErrorCode>>;

function answering(answers: Answers): (request: ApiRequest) => Promise<ApiResult> {
  return ({ path }) => {
    const answer = answers[path] ?? "not-found";
    return Promise.resolve(
      typeof answer === "string" ? { ok: false, error: refusal(answer) } : { ok: true, status: 200, body: answer },
    );
  };
}

function refusal(code: ApiErrorCode): { readonly code: ApiErrorCode; readonly status: null; readonly message: string } {
  return { code, status: null, message: `it is ${code}` };
}
