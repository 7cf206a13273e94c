/** @file Before all end-to-end tests: the tools are there, and the API server is built. */
import { buildApiServer, requireTools } from "./api-server.ts";

export async function setup(): Promise<void> {
  await requireTools();
  await buildApiServer();
}
