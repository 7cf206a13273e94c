/** @file Reads NAMESPACE/NAME of a ConfigMap. */
import { InvalidArgumentError } from "commander";

export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}

export function parseConfigMapName(value: string): ConfigMapName {
  const { namespace, name } = FORM.exec(value)?.groups ?? {};
  if (namespace === undefined || name === undefined) {
    throw new InvalidArgumentError("give NAMESPACE/NAME, for example crdguard/crdguard-catalog.");
  }
  return { namespace, name };
}

/** A label, then a subdomain. Source: k8s.io/apimachinery/pkg/util/validation. */
const FORM = /^(?<namespace>[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/(?<name>[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;
