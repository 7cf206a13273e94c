/** @file Kubernetes' formats of names. Source: k8s.io/apiserver/pkg/cel/library/format.go; k8s.io/apimachinery/pkg/api/validate/content. */
import { kindOf, none, one, text, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { parseTime } from "../values/formats.ts";
import { ListValue, NONE, NotEvaluated, Opaque, Optional } from "../values/value.ts";
import { isUrl } from "./urls.ts";

/** How much is wrong; 0 where the text is of the format. */
type CountFaults = (value: string) => number;

class NamedFormat extends Opaque {
  override readonly typeName = "kubernetes.NamedFormat";
  readonly name: string;
  readonly countFaults: CountFaults;

  constructor(name: string, countFaults: CountFaults) {
    super();
    this.name = name;
    this.countFaults = countFaults;
  }

  override equals(other: Opaque): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

/** The API server's sentences: how many there are is known, and not what they say. */
class Faults extends ListValue {
  override readonly size: number;

  constructor(size: number) {
    super();
    this.size = size;
  }

  override at(): never {
    throw new NotEvaluated("it reads what a format says of a text");
  }

  override rawAt(): never {
    return this.at();
  }
}

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123Label = named(63, new RegExp(`^${LABEL}$`));
const dns1123Subdomain = named(253, new RegExp(`^${LABEL}(\\.${LABEL})*$`));
const dns1035Label = named(63, /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
const KEY = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const FORMATS: ReadonlyMap<string, CountFaults> = new Map<string, CountFaults>([
  ["dns1123Label", dns1123Label],
  ["dns1123Subdomain", dns1123Subdomain],
  ["dns1035Label", dns1035Label],
  ["qualifiedName", qualifiedName],
  ["dns1123LabelPrefix", (value) => dns1123Label(prefixOf(value))],
  ["dns1123SubdomainPrefix", (value) => dns1123Subdomain(prefixOf(value))],
  ["dns1035LabelPrefix", (value) => dns1035Label(prefixOf(value))],
  ["labelValue", (value) => (value === "" ? 0 : named(63, KEY)(value))],
  ["uri", (value) => fault(isUrl(value))],
  ["uuid", (value) => fault(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value))],
  ["byte", (value) => fault(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(value))],
  ["date", (value) => fault(isDate(value))],
  ["datetime", (value) => fault(isDateTime(value))],
]);

const namedFormat = kindOf(NamedFormat);

export const NAMED_FORMATS: Library = {
  ...Object.fromEntries(
    [...FORMATS].map(([name, countFaults]) => [`format.${name}/0`, [none(() => new NamedFormat(name, countFaults))]]),
  ),
  "format.named/1": [
    one(text, (name) => {
      const countFaults = FORMATS.get(name);
      return countFaults === undefined ? NONE : new Optional(new NamedFormat(name, countFaults));
    }),
  ],
  ".validate/2": [
    two(namedFormat, text, ({ countFaults }, value, budget) => {
      budget.spendOnText(value.length);
      const count = countFaults(value);
      return count === 0 ? NONE : new Optional(new Faults(count));
    }),
  ],
};

function fault(isFine: boolean): number {
  return isFine ? 0 : 1;
}

function named(maxBytes: number, form: RegExp): CountFaults {
  return (value) => fault(Buffer.byteLength(value) <= maxBytes) + fault(form.test(value));
}

/** A name that ends in `-` is a prefix: something follows. Source: k8s.io/apimachinery/pkg/api/validation, maskTrailingDash. */
function prefixOf(value: string): string {
  return value.length > 1 && value.endsWith("-") ? `${value.slice(0, -2)}a` : value;
}

function qualifiedName(value: string): number {
  const [first = "", second, ...more] = value.split("/");
  if (more.length > 0) return 1;
  const name = second ?? first;
  const prefixFaults = second === undefined ? 0 : first === "" ? 1 : dns1123Subdomain(first);
  return prefixFaults + fault(name !== "" && Buffer.byteLength(name) <= 63) + fault(KEY.test(name));
}

function isDate(value: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(value) && parseTime(`${value}T00:00:00Z`) !== null;
}

/** Source: kube-openapi, strfmt.IsDateTime. */
function isDateTime(value: string): boolean {
  const [date = "", clock = ""] = value.toLowerCase().split("t");
  const match = /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/.exec(clock);
  if (match === null || !isDate(date)) return false;
  const [, hours = "", minutes = "", seconds = ""] = match;
  return hours <= "23" && minutes <= "59" && seconds <= "59";
}
