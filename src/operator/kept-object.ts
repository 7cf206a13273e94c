/** @file What it means to keep an object of the cluster as it must be, without taking away what others set on it. */

/** An object as the API server gives it. */
export type LiveObject = Readonly<Record<string, unknown>>;

/** Kept by whichever replica leads. */
export interface KeptObject {
  readonly kind: string;
  readonly name: string;
  /** `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations` */
  readonly collectionPath: string;
  /** Plural resource name: `validatingwebhookconfigurations`. */
  readonly resource: string;
  /**
   * What to do about the object as it is. Pure but for reading what the object hangs on (such as the authorities of the
   * moment), so that it is asked again whenever something may have changed.
   * @param live null: there is none.
   */
  mend(live: LiveObject | null): Mending;
}

export type Mending =
  /** It is as it must be. */
  | { readonly kind: "none" }
  /** Nothing can be decided yet; `reason` is for the log. */
  | { readonly kind: "wait"; readonly reason: string }
  /**
   * There is none: `whole` is made. {@link FIELD_MANAGER} then owns `own`, and {@link DEFAULTS_MANAGER} the rest, which is a
   * default that a user may change, and that nobody puts back.
   */
  | { readonly kind: "create"; readonly whole: LiveObject; readonly own: LiveObject }
  /** `own` is applied server-side, by force. */
  | {
      readonly kind: "apply";
      readonly own: LiveObject;
      /** Fields that somebody changed, for log, metric and Event. */
      readonly drifted: readonly string[];
      /** Fields that differ since crdguard itself wants something else than before; these are no drift. */
      readonly moved?: readonly string[];
      /** JSON Patch to be made before, where `own` alone would leave what it must take the place of. */
      readonly first?: readonly LiveObject[];
      /** Defaults of what `own` puts back, and the values of all other defaults as they are; applied afterwards, without force. */
      readonly defaults?: LiveObject;
    };

/** Of server-side apply: what crdguard always puts back. */
export const FIELD_MANAGER = "crdguard";
/** Of a create: what crdguard sets once, and leaves to whoever changes it. */
export const DEFAULTS_MANAGER = "crdguard-defaults";
