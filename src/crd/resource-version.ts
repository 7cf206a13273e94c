/** @file Which of two versions of one object is the older one. */

/**
 * Resource versions of one resource are numbers that grow, of any length. What is none, or is missing, is no older than anything.
 * Source: Kubernetes 1.35, "Resource versions", KEP-5504.
 */
export function isOlderVersion(left: string | null, right: string | null): boolean {
  return left !== null && right !== null && NUMBER.test(left) && NUMBER.test(right) && BigInt(left) < BigInt(right);
}

const NUMBER = /^\d+$/;
