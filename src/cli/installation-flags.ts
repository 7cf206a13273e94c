/** @file The flags of `render` and `install`: what is to be installed, and where. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Overlay } from "../operator/installation.ts";
import { repeatable } from "./flags.ts";

export interface InstallationFlags {
  readonly namespace: string;
  readonly image: string | undefined;
  readonly overlay: readonly Overlay[];
  readonly countObjects: CountingWord;
}

const COUNTING_WORDS = ["none", "existing", "all"] as const;
export type CountingWord = (typeof COUNTING_WORDS)[number];

/** Spelt out rather than imported: to declare a flag must load nothing. A test compares the two. */
export const OVERLAY_WORDS = ["ha", "cert-manager", "fail-open", "health-reports"] as const satisfies readonly Overlay[];

/** @param counting what is allowed to be counted unless told. */
export function addInstallationFlags(command: Command, counting: CountingWord): Command {
  return command
    .addOption(namespaceOption())
    .addOption(
      new Option(
        "--image <reference>",
        "image of the server, for example of a registry of your own; else that of this release",
      ).argParser(parseImage),
    )
    .addOption(repeatable("--overlay <name>", "what differs from the default").choices(OVERLAY_WORDS).argParser(parseOverlay))
    .addOption(
      new Option(
        "--count-objects <crds>",
        "of which CRDs the server may count objects, without which it denies to delete them: none, those existing in the cluster now, or all by a wildcard",
      )
        .choices(COUNTING_WORDS)
        .default(counting),
    );
}

export function namespaceOption(): Option {
  return new Option("-n, --namespace <namespace>", "namespace of the server").default("crdguard").argParser(parseNamespace);
}

function parseOverlay(value: string, previous: readonly Overlay[]): readonly Overlay[] {
  const overlay = OVERLAY_WORDS.find((word) => word === value);
  if (overlay === undefined) throw new InvalidArgumentError(`Allowed choices are ${OVERLAY_WORDS.join(", ")}.`);
  return [...previous, overlay];
}

/** A label. Source: k8s.io/apimachinery/pkg/util/validation, IsDNS1123Label. */
function parseNamespace(value: string): string {
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidArgumentError("a namespace has lower-case letters, digits and hyphens, 63 at most.");
}

/** Source: distribution/reference, regexp.go; the parts that could be mistaken for something else are left to the kubelet. */
function parseImage(value: string): string {
  if (/^[\w.-]+(?::\d+)?(?:\/[\w.-]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/.test(value)) return value;
  throw new InvalidArgumentError("give REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST.");
}
