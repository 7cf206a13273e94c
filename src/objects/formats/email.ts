/** @file Addresses of mail, as Go reads them: `mill@own.dev`, `The Mill <mill@own.dev>`. */

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\u{10FFFF}-]+";
const QUOTED = '"(?:[^"\\\\\\u0000-\\u001F\\u007F]|\\t|\\\\[\\t -~\\u0080-\\u{10FFFF}])*"';
const LITERAL = "\\[[!-Z^-~]*\\]";
const ADDRESS = `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})@(?:${ATOM}(?:\\.${ATOM})*|${LITERAL})`;

const BARE = new RegExp(`^${ADDRESS}$`, "u");
/** Nothing repeats within a repetition, so that no text takes long: the name is looked at by itself. */
const NAMED = new RegExp(`^[ \\t]*${ADDRESS}[ \\t]*$`, "u");
const WORD = new RegExp(`^(?:${QUOTED}|[A-Za-z0-9!#$%&'*+/=?^_\`{|}~.\\u0080-\\u{10FFFF}-]+)`, "u");

/** Comments are known at the end alone. Source: Go, package net/mail, ParseAddress. */
export function isEmail(text: string): boolean {
  const bare = text.replace(/^[ \t]+/, "").replace(/(?:[ \t]*\([^()\\]*\))?[ \t]*$/, "");
  if (BARE.test(bare)) return true;
  if (!bare.endsWith(">")) return false;
  const open = bare.lastIndexOf("<");
  if (open === -1 || !NAMED.test(bare.slice(open + 1, -1))) return false;
  return isPhrase(bare.slice(0, open));
}

function isPhrase(name: string): boolean {
  let rest = name.trim();
  while (rest !== "") {
    const word = WORD.exec(rest)?.[0];
    if (word === undefined) return false;
    rest = rest.slice(word.length).trimStart();
  }
  return true;
}
