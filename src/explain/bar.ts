/** @file How far a long piece of work is, and how long it goes on. */
import { numberOf } from "./text.ts";

/** `[########------------]` */
export function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}]`;
}

/** `, 98/s, 7 s left`. @param perSecond null, or 0: not known, and empty. */
export function pacePhrase(left: number, perSecond: number | null): string {
  return perSecond === null || perSecond === 0 ? "" : `, ${numberOf(Math.round(perSecond))}/s${timeLeft(left, perSecond)}`;
}

const BAR_WIDTH = 20;

function timeLeft(objects: number, perSecond: number): string {
  const seconds = Math.ceil(objects / perSecond);
  if (seconds <= 0) return "";
  if (seconds < 120) return `, ${String(seconds)} s left`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `, ${String(minutes)} min left` : `, ${String(Math.ceil(minutes / 60))} h left`;
}
