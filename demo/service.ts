import { once } from "node:events";
import { createServer } from "node:net";

import { composeApp } from "../src/compose.ts";
import { parseConfig } from "../src/config.ts";
import { InputError } from "../src/domain/errors.ts";
import type { Workshop } from "./workshop.ts";

const USUAL_PORT = 7070;

/** The service as `assay serve` starts it on the embedded default; `url` is where it answers. */
export type Service = AsyncDisposable & { readonly url: URL };

/** Throws `InputError` if `port` is given and taken. */
export async function startService(workshop: Workshop, port: number | undefined): Promise<Service> {
  const app = await composeApp(configFor(workshop, await choosePort(port)), {
    purpose: "serve",
    inlinePolicies: [],
    localImages: [],
    platform: undefined,
  });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => app.close(0));
  await app.startWorkers();
  const api = await app.startApi();
  opened.defer(() => api.close());
  const running = opened.move();
  return { url: new URL(api.address), [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Every setting is written here: the caller's own environment has no say. */
function configFor(workshop: Workshop, port: number) {
  return parseConfig({
    ASSAY_POLICY: workshop.policy,
    ASSAY_DATA: workshop.makeFolder("data"),
    ASSAY_LISTEN: `127.0.0.1:${port}`,
    ASSAY_REGISTRY_CA: workshop.ca,
    ASSAY_LOG_LEVEL: "error",
    DOCKER_CONFIG: workshop.makeFolder("docker"),
  });
}

async function choosePort(wanted: number | undefined): Promise<number> {
  const port = wanted ?? USUAL_PORT;
  if (await isFree(port)) return port;
  if (wanted === undefined) return 0;
  throw new InputError("usage", `Port ${port} is taken: choose another with --port, or leave it out.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
