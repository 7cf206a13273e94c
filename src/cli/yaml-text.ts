/** @file A report as YAML that YAML 1.1, as kubectl reads it, and YAML 1.2 read alike. */
import { Document, isScalar, Scalar, type Tags, visit } from "yaml";

/** @param report JSON: no member is undefined, and none a class. */
export function yamlText(report: unknown): string {
  const document = new Document(report, { version: "1.1", customTags: withoutMerge, aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === "string" && AMBIGUOUS.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // The declaration of the version says nothing to those who read by 1.1 anyway, and others need not know it.
  document.directives = undefined;
  return document.toString({ lineWidth: 0 });
}

/**
 * The writer quotes what YAML 1.1 would read as something else, but neither what is a number in 1.2 alone (`0o17`), nor the
 * one value that it does not know (`=`), nor a key that merges.
 */
const AMBIGUOUS = /^(?:[-+.]?\d.*|=|<<|~)$/;

/** Else `<<` would be written as what it means, whatever was asked for. */
function withoutMerge(tags: Tags): Tags {
  return tags.filter((tag) => (typeof tag === "string" ? tag !== "merge" : tag.tag !== "tag:yaml.org,2002:merge"));
}
