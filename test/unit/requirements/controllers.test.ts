import { beforeAll, describe, expect, it } from "vitest";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { controllerPresences } from "../../../src/requirements/controllers.ts";
import { parseWorkload, type Workload } from "../../../src/requirements/workload.ts";

const OLD = "ingressroutes.traefik.containo.us";
const NEW = "ingressroutes.traefik.io";
const GROUPS = new Set(["traefik.containo.us", "traefik.io"]);

let catalog: Catalog;

beforeAll(async () => {
  const read = await readCatalog();
  if (!read.ok) throw new Error(read.error.message);
  catalog = read.value;
});

describe("controllers that bring definitions along", () => {
  it.each([
    { title: "Traefik v2.9 wants the old group alone", image: "traefik:v2.9.6", old: true, current: false },
    { title: "Traefik v2.11 wants both groups", image: "docker.io/library/traefik:v2.11.0", old: true, current: true },
    { title: "Traefik v3 wants the new group alone", image: "docker.io/library/traefik:v3.1.2", old: false, current: true },
  ])("$title, whatever its settings", ({ image, old, current }) => {
    const [traefik] = controllerPresences(catalog, GROUPS, [workload(image)]);

    expect(traefik?.installed).toMatchObject([{ workload: { name: "ingress" }, image }]);
    expect(traefik?.installed[0]?.wanted?.has(OLD)).toBe(old);
    expect(traefik?.installed[0]?.wanted?.has(NEW)).toBe(current);
    expect(traefik?.everWanted.has(OLD) && traefik.everWanted.has(NEW)).toBe(true);
  });

  it("count as installed when scaled to zero", () => {
    const [traefik] = controllerPresences(catalog, GROUPS, [workload("traefik:v3.1.2", 0)]);

    expect(traefik?.installed).toHaveLength(1);
  });

  it("want nothing that is known where the tag names no version", () => {
    const [traefik] = controllerPresences(catalog, GROUPS, [workload("traefik:latest")]);

    expect(traefik?.installed).toMatchObject([{ wanted: null }]);
  });

  it("are those of groups that are there, and no others", () => {
    const ids = controllerPresences(catalog, GROUPS, [workload("quay.io/jetstack/cert-manager-controller:v1.14.0")]).map(
      ({ id }) => id,
    );

    expect(ids).toEqual(["traefik"]);
  });
});

function workload(image: string, replicas = 1): Workload {
  const template = { spec: { containers: [{ name: "main", image }] } };
  const parsed = parseWorkload({ metadata: { name: "ingress", namespace: "web" }, spec: { replicas, template } }, "Deployment");
  if (parsed === null) throw new Error("it has a name and a template");
  return parsed;
}
