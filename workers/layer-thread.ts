import { parentPort } from "node:worker_threads";

import { serveLayers } from "../src/adapters/layers/layer-thread-server.ts";

if (parentPort === null) throw new Error("layer-thread.ts runs in a worker thread only");
serveLayers(parentPort);
