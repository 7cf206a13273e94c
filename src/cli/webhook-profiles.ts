/** @file What `--webhook-profile` takes, apart from what needs it, so that declaring the flag loads nothing. */
import type { WebhookProfile } from "../operator/webhook-configurations.ts";

export const WEBHOOK_PROFILES = ["staged", "fail-open", "fail-closed"] as const satisfies readonly WebhookProfile[];
