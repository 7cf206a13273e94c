/** @file Looks at files again and again, and tells what has become of their content. */

export interface WatchedContent<Content> {
  /** The newest that was good; it stays when the files go bad. */
  current(): Content;
  /** No callback comes after this. */
  stop(): void;
}

export type ContentRead<Content, Problem> =
  { readonly ok: true; readonly value: Content } | { readonly ok: false; readonly error: Problem };

export interface ContentWatch<Content, Problem> {
  /** Never rejects. */
  readonly read: () => Promise<ContentRead<Content, Problem>>;
  readonly isSame: (left: Content, right: Content) => boolean;
  /** Pause between two looks. */
  readonly intervalMs: number;
  /** Not called for the first one. */
  readonly onChange: (content: Content) => void;
  /** Called once until the files are good again, or wrong in another way. */
  readonly onProblem: (problem: Problem) => void;
}

/**
 * Looks at content rather than waiting for file events: a Secret mount changes by swapping a symlink two levels up, which
 * file watches miss. Fails if the first look does. The timer keeps no process alive.
 */
export async function watchContent<Content, Problem extends { readonly code: string }>({
  read,
  isSame,
  intervalMs,
  onChange,
  onProblem,
}: ContentWatch<Content, Problem>): Promise<ContentRead<WatchedContent<Content>, Problem>> {
  const first = await read();
  if (!first.ok) return first;
  let current = first.value;
  let reported: string | null = null;
  let isStopped = false;
  let timer = schedule();

  function schedule(): NodeJS.Timeout {
    return setTimeout(() => void look(), intervalMs).unref();
  }

  async function look(): Promise<void> {
    const found = await read();
    if (isStopped) return;
    timer = schedule();
    if (!found.ok) {
      if (found.error.code !== reported) onProblem(found.error);
      reported = found.error.code;
      return;
    }
    reported = null;
    if (isSame(found.value, current)) return;
    current = found.value;
    onChange(current);
  }

  return {
    ok: true,
    value: {
      current: () => current,
      stop() {
        isStopped = true;
        clearTimeout(timer);
      },
    },
  };
}
