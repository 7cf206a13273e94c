/** @file Standard input and output, as commands see them. */

export interface Terminal {
  /** Results, to standard output. */
  print(text: string): void;
  /** All else, one line, to standard error. */
  tell(line: string): void;
  /** Standard output is a terminal, and nobody asked for no colours. */
  readonly hasColors: boolean;
  /** Width of standard output; null where it is no terminal. */
  readonly columns: number | null;
}

/** Source of the two variables: no-color.org; FORCE_COLOR as chalk and Node read it. */
export function standardTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  return {
    print(text) {
      stdout.write(text);
    },
    tell(line) {
      stderr.write(`${line}\n`);
    },
    hasColors: (env["NO_COLOR"] ?? "") === "" && (stdout.isTTY || (env["FORCE_COLOR"] ?? "0") !== "0"),
    columns: stdout.isTTY && stdout.columns > 0 ? stdout.columns : null,
  };
}

/** All of a stream as text. */
export async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
