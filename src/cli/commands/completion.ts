/** @file The arguments of `crdguard completion`, and of the hidden command that the shells' scripts ask. */
import { Argument, type Command } from "commander";
import { examples, type Invocation } from "../invocation.ts";

export function declareCompletion(command: Command, invocation: Invocation): void {
  command
    .description("print a script that completes commands, flags and their values in a shell")
    .addArgument(new Argument("<shell>", "the shell to print it for").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      examples(
        { program: "crdguard" },
        "source <(crdguard completion bash)   # in ~/.bashrc",
        "source <(crdguard completion zsh)    # in ~/.zshrc, after compinit",
        "crdguard completion fish | source    # in ~/.config/fish/config.fish",
      ),
    )
    .action(async (shell) => {
      const { completionScript } = await import("../completion/scripts.ts");
      invocation.terminal.print(completionScript(shell));
      invocation.end(0);
    });
}

/** `__complete bash|zsh|fish|kubectl -- WORDS…`: what could stand in place of the last word. */
export function declareComplete(command: Command, program: Command, invocation: Invocation): void {
  command
    .addArgument(new Argument("<asker>").choices(["bash", "zsh", "fish", "kubectl"]))
    .argument("[words...]")
    .action(async (asker, words) => {
      const { completionAnswer } = await import("../completion/answer.ts");
      invocation.terminal.print(await completionAnswer(program, asker, words));
      invocation.end(0);
    });
}
