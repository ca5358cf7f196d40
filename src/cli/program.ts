import { readFileSync } from "node:fs";

import type { CliTools, Program } from "./app.ts";

const MANIFEST = new URL("../../package.json", import.meta.url);

/** The program as shipped. Registries, stores and the rest are loaded by the first command that needs them. */
export function program(): Program {
  return { version: readVersion(), load: loadTools };
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { readonly version: string };
  return version;
}

async function loadTools(): Promise<CliTools> {
  const { cliTools } = await import("./wiring.ts");
  return cliTools();
}
