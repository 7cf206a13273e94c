/** @file How controllers get on with bundles → a report: the contract of `-o json`. */
import type { Bundle } from "../rules/bundle.ts";
import type { Choice, Fit, FitVerdict, Loss } from "../rules/compatibility.ts";
import { type ApiState, crdNameOf, type Outcome } from "../rules/requirement.ts";

/** The contract of `crdguard matrix -o json`. Members are added, never changed, within a version. */
export interface CompatibilityMatrix {
  readonly apiVersion: "crdguard.dev/v1alpha1";
  readonly kind: "CompatibilityMatrix";
  readonly bundle: string;
  readonly subjects: readonly MatrixSubject[];
  /** Of all subjects together; null where nobody asked for a set, or where no bundle suits all. */
  readonly minimum: ReportedChoice | null;
  readonly recommended: ReportedChoice | null;
  /** Workloads whose needs are not known: their image names no version, or a setting cannot be read. */
  readonly notJudged: readonly string[];
}

export interface MatrixSubject {
  /** Catalog id; null where a workload's needs are declared. */
  readonly controller: string | null;
  /** Semver range of the release; null for a workload. */
  readonly versions: string | null;
  /** Of the catalog in this entry; by one of low confidence, admission denies nothing. Null for a workload. */
  readonly confidence: "high" | "medium" | "low" | null;
  /** `Deployment <namespace>/<name>`; null for a release of the catalog. */
  readonly workload: string | null;
  /** What is taken to hold. */
  readonly premise: string | null;
  /** The one setting that differs from the default; null: by default, or as given. */
  readonly setting: string | null;
  /** Settings that would bring further needs, but were not given, or cannot be read in the cluster. */
  readonly notCounted: readonly string[];
  /** Oldest first, of one release standard first. */
  readonly fits: readonly ReportedFit[];
}

export interface ReportedFit {
  readonly version: string;
  readonly channel: string;
  readonly verdict: FitVerdict;
  readonly losses: readonly ReportedLoss[];
}

export interface ReportedLoss {
  readonly crd: string;
  readonly kind: string;
  /** Any one of them would do. */
  readonly versions: readonly string[];
  readonly state: ApiState;
  readonly outcome: Outcome;
  readonly effect: string | null;
}

export interface ReportedChoice {
  readonly version: string;
  readonly channel: string;
  readonly install: string | null;
  /** What goes missing for all that; by subject, in their order. */
  readonly losses: readonly (readonly ReportedLoss[])[];
}

export type SubjectTitle = Omit<MatrixSubject, "fits">;

/** @param kinds kind by name of the CRD. */
export function compatibilityMatrix(
  bundle: string,
  subjects: readonly { readonly title: SubjectTitle; readonly fits: readonly Fit[] }[],
  choice: { readonly minimum: Choice | null; readonly recommended: Choice | null },
  notJudged: readonly string[],
  kinds: ReadonlyMap<string, string>,
): CompatibilityMatrix {
  const toLoss = ({ requirement, state, outcome, effect }: Loss): ReportedLoss => ({
    crd: crdNameOf(requirement),
    kind: kinds.get(crdNameOf(requirement)) ?? requirement.resource,
    versions: requirement.versions,
    state,
    outcome,
    effect,
  });
  const toChoice = (chosen: Choice | null): ReportedChoice | null =>
    chosen && {
      ...place(chosen.bundle),
      install: chosen.bundle.installUrl,
      losses: chosen.fits.map(({ losses }) => losses.map(toLoss)),
    };
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "CompatibilityMatrix",
    bundle,
    subjects: subjects.map(({ title, fits }) => ({
      ...title,
      fits: fits.map((fit) => ({ ...place(fit.bundle), verdict: fit.verdict, losses: fit.losses.map(toLoss) })),
    })),
    minimum: toChoice(choice.minimum),
    recommended: toChoice(choice.recommended),
    notJudged,
  };
}

function place({ version, channel }: Bundle): { readonly version: string; readonly channel: string } {
  return { version, channel };
}
