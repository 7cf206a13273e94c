/** @file Runs an API server to try things on: `npx node test/cluster/start.ts`, until Ctrl-C. Further arguments go to kube-apiserver. */
import { startApiServer } from "../e2e/support/api-server.ts";

const server = await startApiServer({ apiServerArgs: process.argv.slice(2) });
process.stdout.write(
  `${server.url} is ready. In another shell:\n  export KUBECONFIG=${server.kubeconfigPath}\nCtrl-C ends it and removes its data.\n`,
);

// The server does not keep this process from ending: something has to, until Ctrl-C.
setInterval(() => undefined, 60_000);
