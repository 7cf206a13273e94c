/** @file Standard input and output, as commands see them. */
import { fstatSync, writeSync } from "node:fs";

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
  const { env } = process;
  // Not asked for where it is a file or a pipe: to open the stream takes a tenth of the time that a command takes.
  const isDevice = isStandardOutputDevice();
  return {
    print: isDevice ? printByStream() : printAtOnce(),
    tell(line) {
      process.stderr.write(`${line}\n`);
    },
    hasColors: (env["NO_COLOR"] ?? "") === "" && ((isDevice && process.stdout.isTTY) || (env["FORCE_COLOR"] ?? "0") !== "0"),
    columns: isDevice && process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : null,
  };
}

type Print = (text: string | Buffer) => void;

const STANDARD_OUTPUT = 1;

/** A terminal is one, and so is /dev/null. */
function isStandardOutputDevice(): boolean {
  try {
    return fstatSync(STANDARD_OUTPUT).isCharacterDevice();
  } catch {
    // It is closed; the stream bears that.
    return true;
  }
}

/** To a file or a pipe. A reader that has seen enough (head, less) closes the pipe: that is no error, and the rest is dropped. */
function printAtOnce(): Print {
  let print: Print = (text) => {
    let rest = Buffer.from(text);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(STANDARD_OUTPUT, rest));
    } catch (error) {
      switch (codeOf(error)) {
        case "EPIPE":
          print = () => undefined;
          return;
        case "EAGAIN":
          // Whoever made the pipe does not let its writers wait. The stream can.
          print = printByStream();
          print(rest);
          return;
        default:
          throw error;
      }
    }
  };
  return (text) => {
    print(text);
  };
}

function printByStream(): Print {
  const { stdout } = process;
  let isClosed = false;
  stdout.on("error", (error) => {
    if (codeOf(error) !== "EPIPE") throw error;
    isClosed = true;
  });
  return (text) => {
    if (!isClosed) stdout.write(text);
  };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** All of a stream as text. */
export async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
