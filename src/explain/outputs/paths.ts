/** @file Paths of files as other programs read them: relative to where the command runs, with forward slashes; or as URIs. */

/** @returns the path below the folder; null where the file is not below it. Both may be of Windows or of any other system. */
export function relativePath(file: string, folder: string): string | null {
  const [of, below] = [segmentsOf(absolute(file, folder)), segmentsOf(folder)];
  const isBelow = below.every((segment, index) => of[index] === segment);
  return isBelow ? of.slice(below.length).join("/") : null;
}

/** @returns an URI reference relative to the folder, or a `file:` URI of what is not below it. What is an URI already stays one. */
export function uriOf(file: string, folder: string): string {
  if (isUri(file)) return encodeURI(file.toWellFormed());
  const relative = relativePath(file, folder);
  if (relative !== null) return relative === "" ? "." : encoded(relative.split("/"));
  return `file:///${encoded(segmentsOf(absolute(file, folder)))}`;
}

/** With two slashes: a drive letter has one, or a backslash. */
function isUri(file: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(file);
}

function absolute(file: string, folder: string): string {
  const isWindows = /^[A-Za-z]:[\\/]/.test(folder) || folder.startsWith("\\\\");
  const path = isWindows ? file.replaceAll("\\", "/") : file;
  const base = isWindows ? folder.replaceAll("\\", "/") : folder;
  if (isWindows && /^[A-Za-z]:\//.test(path)) return path;
  if (!path.startsWith("/")) return `${base}/${path}`;
  return isWindows && !path.startsWith("//") ? `${base.slice(0, 2)}${path}` : path;
}

function segmentsOf(path: string): readonly string[] {
  const segments: string[] = [];
  for (const segment of (/^[A-Za-z]:[\\/]/.test(path) ? path.replaceAll("\\", "/") : path).split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments;
}

function encoded(segments: readonly string[]): string {
  return segments.map((segment) => encodeURIComponent(segment.toWellFormed())).join("/");
}
