import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createAsker } from "../../../../src/cli/plan/asker.ts";
import type { ExplainedStep } from "../../../../src/explain/plan-report.ts";

function step(members: Partial<ExplainedStep> = {}): ExplainedStep {
  return {
    number: 1,
    id: "delete-objects/gears.own.dev",
    action: "delete-objects",
    title: "Delete",
    because: null,
    byHand: null,
    commands: ["kubectl delete gears --all"],
    changes: [],
    isDestructive: false,
    findings: [],
    proof: [],
    wayBack: { sentence: "none", commands: [] },
    ...members,
  };
}

const HARMLESS = step();
const DESTRUCTIVE = step({ isDestructive: true });
const BY_HAND = step({ byHand: "Helm has it", commands: ["helm upgrade mill"] });
const WITHOUT_COMMAND = step({ byHand: "somebody else has it", commands: [] });

const interrupt = (): void => undefined;

/** Streams that say of themselves to be a terminal or none. */
function streams(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.ReadStream & PassThrough;
  const output = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream & PassThrough;
  return { input, output };
}

describe("on a terminal", () => {
  const asked = async (act: (asker: ReturnType<typeof createAsker>) => Promise<unknown>, typed: string, yes = false) => {
    const { input, output } = streams(true);
    const asker = createAsker({ yes, yesDestructive: false }, { interrupt, input, output });
    const answers = typed.split(",");
    let shown = "";
    // One answer for each time that it asks.
    output.setEncoding("utf8").on("data", (chunk: string) => {
      shown += chunk;
      if (chunk.includes("?")) input.write(`${answers.shift() ?? "q"}\n`);
    });
    const answer = await act(asker);
    asker.close();
    return { answer, shown };
  };

  it.each([
    { typed: "y", answer: "yes" },
    { typed: " YES ", answer: "yes" },
    { typed: "s", answer: "skip" },
    { typed: "skip", answer: "skip" },
    { typed: "q", answer: "quit" },
    { typed: "n", answer: "quit" },
    { typed: "", answer: "quit" },
    { typed: "yess,s", answer: "skip" },
  ])('"$typed" is $answer', async ({ typed, answer }) => {
    const told = await asked((asker) => asker.ask(HARMLESS), typed);

    expect(told.answer).toBe(answer);
    expect(told.shown).toContain("Take this step? [y]es, [s]kip it, [N]o, stop here: ");
  });

  it.each([
    { typed: "y", isDone: true },
    { typed: "", isDone: false },
    { typed: "s,y", isDone: true },
  ])('by hand, "$typed" is $isDone', async ({ typed, isDone }) => {
    const told = await asked((asker) => asker.handed(BY_HAND), typed);

    expect(told.answer).toBe(isDone);
    expect(told.shown).toContain("Is it done by hand?");
  });

  it("nobody is asked of what the proof alone tells", async () => {
    expect(await asked((asker) => asker.handed(WITHOUT_COMMAND), "")).toEqual({ answer: true, shown: "" });
  });

  it("--yes answers for what is harmless, and what deletes is asked still", async () => {
    expect(await asked((asker) => asker.ask(HARMLESS), "q", true)).toEqual({ answer: "yes", shown: "" });
    expect(await asked((asker) => asker.ask(DESTRUCTIVE), "q", true)).toMatchObject({ answer: "quit" });
  });
});

describe("without a terminal", () => {
  const asker = (yesDestructive: boolean) => {
    const { input, output } = streams(false);
    return createAsker({ yes: true, yesDestructive }, { interrupt, input, output });
  };

  it("all must be answered beforehand", () => {
    const { input, output } = streams(false);

    expect(() => createAsker({ yes: false, yesDestructive: true }, { interrupt, input, output })).toThrow(
      expect.objectContaining({ code: "nobody-to-ask", status: 2 }),
    );
  });

  it("--yes stops at what deletes, which it names", async () => {
    expect(await asker(false).ask(HARMLESS)).toBe("yes");
    await expect(asker(false).ask(DESTRUCTIVE)).rejects.toMatchObject({
      code: "nobody-to-ask",
      message: expect.stringContaining("this step deletes or stops something, which --yes does not answer for: ") as unknown,
    });
  });

  it("--yes-destructive goes on", async () => {
    expect(await asker(true).ask(DESTRUCTIVE)).toBe("yes");
  });

  it("nobody has done anything by hand", async () => {
    expect(await asker(true).handed(BY_HAND)).toBe(false);
    expect(await asker(true).handed(WITHOUT_COMMAND)).toBe(false);
  });
});
