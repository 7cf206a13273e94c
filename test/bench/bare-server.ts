/** @file The baseline: what any Node server must do at least: read the body, parse it, answer a fixed review. */
import { createServer } from "node:https";
import { createDevelopmentPair } from "../../src/certificates/development-pair.ts";

const pair = await createDevelopmentPair({ hosts: ["127.0.0.1"] });
if (!pair.ok) throw new Error(pair.error.message);

const server = createServer({ cert: pair.value.cert, key: pair.value.key }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const review: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const uid =
      typeof review === "object" && review !== null && "request" in review ? "705ab4f5-6393-11e8-b7cc-42010a800002" : "";
    const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, allowed: true } });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`listening ${typeof address === "object" && address !== null ? String(address.port) : ""}\n`);
});
