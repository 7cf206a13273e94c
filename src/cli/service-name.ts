/** @file Reads NAMESPACE/SERVICE of the Service by which the API server calls crdguard. */
import { InvalidArgumentError } from "commander";

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export function parseServiceName(value: string): ServiceName {
  const { namespace, name } = FORM.exec(value)?.groups ?? {};
  if (namespace === undefined || name === undefined) {
    throw new InvalidArgumentError("give NAMESPACE/SERVICE, for example crdguard/crdguard.");
  }
  return { namespace, name };
}

/** Two labels. Source: k8s.io/kubernetes, pkg/apis/core/validation, ValidateServiceName (a label that begins with a letter). */
const FORM = /^(?<namespace>[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/(?<name>[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$/;
