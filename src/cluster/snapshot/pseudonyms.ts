/** @file Pseudonyms: the same name has the same one throughout a snapshot, and another in the next. */
import { createHmac, randomBytes } from "node:crypto";
import { type Catalog, controllersOf } from "../../requirements/catalog.ts";
import { isSameRepository, parseImage, readTagVersion } from "../../requirements/image.ts";

/** `namespace-3f2a`; the empty name stays empty. */
export type Pseudonyms = (kind: string, name: string) => string;

/** @param salt kept nowhere: with it, a name that is guessed could be tried. */
export function createPseudonyms(salt: Buffer = randomBytes(32)): Pseudonyms {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return (kind, name) => {
    if (name === "") return "";
    const key = JSON.stringify([kind, name]);
    const known = given.get(key);
    if (known !== undefined) return known;
    const digest = createHmac("sha256", salt).update(key).digest("hex");
    // Two names may begin alike; the second one is told by more digits.
    let digits = FEWEST_DIGITS;
    while (taken.has(`${kind}-${digest.slice(0, digits)}`) && digits < digest.length) digits += FEWEST_DIGITS;
    const pseudonym = `${kind}-${digest.slice(0, digits)}`;
    taken.add(pseudonym);
    given.set(key, pseudonym);
    return pseudonym;
  };
}

/** As many as can be read out over the telephone. */
const FEWEST_DIGITS = 4;

/**
 * An image that the catalog knows is told as the catalog has it, without the registry or mirror that it comes from; of any
 * other, a pseudonym without a tag.
 */
export function redactImage(image: string, catalog: Catalog, pseudonyms: Pseudonyms): string {
  const own = parseImage(image);
  const controllers = controllersOf(catalog, own);
  if (controllers.length === 0) return pseudonyms("image", own.path);
  const tag = own.tag === null ? "" : `:${redactTag(own.tag, pseudonyms)}`;
  const isSame = (candidate: string): boolean => {
    const found = controllersOf(catalog, parseImage(candidate));
    return (
      found.length === controllers.length &&
      found.every((controller) => controllers.includes(controller)) &&
      controllers.every(({ tagPrefixes }) => isSameVersion(parseImage(candidate).tag, own.tag, tagPrefixes))
    );
  };
  const paths = controllers
    .flatMap(({ images }) => images.filter((known) => isSameRepository(own, known)))
    .map(({ isOfficial, path }) => (isOfficial ? `library/${path}` : path));
  const told = [...paths, own.path].flatMap((path) => [`${path}${tag}`, `${path}${own.tag === null ? "" : `:${own.tag}`}`]);
  return told.find(isSame) ?? image;
}

/** Beyond the version, people write into tags what they like. */
function redactTag(tag: string, pseudonyms: Pseudonyms): string {
  return /^(?:[a-z]+-)?v?\d+(?:\.\d+){1,2}(?:-(?:alpha|beta|rc)[.\d]*)?/.exec(tag)?.[0] ?? pseudonyms("tag", tag);
}

function isSameVersion(left: string | null, right: string | null, prefixes: readonly string[]): boolean {
  return JSON.stringify(readTagVersion(left, prefixes)) === JSON.stringify(readTagVersion(right, prefixes));
}
