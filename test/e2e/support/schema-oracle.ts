/** @file Asks a real API server what it makes of an object by a schema: the truth that `src/objects/` is held against. */
import { Agent } from "node:https";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import { request } from "node:https";
import { text as readText } from "node:stream/consumers";
import { parseExactJson } from "../../../src/crd/exact-json.ts";
import { isRecord } from "../../../src/crd/is-record.ts";
import { type WrittenObject, writtenJson } from "../../support/structural/written.ts";
import type { ApiServer } from "./api-server.ts";
import { eventually } from "./eventually.ts";

export type Answer =
  /** `object` as it would be stored: pruned and with defaults. */
  | { readonly kind: "taken"; readonly object: Readonly<Record<string, unknown>> }
  /** One for each cause; `field` is empty where the API server names none. */
  | { readonly kind: "refused"; readonly causes: readonly { readonly field: string; readonly message: string }[] };

/** One version of a definition. */
export interface DefinedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** What becomes of such an object if it is created. @throws Error for any other answer. */
  create(content: WrittenObject): Promise<Answer>;
}

export interface SchemaOracle {
  /**
   * One definition with a version for each schema, which takes hardly longer than one with a single version; and one in which
   * objects are stored, which keeps all: even what a dry run returns has been there. Returns when objects of it can be created.
   * @throws Error where the API server does not take one of the schemas.
   */
  define(schemas: readonly WrittenObject[]): Promise<readonly DefinedKind[]>;
  close(): void;
}

export function askSchemaOracle(api: ApiServer): SchemaOracle {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: api.certificateAuthority });
  let count = 0;

  async function send(method: string, path: string, body?: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const outgoing = request(new URL(path, api.url), {
      method,
      agent,
      headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(30_000),
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = await readText(response);
    return { status: response.statusCode ?? 0, body: isJson(response) ? parseExactJson(answer) : answer };
  }

  return {
    async define(schemas) {
      count += 1;
      const group = `n${count}.oracle.dev`;
      const created = await send("POST", CRDS, definition(group, schemas));
      if (created.status !== 201) throw new Error(`no such definition can be: ${messageOf(created.body)}`);
      return Promise.all(
        schemas.map(async (_, at) => {
          const apiVersion = `${group}/v${at + 1}`;
          const things = `/apis/${apiVersion}/things`;
          await eventually(`${apiVersion} is served`, async () => (await send("GET", `${things}?limit=1`)).status === 200, {
            timeoutMs: 30_000,
          });
          return {
            apiVersion,
            kind: "Thing",
            async create(content) {
              const object = { apiVersion, kind: "Thing", metadata: { name: "thing" }, ...content };
              const { status, body } = await send("POST", `${things}?dryRun=All&fieldValidation=Ignore`, writtenJson(object));
              return answerOf(status, body);
            },
          };
        }),
      );
    },
    close() {
      agent.destroy();
    },
  };
}

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const ANYTHING: WrittenObject = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function definition(group: string, schemas: readonly WrittenObject[]): string {
  return writtenJson({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { plural: "things", kind: "Thing" },
      versions: [ANYTHING, ...schemas].map((schema, at) => ({
        name: `v${at}`,
        served: true,
        storage: at === 0,
        schema: { openAPIV3Schema: schema },
      })),
    },
  });
}

function isJson(response: IncomingMessage): boolean {
  return response.headers["content-type"]?.startsWith("application/json") ?? false;
}

/** Of a dry run of a creation. @throws Error for an answer that is none. */
export function answerOf(status: number, body: unknown): Answer {
  if (status === 201 && isRecord(body)) return { kind: "taken", object: body };
  if (status === 422 || status === 400)
    return { kind: "refused", causes: causesOf(body).filter(({ message }) => !isOfCelAlone(message)) };
  throw new Error(`the API server answered ${status}: ${messageOf(body)}`);
}

/** Told where other things are wrong, of rules that were not looked at. Source: customresource/strategy.go, hasBlockingErr. */
function isOfCelAlone(message: string): boolean {
  return message.includes("some validation rules were not checked because the object was invalid");
}

function causesOf(status: unknown): readonly { readonly field: string; readonly message: string }[] {
  const details = isRecord(status) && isRecord(status["details"]) ? status["details"] : {};
  const causes = Array.isArray(details["causes"]) ? details["causes"].filter(isRecord) : [];
  if (causes.length === 0) return [{ field: "", message: messageOf(status) }];
  return causes.map(({ field, message }) => ({ field: textOf(field), message: textOf(message) }));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function messageOf(status: unknown): string {
  return isRecord(status) && typeof status["message"] === "string" ? status["message"] : JSON.stringify(status);
}
