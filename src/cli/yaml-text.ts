/** @file A report as YAML that YAML 1.1, as kubectl reads it, and YAML 1.2 read alike. */
import { Document, isScalar, Scalar, visit } from "yaml";

/** @param report JSON: no member is undefined, and none a class. */
export function yamlText(report: unknown): string {
  const document = new Document(report, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      // The writer quotes what it would read as something else; of these it knows nothing.
      if (isScalar(node) && typeof node.value === "string" && /^(?:=|<<|~)$/.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // The declaration of the version says nothing to those who read by 1.1 anyway, and others ignore it.
  document.directives = undefined;
  return document.toString({ lineWidth: 0 });
}
