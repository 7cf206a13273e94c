/** @file By which name `migrate` writes objects. It is left on none, but for a seed where no other entry may stay. */

export const FIELD_MANAGER = "crdguard-migrate";
