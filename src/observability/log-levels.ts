/** @file Log levels, apart from the logger, so that the command line knows them without loading it. */

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
