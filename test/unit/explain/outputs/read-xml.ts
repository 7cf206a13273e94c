/** @file XML → a tree, by a parser that refuses what XML 1.0 does. */
import { SaxesParser } from "saxes";

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own, without that of its children. */
  readonly text: string;
}

/** @throws what is not well-formed. */
export function readXml(text: string): XmlElement {
  const root = { children: [] as XmlElement[] };
  const open: { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => open.push({ name, attributes, children: [], text: "" }));
  parser.on("text", (part) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += part;
  });
  parser.on("closetag", () => {
    const closed = open.pop();
    if (closed !== undefined) (open.at(-1) ?? root).children.push(closed);
  });
  parser.write(text).close();
  const [element, ...others] = root.children;
  if (element === undefined || others.length > 0) throw new Error("not one root element");
  return element;
}
