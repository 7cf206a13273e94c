import { beforeEach, describe, expect, it } from "vitest";
import { areSameValues, createSettings, readValues, type Settings } from "../../../../src/cluster/live/settings.ts";

let told: string[];
let settings: Settings;

beforeEach(() => {
  told = [];
  settings = createSettings({
    changed: () => told.push("changed"),
    wanted: (namespace, name) => told.push(`wanted ${namespace}/${name}`),
  });
});

describe("settings", () => {
  it("are asked for once a ConfigMap, whatever its keys, and are unknown until then", () => {
    const read = [
      settings.read("mill", "config", "gears"),
      settings.read("mill", "config", "cogs"),
      settings.read("shop", "config", "gears"),
    ];

    expect(read).toEqual([undefined, undefined, undefined]);
    expect(told).toEqual(["wanted mill/config", "wanted shop/config"]);
  });

  it("are looked up without being asked for", () => {
    expect(settings.peek("mill", "config", "gears")).toBeUndefined();
    expect(told).toEqual([]);
  });

  it("tell a key that is missing from a ConfigMap that does not exist", () => {
    settings.set("mill", "config", new Map([["gears", ""]]));
    const known = ["gears", "cogs"].map((key) => settings.read("mill", "config", key));
    settings.set("mill", "config", null);

    expect([...known, settings.peek("mill", "config", "gears")]).toEqual(["", null, undefined]);
  });

  it("tell of changes, and only of real ones", () => {
    settings.set("mill", "config", null);
    settings.set("mill", "config", new Map([["gears", "on"]]));
    settings.set("mill", "config", new Map([["gears", "on"]]));
    settings.set("shop", "config", new Map([["gears", "on"]]));
    settings.set("mill", "config", new Map([["gears", "off"]]));
    settings.set("mill", "config", null);
    settings.set("mill", "config", null);

    expect(told).toEqual(["changed", "changed", "changed", "changed"]);
  });

  it("are known already when a change is told of", () => {
    const seen: (string | null | undefined)[] = [];
    const own = createSettings({
      changed: () => seen.push(own.peek("mill", "config", "gears")),
      wanted: () => undefined,
    });
    own.set("mill", "config", new Map([["gears", "on"]]));

    expect(seen).toEqual(["on"]);
  });
});

describe("readValues", () => {
  it.each([
    { title: "texts", configMap: { data: { a: "1", b: "" } }, values: { a: "1", b: "" } },
    { title: "nothing that is no text", configMap: { data: { a: "1", b: 2, c: null } }, values: { a: "1" } },
    { title: "no binary data", configMap: { binaryData: { a: "MQ==" } }, values: {} },
    { title: "nothing without data", configMap: { metadata: { name: "config" } }, values: {} },
    { title: "nothing of null", configMap: { data: null }, values: {} },
  ])("reads $title", ({ configMap, values }) => {
    expect(Object.fromEntries(readValues(configMap))).toEqual(values);
  });
});

describe("areSameValues", () => {
  const on = new Map([["gears", "on"]]);

  it.each([
    { title: "equal ones", left: on, right: new Map(on), isSame: true },
    { title: "another value", left: on, right: new Map([["gears", "off"]]), isSame: false },
    { title: "another key", left: on, right: new Map([["cogs", "on"]]), isSame: false },
    { title: "a key more", left: on, right: new Map([...on, ["cogs", "on"]]), isSame: false },
    { title: "a key less", left: new Map([...on, ["cogs", "on"]]), right: on, isSame: false },
    { title: "none and an empty one", left: null, right: new Map<string, string>(), isSame: false },
    { title: "none and none", left: null, right: null, isSame: true },
  ])("compares $title: $isSame", ({ left, right, isSame }) => {
    expect(areSameValues(left, right)).toBe(isSame);
  });
});
