import { processIo, type Io } from "../src/cli/io.ts";
import { styleFor, type Style } from "../src/cli/terminal-text.ts";
import { Client } from "./client.ts";
import { followAll, type Judgement } from "./follow.ts";
import { guideLines } from "./guide.ts";
import { IMAGES } from "./images.ts";
import { LiveProgress } from "./live-progress.ts";
import { parseOptions, USAGE, type DemoOptions } from "./options.ts";
import { startService, type Service } from "./service.ts";
import { Stop } from "./stop.ts";
import { countsLine, verdictTable } from "./table.ts";
import { Workshop } from "./workshop.ts";

type Stage = {
  readonly io: Io;
  readonly style: Style;
  readonly columns: number;
  readonly workshop: Workshop;
  readonly service: Service;
};

/** Runs the demonstration; 0 if every image got a verdict. Throws `InputError` for arguments that cannot be used. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const io = processIo();
  if (options.help) {
    io.out(USAGE);
    return 0;
  }
  using stop = new Stop();
  try {
    return await show(options, io, stop);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return 1;
  }
}

async function show(options: DemoOptions, io: Io, stop: Stop): Promise<number> {
  await using workshop = await Workshop.open();
  await using service = await startService(workshop, options.port);
  const stage = { io, style: styleFor(io.outIsTerminal, io.env), columns: columnsOf(io), workshop, service };
  const judged = await verifyAll(stage, stop.signal);
  say(stage, ...verdictTable(judged, stage.columns, stage.style));
  const { requests } = workshop.registry;
  say(stage, "", `${countsLine(judged)}, after ${requests.length} requests to the registry.`);
  if (!options.once) await stayUp(stage, stop);
  return judged.every(({ outcome }) => outcome.kind === "judged") ? 0 : 1;
}

/** Wide lines are hard to read, and narrow ones leave the reasons no room. */
function columnsOf(io: Io): number {
  return Math.max(60, Math.min(100, io.outIsTerminal ? process.stdout.columns : 100));
}

async function verifyAll(stage: Stage, signal: AbortSignal): Promise<readonly Judgement[]> {
  const { io, style, workshop, service } = stage;
  say(
    stage,
    style.strong("Assay: may this image run, and why?"),
    "",
    `A registry was started at ${workshop.registry.host}, over TLS; keys, a certificate authority`,
    "and a transparency log were made for this run. The service judges by this policy:",
    `  ${workshop.policy}`,
    "",
  );
  await workshop.publish(IMAGES);
  const client = new Client(service.url, signal);
  const jobs = await client.submit(IMAGES.map((image) => workshop.reference(image)));
  say(stage, `${jobs.length} images, good and bad, are queued at ${service.url.origin}:`, "");
  const progress = new LiveProgress(
    io,
    IMAGES.map(({ name }) => name),
  );
  try {
    return await followAll(jobs, IMAGES, client, progress);
  } finally {
    progress.end();
  }
}

async function stayUp(stage: Stage, stop: Stop): Promise<void> {
  const example = IMAGES.find(({ name }) => name === "shop/shell:1") ?? IMAGES[0];
  if (example !== undefined) say(stage, "", ...guideLines(stage, example, stage.style));
  await stop.asked();
  say(stage, "", "Stopping; nothing is left behind.");
}

function say({ io }: Pick<Stage, "io">, ...lines: readonly string[]): void {
  io.out(lines.map((line) => `${line.trimEnd()}\n`).join(""));
}
