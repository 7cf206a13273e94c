/** @file Which ConfigMaps the catalog's conditions ask for, given the workloads of a cluster. */
import { type Catalog, controllersOf } from "../../requirements/catalog.ts";
import { parseImage } from "../../requirements/image.ts";
import { type KeyQuestion, questionsOf } from "../../requirements/questions.ts";
import { parseWorkload } from "../../requirements/workload.ts";
import type { JsonRecord, SettingsLook } from "./snapshot.ts";
import { type Strictness, withholdSetting } from "./withhold.ts";

export interface WantedSettings {
  readonly namespace: string;
  readonly name: string;
  readonly questions: readonly KeyQuestion[];
}

/**
 * Those that running workloads hang on, and those that stand in a namespace that the catalog names, for workloads that
 * may come. In the order of their names.
 * @param objects of a snapshot; what is no workload is passed over.
 */
export function wantedSettings(objects: readonly JsonRecord[], catalog: Catalog): readonly WantedSettings[] {
  const wanted = new Map<string, { namespace: string; name: string; questions: Set<KeyQuestion> }>();
  const want = (question: KeyQuestion, namespace: string): void => {
    const { name } = question.key;
    const id = `${namespace}/${name}`;
    const known = wanted.get(id) ?? { namespace, name, questions: new Set() };
    known.questions.add(question);
    wanted.set(id, known);
  };
  for (const question of questionsOf(catalog).keys) {
    if (question.key.namespace !== null) want(question, question.key.namespace);
  }
  for (const object of objects) {
    const workload = parseWorkload(object);
    if (workload === null) continue;
    for (const { image } of workload.containers) {
      for (const question of questionsOf(controllersOf(catalog, parseImage(image))).keys) {
        want(question, question.key.namespace ?? workload.ref.namespace);
      }
    }
  }
  return [...wanted.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { namespace, name, questions }]) => ({ namespace, name, questions: [...questions] }));
}

/** Of a ConfigMap, what answers the questions. */
export function lookAt(wanted: WantedSettings, found: ReadonlyMap<string, string>, strictness: Strictness): SettingsLook {
  const { namespace, name, questions } = wanted;
  const values = new Map<string, string | null>();
  for (const [key, asked] of Map.groupBy(questions, (question) => question.key.key)) {
    const value = found.get(key);
    const told = value === undefined ? null : withholdSetting(value, asked, strictness);
    // A value that must not be told is as one that was not looked at.
    if (value === undefined || told !== null) values.set(key, told);
  }
  return { namespace, name, state: "read", values };
}
