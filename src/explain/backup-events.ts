/** @file A backup and a restore as JSON, one event a line: docs/schemas/backup-event.v1alpha1.json. */

type Member = Readonly<Record<string, unknown>>;

/** @param time RFC 3339. */
export function backupEventText(
  kind: "BackupEvent" | "RestoreEvent",
  event: string,
  members: object,
  time = new Date().toISOString(),
): string {
  const line: Member = { apiVersion: "crdguard.dev/v1alpha1", kind, time, event, ...members };
  return `${JSON.stringify(line)}\n`;
}
