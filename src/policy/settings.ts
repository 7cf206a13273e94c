/** @file Reads settings of the form `<id>=<level>`, as the command line gives them. */

export interface SettingsForm<Level extends string> {
  /** `rule`; of which there are several, with an s. */
  readonly noun: string;
  /** `<rule-id>` */
  readonly placeholder: string;
  readonly levels: readonly Level[];
  readonly knownIds: readonly string[];
}

export type SettingsResult<Level extends string> =
  { readonly ok: true; readonly value: ReadonlyMap<string, Level> } | { readonly ok: false; readonly message: string };

/** The last setting of an id counts. */
export function parseSettings<Level extends string>(
  settings: readonly string[],
  { noun, placeholder, levels, knownIds }: SettingsForm<Level>,
): SettingsResult<Level> {
  const values = new Map<string, Level>();
  for (const setting of settings) {
    const [id = "", word, ...rest] = setting.split("=");
    const level = levels.find((known) => known === word);
    if (rest.length > 0 || level === undefined) {
      return { ok: false, message: `"${setting}" is not of the form ${placeholder}=${levels.join("|")}` };
    }
    if (!knownIds.includes(id)) {
      return { ok: false, message: `"${id}" is no ${noun}; the ${noun}s are ${knownIds.join(", ")}` };
    }
    values.set(id, level);
  }
  return { ok: true, value: values };
}
